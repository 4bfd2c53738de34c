"""Keeps two collectors from serving one region unnoticed: listens to claims, from before the start.

    connect ─▶ nobody else claims: serve     another's new claim: refuse, or --takeover
                      └─▶ while serving, another's claim is logged and recorded; we go on

By a connection of its own, without a memory at the broker: in the session of the states a claim a
minute would pile up while the collector is away, and that session must not be consumed before it
is clear that we may serve.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from collector.births import AgentState
from collector.books import Books
from collector.claims import Claims, Vigil, named
from collector.config import CollectorConfig
from collector.connection import broker_for
from collector.journal import Note
from core import clock, messages, topics, wire
from core.errors import StartError
from core.messages import Claim
from core.mqtt import Connected, Message, Session
from core.types import Identity

_log = logging.getLogger(__name__)


class Guard:
    """Used in the event loop. `publish` sends a claim, retained, or does nothing while cut off."""

    def __init__(
        self,
        config: CollectorConfig,
        publish: Callable[[str, bytes], None],
        *,
        takeover: bool = False,
        now: clock.Clock = clock.now,
        monotonic: clock.Monotonic = clock.monotonic,
    ) -> None:
        table = config.collector
        self._id, self._regions, self._wait_s = table.id, table.regions, table.claim_wait_s
        self._publish, self._takeover = publish, takeover
        self._now, self._monotonic = now, monotonic
        self._claims, self._vigil = Claims(table.id), Vigil(table.claim_wait_s, takeover=takeover)
        self._topics = {topics.claim_topic(region): region for region in table.regions}
        self._something, self._serving = asyncio.Event(), False
        self._rivals: dict[tuple[str, str], float] = {}
        """By region and id, when they were last heard while we serve."""
        self._notes: list[Note] = []
        # A broker that takes a certificate's name for the client's has one connection for each: by
        # the one of the states this could listen only until that connects.
        self.stays = not table.readings_cert_file or bool(table.claims_cert_file)
        self.waits_for = ""
        """Why we do not serve yet, where another's claim is the reason."""
        self.session = Session(
            broker_for(config, "claims"),
            # Of each process its own: a second collector of our id must not cut this one off.
            f"{table.id}-claim-{wire.new_epoch()[:8]}",
            self,
            subscriptions=list(self._topics),
            reconnect_within_s=config.broker.reconnect_within_s,
        )

    # At start.

    async def admit(self, stopping: asyncio.Event) -> Mapping[str, str] | None:
        """Return when we may serve: the regions that were another's, with its id.

        None where there is nothing to take over, or at *stopping*. Raises StartError where
        another collector serves a region.
        """
        stop: asyncio.Future[Any] = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                answer = self._vigil.answer(self._monotonic())
                if answer == "refuse":
                    raise StartError(self._refusal())
                if answer == "serve":
                    return self._admitted()
                self._say_waiting()
                await self._change(stop)
            return None
        finally:
            stop.cancel()
            self.waits_for = ""

    def _admitted(self) -> Mapping[str, str] | None:
        others = self._claims.others
        if others and not self._takeover:
            _log.warning(
                "%s: not claimed again within %g s, so it is taken over",
                *(named([*others.items()]), self._wait_s),
            )
        elif self._takeover:
            _log.warning("taken over, as told: %s", named([*others.items()]) or "from nobody")
        self._serving = True
        if self._takeover:
            return {region: others.get(region, "") for region in self._regions}
        return dict(others) or None

    def _refusal(self) -> str:
        others = named([*self._claims.others.items()])
        return (
            f"another collector is at work: claimed just now, {others}. Stop it first, or start "
            "this one with --takeover."
        )

    def _say_waiting(self) -> None:
        if not self._vigil.is_waiting or self.waits_for:
            return
        others = named([*self._claims.others.items()])
        self.waits_for = f"waiting whether another collector is at work: claimed before, {others}"
        _log.warning(
            "%s. If that is not said again within %g s, this one starts; if it is, it does not, "
            "unless told --takeover",
            *(self.waits_for, self._wait_s),
        )

    async def _change(self, stop: asyncio.Future[Any]) -> None:
        """Wait until something is heard, or is due."""
        self._something.clear()
        heard: asyncio.Future[Any] = asyncio.ensure_future(self._something.wait())
        await asyncio.wait(
            {heard, stop},
            timeout=self._vigil.seconds(self._monotonic()),
            return_when=asyncio.FIRST_COMPLETED,
        )
        heard.cancel()

    # While serving.

    def claim(self) -> None:
        """Claim every region."""
        payload = messages.encode(Claim(self._id, self._now() // 1_000_000))
        self._claims.sent(payload)
        for region in self._regions:
            self._publish(topics.claim_topic(region), payload)

    def rest(self) -> None:
        """Claim nothing again: we stop."""
        self._serving = False

    async def record(self, books: Books) -> None:
        """Keep what there is to say of rivals; raises sqlite3.Error, and then keeps it later."""
        gone = self._monotonic() - self._wait_s
        for rival in [rival for rival, heard in self._rivals.items() if heard < gone]:
            del self._rivals[rival]
            _log.warning("no more claims of region %s by collector %s", *rival)
            self._notes.append(Note("claimed_twice", *rival, active=False))
        notes = list(self._notes)
        if notes:
            await asyncio.to_thread(books.journal.note, *notes)
            del self._notes[: len(notes)]

    def _contested(self, region: str) -> None:
        rival = region, self._claims.others[region]
        if rival not in self._rivals:
            _log.error(
                "region %s is claimed by collector %s too (this one is %s): stop one of them. Both "
                "store what comes, and agents believe the one in their configuration",
                *(*rival, self._id),
            )
            self._notes.append(Note("claimed_twice", *rival, {"ours": self._id}))
        self._rivals[rival] = self._monotonic()

    # What the session tells.

    def connected(self, _connected: Connected, /) -> None:
        """Hear that claims are heard from now on."""
        self._vigil.connected(self._monotonic())
        self._something.set()

    def disconnected(self, _reason: str, /) -> None:
        """Hear that none are heard."""
        self._vigil.disconnected()
        self._something.set()

    def received(self, message: Message, /) -> None:
        """Hear of a claim, or that one was emptied."""
        region = self._topics.get(message.topic)
        if region is None:
            return
        found = self._claims.heard(region, message.payload, kept=message.retain)
        self._something.set()
        if not self._serving:
            self._vigil.heard(found)
        elif found == "new":
            self._contested(region)
        elif found == "emptied":
            # By somebody else: a third would think that nobody serves the region.
            self.claim()

    def acknowledged(self, _mid: int, _code: int, _reason: str, /) -> None:
        """Hear nothing: this connection only listens."""


def record_takeover(
    books: Books, others: Mapping[str, str], at: int
) -> Mapping[Identity, AgentState]:
    """Record that regions were taken over from *others*; return what is now known of agents.

    To be called before anything is taken in. Blocks; raises sqlite3.Error, StoreStopped. A crash
    on the way leaves the other's claim where it was, so the next start does all of it again.
    """
    books.ledger.record_restore("takeover", at)
    books.journal.note(*[Note("took_over", region, who) for region, who in others.items()])
    books.journal.sync()
    return books.ledger.agents()
