"""Messages on their way: written with what they tell, and kept until a channel has taken them.

A message is marked *sending* before the call. What is found so marked at start may have been
taken, so it is sent again as a repeat: at least once, and never twice unmarked.
"""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import msgspec

from alerts.audience import addressed
from alerts.channels import health
from alerts.channels.fallback import MINUTE, Fallback
from alerts.channels.health import Health
from alerts.facts import Ground
from alerts.links import NO_LINKS, AckLinks
from alerts.recorded import numbers, without_addresses
from core.alertkinds import DELIVERED
from core.alerts import Notification
from core.clock import SECOND

GIVE_UP_AFTER: Final = 24 * 3600 * SECOND
"""A message that is a day old helps nobody."""
_GONE: Final = "this channel was removed"

_DUE: Final = """
    SELECT message, tries, repeat, via, body FROM alert_outbox AS mine
    JOIN alert_message ON number = message
    WHERE channel = ?1 AND state = 'queued' AND (next_at <= ?2 OR next_at > ?3) AND NOT EXISTS (
        SELECT 1 FROM alert_told AS same JOIN alert_told AS other ON other.alert = same.alert
        JOIN alert_outbox AS theirs ON theirs.message = other.message AND theirs.channel = ?1
        WHERE same.message = mine.message AND other.message < mine.message
            AND theirs.state IN ('queued', 'sending')
    )
    ORDER BY message LIMIT 1"""
"""The first message whose alerts have no earlier one on the way: an end never overtakes. One that
is to wait longer than any does was written by a clock that has been set back."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message for one channel; `tries` counts this one too."""

    channel: str
    tries: int
    repeat: bool
    notification: Notification
    links: Mapping[int, str] = field(default_factory=dict)
    """Where each alert of the message can be acknowledged, by its number."""
    via: str = ""
    """The channel that should have taken it, and could not."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a parcel; with `queued` it is tried again at `next_at` (ns)."""

    parcel: Parcel
    state: Literal["delivered", "undeliverable", "queued"]
    at: int
    error: str = ""
    next_at: int = 0
    perhaps: bool = False
    """The receiver may have it already."""
    untried: bool = False
    """The channel did not begin: that is no attempt."""


