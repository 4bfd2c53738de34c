"""A kept log of days that are over, made by the agent's own code."""

import gzip
import io
from pathlib import Path

from agent.logs.kept.book import Book
from agent.logs.kept.seals import Seal
from core.clock import SECOND

NOON = 1_795_262_400 * SECOND
"""2026-11-21T12:00:00Z."""
DAY = 86_400 * SECOND


def row(number: int) -> bytes:
    return f"<134>Nov 21 12:00:00 fw-1 row {number}".encode()


def book_of(folder: Path, days: int = 1, rows: int = 600) -> Book:
    """Return a book with so many sealed *days* of *rows* each, a second apart."""
    book = Book(folder)
    book.recover(NOON, 0)
    for day in range(days):
        start = NOON + day * DAY
        book.append([(start + i * SECOND, row(i)) for i in range(rows)], day * DAY)
        book.roll(start + DAY, (day + 1) * DAY)
        book.seal()
    return book


def sealed(book: Book) -> list[Seal]:
    return list(book.seals.values())


def lines(path: Path) -> list[bytes]:
    return io.BytesIO(gzip.decompress(path.read_bytes())).readlines()


def rewrite(path: Path, content: list[bytes]) -> None:
    path.write_bytes(gzip.compress(b"".join(content), mtime=0))
