"""The page behind the link of a message. GET shows, whoever asks and however often: chat programs
fetch links before anybody reads them. Only POST acts.

The link is all the proof there is, so the page shows what the message said already, and no more.
"""

from dataclasses import dataclass

from aiohttp import web

from alerts import acks
from alerts.history import Story, Wanted
from alerts.links import NotValid, Right
from collector.people import Doer, People
from collector.web.actors import SIGN_IN, address_of, too_many
from collector.web.pages.actions import field, see
from collector.web.pages.frame import Frame
from collector.web.reads import Reads
from collector.web.signinlockout import network_of


@dataclass(frozen=True, slots=True)
class AckPage:
    """The handlers of `/ack/TOKEN`."""

    frame: Frame
    reads: Reads

    async def show(self, request: web.Request) -> web.Response:
        """Show the alert, and what would be done by whom; raises StoreError."""
        found = await self._found(request)
        return self._page(request, *found) if found else self._invalid(request)

    async def act(self, request: web.Request) -> web.Response:
        """Acknowledge the alert; raises ActRefused, StoreError, HTTPTooManyRequests."""
        found = await self._found(request)
        if not found:
            return self._invalid(request)
        sign_in, address = request.app[SIGN_IN], address_of(request)
        key, now = network_of(address), sign_in.monotonic()
        wait = sign_in.link_acts.left(key, now)
        if wait:
            raise too_many(wait)
        sign_in.link_acts.count(key, now)
        right, story = found
        if story.telling.alert.state == "ended" and not story.ack:
            return self._page(request, right, story)
        name = acks.plain(await field(request, "name"), acks.LONGEST_NAME)
        note = await field(request, "note")
        school = self._people.receivers[right.receiver]
        who = Doer(
            by=f"{name} ({right.receiver})" if name else right.receiver,
            role=f"school:{school}" if school else "district",
            how="link",
            subject=right.receiver,
            address=address,
        )
        await self.reads.run(lambda: self._people.acknowledge(right.number, who, note))
        return see(request, request.rel_url.raw_path)

    async def _found(self, request: web.Request) -> tuple[Right, Story] | None:
        """Return what the link allows and the alert; None where it is no valid one."""
        people = self._people
        try:
            right = people.links.read(request.match_info["token"])
        except NotValid:
            return None
        school = people.receivers.get(right.receiver)
        if school is None:  # the channel is no more
            return None
        wanted = Wanted(number=right.number, limit=1)
        stories = await self.reads.run(lambda: self.frame.source.alerts(wanted))
        found = [*stories.open, *stories.over]
        if not found or (school and found[0].telling.alert.key.school != school):
            return None
        return right, found[0]

    def _page(self, request: web.Request, right: Right, story: Story) -> web.Response:
        picture = self.frame.source.picture()
        return self.frame.page(request, picture, "ack.html", story=story, receiver=right.receiver)

    def _invalid(self, request: web.Request) -> web.Response:
        """Say the same of every link that is none, and count; many of them are refused sooner."""
        sign_in = request.app[SIGN_IN]
        self._people.count("ack_links_refused", "")
        key, now = network_of(address_of(request)), sign_in.monotonic()
        wait = sign_in.bad_links.left(key, now)
        if wait:
            raise too_many(wait)
        sign_in.bad_links.count(key, now)
        picture = self.frame.source.picture()
        return self.frame.page(request, picture, "ack.html", 404, story=None, receiver="")

    @property
    def _people(self) -> People:
        return self.frame.source.people()
