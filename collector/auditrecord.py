"""One event as the collector keeps it: a row of its database, and the line of the audit log.

Pure. The line is a function of its row alone, so a tail of the log that is written once more is
the same to the byte. Canonical JSON: keys sorted, no spaces, UTF-8.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from core import kinds, messages
from core.types import Event

BATCH: Final = -1
"""The index of the row that a batch has as a whole: a full one, and one without a good event."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """A row; `row` is 0 before the database has numbered it.

    `who` is `region/school/agent`, or `collector/ID` for what the collector says itself, which no
    agent can be called. `received` is in ns. `body` is what happened, as canonical JSON.
    """

    who: str
    epoch: str
    seq: int
    index: int
    crc: int
    received: int
    body: bytes
    row: int = 0


@dataclass(frozen=True, slots=True)
class By:
    """Who did it: an account, or the receiver of a signed link (`link:NAME`); the collector itself;
    or `operator`, whose `account` is a user of the operating system that runs a command.

    `name` is what others see, `address` where the request came from, "" where there was none.
    """

    account: str = ""
    name: str = ""
    role: str = ""
    address: str = ""
    of: Literal["person", "system", "operator"] = "person"


SYSTEM: Final = By(role="system", of="system")
"""The collector, of its own accord."""


class _Record(msgspec.Struct):
    """What every line holds beside what happened."""

    agent: str
    epoch: str
    seq: int
    index: int
    crc: messages.Crc
    received: int
    row: int


_NAMES: Final = tuple(field.name for field in msgspec.structs.fields(_Record))


def canonical(said: Any) -> bytes:
    """Return *said* as the one JSON that it has."""
    return msgspec.json.encode(said, order="sorted")


def body_of(event: Event, **marks: Any) -> bytes:
    """Return what happened as it is kept; the table of kinds gives code and severity.

    *marks* are what the batch says of it: `unchecked` clock, `full`.
    """
    kind = kinds.kind_of(event.kind)
    said: dict[str, Any] = {
        "kind": event.kind,
        "code": kind.code,
        "severity": kind.severity,
        "target": event.target,
        "subject": event.subject,
        "active": event.active,
        "at": event.at,
        "details": event.details,
    }
    if event.severity:
        said["agent_severity"] = event.severity
    return canonical({**marks, **said})


def marks_of(
    collector: str, by: By = SYSTEM, *, success: bool = True, reason: str = ""
) -> dict[str, Any]:
    """Return who did it and how it ended, as a row of *collector* says (GB/T 22239, 8.1.4.3 b).

    Rows from before there were such marks have none: nobody may take that for anything.
    """
    said = by.account if by.of != "system" else f"collector/{collector}"
    found = {"actor": f"{by.of}:{said}", "role": by.role, "address": by.address}
    if by.name:
        found["name"] = by.name
    return {**found, "success": success, "reason": reason}


def agent_marks(who: str) -> dict[str, Any]:
    """Return the same of what an agent says; *who* is region/school/agent."""
    said = {"actor": f"agent:{who}", "role": "agent", "address": ""}
    return {**said, "success": True, "reason": ""}


def line_of(row: EventRow) -> bytes:
    """Return the audit log's line for *row*, with its newline."""
    said: dict[str, Any] = msgspec.json.decode(row.body, type=dict[str, Any])
    known = _Record(
        *(row.who, row.epoch, row.seq, row.index),
        *(messages.crc_text(row.crc), row.received, row.row),
    )
    return canonical({**said, **msgspec.structs.asdict(known)}) + b"\n"


def row_of(line: bytes) -> EventRow:
    """Return the row that *line* was made of; raises ValueError where it is no record."""
    try:
        found = msgspec.json.decode(line, type=_Record)
        said: dict[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    body = canonical({name: value for name, value in said.items() if name not in _NAMES})
    crc = int(found.crc, 16)
    return EventRow(
        *(found.agent, found.epoch, found.seq, found.index),
        *(crc, found.received, body, found.row),
    )
