"""From lines of line protocol to rows, remembering what the file already knows of series."""

import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from collector.store.base import RefusedLine
from core import lineprotocol
from core.catalog import PYTHON_TYPES, type_of
from core.errors import LineError
from core.types import Value

Row = tuple[int, int, int, Value]
"""Series, field, time, value."""

REMEMBERED: Final = 50_000
"""Heads, and measurements; about 30 MB when full. What is not remembered costs two look-ups."""

_INSERT: Final = """INSERT INTO point VALUES (?, ?, ?, ?)
    ON CONFLICT (series, field, time) DO UPDATE SET value = excluded.value"""


class _Field(NamedTuple):
    id: int
    type: type


@dataclass(slots=True)
class _Head:
    """Measurement and tags of lines; `series` is 0 until a line of it is stored."""

    measurement: str
    tags: str
    fields: dict[str, _Field]
    series: int = 0


class Writer:
    """Stores lines within the transaction that somebody else has begun.

    What it remembers holds only if that transaction commits: else throw the writer away.
    """

    def __init__(self, db: sqlite3.Connection, remembered: int = REMEMBERED) -> None:
        self.db, self._remembered = db, remembered
        self._head = lru_cache(remembered)(self._read_head)
        # By measurement, each shared by the heads of it.
        self._fields: dict[str, dict[str, _Field]] = {}

    def forget(self) -> None:
        """Forget everything; what is needed is read again from the file."""
        self._head.cache_clear()
        self._fields.clear()

    def write(self, lines: bytes, oldest: int) -> list[RefusedLine]:
        """Store every good line not older than *oldest*; return the others."""
        rows: list[Row] = []
        refused = []
        for line in lines.split(b"\n"):
            text = line.lstrip(b" \t\0")
            if not text or text.startswith(b"#"):
                continue
            try:
                rows += self._rows(line, oldest)
            except LineError as error:
                refused.append(RefusedLine(line, str(error)))
        self.db.executemany(_INSERT, rows)
        return refused

    def _rows(self, line: bytes, oldest: int) -> list[Row]:
        head_text, fields_text, time_text = lineprotocol.split_line(line)
        head, values = self._head(head_text), lineprotocol.parse_fields(fields_text)
        if not time_text:
            raise LineError("no time: sent again, it would become a second point")
        at = lineprotocol.parse_time(time_text)
        if at < oldest:
            raise LineError("points beyond retention policy")
        self._check_types(head, values)
        # Only now, since a refused line leaves no series and fixes no type.
        series = head.series = head.series or self._series(head)
        return [
            (series, self._field(head, name, value), at, value) for name, value in values.items()
        ]

    @staticmethod
    def _check_types(head: _Head, values: dict[str, Value]) -> None:
        for name, value in values.items():
            known = head.fields.get(name)
            if known is not None and known.type is not type(value):
                existing = next(word for word, kind in PYTHON_TYPES.items() if kind is known.type)
                raise LineError(
                    f'field type conflict: input field "{name}" on measurement '
                    f'"{head.measurement}" is type {type_of(value)}, '
                    f"already exists as type {existing}"
                )

    def _field(self, head: _Head, name: str, value: Value) -> int:
        known = head.fields.get(name)
        if known is None:
            made = self.db.execute(
                "INSERT INTO field (measurement, name, type) VALUES (?, ?, ?)",
                (head.measurement, name, type_of(value)),
            )
            known = head.fields[name] = _Field(made.lastrowid or 0, type(value))
        return known.id

    def _read_head(self, text: bytes) -> _Head:
        measurement, tags = lineprotocol.parse_head(text)
        if measurement not in self._fields:
            if len(self._fields) >= self._remembered:
                self.forget()
            found = self.db.execute(
                "SELECT name, id, type FROM field WHERE measurement = ?", (measurement,)
            )
            fields = {name: _Field(key, PYTHON_TYPES[word]) for name, key, word in found}
            self._fields[measurement] = fields
        in_order = msgspec.json.encode(dict(sorted(tags.items()))).decode()
        return _Head(measurement, in_order, self._fields[measurement])

    def _series(self, head: _Head) -> int:
        key = (head.measurement, head.tags)
        found = self.db.execute("SELECT id FROM series WHERE measurement = ? AND tags = ?", key)
        for (series,) in found:
            return int(series)
        made = self.db.execute("INSERT INTO series (measurement, tags) VALUES (?, ?)", key)
        return made.lastrowid or 0
