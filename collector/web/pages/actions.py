"""What signed-in people do to one alert on its page; afterwards the page is shown again."""

from dataclasses import dataclass

from aiohttp import web

from alerts.acks import STAGES
from collector.people import Doer, People
from collector.web.actors import require
from collector.web.pages.frame import Frame
from collector.web.reads import Reads


@dataclass(frozen=True, slots=True)
class Actions:
    """The handlers of `POST /alerts/NUMBER/…`; raise HTTPException, ActRefused, StoreError."""

    frame: Frame
    reads: Reads

    async def acknowledge(self, request: web.Request) -> web.Response:
        """Keep that who asks takes care of the alert."""
        number, who = await self._asked(request)
        note = await field(request, "note")
        await self.reads.run(lambda: self._people.acknowledge(number, who, note))
        return back(request, number)

    async def undo(self, request: web.Request) -> web.Response:
        """Take that back."""
        number, who = await self._asked(request)
        await self.reads.run(lambda: self._people.undo(number, who))
        return back(request, number)

    async def advance(self, request: web.Request) -> web.Response:
        """Keep how far the handling has come."""
        number, who = await self._asked(request)
        note, stage = await field(request, "note"), await field(request, "stage")
        if stage not in STAGES:
            raise web.HTTPBadRequest(reason="there is no such step")
        await self.reads.run(lambda: self._people.advance(number, stage, who, note))
        return back(request, number)

    async def _asked(self, request: web.Request) -> tuple[int, Doer]:
        """Return the alert and who acts; raises HTTPException where they may not."""
        number = whole(request.match_info["number"])
        place = await self.reads.run(lambda: self._people.place(number))
        return number, require(request, "ack", place).doer(request)

    @property
    def _people(self) -> People:
        return self.frame.source.people()


async def field(request: web.Request, name: str) -> str:
    """Return what a form says in one field, "" where it says nothing."""
    found = (await request.post()).get(name, "")
    return found if isinstance(found, str) else ""


def whole(word: str) -> int:
    """Return the number in an address, 0 where it is none."""
    return int(word) if word.isascii() and word.isdecimal() and len(word) <= 15 else 0


def back(request: web.Request, number: int) -> web.Response:
    """Send who acted to the alert's page, so that loading it again acts on nothing."""
    return see(request, f"/alerts/{number}")


def see(request: web.Request, path: str) -> web.Response:
    """Send who acted to *path*, in the language that they read."""
    lang = request.query.get("lang", "")
    address = f"{path}?lang={lang}" if lang in ("zh", "en") else path
    return web.Response(status=303, headers={"Location": address})
