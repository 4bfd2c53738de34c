"""Birth, will and last word: how the district knows that this agent lives, and what it holds."""

from dataclasses import dataclass

import msgspec
from msgspec import UNSET, UnsetType

from core import VERSION, clock, messages, topics, wire
from core.messages import Birth, ClockReport, Death, EpochReport, Witnessed
from core.mqtt import Will
from core.types import Identity


@dataclass(slots=True)
class Presence:
    """Counts connects and births of this process; knows the words that it sends about itself."""

    who: Identity
    spool_id: str
    started: int
    births: int = 0
    conn: int = 0

    @property
    def topic(self) -> str:
        """The retained topic of birth and death."""
        return topics.topic(self.who, "state")

    def will(self, epoch: str, conn: int) -> Will:
        """Return what the broker says of us when connection number *conn* is lost."""
        return Will(self.topic, messages.encode(Death("down", epoch, conn)))

    def stopped(self, epoch: str) -> Will:
        """Return the last word of a clean stop."""
        return Will(self.topic, messages.encode(Death("stopped", epoch, self.conn)))

    def birth(
        self,
        epoch: str,
        epochs: list[EpochReport],
        *,
        more: bool,
        clock_report: ClockReport,
        asked: int = 0,
        witness: list[Witnessed] | UnsetType = UNSET,
    ) -> bytes:
        """Return the next birth, cut to what one message may hold.

        The current epoch stands last in *epochs* and is always kept.
        """
        self.births += 1
        birth = Birth(
            epoch=epoch,
            conn=self.conn,
            no=self.births,
            version=VERSION,
            started=clock.rfc3339(self.started),
            spool=self.spool_id,
            asked=asked,
            more=more,
            clock=clock_report,
            epochs=epochs,
            witness=witness,
        )
        return _fitting(birth)


def _fitting(birth: Birth) -> bytes:
    payload = messages.encode(birth)
    while len(payload) > wire.MAX_SENT_BYTES and len(birth.epochs) > 1:
        others = birth.epochs[:-1]
        kept = [*others[: len(others) // 2], birth.epochs[-1]]
        birth = msgspec.structs.replace(birth, epochs=kept, more=True)
        payload = messages.encode(birth)
    return payload
