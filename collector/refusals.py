"""Refused lines as dead letters, and which batch a line belongs to that the store refused.

Pure. A message of a hundred thousand bad lines must not cost a hundred thousand letters: lines of
one reason share a letter, and where there is too much of it the message is kept as it came.

Of a measurement or fields that the catalogue does not know the words are left out: nobody said
that they may be kept (domain.md §11), and names and types are enough to see what was sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from collector.deadletters import Letter
from collector.intake import Arrival
from collector.linecheck import Refused
from collector.store.base import RefusedLine
from core import lineprotocol
from core.errors import LineError
from core.types import BatchKey

WORDLESS: Final = frozenset(("unknown_measurement", "no_known_field"))
"""Kinds of refusal whose lines are kept without texts and values of tags."""
WORD: Final = "removed"
"""What stands in their place."""
MAX_LETTERS: Final = 20
MAX_BYTES: Final = 64_000
"""Of lines in letters of their own; above that one letter holds the whole message instead."""


def whole(arrival: Arrival, kind: str, reason: str) -> Letter:
    """Return a whole message as a dead letter."""
    return Letter(arrival.topic, kind, reason, arrival.payload, arrival.size, arrival.digest)


def letters_of(arrival: Arrival, key: BatchKey | None, refused: Sequence[Refused]) -> list[Letter]:
    """Return the letters for the *refused* lines of one message."""
    by_reason: dict[str, list[Refused]] = {}
    for line in refused:
        by_reason.setdefault(line.reason, []).append(line)
    if len(by_reason) > MAX_LETTERS or sum(len(line.line) for line in refused) > MAX_BYTES:
        some = "; ".join(list(by_reason)[:3])
        letter = whole(arrival, "lines", f"{len(refused)} lines refused: {some}")
        if WORDLESS.isdisjoint(line.kind for line in refused):
            return [letter]
        return [replace(letter, payload=_payload(refused)[:MAX_BYTES])]
    about: dict[str, Any] = {"epoch": key.epoch, "seq": key.seq} if key else {}
    return [_of_lines(arrival, about, lines) for lines in by_reason.values()]


def _of_lines(arrival: Arrival, about: Mapping[str, Any], lines: Sequence[Refused]) -> Letter:
    payload = _payload(lines)
    numbers = [line.number for line in lines if line.number]
    where = {**about, "lines": numbers} if numbers else about
    return Letter(arrival.topic, lines[0].kind, lines[0].reason, payload, about=where)


def _payload(lines: Sequence[Refused]) -> bytes:
    return b"".join(_kept(line) + b"\n" for line in lines)


def _kept(line: Refused) -> bytes:
    if line.kind not in WORDLESS:
        return line.line
    head, values, time = lineprotocol.split_line(line.line)
    measurement, tags = lineprotocol.parse_head(head)
    new = lineprotocol.encode_head(measurement, dict.fromkeys(tags, WORD))
    try:
        found = lineprotocol.parse_fields(values)
    except LineError:
        return new + b" " + WORD.encode()  # nobody had looked at them before
    fields = {name: WORD if isinstance(value, str) else value for name, value in found.items()}
    return b" ".join(part for part in (new, lineprotocol.encode_fields(fields), time) if part)


def trace(
    refused: Sequence[RefusedLine], written: Sequence[bytes]
) -> tuple[list[list[Refused]], list[RefusedLine]]:
    """Return what the store refused of each body of *written*, and what is of none of them.

    A line that stands in several batches is refused once for each.
    """
    if not refused:  # as nearly always: no line is looked at
        return [[] for _ in written], []
    places: dict[bytes, list[int]] = {}
    wanted = {line.line.rstrip(b"\n"): line.reason for line in refused}
    for batch, body in enumerate(written):
        for line in body.split(b"\n"):
            if line in wanted:
                places.setdefault(line, []).append(batch)
    found: list[list[Refused]] = [[] for _ in written]
    for line, batches in places.items():
        for batch in batches:
            found[batch].append(Refused(0, line, "store", wanted[line]))
    return found, [line for line in refused if line.line.rstrip(b"\n") not in places]
