"""Who was given which certificate: `authority/issued.csv`, one row for each, never taken away.

It is what a list of revoked certificates is made from, and what keeps a name from being given
twice without somebody saying so.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from collector.deploy.authority import Signed, Use
from core import disk
from core.errors import ConfigError

FILE: Final = "issued.csv"


@dataclass(frozen=True, slots=True)
class Row:
    """One certificate; `serial` in hexadecimal, times as ISO 8601, `revoked` empty or when."""

    serial: str
    name: str
    use: str
    issued: str
    ends: str
    revoked: str = ""

    @property
    def number(self) -> int:
        """The serial number."""
        return int(self.serial, 16)

    @property
    def until(self) -> datetime:
        """When it ends."""
        return datetime.fromisoformat(self.ends)


HEADER: Final = [field.name for field in fields(Row)]


def row_of(signed: Signed, name: str, use: Use, now: datetime) -> Row:
    """Return the row of a certificate that was made just now."""
    ends = signed.certificate.not_valid_after_utc
    serial = format(signed.certificate.serial_number, "x")
    return Row(serial, name, use, now.isoformat(), ends.isoformat())


def read(folder: Path) -> list[Row]:
    """Return every row, oldest first; raises ConfigError where the file is not ours any more."""
    path = folder / FILE
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    if lines[:1] != [HEADER]:
        raise ConfigError(f"{path}:1: expected the header {','.join(HEADER)}")
    return [_row(path, number, line) for number, line in enumerate(lines[1:], 2)]


def _row(path: Path, number: int, line: Sequence[str]) -> Row:
    try:
        row = Row(*line)
        row.number, row.until  # noqa: B018 — raise where they are none
        if row.revoked:
            datetime.fromisoformat(row.revoked)
    except (TypeError, ValueError):
        raise ConfigError(f"{path}:{number}: this is no row of a certificate") from None
    return row


def write(folder: Path, rows: Iterable[Row]) -> None:
    """Keep *rows* in place of what was there; it is on the disk before the certificate is."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(astuple(row) for row in rows)
    disk.replace(folder / FILE, text.getvalue().encode(), 0o600)


def good(rows: Iterable[Row], name: str, now: datetime) -> list[Row]:
    """Return the rows of *name* that still open the broker's door."""
    return [row for row in rows if row.name == name and not row.revoked and row.until > now]


def revoke(rows: Iterable[Row], serials: Iterable[str], now: datetime) -> list[Row]:
    """Return *rows* with those of *serials* revoked, of which some may be so already."""
    taken = set(serials)
    return [
        replace(row, revoked=now.isoformat()) if row.serial in taken and not row.revoked else row
        for row in rows
    ]
