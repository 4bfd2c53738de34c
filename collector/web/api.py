"""The same facts as on the pages, as JSON under `/api/v1/`.

Watch it: curl -s 'http://127.0.0.1:8480/api/v1/live' | python -m json.tool
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from aiohttp import web

from collector import canary
from collector.store.base import LastValue, Series, Store
from collector.verdicts import State
from collector.web import (
    alerts,
    board,
    channels,
    dropped,
    held,
    incidents,
    ledger,
    live,
    logstate,
    openapi,
    params,
    rooms,
    scope,
    scores,
    security,
    supervision,
    targets,
    unconnected,
    values,
)
from collector.web.actors import api_reader
from collector.web.rates import per_second, thinned
from collector.web.reads import Reads
from collector.web.snapshot import pings_in
from collector.web.source import Source
from core import catalog
from core.clock import SECOND, Clock, rfc3339
from core.errors import StoreError
from core.types import Identity

LOOK_BACK = 24 * 3600 * SECOND
"""A value that is older is not given as the latest."""

_NEVER_SEEN: Final[tuple[State, board.Reason]] = ("never_seen", "never_seen")
"""Of an agent that the picture does not name."""


def answer(body: Any, status: int = 200) -> web.Response:
    """Return *body* as a JSON response."""
    made = web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json"
    )
    made.enable_compression()
    return made


def refusal(status: int, mistake: str, parameter: str = "") -> web.Response:
    """Return why there is no answer; *parameter* is the one to correct, if it is one."""
    return answer(values.Refusal(mistake, parameter), status)


@dataclass(frozen=True, slots=True)
class Api:
    """The handlers of `/api/v1/`."""

    source: Source
    reads: Reads
    now: Clock

    async def live(self, request: web.Request) -> web.Response:
        """Answer with the state of schools and their agents; raises ParameterError."""
        wanted = scope.strict(request.query.items())
        return answer(live.live(self.source.picture(), self.source.ready(), wanted))

    async def agents(self, request: web.Request) -> web.Response:
        """Answer with agents and their states; raises ParameterError."""
        wanted, picture = scope.strict(request.query.items()), self.source.picture()
        found = live.agents(picture, wanted)
        return answer(values.Agents(rfc3339(picture.at), picture.at, found))

    async def openapi(self, _request: web.Request) -> web.Response:
        """Answer with the document that describes all of this."""
        return answer(openapi.document())

    async def series(self, request: web.Request) -> web.Response:
        """Answer with the values of one field over time; raises ParameterError, StoreError."""
        wanted = params.series(request.query.items(), self.now())
        queries = (wanted.query, *wanted.states)
        found, *states = await self.reads.ask(lambda store: [store.range(one) for one in queries])
        for one in (found, *states):
            _check_read(one)
        series = list(found)
        if wanted.rate:
            series = [_rate(one, wanted) for one in found]
        elif wanted.how:
            series = _held(found, states, wanted, wanted.how, self._heard(wanted.who))
        _check_answer(series)
        return answer(
            values.SeriesAnswer(
                measurement=wanted.query.measurement,
                field=wanted.field.name,
                unit=wanted.field.unit + ("/s" if wanted.rate else ""),
                start_ns=wanted.span.start,
                stop_ns=wanted.span.stop,
                series=[values.curve(one) for one in series],
            )
        )

    def _heard(self, who: Identity) -> int:
        """Return until when what *who* said last is known to hold."""
        row = board.agent_in(self.source.picture(), who)
        arrived = row.view.last_arrival if row else 0
        return min(arrived, self.now()) if arrived else self.now()

    async def latest(self, request: web.Request) -> web.Response:
        """Answer with the newest value of every field; raises ParameterError, StoreError."""
        who = params.identity(params.once(request.query.items()))
        since = max(0, self.now() - LOOK_BACK)
        found = await self.reads.ask(lambda store: latest(store, who, since))
        row = board.agent_in(self.source.picture(), who)
        state, why = (row.state, row.reason) if row else _NEVER_SEEN
        below = targets.targets(pings_in(found), state, why, self.now())
        said = [values.latest(value) for value in found]
        return answer(values.LatestAnswer(said, [values.target(one) for one in below]))

    async def ledger(self, request: web.Request) -> web.Response:
        """Answer with what is missing, since when and why; raises ParameterError, StoreError."""
        wanted = ledger.question(request.query.items())
        account = await self.reads.run(lambda: self.source.account(wanted))
        return answer(ledger.ledger(account, self.now()))

    async def dropped(self, _request: web.Request) -> web.Response:
        """Answer with what the allow-list did not let in."""
        return answer(dropped.answered(self.source.counts()))

    async def canary(self, _request: web.Request) -> web.Response:
        """Answer with the last canary that came through the rules, and the store's."""
        seen, (ready, problem) = self.source.canary(), self.source.ready()
        try:
            region, now = self.source.region, self.now()
            stored = await self.reads.ask(lambda store: canary.stored(store, region, now))
        except StoreError as error:
            stored, problem = 0, problem or str(error)
        trouble = "" if ready and stored else problem
        when = rfc3339(seen.seen_at) if seen.seen_at else None
        audit = self.source.audit_problem()
        return answer(values.CanaryAnswer(seen.number, when, seen.seen_at, stored, trouble, audit))

    async def alerts(self, request: web.Request) -> web.Response:
        """Answer with open and past alerts; raises ParameterError, StoreError."""
        wanted = alerts.wanted(request.query.items())
        found = await self.reads.run(lambda: self.source.alerts(wanted))
        return answer(alerts.answered(found, self.now()))

    async def security(self, request: web.Request) -> web.Response:
        """Answer with attacks and sensors; raises ParameterError, StoreError."""
        ask, since = security.wanted(request.query.items()), self.now() - security.WEEK
        view = security.narrowed(self.source.security(), ask)
        began = await self.reads.run(lambda: self.source.security_began(since, ask.place))
        return answer(security.answered(view, began, self.source.first_step))

    async def evidence(self, _request: web.Request) -> web.Response:
        """Answer with whether the audit log can be believed."""
        return answer(logstate.answered(await self.reads.run(self.source.evidence)))

    async def rooms(self, request: web.Request) -> web.Response:
        """Answer with rooms, worst first; raises ParameterError."""
        ask, source, now = rooms.wanted(request.query.items()), self.source, self.now()
        found = rooms.chosen(source.rooms(), ask)
        names = {(one.region, one.school): one.name for one in source.picture().schools}
        order = source.in_order(rooms.keys(found))
        return answer(rooms.answered(found, ask, names, order, now))

    async def channels(self, _request: web.Request) -> web.Response:
        """Answer with what is known of each channel of alerts."""
        return answer(channels.answered(self.source.channels(), self.now()))

    async def unconnected(self, _request: web.Request) -> web.Response:
        """Answer with the schools without a network, and who was; raises StoreError."""
        found = await self.reads.run(self.source.unconnected)
        return answer(unconnected.answered(found, self.now()))

    async def supervision(self, _request: web.Request) -> web.Response:
        """Answer with what is overdue, and what was; raises StoreError."""
        found = await self.reads.run(self.source.supervision)
        return answer(supervision.answered(found, self.now()))

    async def incidents(self, request: web.Request) -> web.Response:
        """Answer with what people have to judge, and what is due; raises StoreError, and
        HTTPException for who may not read it, as on the page."""
        actor = await api_reader(request)
        school = actor.school if actor and actor.role == "school" else ""
        found = await self.reads.run(lambda: self.source.incidents.listed(school))
        seen = [one for one in found if not actor or actor.sees(one.incident.place)]
        return answer(incidents.answered(seen, self.now()))

    async def targets(self, _request: web.Request) -> web.Response:
        """Answer with the district against its targets."""
        return answer(scores.answered(self.source.scores(), self.now()))


