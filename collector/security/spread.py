"""The same kind of attack at many schools is one incident of the district (domain.md §8): pure.

One `EV-` code that began at three schools, or at a tenth of the district, within an hour. A tenth
means two at the least: one school of five is no spreading.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from alerts.facts import Sight, Wrong
from alerts.securitywords import RAISED
from alerts.shipped.spreading import ATTACK_SPREADS
from alerts.step import Case
from collector.listed import listed
from core.alerts import AlertKey
from core.clock import SECOND
from core.kinds import KINDS, kind_of
from core.shown import is_attack

WITHIN: Final = 3_600 * SECOND
SCHOOLS: Final = 3
FEWEST: Final = 2
SHARE: Final = 0.1

COVERS: Final = frozenset({ATTACK_SPREADS.name})

_OPEN: Final = ("firing", "keeping")


@dataclass(slots=True)
class Spreading:
    """Remembers where each code began in the last hour, also what is over already."""

    began: dict[str, dict[str, int]] = field(default_factory=dict)
    """Of each code: the schools, and when it began there last (ns)."""
    _on: dict[str, int] = field(default_factory=dict)
    """The codes that spread, and since when."""

    def note(self, key: AlertKey, began: int) -> None:
        """Take in that an alert began at a time."""
        if key.rule in KINDS and is_attack(key.rule) and key.school:
            there = self.began.setdefault(kind_of(key.rule).code, {})
            there[key.school] = max(began, there.get(key.school, 0))

    def sight(
        self, cases: Iterable[Case], schools: int, name_of: Callable[[str], str], at: int
    ) -> Sight:
        """Return what spreads, of *cases* and of what began before; *schools* count here."""
        still: dict[str, set[str]] = {}
        for case in cases:
            alert = case.alert
            if alert.state in _OPEN:
                self.note(alert.key, alert.began_at)
                still.setdefault(kind_of(alert.key.rule).code, set()).add(alert.key.school)
        wrong = [
            one
            for code in sorted(self.began)
            if (one := self._of(code, still.get(code, set()), schools, name_of, at))
        ]
        return Sight(at, COVERS, wrong)

    def _of(
        self, code: str, still: set[str], schools: int, name_of: Callable[[str], str], at: int
    ) -> Wrong | None:
        on = code in self._on
        # What spreads goes on until it is over where it began, however long that takes.
        there = {
            school: began
            for school, began in self.began[code].items()
            if at - began < WITHIN or (on and school in still)
        }
        self.began[code] = there
        if len(there) < enough(schools):
            self._on.pop(code, None)
            if not there:
                del self.began[code]
            return None
        since = self._on.setdefault(code, sorted(there.values())[enough(schools) - 1])
        return Wrong(ATTACK_SPREADS.name, "", since, code, _details(code, there, name_of))


def enough(schools: int) -> int:
    """Return at how many of so many *schools* an attack spreads."""
    return min(SCHOOLS, max(FEWEST, ceil(SHARE * schools)))


def _details(
    code: str, there: Iterable[str], name_of: Callable[[str], str]
) -> Mapping[str, object]:
    schools = listed(map(name_of, there))
    kind = next(kind for kind in KINDS.values() if kind.code == code)
    category = f"{kind.category.name}/{kind.category.sub}"
    return {**schools, "category": category, "grade": RAISED.zh}
