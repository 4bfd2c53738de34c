"""Numbers of persons in SQLite files: every value of every table, and what deleted rows left."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from collector.evidence.scan import values
from collector.evidence.scan.found import Report
from collector.store.sqlite_file import APPLICATION_ID
from core.personbytes import find_bytes
from core.persondata import Found

MAGIC: Final = b"SQLite format 3\0"
BUSY_S: Final = 10.0
ROWS: Final = 500
MAX_KEYS: Final = 100_000
BESIDE: Final = ("-wal", "-journal")
"""Files that belong to a database, and are searched with it."""
_TEXTS_OF_STORE: Final = """SELECT value, measurement || '.' || name FROM point
    JOIN field ON field.id = point.field WHERE typeof(value) = 'text'"""
_PIECE: Final = 1_000_000


def scan_database(path: Path, report: Report) -> None:
    """Search the SQLite file *path*, beside its writer; what cannot be read is named."""
    known: set[int] = set()
    try:
        with closing(_connect(path)) as db:
            is_store = db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
            for table in _tables(db):
                if is_store and table == "point":
                    _scan_points(db, path, report, known)
                else:
                    _scan_table(db, table, path, report, known)
    except sqlite3.Error as error:
        report.trouble(str(path), f"cannot be read as a database: {error}")
    _scan_pages(path, report, known)


def _connect(path: Path) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    db = sqlite3.connect(address, BUSY_S, uri=True)
    db.text_factory = bytes  # a text that is no UTF-8 is searched too
    return db


def _tables(db: sqlite3.Connection) -> list[str]:
    found = db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    )
    return [name.decode() for (name,) in found]


def _scan_table(
    db: sqlite3.Connection, table: str, path: Path, report: Report, known: set[int]
) -> None:
    # A stream of all rows: only so many are held at once.
    rows = db.execute(f'SELECT * FROM "{_quoted(table)}"')  # noqa: S608 — a name of its own
    names = [column[0] for column in rows.description]
    number = 0
    while some := rows.fetchmany(ROWS):
        for row in some:
            number += 1
            for name, value in zip(names, row):
                for where, found in _in_column(value, name):
                    if len(known) < MAX_KEYS:
                        known.add(found.key)
                    at = f"table {table}, row {number}, column {name}"
                    report.hit(str(path), f"{at}, {where}" if where else at, found)


def _scan_points(db: sqlite3.Connection, path: Path, report: Report, known: set[int]) -> None:
    """Search the texts of the time series; whatever else is there counts something."""
    for value, name in db.execute(_TEXTS_OF_STORE):
        report.values += 1
        for _, found in values.in_bytes(value):
            if len(known) < MAX_KEYS:
                known.add(found.key)
            report.hit(str(path), f"field {name.decode('utf-8', 'replace')}", found)


def _in_column(value: Any, name: str) -> Iterator[tuple[str, Found]]:
    if isinstance(value, bytes):
        text = value.strip()
        if text.startswith((b"{", b"[")):
            yield from values.in_text(text.decode("utf-8", "replace"))
        else:
            yield from values.in_bytes(value)
    else:
        yield from values.in_value(value, name)


def _scan_pages(path: Path, report: Report, known: set[int]) -> None:
    """Search the pages too: a deleted row stays there until its room is used again."""
    for part in (path, *(path.with_name(path.name + ending) for ending in BESIDE)):
        if part.exists():
            with part.open("rb") as file:
                _scan_part(file, part, report, known)


def _scan_part(file: Any, part: Path, report: Report, known: set[int]) -> None:
    at, before = 0, b""
    while data := file.read(_PIECE):
        report.read(str(part), len(data))
        for found in find_bytes(before + data):
            if found.key not in known and not _counts(before + data, found):
                known.add(found.key)
                report.hit(str(part), "in room that deleted rows left", found)
        at, before = at + len(data), data[-64:]


def _counts(data: bytes, found: Found) -> bool:
    """Return whether the number is a bare one of line protocol or JSON, which counts something."""
    if found.kind != "mobile_number":
        return False
    before, after = data[max(0, found.start - 40) : found.start], data[found.end : found.end + 1]
    is_bare = before.endswith(b"=") and after in (b"i", b" ", b",")
    is_bare = is_bare or (before.endswith((b":", b": ", b",", b"[")) and after in b",}]")
    return is_bare and not values.PERSON_NAME.search(before.decode("utf-8", "replace"))


def _quoted(name: str) -> str:
    return name.replace('"', '""')
