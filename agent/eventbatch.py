"""Event batches as bytes: a JSON first line, then one object a line (wire.md, "Batches").

{"schoolwatch":1,"epoch":"K3M6T0QX9V2ZB8DN","seq":7,"n":1}
{"i":0,"kind":"link_down","target":"switch-2","subject":"switch-2/port-5","active":true,…}
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from core import wire
from core.events import Header
from core.types import Event, Value

MOST_EVENTS: Final = 5_000
"""In one batch; `n` has at most five digits."""

CUT_TEXT: Final = 60
"""Characters of a text that is kept where the whole object cannot travel."""


class _Object(msgspec.Struct):
    i: int
    kind: str
    target: str
    subject: str
    active: bool
    severity: str | None
    at: int
    details: Mapping[str, Value]


def seal(header: Header, lines: Sequence[bytes]) -> bytes:
    """Return the body of a batch: header and *lines*, each with a newline."""
    return header.encode() + b"".join(line + b"\n" for line in lines)


def split(events: Iterable[Event], max_bytes: int) -> Iterator[list[bytes]]:
    """Return *events* as the lines of as many batches as they need; `i` counts in each."""
    lines: list[bytes] = []
    size = 0
    for event in events:
        line = encode(len(lines), event)
        if lines and (size + len(line) + 1 > max_bytes or len(lines) == MOST_EVENTS):
            yield lines
            lines, size = [], 0
            line = encode(0, event)
        lines.append(line)
        size += len(line) + 1
    if lines:
        yield lines


def encode(i: int, event: Event) -> bytes:
    """Return *event* as the object number *i* of its batch, in one line.

    One that cannot be encoded, or is longer than a line may be, goes without its details: that
    it happened matters more.
    """
    try:
        line = _encoded(i, event, event.details)
    except (UnicodeEncodeError, OverflowError):
        line = b""
    if not line or len(line) > wire.MAX_LINE_BYTES:
        line = _encoded(i, _cut(event), {"details_left_out": True})
    return line


def rekeyed(body: bytes, epoch: str, seq: int) -> bytes:
    """Return the same batch under another key, everything else in its first line kept."""
    first, _, rest = body.partition(b"\n")
    header: dict[str, object] = msgspec.json.decode(first, type=dict[str, object])
    return msgspec.json.encode(header | {"epoch": epoch, "seq": seq}) + b"\n" + rest


def _encoded(i: int, event: Event, details: Mapping[str, Value]) -> bytes:
    return msgspec.json.encode(
        _Object(
            i,
            event.kind,
            event.target,
            event.subject,
            event.active,
            event.severity,
            event.at,
            details,
        )
    )


def _cut(event: Event) -> Event:
    texts = (event.kind, event.target, event.subject)
    kind, target, subject = (t.encode("utf-8", "replace").decode()[:CUT_TEXT] for t in texts)
    return replace(event, kind=kind, target=target, subject=subject)
