"""Incidents: what the program proposes, what a person of the district decides, what is due until
when, and drafts of the reports. Nothing is sent from here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from aiohttp import web

from alerts.acks import plain
from alerts.incidents.clocks import Due, Step
from alerts.incidents.grades import CONCERNS, FALSE_ALARM, SAYABLE
from alerts.incidents.incident import Incident
from alerts.incidents.judging import Refused
from alerts.incidents.rows import RAISED
from alerts.names import ATTACK_SPREADS
from collector.incidents import Incidents, Judged
from collector.journal import Note
from collector.picture import Picture
from collector.web.actors import REFRESH, Actor, actor_of, asker, reader, require
from collector.web.pages import reading
from collector.web.pages.actions import field, see, whole
from collector.web.pages.frame import Frame
from collector.web.reads import Reads
from collector.web.texts import Texts
from core.clock import SECOND
from core.errors import StoreError
from core.kinds import KINDS, kind_of

FEW: Final = 100
"""Incidents in one list of the page."""
STEPS: Final[tuple[Step, ...]] = get_args(Step)
NONE: Final[Sequence[Judged]] = ()
DAY: Final = 86_400 * SECOND
Drafts = dict[Step, tuple[str, str]]
"""For each step the text, or why there is none."""
UNITS: Final = {"h": "hours", "d": "days", "wd": "incident_workdays"}


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """The handlers of `/incidents`, `/incidents/NUMBER` and `POST /incidents/NUMBER/…`; raise
    HTTPException, ActRefused, StoreError."""

    frame: Frame
    reads: Reads

    async def all(self, request: web.Request) -> web.Response:
        """Show what is open, the overdue first, and what was closed."""
        actor = reader(request)
        school = actor.school if actor and actor.role == "school" else ""
        read = await reading.reading(self.reads, lambda: self._incidents.listed(school), NONE)
        found = [one for one in read.found if not actor or actor.sees(one.incident.place)]
        unclosed = sorted((one for one in found if not one.incident.closed_at), key=_urgency)
        over = [one for one in found if one.incident.closed_at]
        return self._page(
            request, "incidents.html", unclosed=unclosed, over=over, few=FEW, problem=read.problem
        )

    async def one(self, request: web.Request) -> web.Response:
        """Show one; raises HTTPNotFound where there is none, or none that who asks may see."""
        actor, number = reader(request), whole(request.match_info["number"])
        read = await reading.reading(self.reads, lambda: self._incidents.one(number), None)
        judged = read.found
        if not read.problem and not (judged and (not actor or actor.sees(judged.incident.place))):
            raise web.HTTPNotFound
        drafts = await self._drafts(judged.incident) if judged else {}
        if REFRESH not in request.headers:
            drafts = await self._given(request, number, drafts)
        may_act = bool(actor and judged and actor.may("confirm", judged.incident.place))
        return self._page(
            request,
            "incident.html",
            judged=judged,
            problem=read.problem,
            may_act=may_act,
            drafts=drafts,
            sayable=SAYABLE,
            concerns=CONCERNS,
            false_alarm=FALSE_ALARM,
        )

    async def confirm(self, request: web.Request) -> web.Response:
        """Keep the grade that who asks confirms."""
        number, who = await self._asked(request)
        grade, note = await field(request, "grade"), plain(await field(request, "note"))
        form = await request.post()
        concerns = [one for one in form.getall("concerns", []) if isinstance(one, str)]
        await self.reads.run(lambda: self._incidents.confirm(number, grade, who, note, concerns))
        return see(request, f"/incidents/{number}")

    async def reported(self, request: web.Request) -> web.Response:
        """Keep that a step was reported, outside of this program."""
        number, who = await self._asked(request)
        clock, note = await field(request, "clock"), plain(await field(request, "note"))
        await self.reads.run(lambda: self._incidents.reported(number, clock, who, note))
        return see(request, f"/incidents/{number}")

    async def close(self, request: web.Request) -> web.Response:
        """Keep that it was dealt with, and how."""
        number, who = await self._asked(request)
        note = plain(await field(request, "note"))
        await self.reads.run(lambda: self._incidents.close(number, who, note))
        return see(request, f"/incidents/{number}")

    async def _asked(self, request: web.Request) -> tuple[int, Actor]:
        """Return the incident and who acts; raises HTTPException where they may not."""
        number = whole(request.match_info["number"])
        found = await self.reads.run(lambda: self._incidents.one(number))
        # Who may judge none need not learn which there are.
        who = require(request, "confirm", found.incident.place if found else "")
        if not found:
            raise Refused("no_incident", f"没有编号为 {number} 的事件")
        return number, who

    async def _drafts(self, incident: Incident) -> Drafts:
        """Return for each step the text, or why there is none yet."""

        def drafted(step: Step) -> tuple[str, str]:
            try:
                return self._incidents.draft(incident.number, step), ""
            except Refused as error:
                return "", error.why

        read = await reading.reading(
            self.reads,
            lambda: {step: drafted(step) for step in STEPS},
            Drafts(),
        )
        return read.found

    async def _given(self, request: web.Request, number: int, drafts: Drafts) -> Drafts:
        """Return the drafts once the audit log has who was given them; else none of them."""
        given = [step for step, (text, _) in drafts.items() if text]
        if not given:
            return drafts
        by, people = asker(request), self.frame.source.people()
        target, said = f"incident/{number}/drafts", {"steps": ", ".join(given)}
        # Once a day of each reader: the page is loaded again after each act on it.
        once = f"{target} {by.account} {by.address} {self.frame.now() // DAY} {said['steps']}"
        note = Note("exported", target, by.account, said, once, by=by)
        try:
            await self.reads.run(lambda: people.act(note))
        except StoreError:
            return {
                step: ("", "audit_stopped" if text else why) for step, (text, why) in drafts.items()
            }
        return drafts

    def _page(self, request: web.Request, template: str, **values: Any) -> web.Response:
        picture, t = self.frame.source.picture(), self.frame.texts(request)
        return self.frame.page(
            request,
            picture,
            template,
            title=lambda one: title(one, t),
            where=lambda one: where(one, picture, t),
            limit=lambda due: limit(due, t),
            raised=RAISED,
            **values,
        )

    @property
    def _incidents(self) -> Incidents:
        return self.frame.source.incidents


def may_read(request: web.Request, judged: Judged | None) -> bool:
    """Return whether a page may lead who asks to an incident; it may ask them to sign in."""
    actor = actor_of(request)
    return bool(judged and (not actor or actor.sees(judged.incident.place)))


def _urgency(one: Judged) -> tuple[bool, bool, int]:
    return not is_overdue(one), bool(one.incident.grade), -one.incident.number


def is_overdue(one: Judged) -> bool:
    """Return whether a report is overdue."""
    return any(due.state == "overdue" for due in one.dues)


def title(one: Incident, t: Texts) -> str:
    """Return what an incident is, in words of ours: nothing of what an agent sent."""
    number = 0 if t.language == "zh" else 1
    if one.kind != ATTACK_SPREADS:
        kind = kind_of(one.kind)
        return (kind.zh, kind.en)[number]
    said = next((kind for kind in KINDS.values() if kind.code == one.code), kind_of(one.kind))
    return t("incident_spreads", what=(said.zh, said.en)[number])


def where(one: Incident, picture: Picture, t: Texts) -> str:
    """Return the name of the school, or that it is the district's."""
    if not one.place:
        return t("incident_district")
    region, _, rest = one.place.partition("/")
    school = rest.partition("/")[0]
    named: Mapping[tuple[str, str], str] = {
        (each.region, each.school): each.name for each in picture.schools
    }
    return named.get((region, school), "") or f"{region} / {school}" if school else region


def limit(due: Due, t: Texts) -> str:
    """Return how long a clock runs, in words."""
    word = due.clock.limit
    count = word.rstrip("hwd")
    return t(UNITS[word[len(count) :]], n=count)
