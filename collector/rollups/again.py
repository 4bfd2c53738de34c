"""`schoolwatch collector rollup`: hours of a range rolled up again, by hand.

The collector need not run: where it does, it finds the marks and does the work; else it is done
here. Doing it twice changes nothing.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, tzinfo
from typing import Final

from collector import ledgerfile
from collector.chores import DAY
from collector.config import CollectorConfig
from collector.ledger import Ledger
from collector.parts import LOCK
from collector.rollups.marks import LATENESS, Marks, Touch
from collector.rollups.rolling import Rolling
from collector.rollups.times import HOUR, hour_of
from collector.store.base import Store
from collector.store.choose import open_rollup_store, open_store
from core import clock
from core.clock import SECOND
from core.errors import ConfigError, StartError
from core.lock import InUse, hold

HOURS_AT_ONCE: Final = 6
"""Marked in one transaction: a running collector waits for no longer than that."""


def moment(text: str, zone: tzinfo) -> int:
    """Return *text*, a date of *zone* or a time with its own, in ns; raises ConfigError."""
    try:
        at = datetime.fromisoformat(text)
        if len(text) == len("2026-11-22"):
            day = date.fromisoformat(text)
            at = datetime(day.year, day.month, day.day, tzinfo=zone)
        if at.tzinfo is None:
            raise ValueError
        return int(at.timestamp()) * SECOND
    except (ValueError, OverflowError):
        raise ConfigError(
            f"{text[:40]!r} is neither a day, as 2026-11-22, nor a time with its zone, as "
            "2026-11-22T08:00:00Z"
        ) from None


def again(
    config: CollectorConfig,
    start: int,
    stop: int,
    say: Callable[[str], None],
    now: clock.Clock = clock.now,
) -> None:
    """Roll up the hours from *start* to before *stop* again, and the days that they lie in.

    Raises ConfigError, StartError, StoreError.
    """
    table = config.collector
    first, last = hour_of(start), min(stop - 1, now())
    if first > last:
        raise ConfigError("the range ends before it begins, or lies in the future")
    path = table.ledger_file
    if not path.is_file():
        raise StartError(f"{path} is not there: no collector has run with this configuration")
    try:
        with closing(Ledger(path)) as ledger:
            ahead = _Ahead(now)
            marks = Marks(ledger, config.store.keep_days * DAY, table.tz(), ahead)
            _mark(marks, range(first, last + 1, HOUR), say)
            _work(config, marks, say, ahead)
    except sqlite3.Error as error:
        raise ledgerfile.unreadable(path, error) from error


class _Ahead:
    """A clock that can be set ahead, past the time that is left for what comes late."""

    def __init__(self, now: clock.Clock) -> None:
        self._now, self.by = now, 0

    def __call__(self) -> int:
        return self._now() + self.by


def _mark(marks: Marks, hours: range, say: Callable[[str], None]) -> None:
    everybody = marks.everybody()
    count = 0
    for begin in range(0, len(hours), HOURS_AT_ONCE):
        some = hours[begin : begin + HOURS_AT_ONCE]
        count += marks.again(Touch(who, hour) for hour in some for who in everybody)
    gone = len(hours) * len(everybody) - count
    old = f"; {gone} are older than what is kept raw, and stay as they are" if gone else ""
    say(f"{count} hours of {len(everybody)} agents and schools are to be rolled up{old}")


def _work(config: CollectorConfig, marks: Marks, say: Callable[[str], None], now: _Ahead) -> None:
    folder = config.collector.folder
    try:
        with hold(folder / LOCK, "collector", "[collector] folder"), _stores(config, now) as stores:
            raw, hourly, daily = stores
            rolling = Rolling(raw, hourly, daily, marks, config.collector.tz())
            points = refused = 0
            # First what is marked, then the days of it and what it reaches into, then days of that.
            for now.by in (0, LATENESS, 2 * LATENESS):
                while step := rolling.hours() or rolling.days():
                    points, refused = points + step.points, refused + len(step.refused)
            left = f"; {refused} were refused by the database" if refused else ""
            say(f"{points} rollups written{left}")
    except InUse:
        say("the running collector does it, a little at a time: see schoolwatch_rollups_waiting")


@contextmanager
def _stores(config: CollectorConfig, now: clock.Clock) -> Iterator[list[Store]]:
    table = config.store
    stores = [open_store(config, table.keep_days * DAY, now)]
    try:
        stores.append(open_rollup_store(config, "hour", table.keep_hourly_days * DAY, now))
        stores.append(open_rollup_store(config, "day", table.keep_daily_days * DAY, now))
        yield stores
    finally:
        for store in stores:
            store.close()
