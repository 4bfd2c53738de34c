"""What a capture gives, and how a reader says where it went wrong."""

from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple, NoReturn, Protocol

from core.errors import MonitorError

FRAME_MAX: Final = 262_144
"""Bytes; what libpcap believes too (MAXIMUM_SNAPLEN). More is a damaged length."""
YEAR_10000: Final = 253_402_300_800.0
"""s since 1970; no time of a capture that is whole."""


DAMAGED: Final = "the file is damaged"


class CaptureError(MonitorError):
    """A capture cannot be read, or not further; names file, packet and byte."""


class Captured(NamedTuple):
    """A frame as it stands in a capture."""

    at: float
    """s since 1970."""
    data: bytes
    size: int
    """Bytes on the wire, at least those of *data*."""
    link: int
    """LINKTYPE_ of tcpdump.org."""


class Capture(Protocol):
    """An open capture; iterating it raises CaptureError where it is damaged."""

    source: "Source"

    def __iter__(self) -> Iterator[Captured]:
        """Yield every frame."""


class Source:
    """A stream that knows its place: *offset* bytes and *number* packets have been read.

    Who reads from `stream` directly moves both on.
    """

    def __init__(self, name: str, stream: BinaryIO, begun: bytes = b"") -> None:
        self.name = name
        self.offset = len(begun)
        self.number = 0
        self.stream = stream

    def read(self, size: int, what: str) -> bytes:
        """Return *size* bytes; raises CaptureError where fewer are left, naming *what*."""
        data = self.stream.read(size)
        if len(data) < size:
            self.cut(what, size, len(data))
        self.offset += size
        return data

    def cut(self, what: str, wanted: int, there: int) -> NoReturn:
        """Raise CaptureError: of *what* at the present place the last bytes are missing."""
        self.fail(f"the file ends in {what}: of {wanted} bytes {there} are there")

    def fail(self, why: str, offset: int | None = None) -> NoReturn:
        """Raise CaptureError for the packet after those that were read, at *offset*."""
        at = self.offset if offset is None else offset
        raise CaptureError(f"{self.name}: packet {self.number + 1}, at byte {at}: {why}")
