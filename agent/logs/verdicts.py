"""How often a device said what: totals, in which no child can be found (domain.md §11)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

LEAST: Final = 5
"""Fewer than that are not told: in a small school it would be known who they were."""


@dataclass(slots=True)
class Totals:
    """Totals by verdict since the start of the agent."""

    _counted: dict[str, int] = field(default_factory=dict)
    _told: dict[str, int] = field(default_factory=dict)

    def add(self, verdict: str, count: int) -> None:
        """Count *count* more."""
        self._counted[verdict] = self._counted.get(verdict, 0) + count

    def tell(self) -> Iterator[tuple[str, int]]:
        """Yield each verdict and its total, to which fewer than `LEAST` are never added at once."""
        for verdict, total in self._counted.items():
            if total - self._told.get(verdict, 0) >= LEAST:
                self._told[verdict] = total
            if verdict in self._told:
                yield verdict, self._told[verdict]