class Outbox:
    """Every method blocks, and may raise sqlite3.Error."""

    def __init__(
        self,
        ground: Ground,
        channels: Sequence[str],
        schools: Mapping[str, str] | None = None,
        fallback: Fallback | None = None,
        links: AckLinks = NO_LINKS,
    ) -> None:
        """Take the channels; *schools* names the school of each that is for one school alone."""
        self._ground, self._channels = ground, tuple(channels)
        self._schools, self._links = dict(schools or {}), links
        self._fallback = fallback or Fallback()

    def open(self, now: int) -> tuple[int, int]:
        """Take up what an earlier process left; return how many repeats and orphans there are.

        Orphans are messages of a channel that is no more.
        """
        marks = ", ".join("?" * len(self._channels))
        with self._ground.transaction() as db:
            health.create(db)
            repeats = db.execute(
                "UPDATE alert_outbox SET state = 'queued', repeat = 1, next_at = ? "
                "WHERE state = 'sending'",
                (now,),
            ).rowcount
            orphans = db.execute(
                f"""UPDATE alert_outbox SET state = 'undeliverable', done_at = ?, error = ?
                WHERE state = 'queued' AND channel NOT IN ({marks})
                RETURNING channel, message""",  # noqa: S608
                (now, _GONE, *self._channels),
            ).fetchall()
            self._record_orphans(db, orphans)
        return repeats, len(orphans)

    def _record_orphans(self, db: sqlite3.Connection, orphans: Sequence[tuple[str, int]]) -> None:
        """Record what a channel that is no more did not take, in a row for each channel."""
        of_channel: dict[str, list[int]] = {}
        for channel, message in sorted(orphans):
            of_channel.setdefault(channel, []).append(message)
        for channel, messages in of_channel.items():
            said = numbers(messages)
            self._ground.record(db, DELIVERED, channel, "messages", said, failed=_GONE)

    def healths(self) -> dict[str, Health]:
        """Return what an earlier process knew of each channel that there is."""
        with self._ground.transaction() as db:
            found = health.load(db)
        return {name: found.get(name, Health()) for name in self._channels}

    def sent_before(self, now: int) -> dict[str, list[int]]:
        """Return when (ns) each channel took something within the last minute, or may have.

        To be asked before `open`.
        """
        query = """SELECT channel, done_at FROM alert_outbox
            WHERE state = 'delivered' AND done_at > ?
            UNION ALL SELECT channel, ? FROM alert_outbox WHERE state = 'sending'"""
        found: dict[str, list[int]] = {}
        with self._ground.transaction() as db:
            for channel, at in db.execute(query, (now - MINUTE, now)).fetchall():
                found.setdefault(channel, []).append(at)
        return found

    def fall(self, healths: Mapping[str, Health], now: int) -> int:
        """Hand on what waits for channels that have failed for too long; return how many went."""
        due = self._fallback.due(healths, now)
        if not due:
            return 0
        with self._ground.transaction() as db:
            return self._fallback.waiting(db, due, now)

    def claim(self, now: int, busy: Collection[str]) -> list[Parcel]:
        """Mark as *sending*, and return, the next message of each channel that is not busy."""
        idle = [channel for channel in self._channels if channel not in busy]
        if not idle:
            return []
        with self._ground.transaction() as db:
            claimed = [parcel for channel in idle for parcel in _claim(db, channel, now)]
            return [parcel for one in claimed for parcel in self._addressed(db, one, now)]

    def _addressed(self, db: sqlite3.Connection, parcel: Parcel, now: int) -> Iterator[Parcel]:
        """Give the parcel as its reader may see it; where it is nothing to them, end it."""
        said = addressed(parcel.notification, self._schools.get(parcel.channel, ""))
        itself = said is not None and health.is_about(said, parcel.channel)
        if said and not itself:
            links = self._links.of(said, parcel.channel)
            yield replace(parcel, notification=said, links=links)
            return
        # Else the channel was for others when this was written.
        error = (
            "a channel is not told of itself" if itself else "this channel is for another school"
        )
        db.execute(
            """UPDATE alert_outbox SET state = 'undeliverable', done_at = ?, error = ?
            WHERE message = ? AND channel = ?""",
            (now, error, parcel.notification.number, parcel.channel),
        )
        self._record_end(db, Outcome(parcel, "undeliverable", now, error))

    def _record_end(self, db: sqlite3.Connection, one: Outcome) -> None:
        """Record how a message ended at a channel; its error may be a server's words."""
        parcel = one.parcel
        said = {"tries": parcel.tries, "at": one.at, "via": parcel.via, "repeat": parcel.repeat}
        failed = without_addresses(one.error) or "no reason" if one.state != "delivered" else ""
        self._ground.record(
            *(db, DELIVERED, parcel.channel, f"message/{parcel.notification.number}"),
            {name: value for name, value in said.items() if value},
            failed=failed,
        )

    def record(
        self, outcomes: Sequence[Outcome], healths: Mapping[str, Health] | None = None
    ) -> None:
        """Keep what became of parcels, and of channels."""
        with self._ground.transaction() as db:
            health.save(db, healths or {})
            for one in outcomes:
                done_at = 0 if one.state == "queued" else one.at
                db.execute(
                    """UPDATE alert_outbox SET state = ?, next_at = ?, done_at = ?, error = ?,
                    repeat = max(repeat, ?), tries = tries - ? WHERE message = ? AND channel = ?""",
                    (
                        *(one.state, one.next_at, done_at, one.error, one.perhaps, one.untried),
                        *(one.parcel.notification.number, one.parcel.channel),
                    ),
                )
                if one.state != "queued":
                    self._record_end(db, one)
                if one.state == "undeliverable":
                    number = one.parcel.notification.number
                    self._fallback.undeliverable(db, one.parcel.channel, number, one.at)

    def next_at(self, now: int, busy: Collection[str]) -> int:
        """Return when a channel that is not busy has something to try again (ns), 0 for never.

        What is due *now* and was not claimed waits for an earlier message, not for the clock.
        """
        query = """SELECT channel, min(next_at) FROM alert_outbox
            WHERE state = 'queued' AND next_at > ? GROUP BY channel"""
        with self._ground.transaction() as db:
            found = dict(db.execute(query, (now,)).fetchall())
        return min((at for channel, at in found.items() if channel not in busy), default=0)


def _claim(db: sqlite3.Connection, channel: str, now: int) -> Iterator[Parcel]:
    due = db.execute(_DUE, (channel, now, now + health.LONGEST_HOLD))
    for number, tries, repeat, via, body in due.fetchall():
        db.execute(
            "UPDATE alert_outbox SET state = 'sending', tries = ? "
            "WHERE message = ? AND channel = ?",
            (tries + 1, number, channel),
        )
        said = msgspec.json.decode(body, type=Notification)
        yield Parcel(channel, tries + 1, bool(repeat), said, via=via)
