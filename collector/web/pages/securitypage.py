"""Attacks by school, worst first; what there was in a week; and who would see an attack at all."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from alerts.history import Began
from collector.logsheard import SchoolLogs
from collector.security.sensors import Judged
from collector.security.view import SecurityView, code_of
from collector.web import security
from collector.web.pages import reading
from collector.web.pages.frame import Frame
from collector.web.pages.reading import Read
from collector.web.reads import Reads
from collector.web.security import WEEK, Attack
from collector.web.texts import Texts
from core.alerts import Alert
from core.kinds import KINDS

FEW: Final = 200
"""Schools in one list of the page; the API has more."""
MOST_BLIND: Final = 4
"""Kinds that are named of those that a sensor cannot see."""


@dataclass(frozen=True, slots=True)
class SecurityPage:
    """The handler of `/security`."""

    frame: Frame
    reads: Reads

    async def show(self, request: web.Request) -> web.Response:
        """Show the district."""
        source = self.frame.source
        view = source.security()
        since, nothing = self.frame.now() - WEEK, list[Began]()
        began: Read[Sequence[Began]] = await reading.reading(
            self.reads, lambda: source.security_began(since, ""), nothing
        )
        return self.frame.page(
            request,
            source.picture(),
            "security.html",
            view=view,
            few=FEW,
            attacked=view.attacked,
            total=sum(len(one.attacks) for one in view.attacked),
            troubled=view.with_sensor("stopped", "unknown", "blind"),
            without=view.with_sensor("none"),
            logs=_Logs(source.school_logs()),
            week=security.week(began.found),
            problem=began.problem,
            **helpers(self.frame, request, view),
        )


@dataclass(frozen=True, slots=True)
class _Logs:
    """The logs of the devices of the schools that have any, the bad first."""

    schools: Sequence[SchoolLogs]

    @property
    def bad(self) -> Sequence[SchoolLogs]:
        """Those that somebody has to see to."""
        return [one for one in self.schools if not one.is_good]

    @property
    def kept(self) -> Counter[str]:
        """How many go back how far."""
        return Counter(one.kept for one in self.schools)

    @property
    def whole(self) -> int:
        """Of how many nothing is missing."""
        return sum(not one.wrong for one in self.schools)


def helpers(frame: Frame, request: web.Request, view: SecurityView) -> dict[str, Any]:
    """Return what the templates of security call."""
    t, raised = frame.texts(request), {one.key.target for one in view.spreads}
    number = 0 if t.language == "zh" else 1

    def attack(alert: Alert) -> Attack:
        first = frame.source.first_step(alert)
        return security.attack(alert, first, raised=code_of(alert) in raised)

    return {"attack": attack, "blind": lambda judged: blind(judged, number, t)}


def blind(judged: Judged, number: int, t: Texts) -> str:
    """Return in words what a sensor cannot see."""
    kinds = [KINDS[word] for word in judged.sensor.blind.split() if word in KINDS]
    if not kinds:
        return t("sensor_blind_unknown")
    names = [_short((kind.zh, kind.en)[number]) for kind in kinds[:MOST_BLIND]]
    more = ("等", " …")[number] if len(kinds) > MOST_BLIND else ""
    return ("、", "; ")[number].join(names) + more


def _short(text: str) -> str:
    return re.split("[，（]", text, maxsplit=1)[0]
