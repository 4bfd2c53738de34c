"""Silences: what nobody is told of for now, by whom, why and until when; making and ending them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from aiohttp import web

from alerts.history import Wanted
from alerts.silences import BadSilence, Matchers, Silence, place_of
from collector.people import People
from collector.web.actors import actor_of, require
from collector.web.pages import reading
from collector.web.pages.actions import back, field, see, whole
from collector.web.pages.frame import Frame
from collector.web.reads import Reads
from core.alerts import AlertKey
from core.clock import SECOND
from core.errors import ActRefused

HOURS: Final = (1, 4, 24, 72, 168)
"""For how long a silence may be made on a page; the API takes any end up to 30 days."""
NONE: Final[Sequence[Silence]] = ()
SCOPES: Final = ("same", "place", "school")
"""This condition alone; this rule anywhere at the agent's place; everything at the school."""


@dataclass(frozen=True, slots=True)
class SilencePage:
    """The handlers of `/silences`, `POST /alerts/NUMBER/silence` and `POST /silences/NUMBER/end`;
    raise HTTPException, ActRefused, StoreError."""

    frame: Frame
    reads: Reads

    async def show(self, request: web.Request) -> web.Response:
        """Show what is in force, and what was."""
        read = await reading.reading(self.reads, self._people.silences, NONE)
        now, actor = self.frame.now(), actor_of(request)
        lasting = [one for one in read.found if one.over_at > now]
        ending = {
            one.number for one in lasting if actor and actor.may("silence", place_of(one.matchers))
        }
        return self.frame.page(
            request,
            self.frame.source.picture(),
            "silences.html",
            in_force=lasting,
            over=[one for one in read.found if one.over_at <= now],
            may_end=ending,
            problem=read.problem,
        )

    async def make(self, request: web.Request) -> web.Response:
        """Silence what an alert is about."""
        number = whole(request.match_info["number"])
        wanted = Wanted(number=number, limit=1)
        stories = await self.reads.run(lambda: self.frame.source.alerts(wanted))
        found = [*stories.open, *stories.over]
        if not number or not found:
            raise ActRefused("unknown", f"there is no alert {number}")
        key = found[0].telling.alert.key
        who = require(request, "silence", key.place).doer(request)
        hours, scope = whole(await field(request, "hours")), await field(request, "scope")
        if hours not in HOURS or scope not in SCOPES:
            raise web.HTTPBadRequest(reason="there is no such choice")
        reason = await field(request, "reason")
        if not reason.strip():
            raise ActRefused("no_reason", "a silence needs a reason")
        matchers = matchers_of(key, scope)
        until = self.frame.now() + hours * 3_600 * SECOND
        try:
            await self.reads.run(lambda: self._people.silence(who, reason, matchers, until))
        except BadSilence as error:
            raise ActRefused("bad_silence", str(error)) from None
        return back(request, number)

    async def end(self, request: web.Request) -> web.Response:
        """End a silence; one that is over already is no mistake."""
        number = whole(request.match_info["number"])
        found = await self.reads.run(lambda: self._people.silenced(number))
        if not found:
            raise ActRefused("no_silence", f"there is no silence {number}")
        who = require(request, "silence", place_of(found.matchers)).doer(request)
        await self.reads.run(lambda: self._people.end_silence(number, who))
        return see(request, "/silences")

    @property
    def _people(self) -> People:
        return self.frame.source.people()


def matchers_of(key: AlertKey, scope: str) -> Matchers:
    """Return which alerts are meant; a place that is no school's is matched by the rule."""
    levels = key.place.split("/") if key.place and not key.place.startswith("collector/") else []
    region, school, agent = (*levels, "", "", "")[:3]
    if scope == "school" and school:
        return Matchers(region=region, school=school)
    target, subject = (key.target, key.subject) if scope == "same" else ("", "")
    place = Matchers(rule=key.rule, region=region, school=school, agent=agent)
    return replace(place, target=target, subject=subject)
