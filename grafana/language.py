"""The two languages of the dashboards: every text is written in both, Chinese first."""

from dataclasses import dataclass
from typing import Final, Literal

Code = Literal["zh", "en"]
CODES: Final[tuple[Code, ...]] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Language:
    """One of them: called with a text in both, it gives that in its own."""

    code: Code

    def __call__(self, zh: str, en: str) -> str:
        """Return the text in this language."""
        return zh if self.code == "zh" else en

    def uid(self, board: str) -> str:
        """Return the fixed uid of *board* in this language."""
        return f"sw-{board}" if self.code == "zh" else f"sw-{board}-en"
