"""The same facts as on the pages, as JSON under `/api/v1/`.

Watch it: curl -s 'http://127.0.0.1:8480/api/v1/live' | python -m json.tool
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from collector import canary
from collector.store.base import LastValue, Series, Store
from collector.web import alerts, ledger, live, openapi, params, scope, values
from collector.web.rates import per_second, thinned
from collector.web.reads import Reads
from collector.web.source import Source
from core import catalog
from core.clock import SECOND, Clock, rfc3339
from core.errors import StoreError
from core.types import Identity

LOOK_BACK = 24 * 3600 * SECOND
"""A value that is older is not given as the latest."""


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
        found = await self.reads.ask(lambda store: store.range(wanted.query))
        _check_read(found)
        series = [_series(one, wanted) for one in found]
        _check_answer(series)
        return answer(
            values.SeriesAnswer(
                measurement=wanted.query.measurement,
                field=wanted.field.name,
                unit=wanted.field.unit + ("/s" if wanted.rate else ""),
                start_ns=wanted.query.start,
                stop_ns=wanted.query.stop,
                series=[values.curve(one) for one in series],
            )
        )

    async def latest(self, request: web.Request) -> web.Response:
        """Answer with the newest value of every field; raises ParameterError, StoreError."""
        who = params.identity(params.once(request.query.items()))
        since = max(0, self.now() - LOOK_BACK)
        found = await self.reads.ask(lambda store: latest(store, who, since))
        return answer(values.LatestAnswer([values.latest(value) for value in found]))

    async def ledger(self, request: web.Request) -> web.Response:
        """Answer with what is missing, since when and why; raises ParameterError, StoreError."""
        wanted = ledger.question(request.query.items())
        account = await self.reads.run(lambda: self.source.account(wanted))
        return answer(ledger.ledger(account, self.now()))

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
        return answer(values.CanaryAnswer(seen.number, when, seen.seen_at, stored, trouble))

    async def alerts(self, request: web.Request) -> web.Response:
        """Answer with open and past alerts; raises ParameterError, StoreError."""
        wanted = alerts.wanted(request.query.items())
        found = await self.reads.run(lambda: self.source.alerts(wanted))
        return answer(alerts.answered(found, self.now()))


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


def _series(one: Series, wanted: params.SeriesRequest) -> Series:
    if not wanted.rate:
        return one
    window = wanted.rate_window
    return Series(one.tags, per_second(thinned(one.points, window) if window else one.points))
