"""How far the clock of an agent's machine is off, and what that means for what comes from it: pure.

Births say it, and so does the heartbeat each minute; whichever came last counts. An agent whose
clock was checked corrects the times of its readings by itself; nothing else on its machine does.
"""

import math
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from core import lineprotocol
from core.clock import BAD_MS, WARN_MS
from core.messages import ClockReport

ClockState = Literal["fine", "warn", "bad", "unknown"]

_STARTS: Final = (b"agent,", b"agent ")
_FIELD: Final = "clock_offset_ms"


class ClockVerdict(msgspec.Struct, frozen=True):
    """A clock is off by `offset_ms` (ahead where positive), in `state` since `since` (ns).

    Over a second is `warn`, over five `bad`: then what comes from it is flagged.
    """

    state: ClockState = "unknown"
    offset_ms: float = 0.0
    since: int = 0


NOT_KNOWN: Final = ClockVerdict()


def clock_verdict(report: ClockReport, at: int, before: ClockVerdict = NOT_KNOWN) -> ClockVerdict:
    """Return what *report*, which came *at*, says of a clock of which *before* was said."""
    state = _state(report)
    since = before.since if state == before.state and before.since else at
    return ClockVerdict(state, report.offset_ms, since)


def reported(lines: Iterable[bytes]) -> ClockReport | None:
    """Return what the last heartbeat among *lines*, checked ones, says of the clock."""
    found: ClockReport | None = None
    for line in lines:
        if line.startswith(_STARTS):
            value = lineprotocol.parse(line).fields.get(_FIELD)
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            if math.isfinite(value):
                found = ClockReport(float(value), checked=True)
    return found


def _state(report: ClockReport) -> ClockState:
    if not report.checked:
        return "unknown"
    off = abs(report.offset_ms)
    return "bad" if off > BAD_MS else "warn" if off > WARN_MS else "fine"
