"""Keeps the rows of all devices: holds them for seconds, writes them in a thread, seals, checks.

    take ─▶ held in memory (bounded) ══ each 5 s, a thread ══▶ Book of the device
                                     another thread: seals days, and checks some of them each day

Nothing of a row leaves here but counts, times and hashes.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final, NoReturn

from agent.conditions import Gone, Tellable
from agent.logs.kept.book import Book
from agent.logs.kept.names import SEALS
from agent.logs.kept.seals import Seal, told
from agent.logs.kept.shelf import DAY, Shelf, keep_checked, keeps, read_checked, room_days
from agent.logs.kept.verify import check_day
from agent.logs.losses import Losses
from agent.onchange import OnChange
from agent.watchers.base import happened
from core import clock
from core.clock import SECOND
from core.errors import TargetUnreachable
from core.threads import OneAtATime
from core.types import Event, Reading, Value

_log = logging.getLogger(__name__)

EVERY_S: Final = 5.0
"""From one writing to the next: so much is lost at the most when the power goes."""
HANGS_S: Final = 60.0
MINDS_S: Final = 7_200.0
CLOSES_S: Final = 5.0
MOST_HELD: Final = 8_000_000
"""Bytes in memory of rows that are not written yet; what comes beyond is not kept, and counted."""
ROW_COSTS: Final = 150
"""Bytes beside those of a row that it takes in memory."""
MOST_BAD: Final = 8
"""Damaged days that are looked at again each day."""
MEGABYTE: Final = 1_000_000

SEALED: Final = "log_day_sealed"
SHORT: Final = "log_keep_short"
DAMAGED: Final = "log_day_damaged"


Held = Mapping[str, tuple[list[tuple[int, bytes]], Counter[str]]]
"""Of each device the rows that wait, each with when it came, and how many are not among them."""


class Keeper:
    """Keeps the rows of *devices* in *folder*, of which all together take *most_mb* at the most."""

    def __init__(
        self,
        folder: Path,
        devices: tuple[str, ...],
        most_mb: int,
        days: int,
        target: str,
        *,
        now: clock.Clock = clock.now,
        boot: Callable[[], int] = clock.boottime,
    ) -> None:
        self._most, self._days, self._target = most_mb * MEGABYTE, days, target
        self._now, self._boot = now, boot
        self.shelves = {one: Shelf(one, Book(folder / one)) for one in devices}
        self._losses = Losses(target)
        self._held_bytes = 0
        self._state, self._threads, self._lock = OnChange(_log), OneAtATime(), Lock()

    def take(self, device: str, data: bytes, at: int) -> None:
        """Hold a row until it is written."""
        shelf = self.shelves.get(device)
        if shelf is None:
            return
        if self._held_bytes > MOST_HELD:
            shelf.busy["busy"] += 1
            return
        self._held_bytes += len(data) + ROW_COSTS
        shelf.held.append((at, data))

    def miss(self, device: str, why: str, count: int) -> None:
        """Hear that *count* rows of *device* never came here."""
        if (shelf := self.shelves.get(device)) and count:
            shelf.busy[why] += count

    def gone(self, at: int) -> Iterator[Gone]:
        """Yield what ends of devices whose log is kept no more."""
        for kind in (SHORT, DAMAGED):
            yield Gone(kind, self._target, self.shelves.__contains__, at, "not_watched")

    async def run(self, tell: Callable[[list[Tellable]], None]) -> None:
        """Write, seal and check until cancelled; *tell* hears what is to be told."""
        async with asyncio.TaskGroup() as tasks:
            for work in (self.write, self.mind):
                tasks.create_task(_again(work, tell), name=f"kept logs: {work.__name__}")

    async def write(self) -> list[Tellable]:
        """Write what is held; return what is to be told."""
        found = list[Tellable]()
        if not self._threads.hangs("write"):
            held = self._taken()
            with self._well("all devices", "is not kept"):
                await self._threads.call("write", lambda: self._write(held), HANGS_S)
        for shelf in self.shelves.values():
            lost = shelf.book.lost + shelf.busy
            found += self._losses.look(shelf.id, lost, self._now())
        return found

    async def mind(self) -> list[Tellable]:
        """Seal days that are over and check others, which may take minutes beside the writing."""
        found = list[Tellable]()
        if not self._threads.hangs("mind"):
            with self._well("all devices", "is not sealed"):
                found = await self._threads.call("mind", self._mind, MINDS_S)
        return found

    def close(self) -> None:
        """Write what is held; today's files go on at the next start."""
        if not self._lock.acquire(timeout=CLOSES_S):
            return  # the disk hangs
        try:
            self._write_all(self._taken())
            for one in self.shelves.values():
                one.book.close()
        finally:
            self._lock.release()

    def _taken(self) -> Held:
        held = {one.id: (one.held, one.busy) for one in self.shelves.values()}
        for one in self.shelves.values():
            one.held, one.busy = [], Counter()
        self._held_bytes = 0
        return held

    def readings(self, at: int) -> Iterator[Reading]:
        """Yield how each log is kept."""
        for shelf in self.shelves.values():
            if not shelf.is_ready:
                continue  # what is on the disk is not known yet
            book = shelf.book
            fields: dict[str, Value] = {
                "rows": book.kept,
                "lost": book.lost.total() + shelf.busy.total(),
                "files": len(book.seals) + (book.size > 0),
                "bytes": book.size,
                "wanted_days": self._days,
                "damaged": len(shelf.checked.bad),
                "checked": shelf.days_checked,
                "dropped_days": shelf.dropped,
                "state": keeps(shelf, self._days, at),
                "by": "agent",
            }
            if oldest := book.oldest(shelf.checked.bad):
                fields["oldest_age_s"] = max(0, at - oldest) // SECOND
            yield Reading("log_kept", fields, at, {"device": shelf.id})

    def _write(self, held: Held) -> None:
        with self._lock:
            self._write_all(held)

    def _write_all(self, held: Held) -> None:
        for name, (rows, missed) in held.items():
            shelf = self.shelves[name]
            for why, count in missed.items():
                shelf.book.lose(why, count)
            accounted = shelf.book.kept + shelf.book.lost.total()
            with self._well(name, "is not kept"):
                self._write_one(shelf, rows)
            accounted = shelf.book.kept + shelf.book.lost.total() - accounted
            shelf.book.lose("disk", len(rows) - accounted)

    def _write_one(self, shelf: Shelf, rows: list[tuple[int, bytes]]) -> None:
        at, boot, book = self._now(), self._boot(), shelf.book
        if not shelf.is_ready:
            book.recover(at, boot)
            shelf.checked = read_checked(book.folder)
            shelf.told, shelf.is_ready = shelf.checked.told, True
        if rows and not self._room(at):
            book.lose("no_room", len(rows))
        elif rows:
            book.append(rows, boot)
        book.roll(at, boot)

    def _mind(self) -> list[Tellable]:
        found = list[Tellable]()
        for name, shelf in self.shelves.items():
            if not shelf.is_ready:
                continue
            with self._well(f"{name}, sealed", "is not sealed"):
                shelf.book.seal()
            at = self._now()
            with self._well(f"{name}, checked", "is not checked"):
                found += self._told(shelf, at)
                found += self._short(shelf, at)
                if at - shelf.checked.at >= DAY or at < shelf.checked.at:
                    found += self._check(shelf, at)
        return found

    @contextmanager
    def _well(self, name: str, what: str) -> Iterator[None]:
        try:
            yield
            self._state.well(name)
        except (OSError, TargetUnreachable) as error:
            self._state.broke(name, f"the log of {name} {what}: {error}")
        except Exception as error:  # noqa: BLE001 — a defect here ends no other device
            self._state.broke(name, f"the log of {name} {what}: {error}", unexpected=True)

    def _told(self, shelf: Shelf, at: int) -> Iterator[Event]:
        """Yield the seals that the district does not know: also those of before a power cut.

        That it knows them is noted in the next turn, when they are on their way: so none is lost,
        and the last may be told twice.
        """
        if shelf.checked.told != shelf.told:
            shelf.checked.told = shelf.told
            keep_checked(shelf)
        news = [
            one for one in shelf.book.entries if isinstance(one, Seal) and one.number > shelf.told
        ]
        for seal in news:
            details = {"device": shelf.id, **told(seal)}
            subject = f"{shelf.id}/{seal.file}"
            yield from happened(Event(SEALED, self._target, subject, True, at, None, details))
            shelf.told = seal.number

    def _room(self, at: int) -> bool:
        """Make room by dropping the oldest days of whichever device; False where there is none."""
        while sum(one.book.size for one in self.shelves.values()) >= self._most:
            oldest = min(
                (one for one in self.shelves.values() if one.book.seals),
                key=lambda one: next(iter(one.book.seals.values())).first,
                default=None,
            )
            dropped = oldest.book.drop(at) if oldest else None
            if oldest is None or dropped is None:
                return False
            oldest.dropped += 1
            oldest.checked.bad.pop(dropped.file, None)
            _log.warning("the log of %s: %s was dropped for room", oldest.id, dropped.file)
        return True

    def _short(self, shelf: Shelf, at: int) -> Iterator[Event]:
        room = room_days(self.shelves.values(), self._most, at)
        state = keeps(shelf, self._days, at)
        is_short = state == "short" or (state == "young" and 0 < room < self._days)
        details: dict[str, Value] = {"device": shelf.id, "wanted_days": self._days}
        oldest = shelf.book.oldest(shelf.checked.bad)
        details["days"] = int((at - oldest) // DAY) if oldest else 0
        details["dropped_days"] = shelf.dropped
        if room:
            details["room_days"] = int(room)
        yield from self._condition(shelf, SHORT, is_short, at, details)

    def _check(self, shelf: Shelf, at: int) -> Iterator[Event]:
        """Check the day whose turn it is, and those that were bad."""
        seals, checked = shelf.book.seals, shelf.checked
        names = list(seals)
        # In a month each has had its turn; of two a day also where there is a new one each day.
        count = max(2, -(-len(names) // 30))
        later = [name for name in names if name >= checked.next]
        turns = (later + [name for name in names if name < checked.next])[:count]
        after = next((name for name in names if turns and name > turns[-1]), "")
        wanted = {*turns, *list(checked.bad)[:MOST_BAD]}
        missing = {name for name in names if not shelf.book.has(name)}
        for name in sorted(wanted | missing):
            seal = seals.get(name)
            found = check_day(shelf.book.folder, seal) if seal else None
            shelf.days_checked += 1
            if found is None or not shelf.book.stands(name):  # dropped for room meanwhile
                checked.bad.pop(name, None)
            else:
                checked.bad[name] = f"{found.what}: {found.why}"
                _log.warning("the log of %s: %s", shelf.id, found)
        checked.bad.pop(SEALS, None)
        if wrong := shelf.book.wrong_seals():
            checked.bad[SEALS] = wrong
        checked.at, checked.next = at, after
        keep_checked(shelf)
        details: dict[str, Value] = {"device": shelf.id, "days": len(checked.bad)}
        if checked.bad:
            file, why = next(iter(checked.bad.items()))
            details |= {"file": file, "why": why}
        yield from self._condition(shelf, DAMAGED, bool(checked.bad), at, details)

    def _condition(
        self, shelf: Shelf, kind: str, active: bool, at: int, details: Mapping[str, Value]
    ) -> Iterator[Event]:
        if shelf.states.get(kind) is not active:
            shelf.states[kind] = active
            said = details if active else {"device": shelf.id}
            yield Event(kind, self._target, shelf.id, active, at, None, said)


async def _again(
    work: Callable[[], Awaitable[list[Tellable]]], tell: Callable[[list[Tellable]], None]
) -> NoReturn:
    while True:
        if found := await work():
            tell(found)
        await asyncio.sleep(EVERY_S)
