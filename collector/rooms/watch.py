"""Keeps watch over rooms: what agents tell of devices becomes verdicts, at once.

    readings, once the ledger has them ─┐                 ┌─▶ kept, with the events that say so
    live picture (agents, lines) ───────┼─▶ verdicts ─────┼─▶ sight ─▶ alert rules
    the clock (stale, a new day) ───────┘                 ├─▶ room, room_day ─▶ store
                                                          └─▶ pages, /api/v1/rooms

The event loop judges; what blocks is done in a thread. A store that is away holds up nothing.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from alerts.facts import Sight, Wrong
from alerts.schooltime import SchoolTime
from collector import ledgerfile
from collector.books import Books
from collector.district.outgoing import Latest, Outgoing
from collector.district.waiting import WaitingLines
from collector.journal import Note
from collector.outside import SchoolKey
from collector.patience import Patience, Stopping
from collector.picture import Picture
from collector.rooms import conditions, points
from collector.rooms.conditions import KINDS, NO_PART, UNKNOWN, Condition, ConditionKey, Part
from collector.rooms.days import RoomDays
from collector.rooms.devices import Devices
from collector.rooms.rows import Change, RoomKey, RoomRows
from collector.rooms.school import School
from collector.rooms.verdict import Verdict
from collector.sorting import Item
from collector.store.base import Store
from core import clock
from core.clock import SECOND
from core.errors import StoreError
from core.types import Identity

PATIENCE: Final = 30 * SECOND
"""After a start nothing is known for so long only because nobody was connected yet."""
KEEP_EVERY: Final = 60 * SECOND
SEE_EVERY: Final = 10 * SECOND
DAYS_EVERY: Final = 300 * SECOND
LONGEST_SLEEP_S: Final = 1.0

_K = TypeVar("_K")
_V = TypeVar("_V")
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Held:
    """What is known of a school's rooms and kept: verdicts, and what goes on."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    open: dict[ConditionKey, Condition] = field(default_factory=dict)
    part_of: dict[ConditionKey, Part] = field(default_factory=dict)


