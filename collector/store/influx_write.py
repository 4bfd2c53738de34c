"""Writing to InfluxDB so that a bad line costs that line alone.

InfluxDB says of a whole body what is wrong with some of its lines, and keeps the others or not,
by version (docs/decisions). So nothing that it kept is relied on: the lines at fault are found by
its words, or by halving, and all others are sent again, in their order, until it takes them whole.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from collector.store.base import RefusedLine
from collector.store.influx_blame import named, suspected
from collector.store.influx_door import Refusal
from collector.store.influx_errors import MAX_WORDS
from core import lineprotocol
from core.errors import LineError, StoreStopped

MAX_LINES: Final = 10_000
MAX_BYTES: Final = 1 << 20
"""Of one body; InfluxDB 1.8 takes 25 MB as it is set, and recommends a few thousand lines."""

PROBE: Final = b"# schoolwatch: is it the lines?\n"

Send = Callable[[bytes], Refusal | None]

# A line that ends like this can neither lack its time nor, having no quote and no backslash, run
# into the next one. What else may be wrong with it InfluxDB says.
_LINE: Final = rb"[!$-\[\]-~\x80-\xff][ !#-\[\]-~\x80-\xff]* -?[0-9]{1,19}"
_HARMLESS: Final = re.compile(_LINE)
_ALL_HARMLESS: Final = re.compile(rb"(?:%b\n)*+" % _LINE)

# Who sent a line, by the tags that the collector itself has put there.
_SENDER: Final = re.compile(rb"(?<!\\),((?:region|school|agent)=[^,\\]*)")

# What InfluxDB says of the request, not of the line.
_FRAME: Final = re.compile(
    r"\A(?:failure writing points to database: )?(?:partial write: )?|(?: dropped=\d+.*)?\Z", re.S
)


def write(lines: bytes, send: Send) -> list[RefusedLine]:
    """Store *lines* by *send*; return those that can never be stored."""
    small = len(lines) <= MAX_BYTES and lines.count(b"\n") <= MAX_LINES
    if small and _ALL_HARMLESS.fullmatch(lines) and _is_text(lines):
        # What nearly every body is goes as it came, without being taken apart.
        answer = send(lines) if lines else None
        return _store(lines.split(b"\n")[:-1], send, answer) if answer else []
    good, refused = checked(lines)
    for body in bodies(good):
        refused += _store(body, send, send(_joined(body)))
    return refused


def checked(lines: bytes) -> tuple[list[bytes], list[RefusedLine]]:
    """Part *lines* into those to be sent and those that could harm the others or have no time.

    InfluxDB reads on over the end of a line while a quote is open: what follows would be lost, or
    worse, stored as text.
    """
    harmless = _HARMLESS.fullmatch if _is_text(lines) else _nothing
    good, refused = [], []
    for line in lines.split(b"\n"):
        if harmless(line):
            good.append(line)
            continue
        text = line.lstrip(b" \t\0")
        if not text or text.startswith(b"#"):
            continue
        try:
            if lineprotocol.parse(line).at is None:
                raise LineError("no time: sent again, it would become a second point")
            good.append(line)
        except LineError as error:
            refused.append(RefusedLine(line, str(error)))
    return good, refused


def bodies(lines: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Yield *lines* in pieces of at most MAX_LINES and, where a line allows it, MAX_BYTES."""
    body: list[bytes] = []
    size = 0
    for line in lines:
        if body and (len(body) == MAX_LINES or size + len(line) >= MAX_BYTES):
            yield body
            body, size = [], 0
        body.append(line)
        size += len(line) + 1
    if body:
        yield body


def _store(lines: list[bytes], send: Send, answer: Refusal | None) -> list[RefusedLine]:
    """Store *lines*, which were sent and answered; return those that can never be stored."""
    refused: list[RefusedLine] = []
    while answer:
        blamed = _blamed(lines, answer, send)
        if not blamed:
            for part in _halves(lines):
                refused += _store(part, send, send(_joined(part)))
            break
        refused += [RefusedLine(line, _own(blamed[line])) for line in lines if line in blamed]
        lines = [line for line in lines if line not in blamed]
        answer = send(_joined(lines)) if lines else None
    return refused


def _halves(lines: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return *lines* in two parts: by their senders, and once there is one sender by their number.

    Both keep the order of lines, so that of one point the later line still wins.
    """
    senders = [tuple(_SENDER.findall(line.partition(b" ")[0])) for line in lines]
    names = list(dict.fromkeys(senders))
    if len(names) == 1:
        half = len(lines) // 2
        return lines[:half], lines[half:]
    chosen = set(names[: len(names) // 2])
    parts: tuple[list[bytes], list[bytes]] = ([], [])
    for line, sender in zip(lines, senders):
        parts[sender not in chosen].append(line)
    return parts


def _blamed(lines: list[bytes], answer: Refusal, send: Send) -> dict[bytes, str]:
    """Return line → words for those that are surely at fault; none where that is not known."""
    if answer.lines:
        return {lines[n - 1]: words for n, words in answer.lines.items() if 0 < n <= len(lines)}
    by_name = named(lines, answer.words)
    if by_name:
        return by_name
    if len(lines) == 1:
        return {lines[0]: _words(answer, send)}
    suspects, count = suspected(lines, answer.words)
    if suspects and len(suspects) < len(lines):
        # Sent without the others, which shows whether InfluxDB refuses each of them.
        second = send(_joined(suspects))
        if second is None:
            return {}
        answer = second
        again, count = suspected(suspects, answer.words)
        if len(again) != len(suspects):
            return {}
    return dict.fromkeys(suspects, answer.words) if count == len(suspects) else {}


def _words(answer: Refusal, send: Send) -> str:
    """Return why one line is refused; raises StoreStopped where the line has no part in it."""
    if answer.status == 413:
        return answer.words or "too large for the database"
    about_request = send(PROBE)
    if about_request is not None:
        raise StoreStopped(
            "InfluxDB refuses everything, whatever the lines are: see whether [store] url, org and "
            f"bucket are right (it answered {about_request.status}: "
            f"{about_request.words[:MAX_WORDS]})"
        )
    return answer.words or f"refused with status {answer.status}"


def _own(words: str) -> str:
    return _FRAME.sub("", words)


def _joined(lines: Sequence[bytes]) -> bytes:
    return b"\n".join(lines) + b"\n"


def _is_text(lines: bytes) -> bool:
    try:
        lines.decode()
    except UnicodeDecodeError:
        return False
    return True


def _nothing(_: bytes) -> None:
    """Find no line harmless."""