def latest(store: Store, who: Identity, since: int) -> list[LastValue]:
    """Return the newest value of every field that *who* sent at or after *since*."""
    tags = {"region": who.region, "school": who.school, "agent": who.agent}
    return [value for name in catalog.CATALOG for value in store.last(name, tags, since)]


def _check_read(found: Iterable[Series]) -> None:
    if sum(len(one.points) for one in found) > params.MAX_READ:
        raise params.ParameterError(
            "start",
            f"more than {params.MAX_READ} points to read: give a shorter time between start and "
            "stop, or name one series with tag.…",
        )


def _check_answer(found: Iterable[Series]) -> None:
    if any(len(one.points) > params.MAX_POINTS for one in found):
        raise params.ParameterError(
            "window",
            f"more than {params.MAX_POINTS} points in one series: give a longer window, "
            "or a shorter time between start and stop",
        )


def _rate(one: Series, wanted: params.SeriesRequest) -> Series:
    window, start = wanted.span.window, wanted.span.start
    rates = per_second(thinned(one.points, window) if window else one.points)
    return Series(one.tags, [(at, rate) for at, rate in rates if at >= start])


def _held(
    found: Iterable[Series],
    states: Iterable[Iterable[Series]],
    wanted: params.SeriesRequest,
    how: held.How,
    until: int,
) -> list[Series]:
    changes: dict[tuple[str, ...], list[int]] = {}
    for one in (one for answer in states for one in answer):
        changes.setdefault((*one.tags.values(),), []).extend(held.changes(one.points))
    groups: dict[tuple[str, ...], list[held.Said]] = {}
    for one in found:
        said = held.Said(one.points, sorted(changes.get((*one.tags.values(),), ())))
        groups.setdefault(tuple(one.tags[name] for name in wanted.group_by), []).append(said)
    hold, span = wanted.holds, wanted.span
    made = [
        Series(
            dict(zip(wanted.group_by, tags)),
            held.windows(groups[tags], how, span, hold=hold, until=until),
        )
        for tags in sorted(groups)
    ]
    return [one for one in made if one.points]