class Rooms:
    """Lives in the event loop; raises StartError when made."""

    def __init__(
        self,
        books: Books,
        stores: tuple[Store, Store],
        times: SchoolTime,
        see: Callable[[Sight], None],
        now: clock.Clock = clock.now,
    ) -> None:
        """Take the stores for raw points and for those of days; *see* hears what is wrong."""
        self._books, self._see, self._now = books, see, now
        self._held: dict[SchoolKey, _Held] = {}
        try:
            self._rows = RoomRows(books.journal)
            self.days = RoomDays(self._rows, times)
            self._devices = Devices(self._rows.devices(), books.live, books.counters)
            self._raw = Outgoing(stores[0], WaitingLines(books.ledger, "room_waiting"))
            self._restore()
        except sqlite3.Error as error:
            raise ledgerfile.unreadable(books.ledger.path, error) from error
        self._schools: dict[SchoolKey, School] = {}
        self._points = points.RoomPoints()
        self._daily = Latest(stores[1])
        self._started, self._kept_at, self._days_at, self._seen_at = now(), 0, 0, 0
        self._something = asyncio.Event()

    # What it is told.

    def heard(self, items: Sequence[Item]) -> None:
        """Hear of messages whose lines are durable and accounted."""
        self._devices.heard(items)
        self._kick()

    def look(self, picture: Picture) -> None:
        """Hear how agents and lines are."""
        self._devices.look(picture)
        self._kick()

    # What is asked of it.

    def schools(self) -> Sequence[School]:
        """Return every school that has devices, as it was judged last."""
        return tuple(self._schools.values())

    def cut_off(self) -> frozenset[Identity]:
        """Return the agents whose own machine stands behind a device that is down."""
        return frozenset(who for there in self._schools.values() for who in there.cut_off)

    # Its life.

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until *stopping* is set."""
        patience = Patience(stopping, self._held_up)
        while not stopping.is_set():
            self._something.clear()
            try:
                await self.turn(patience)
            except Stopping:
                return
            except Exception:  # noqa: BLE001 — the others are judged; this one again in a minute
                _log.exception("rooms could not be judged")
                self._books.counters.add("room_turns_failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._something.wait(), LONGEST_SLEEP_S)

    async def turn(self, patience: Patience) -> None:
        """Judge what may have changed, keep it, and tell of it; raises Stopping."""
        at = self._now()
        if not self._devices.looked or not self._is_awake(at):
            return
        lines = self._look_at_days(at)
        wanted = self._devices.wanted([*self._held], at)
        judged = {key: self._judge(key, at) for key in wanted}
        change = Change()
        for key, there in judged.items():
            self._compare(key, there, at, change)
        self._to_keep(at, change)
        if change:
            await patience.persist(lambda: self._rows.keep(change))
            self._take_over(change)
            if change.notes:
                await patience.persist(self._books.journal.sync)
        for key, there in judged.items():
            self._show(key, there)
        if change.conditions or not 0 <= at - self._seen_at < SEE_EVERY:
            self._seen_at = at
            self._see(self._sight(at))
        lines += self._points.lines((r for one in judged.values() for r in one.rooms), at)
        await self._write(lines, at)

    def close(self) -> None:
        """Keep what was told last; blocks."""
        try:
            change = Change(dict(self._devices.news), days=list(self.days.changed.values()))
            self._rows.keep(change)
        except sqlite3.Error as error:
            _log.warning("what was last told of devices could not be kept: %s", error)
        with contextlib.suppress(StoreError, sqlite3.Error):
            self._flush()

    # How it is done.

    def _restore(self) -> None:
        for room, verdict in self._rows.verdicts().items():
            self._held.setdefault(room.of_school, _Held()).verdicts[room.room] = verdict
        for name, one in self._rows.conditions().items():
            self._held.setdefault(name.of_school, _Held()).open[name] = one

    def _kick(self) -> None:
        if self._devices.dirty:
            self._something.set()

    def _judge(self, key: SchoolKey, at: int) -> School:
        held = self._held.get(key) or _Held()
        heard_since = self._books.door.opening().since
        return self._devices.judge(key, held.verdicts, at, heard_since)

    def _is_awake(self, at: int) -> bool:
        return bool(self._books.door.opening().since) or not 0 <= at - self._started < PATIENCE

    def _compare(self, key: SchoolKey, there: School, at: int, change: Change) -> None:
        """Find what changed at a school: verdicts, conditions, and what is to be said of them."""
        held = self._held.get(key) or _Held()
        for room in there.rooms:
            self.days.see(room, at)
            if held.verdicts.get(room.room) != room.verdict:
                change.verdicts[RoomKey(*key, room.room)] = room.verdict
        for name in held.verdicts.keys() - {room.room for room in there.rooms}:
            self.days.gone(RoomKey(*key, name), at)
            change.verdicts[RoomKey(*key, name)] = None
        found = conditions.conditions(there)
        began, ended = conditions.began_and_ended(held.open.values(), found)
        for one in ended:
            change.conditions[one.key] = None
            change.notes.append(_note(one, active=False))
        for one in began:
            change.conditions[one.key] = one
            change.notes.append(_note(one, active=True))
        part_of = {name: word for name, word in found.unknown.items() if name in held.open}
        part_of |= {name: one.part_of for name, one in found.wrong.items() if one.part_of.rule}
        if part_of != held.part_of:
            held.part_of = part_of
            self._held[key] = held
            self._seen_at = 0

    def _to_keep(self, at: int, change: Change) -> None:
        """Put in what was told; what was only told of again waits for the minute."""
        by_the_clock = not 0 <= at - self._kept_at < KEEP_EVERY
        if by_the_clock:
            self._kept_at = change.looked = at
        if by_the_clock or change:
            change.devices, self._devices.news = self._devices.news, {}
            change.days = list(self.days.changed.values())
            self._daily.put(
                {(one.key, one.start): points.day_line(one) for one in self.days.ended()}
            )
            self.days.changed.clear()

    def _take_over(self, change: Change) -> None:
        for room, verdict in change.verdicts.items():
            held = self._held.setdefault(room.of_school, _Held())
            _set(held.verdicts, room.room, verdict)
        for key, one in change.conditions.items():
            held = self._held.setdefault(key.of_school, _Held())
            _set(held.open, key, one)

    def _show(self, key: SchoolKey, there: School) -> None:
        if there.devices:
            self._schools[key] = there
            return
        self._schools.pop(key, None)
        held = self._held.get(key)
        if held and not held.verdicts and not held.open:
            del self._held[key]

    def _look_at_days(self, at: int) -> list[bytes]:
        """Let the day go on; return the lines that end what nobody saw."""
        ended = self.days.look(at)
        if not ended:
            return []
        # Everything is counted anew.
        self._devices.dirty |= self._held.keys()
        keys = [RoomKey(*key, room) for key, held in self._held.items() for room in held.verdicts]
        return list(self._points.ended(keys, ended, "collector"))

    def _sight(self, at: int) -> Sight:
        wrong = [
            _wrong(one, held.part_of.get(key, NO_PART))
            for held in self._held.values()
            for key, one in held.open.items()
        ]
        unknown = (one for there in self._schools.values() for one in conditions.unknowns(there))
        wrong += [_wrong(one, NO_PART) for one in unknown]
        members = conditions.members(self._schools.values())
        return Sight(at, frozenset((*KINDS, *UNKNOWN)), wrong, members=members)

    async def _write(self, lines: Iterable[bytes], at: int) -> None:
        self._raw.put(lines)
        oldest = None
        if not 0 <= at - self._days_at < DAYS_EVERY:
            self._days_at, oldest = at, self.days.oldest()
            told = self.days.minutes(at)
            self._daily.put({(one.key, one.start): points.day_line(one) for one in told})
        try:
            if oldest:
                await asyncio.to_thread(self._rows.tidy, oldest)
            await asyncio.to_thread(self._flush)
        except (StoreError, OSError, sqlite3.Error) as error:
            self._books.counters.add("rooms_unwritten")
            _log.debug("what rooms are like waits for the store: %s", error)

    def _flush(self) -> None:
        try:
            self._raw.flush()
        finally:
            self._daily.flush()

    def _held_up(self, reason: str) -> None:
        self._books.counters.add("held_up", int(bool(reason)), "rooms")


def _set(into: dict[_K, _V], key: _K, value: _V | None) -> None:
    if value is None:
        into.pop(key, None)
    else:
        into[key] = value


def _wrong(one: Condition, part: Part) -> Wrong:
    key = one.key
    return Wrong(
        *(key.kind, key.place, one.since, key.target, one.details),
        part_of=part.rule,
        whole=part.target,
    )


def _note(one: Condition, *, active: bool) -> Note:
    key = one.key
    details = {**one.details, "since": clock.rfc3339(one.since)} if active else {}
    return Note(key.kind, key.place, key.target, details, active=active)
