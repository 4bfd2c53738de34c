"""Batches as bytes: header line, crc, compression, limits (wire.md, "Topics" and "Batches").

    # schoolwatch/1 epoch=K3M6T0QX9V2ZB8DN seq=1042 n=57
    net,interface=eth0 bytes_recv=123i,bytes_sent=456i 1795374585000000000

The header is a comment of line protocol, so the same bytes pass a bridge, lie in a spool or a
dead-letter file, and go into InfluxDB unchanged.
"""

import io
import re
import secrets
import zlib
from collections.abc import Sequence
from typing import Final

import msgspec
import zstandard

from core.errors import HeaderError, PayloadError

VERSION: Final = 1
MAX_SENT_BYTES: Final = 256_000
MAX_UNPACKED_BYTES: Final = 4_000_000
MAX_LINE_BYTES: Final = 64_000
MAX_HEADER_BYTES: Final = 4_000
"""Words that are not known are ignored, but a first line made of nothing else is no header."""
MAX_WINDOW_BYTES: Final = 8 * 1024 * 1024
"""A zstd frame may ask for a larger window than all of its content; it is memory that we hold."""

ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
COMPRESSION_LEVEL: Final = 3

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
EPOCH: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{16}")
_SEQ: Final = re.compile(r"[1-9][0-9]{0,14}")
_COUNT: Final = re.compile(r"[0-9]{1,5}")
_KNOWN: Final = frozenset(("epoch", "seq", "n", "clock"))
_MARK: Final = re.compile(rb"\s*#\s*schoolwatch/")
_FIRST: Final = re.compile(rb"# schoolwatch/([0-9]{1,5})(?: |$)")


def new_epoch() -> str:
    """Return 80 random bits in Crockford's base 32."""
    return as_epoch(secrets.randbits(80))


def as_epoch(bits: int) -> str:
    """Return a number of 80 bits in Crockford's base 32."""
    return "".join(_CROCKFORD[(bits >> shift) & 31] for shift in range(75, -1, -5))


def crc(body: bytes) -> int:
    """Return the CRC-32 of a batch's bytes before compression; both sides compute it."""
    return zlib.crc32(body)


class Header(msgspec.Struct, frozen=True):
    """The first line of a readings batch; `lines` is the count of newlines after it."""

    epoch: str
    seq: int
    lines: int
    clock_unchecked: bool = False

    def encode(self) -> bytes:
        """Return the header as a line with its newline."""
        mark = " clock=unchecked" if self.clock_unchecked else ""
        text = f"# schoolwatch/{VERSION} epoch={self.epoch} seq={self.seq} n={self.lines}{mark}\n"
        return text.encode()


class KeyedHeaderError(HeaderError):
    """A header that is wrong, but whose epoch and seq can be read, so a receipt can refuse it."""

    def __init__(self, reason: str, epoch: str, seq: int) -> None:
        super().__init__(reason)
        self.epoch, self.seq = epoch, seq


def seal(header: Header, lines: Sequence[bytes]) -> bytes:
    """Return the body of a batch: header and *lines*, each with a newline."""
    return header.encode() + b"".join(line + b"\n" for line in lines)


def split_header(body: bytes) -> tuple[Header | None, bytes]:
    """Return the header of a readings payload and the lines after it.

    The header is None for a publisher that sends none (Telegraf, a microcontroller).
    Raises HeaderError; KeyedHeaderError where epoch and seq can be read all the same.
    """
    if not _MARK.match(body):
        return None, body
    first, newline, rest = body.partition(b"\n")
    if len(first) > MAX_HEADER_BYTES:
        raise HeaderError(f"first line has {len(first)} bytes; the limit is {MAX_HEADER_BYTES}")
    version = _FIRST.match(first)
    if version is None:
        raise HeaderError("first line is not '# schoolwatch/1 epoch=… seq=… n=…'")
    if int(version[1]) != VERSION:
        raise HeaderError(f"version {version[1].decode()} of the wire contract; this one reads 1")
    words = _words(first)
    epoch, seq = words.get("epoch", ""), words.get("seq", "")
    if not EPOCH.fullmatch(epoch):
        raise HeaderError(f"epoch {epoch[:40]!r} is not 16 characters of Crockford's base 32")
    if not _SEQ.fullmatch(seq):
        raise HeaderError(f"seq {seq[:40]!r} is not a whole number from 1")
    problem = _count_problem(words, rest, complete=bool(newline))
    if problem:
        raise KeyedHeaderError(problem, epoch, int(seq))
    unchecked = words.get("clock") == "unchecked"
    return Header(epoch, int(seq), int(words["n"]), unchecked), rest


def _words(first: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in first.decode("ascii", "replace").split(" ")[2:]:
        key, _, value = word.partition("=")
        if key in found and key in _KNOWN:
            raise HeaderError(f"first line has the word {key} twice")
        found[key] = value
    return found


def _count_problem(words: dict[str, str], rest: bytes, *, complete: bool) -> str:
    count = words.get("n", "")
    if not _COUNT.fullmatch(count):
        return f"n {count[:40]!r} is not a number of at most 5 digits"
    if not complete or (rest and not rest.endswith(b"\n")):
        return "the last line does not end with a newline"
    found = rest.count(b"\n")
    return "" if found == int(count) else f"header says {count} lines, {found} came"


def pack(body: bytes) -> bytes:
    """Return *body* as it is sent: compressed where that makes it smaller."""
    packed = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL).compress(body)
    return packed if len(packed) < len(body) else body


def unpack(payload: bytes) -> bytes:
    """Return what *payload* holds; raises PayloadError for what is damaged or too large.

    Reads through a stream with a limit: `decompress(max_output_size=…)` ignores its limit when
    the frame declares a size (12.8 kB gave 400 MB).
    """
    if len(payload) > MAX_SENT_BYTES:
        raise PayloadError(f"{len(payload)} bytes as sent; the limit is {MAX_SENT_BYTES}")
    if not payload.startswith(ZSTD_MAGIC):
        return payload
    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
    try:
        reader = decompressor.stream_reader(io.BytesIO(payload), read_across_frames=False)
        body = reader.read(MAX_UNPACKED_BYTES + 1)
        if len(body) > MAX_UNPACKED_BYTES:
            raise PayloadError(f"more than {MAX_UNPACKED_BYTES} bytes when unpacked")
        # The reader ends quietly where a frame was cut off. Now that the size is known to be
        # harmless, a second pass tells whether the frame was whole and the only one.
        whole = decompressor.decompressobj()
        whole.decompress(payload)
    except zstandard.ZstdError as error:
        raise PayloadError(f"not a whole zstd frame: {error}") from None
    if not whole.eof:
        raise PayloadError(f"zstd frame is cut off after {len(payload)} bytes")
    if whole.unused_data:
        raise PayloadError(f"{len(whole.unused_data)} bytes follow the zstd frame")
    return body
