"""Open alerts and what was, and the story of one: began, told to whom and when, over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from aiohttp import web

from alerts.acks import AFTER_THE_END, next_stage
from alerts.history import Story, Wanted
from alerts.texts import plain
from collector.verdicts import Cause
from collector.web import roomwords
from collector.web.actors import actor_of
from collector.web.pages import reading
from collector.web.pages.actions import whole
from collector.web.pages.frame import Frame
from collector.web.pages.incidentpage import may_read
from collector.web.pages.silencepage import HOURS
from collector.web.pages.steps import steps
from collector.web.reads import Reads
from collector.web.texts import Texts
from core.alerts import Text
from core.kind import SEVERITIES
from core.shown import is_security

PAGE: Final = 100
LONGEST: Final = 100
KNOWN_DETAILS: Final = (
    *("value", "cause", "count", "schools", "reason", "offset_ms"),
    *("verdict", "http_response_code", "response_time", "days_left"),
    *("room", "device", "kind", "device_cause", "name"),
    *("category", "grade"),
    *("resolve_ms", "connect_ms", "tls_ms", "first_byte_ms", "total_ms"),
)
IN_WORDS: Final = ("source", "target", "count", "evidence", "confidence", "began", "vlan")
CAUSES: Final = frozenset(get_args(Cause)) - {""}


@dataclass(frozen=True, slots=True)
class AlertPages:
    """The handlers of `/alerts` and `/alerts/NUMBER`."""

    frame: Frame
    reads: Reads

    async def all(self, request: web.Request) -> web.Response:
        """Show what is open, by severity, what nobody is told of now and why, and what is over."""
        asked = {name: word[:LONGEST] for name, word in request.query.items()}
        before = whole(asked.get("before", ""))
        wanted = Wanted(
            region=asked.get("region", ""),
            school=asked.get("school", ""),
            agent=asked.get("agent", ""),
            before=before,
            limit=PAGE,
        )
        read = await reading.stories(self.reads, self.frame.source, wanted)
        shown, muted, hidden = grouped(read.found.open)
        return self.frame.page(
            request,
            self.frame.source.picture(),
            "alerts.html",
            alerts=read,
            place=wanted.place,
            before=before,
            groups=[
                (severity, [one for one in shown if one.telling.alert.severity == severity])
                for severity in SEVERITIES
            ],
            shown=len(shown),
            rules_off=_named(read.found.rules_off, self.frame.texts(request)),
            muted=muted,
            hidden=hidden,
        )

    async def one(self, request: web.Request) -> web.Response:
        """Show the story of one alert; raises HTTPNotFound for a number that is none."""
        source, number = self.frame.source, whole(request.match_info["number"])
        wanted = Wanted(number=number, limit=1)
        read = await reading.stories(self.reads, source, wanted)
        found = [one for one in (*read.found.open, *read.found.over) if number and not read.problem]
        if not found and not read.problem:
            raise web.HTTPNotFound
        judged = await reading.reading(self.reads, lambda: source.incidents.one(number), None)
        t, actor = self.frame.texts(request), actor_of(request)
        return self.frame.page(
            request,
            self.frame.source.picture(),
            "alert.html",
            alerts=read,
            story=found[0] if found else None,
            steps=steps(found[0], t) if found else [],
            is_incident=may_read(request, judged.found),
            may_act=bool(actor and found and actor.may("ack", found[0].telling.alert.key.place)),
            silence_hours=HOURS,
            after_the_end=AFTER_THE_END,
            next_stage=next_stage(found[0].handled) if found else None,
            details=_details(found[0], t) if found else [],
        )


def _named(rules: Mapping[str, Text], t: Texts) -> str:
    """Return the rules in words, each with the name that a file knows it by."""
    words = ((name, getattr(text, t.language)) for name, text in rules.items())
    return t("comma").join(f"{said} ({name})" if said else name for name, said in words)


def grouped(stories: Sequence[Story]) -> tuple[list[Story], list[Story], list[Story]]:
    """Return what people are told of, what is muted, and what another alert explains."""
    open_, muted, hidden = (
        [one for one in stories if one.group == group] for group in ("open", "muted", "hidden")
    )
    return open_, muted, hidden


def _details(story: Story, t: Texts) -> list[tuple[str, str]]:
    """Return what else is known of an alert; others may have written it."""
    alert = story.telling.alert
    # The text of the alert says these in words.
    told = IN_WORDS if is_security(alert.key.rule) else ()
    details = ((name, value) for name, value in alert.details.items() if name not in told)
    return [(_called(name, t), _value(name, value, t)) for name, value in details]


def _called(name: str, t: Texts) -> str:
    return t(f"detail_{name}") if name in KNOWN_DETAILS else plain(name)


def _value(name: str, value: object, t: Texts) -> str:
    if name == "cause" and value in CAUSES:
        return t(f"cause_{value}")
    return plain(roomwords.detail(name, value, t.language) or value)
