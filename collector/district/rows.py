"""Each school's day in the collector's database, so that a restart goes on with it exactly.

Kept here and not made again from the store: the store may be away at the start, and nobody can ask
it when nobody looked. A line that stays as it is costs no write: its row holds since when it is so,
and one row for all holds until when that was seen.
Look: sqlite3 var/collector/ledger.db 'SELECT * FROM target_day ORDER BY day DESC, school LIMIT 9'
"""

import sqlite3
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import date
from typing import Any, Final, NamedTuple

from alerts.targets.uptime import Line, Uptime
from collector.district import tap
from collector.ledger import Ledger
from collector.outside import SchoolKey

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS target_day (
        day TEXT NOT NULL, region TEXT NOT NULL, school TEXT NOT NULL,
        counts INTEGER NOT NULL, area TEXT NOT NULL, type TEXT NOT NULL,
        target REAL, contracted REAL,                 -- Mbit/s; NULL where the roster has none
        line TEXT NOT NULL, since INTEGER NOT NULL,   -- the state that goes on, and since when
        up INTEGER NOT NULL, known INTEGER NOT NULL,  -- ns of school time before that
        carried REAL,                                 -- Mbit/s, the fastest sample
        ok INTEGER NOT NULL, probed INTEGER NOT NULL, -- ns, once the day is over
        probes_known INTEGER NOT NULL,
        open INTEGER NOT NULL,
        PRIMARY KEY (day, region, school)
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS target_series (
        id INTEGER PRIMARY KEY, region TEXT NOT NULL, school TEXT NOT NULL, head BLOB NOT NULL,
        heard TEXT NOT NULL                           -- the last day that it has points of
    )""",
    "CREATE UNIQUE INDEX IF NOT EXISTS target_series_head ON target_series (head)",
    """CREATE TABLE IF NOT EXISTS target_probe (
        day TEXT NOT NULL, points BLOB NOT NULL       -- of all series, as they came; see `pack`
    )""",
    "CREATE INDEX IF NOT EXISTS target_probe_day ON target_probe (day)",
    "CREATE TABLE IF NOT EXISTS target_looked (at INTEGER NOT NULL)",
    """CREATE TABLE IF NOT EXISTS target_late (        -- days that are to be worked out again
        day TEXT NOT NULL, region TEXT NOT NULL, school TEXT NOT NULL,  -- empty: nothing of them
        carried REAL
    )""",
)
_HEARD_SINCE: Final = """ALTER TABLE target_series
    ADD COLUMN heard TEXT NOT NULL DEFAULT '2026-11-28'"""
"""For a database of before there was this column."""
_COLUMNS: Final = """day, region, school, counts, area, type, target, contracted, line, since, up,
    known, carried, ok, probed, probes_known, open"""
_KEEP: Final = f"INSERT OR REPLACE INTO target_day ({_COLUMNS}) VALUES ({', '.join('?' * 17)})"  # noqa: S608 — our words
_BUSY_S: Final = 10.0


class SchoolDay(NamedTuple):
    """One school on one day; `ok`, `probed` and `probes_known` (ns) once the day is over."""

    day: date
    key: SchoolKey
    counts: bool
    area: str
    type: str
    target: float | None
    contracted: float | None
    uptime: Uptime = Uptime()
    carried: float | None = None
    ok: int = 0
    probed: int = 0
    probes_known: int = 0
    open: bool = True


class SchoolMonth(NamedTuple):
    """One school's days of a month that are over, together; the rest as on the `last` of them."""

    key: SchoolKey
    last: date
    counts: bool
    area: str
    line: Line
    target: float | None
    contracted: float | None
    up: int
    known: int
    ok: int
    probed: int
    probes_known: int
    carried: float | None


class ProbeSeries(NamedTuple):
    """One series of probes; `heard` is the last day that it has points of."""

    number: int
    key: SchoolKey
    head: bytes
    heard: date


class Point(NamedTuple):
    """One outcome: which series, how many ms after the day began (or before), and whether good."""

    series: int
    ms: int
    ok: bool


_EARLY_MS: Final = 7_200_000
"""So long before its day a point may lie, which then holds into it."""


def pack(points: Collection[Point]) -> bytes:
    """Return *points* as eight bytes each: the series above, time and outcome below."""
    words = ((one.series << 32) | (one.ms + _EARLY_MS) << 1 | one.ok for one in points)
    return struct.pack(f"<{len(points)}Q", *words)


def unpack(blob: bytes) -> Iterator[Point]:
    """Return what was packed."""
    for (word,) in struct.iter_unpack("<Q", blob):
        low = word & 0xFFFFFFFF
        yield Point(word >> 32, (low >> 1) - _EARLY_MS, bool(low & 1))


class TargetRows:
    """Every method blocks, may be called from any thread, and may raise sqlite3.Error."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        with ledger.transaction() as db:
            for statement in _SCHEMA:
                db.execute(statement)
            if "heard" not in {row[1] for row in db.execute("PRAGMA table_info(target_series)")}:
                db.execute(_HEARD_SINCE)

    def looked(self) -> int:
        """Return when all was last looked at (ns), 0 if never."""
        with self._ledger.transaction() as db:
            found = db.execute("SELECT max(at) FROM target_looked").fetchone()
        return int(found[0] or 0)

    def late(self) -> dict[date, dict[SchoolKey, float | None]]:
        """Return the days that are to be worked out again: whose, and what a sample carried."""
        found: dict[date, dict[SchoolKey, float | None]] = {}
        with self._ledger.transaction() as db:
            for day, region, school, carried in db.execute("SELECT * FROM target_late"):
                of_day = found.setdefault(date.fromisoformat(day), {})
                if school:
                    of_day[region, school] = carried
        return found

    def open_days(self) -> list[SchoolDay]:
        """Return the days that nobody has ended yet."""
        return self._days("open = 1")

    def days(self, first: date, last: date) -> list[SchoolDay]:
        """Return every school's days from *first* to *last*, in their order."""
        return self._days("day BETWEEN ? AND ? ORDER BY day", str(first), str(last))

    def month(
        self, first: date, last: date, school_days: Collection[date]
    ) -> Iterator[SchoolMonth]:
        """Give every school's days from *first* to *last* that are over, added up.

        Known probes are those of *school_days*. By the database: of a thousand schools they are
        thirty thousand rows, and late readings ask again.
        """
        named = ", ".join(f"'{day}'" for day in school_days) or "''"
        days = "FROM target_day WHERE day BETWEEN ? AND ? AND open = 0 GROUP BY region, school"
        # With one max() alone the other columns are those of its row.
        latest = f"""SELECT region, school, max(day), counts, area, line, target, contracted,
            sum(up), sum(known), sum(ok), sum(probed),
            sum(CASE WHEN day IN ({named}) THEN probes_known ELSE 0 END) {days}"""
        fastest = f"SELECT region, school, max(carried) {days}"
        when = str(first), str(last)
        with closing(self._connect()) as db:
            db.execute("BEGIN")
            carried = {(region, school): most for region, school, most in db.execute(fastest, when)}
            for region, school, day, counts, *rest in db.execute(latest, when):
                key, there = (region, school), date.fromisoformat(day)
                yield SchoolMonth._make((key, there, bool(counts), *rest, carried[key]))

    def series(self) -> list[ProbeSeries]:
        """Return every series of probes that is known."""
        with closing(self._connect()) as db:
            rows = db.execute("SELECT id, region, school, head, heard FROM target_series")
            return [
                ProbeSeries(number, (region, school), head, date.fromisoformat(heard))
                for number, region, school, head, heard in rows
            ]

    def points(self, day: date) -> Iterator[Point]:
        """Return the points of one day in the order in which they came."""
        with closing(self._connect()) as db:
            query = "SELECT points FROM target_probe WHERE day = ? ORDER BY rowid"
            blobs = [blob for (blob,) in db.execute(query, (str(day),))]
        for blob in blobs:
            yield from unpack(blob)

    def keep(
        self,
        looked: int,
        days: Iterable[SchoolDay],
        series: Iterable[ProbeSeries],
        points: Mapping[date, Collection[Point]],
        late: Mapping[date, Mapping[SchoolKey, float | None]],
        *,
        taken: int = 0,
    ) -> None:
        """Keep what a turn changed, all of it or nothing; rows up to *taken* were heard with it."""
        kept = [_columns(one) for one in days]
        heads = [(one.number, *one.key, one.head, str(one.heard)) for one in series]
        blobs = [(str(day), pack(found)) for day, found in points.items() if found]
        with self._ledger.transaction() as db:
            db.executemany(_KEEP, kept)
            db.executemany("INSERT OR REPLACE INTO target_series VALUES (?, ?, ?, ?, ?)", heads)
            db.executemany("INSERT INTO target_probe VALUES (?, ?)", blobs)
            db.execute("DELETE FROM target_late")
            db.executemany("INSERT INTO target_late VALUES (?, ?, ?, ?)", _late(late))
            db.execute(tap.FORGET, (taken,))
            db.execute("DELETE FROM target_looked")
            db.execute("INSERT INTO target_looked VALUES (?)", (looked,))

    def tidy(self, days: date, points: date) -> None:
        """Delete days before *days*, and points of days before *points* with their series."""
        with self._ledger.transaction() as db:
            db.execute("DELETE FROM target_day WHERE day < ?", (str(days),))
            db.execute("DELETE FROM target_probe WHERE day < ?", (str(points),))
            db.execute("DELETE FROM target_series WHERE heard < ?", (str(points),))

    def _days(self, where: str, *values: str) -> list[SchoolDay]:
        # A month is many rows: by a connection of its own it holds up no commit.
        with closing(self._connect()) as db:
            query = f"SELECT {_COLUMNS} FROM target_day WHERE {where}"  # noqa: S608 — our words
            return [_day(row) for row in db.execute(query, values)]

    def _connect(self) -> sqlite3.Connection:
        address = f"{self._ledger.path.absolute().as_uri()}?mode=ro"
        return sqlite3.connect(address, _BUSY_S, uri=True)


def _late(
    late: Mapping[date, Mapping[SchoolKey, float | None]],
) -> Iterator[tuple[str, str, str, float | None]]:
    for day, of_day in late.items():
        yield str(day), "", "", None
        for (region, school), carried in of_day.items():
            yield str(day), region, school, carried


def _columns(one: SchoolDay) -> tuple[object, ...]:
    uptime = one.uptime
    return (
        *(str(one.day), *one.key, int(one.counts), one.area, one.type, one.target, one.contracted),
        *(uptime.line, uptime.since, uptime.up, uptime.known, one.carried),
        *(one.ok, one.probed, one.probes_known, int(one.open)),
    )


def _day(row: tuple[Any, ...]) -> SchoolDay:
    day, region, school, counts, area, kind, target, contracted, *rest = row
    line, since, up, known, carried, ok, probed, probes_known, is_open = rest
    return SchoolDay(
        *(date.fromisoformat(day), (region, school), bool(counts), area, kind),
        *(target, contracted, Uptime(up, known, line, since), carried),
        *(ok, probed, probes_known, bool(is_open)),
    )
