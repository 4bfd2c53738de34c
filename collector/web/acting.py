"""What programs do by `/api/v1/`: the same acts as on the pages, under the same checks.

Watch it: curl -u zhang.san -H 'Content-Type: application/json' -d '{"number": 17}' \
    http://127.0.0.1:8480/api/v1/alerts/ack
"""

from dataclasses import dataclass, fields
from typing import Annotated, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta

from alerts.acks import LONGEST_NOTE
from alerts.silences import MOST_WORD, BadSilence, Matchers, place_of
from collector.web.actors import require
from collector.web.alerts import Acked, acked
from collector.web.params import ParameterError
from collector.web.reads import Reads
from collector.web.source import Source
from core.errors import ActRefused

T = TypeVar("T")

Number = Annotated[int, Meta(ge=1, le=10**15)]
Word = Annotated[str, Meta(max_length=MOST_WORD)]
Note = Annotated[str, Meta(max_length=LONGEST_NOTE)]


class AckAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which alert, and what there is to say."""

    number: Number
    note: Note = ""


class AckAnswer(msgspec.Struct, frozen=True):
    """Who takes care of the alert; `new` is false where somebody did already."""

    number: int
    new: bool
    acked: Acked


class SilenceAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which alerts, by exact words of which at least one is needed; why, and until when."""

    reason: Annotated[str, Meta(min_length=1, max_length=LONGEST_NOTE)]
    until: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    """ns since 1970, at most 30 days from now"""
    rule: Word = ""
    region: Word = ""
    school: Word = ""
    agent: Word = ""
    target: Word = ""
    severity: Word = ""
    subject: Word = ""


class EndAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which silence is to end."""

    number: Number


class SilenceAnswer(msgspec.Struct, frozen=True):
    """The silence; `lasts` is false where it is over."""

    number: int
    lasts: bool


@dataclass(frozen=True, slots=True)
class ActApi:
    """The handlers; raise HTTPException, ParameterError, ActRefused, StoreError."""

    source: Source
    reads: Reads

    async def acknowledge(self, request: web.Request) -> AckAnswer:
        """Acknowledge an alert; return who takes care of it."""
        asked = await _body(request, AckAsked)
        people = self.source.people()
        place = await self.reads.run(lambda: people.place(asked.number))
        who = require(request, "ack", place).doer(request)
        found, new = await self.reads.run(lambda: people.acknowledge(asked.number, who, asked.note))
        return AckAnswer(asked.number, new, acked(found))

    async def silence(self, request: web.Request) -> SilenceAnswer:
        """Have nobody told of some alerts for a while."""
        asked = await _body(request, SilenceAsked)
        words = {one.name: getattr(asked, one.name) for one in fields(Matchers)}
        matchers, people = Matchers(**words), self.source.people()
        who = require(request, "silence", place_of(matchers)).doer(request)
        try:
            made = await self.reads.run(
                lambda: people.silence(who, asked.reason, matchers, asked.until)
            )
        except BadSilence as error:
            raise ParameterError("body", str(error)) from None
        return SilenceAnswer(made.number, lasts=True)

    async def end_silence(self, request: web.Request) -> SilenceAnswer:
        """End a silence; one that is over already is no mistake."""
        asked, people = await _body(request, EndAsked), self.source.people()
        found = await self.reads.run(lambda: people.silenced(asked.number))
        # Who may end none at all need not learn which there are.
        place = place_of(found.matchers) if found else ""
        who = require(request, "silence", place).doer(request)
        if not found:
            raise ActRefused("no_silence", f"there is no silence {asked.number}")
        await self.reads.run(lambda: people.end_silence(asked.number, who))
        return SilenceAnswer(asked.number, lasts=False)


async def _body(request: web.Request, kind: type[T]) -> T:
    """Return what is asked; raises ParameterError."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ParameterError("body", str(error)) from None
