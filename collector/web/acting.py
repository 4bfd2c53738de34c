"""What programs do by `/api/v1/`: the same acts as on the pages, under the same checks.

Watch it: curl -u zhang.san -H 'Content-Type: application/json' -d '{"number": 17}' \
    http://127.0.0.1:8480/api/v1/alerts/ack
"""

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta

from alerts.acks import LONGEST_NOTE
from collector.web.actors import require
from collector.web.alerts import Acked, acked
from collector.web.params import ParameterError
from collector.web.reads import Reads
from collector.web.source import Source

T = TypeVar("T")

Number = Annotated[int, Meta(ge=1, le=10**15)]
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


@dataclass(frozen=True, slots=True)
class ActApi:
    """The handlers; raise HTTPException, ParameterError, ActRefused, StoreError."""

    source: Source
    reads: Reads

    async def acknowledge(self, request: web.Request) -> Any:
        """Acknowledge an alert; return who takes care of it."""
        asked = await _body(request, AckAsked)
        people = self.source.people()
        place = await self.reads.run(lambda: people.place(asked.number))
        who = require(request, "ack", place).doer(request)
        found, new = await self.reads.run(lambda: people.acknowledge(asked.number, who, asked.note))
        return AckAnswer(asked.number, new, acked(found))


async def _body(request: web.Request, kind: type[T]) -> T:
    """Return what is asked; raises ParameterError."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ParameterError("body", str(error)) from None
