"""What is missing of one lane of one epoch, and why (wire.md, "The ledger").

Pure, and computed whenever somebody asks, from the ledger's row and the agent's last birth: a
reason that was stored when a message arrived would stay when it is no longer true.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

from collector.lanerow import NEVER, LaneRow
from collector.ranges import Ranges
from collector.verdicts import Known
from core.clock import SECOND
from core.messages import Birth, EpochReport
from core.types import Lane

Reason = Literal[
    "dropped",
    "refused",
    "expected",
    "ledger_restored",
    "spool_lost",
    "disk_went_back",
    "gone_with_the_agent",
    "unexplained",
]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

SPOOL_KEEPS: Final = 7 * 86_400 * SECOND
"""How long a spool keeps what it cannot send (the agent's own default; it does not tell us)."""
HEARD_WITHIN: Final = 3_600 * SECOND
"""Who lives is heard within this time after the collector began to take messages in."""


@dataclass(frozen=True, slots=True)
class LastWord:
    """What is known of the agent: its last birth, taken in at `born_at` (ns).

    `awaiting` since a restore until it has answered a request; `gone` when it was silent for
    longer than its spool keeps.
    """

    birth: Birth | None = None
    born_at: int = 0
    awaiting: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """One range; `why` is the agent's own word for a drop; missing since `since` at the latest."""

    first: int
    last: int
    reason: Reason
    why: str = ""
    since: int = 0


_Claim = tuple[Reason, str, Ranges]


def missing(row: LaneRow, epoch: str, lane: Lane, word: LastWord) -> list[Missing]:
    """Return every range that exists and was not received, each with the first reason."""
    found: list[Missing] = []
    left = row.missing
    for reason, why, ranges in _claims(row, epoch, lane, word):
        if not left:
            break
        claimed = left & ranges
        left = left - claimed
        found += [Missing(a, b, reason, why, row.since(b)) for a, b in claimed.spans]
    return sorted(found, key=lambda one: one.first)


def is_gone(known: Known, now: int, taking_in_since: int) -> bool:
    """Return whether an agent was silent for longer than its spool keeps.

    While the collector itself could not hear anybody, nobody is gone.
    """
    hearing = taking_in_since and now - taking_in_since > HEARD_WITHIN
    return bool(hearing) and now - known.last_arrival > SPOOL_KEEPS


def _claims(row: LaneRow, epoch: str, lane: Lane, word: LastWord) -> Iterator[_Claim]:
    """Yield what each reason would explain; the first that names a sequence has it."""
    everything = _up_to(row.high)
    yield from _dropped(row)
    report = _report(word.birth, epoch, lane)
    # Of an agent that is gone nothing is expected any more: it took with it what it held.
    waits: Reason = "gone_with_the_agent" if word.gone else "expected"
    yield waits, "", _waiting(row, epoch, report, word)
    if word.awaiting:
        yield ("ledger_restored" if word.gone else "expected"), "", everything
    yield "ledger_restored", "", _up_to(row.restored)
    if word.birth and report is None and row.spool != word.birth.spool:
        yield "spool_lost", "", everything
    # What was held, and is not even listed without our having closed it, went with the listing.
    yield "disk_went_back", "", everything - _up_to(report.high if report else row.told)
    yield "disk_went_back", "", Ranges() if report else row.held
    yield "unexplained", "", everything


def _dropped(row: LaneRow) -> Iterator[_Claim]:
    drops = [(first, last, why) for first, last, why in row.dropped if why != "refused"]
    yield from (("dropped", why, Ranges(((a, b),))) for a, b, why in drops)
    yield "refused", "", Ranges.of((a, b) for a, b, why in row.dropped if why == "refused")


def _waiting(row: LaneRow, epoch: str, report: EpochReport | None, word: LastWord) -> Ranges:
    """Return what the last birth lets us hope for."""
    everything, birth = _up_to(row.high), word.birth
    if birth is None:
        return everything
    if epoch == birth.epoch:
        high = report.high if report else 0
        held = Ranges.of(report.held_ranges()) if report else Ranges()
        return held | (everything - _up_to(high))
    if report:
        return Ranges.of(report.held_ranges())
    begun_since = row.told == NEVER and row.first_at > word.born_at
    return everything if birth.more or begun_since else Ranges()


def _report(birth: Birth | None, epoch: str, lane: Lane) -> EpochReport | None:
    reports = birth.epochs if birth else ()
    return next((one for one in reports if (one.epoch, one.lane) == (epoch, lane)), None)


def _up_to(high: int) -> Ranges:
    return Ranges(((1, high),)) if high > 0 else Ranges()
