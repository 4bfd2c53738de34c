"""What births, deaths and arriving batches say of an agent (wire.md, "Wills and conflicts").

Pure. A birth also says which batches wait in the agent's spool: those are *expected* until they
arrive, and an older epoch without any is *closed*, so that the agent may forget it.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from collector.ranges import Ranges
from collector.verdicts import Known
from core.messages import Birth, Death, EpochReport
from core.types import BatchKey, Lane

Expected = Mapping[tuple[str, Lane], Ranges]
"""Batches that an agent said it holds and that did not arrive, by epoch and lane; while its answer
is awaited, all that did not arrive."""

MAX_SEQ: Final = 10**15 - 1
MAX_EPOCHS: Final = 200
MAX_TEXT: Final = 100
ALTERNATION: Final = 4
"""A, B, A, B: as many turns show two machines with one identity."""
REMEMBERED_EPOCHS: Final = 16
"""Of each agent the highest `no` of so many epochs is kept, to know a birth that comes again."""
WINDOW: Final = 8
"""Batches of the current epoch that may be on their way; more are a backlog."""


class AgentState(msgspec.Struct, frozen=True):
    """One agent: what is known of it, its last birth, and the highest `no` of each epoch."""

    known: Known = msgspec.field(default_factory=Known)
    birth: Birth | None = None
    seen: Mapping[str, int] = msgspec.field(default_factory=dict)
    expected: Expected = msgspec.field(default_factory=dict)
    born_at: int = 0
    """When its last birth came (ns)."""
    awaiting: bool = False
    """It has not answered a request since the ledger went back, or first heard of it."""
    turns: tuple[str, ...] = ()
    """The epochs of its last births, each change once, the last at the end."""
    unexplained: int = 0
    """Batches that are missing without any reason, by its last birth."""
    gap: str = ""
    """The first of them, as lane/epoch/first-last."""
    unaccounted: bool = False
    """Messages without a header came of it since its last birth."""


def mistake(birth: Birth) -> str:
    """Return what no agent of ours would say in a birth, or an empty string."""
    if not all(0 <= number <= MAX_SEQ for number in (birth.conn, birth.no, birth.asked)):
        return f"conn, no and asked must be from 0 to {MAX_SEQ}"
    if any(len(text) > MAX_TEXT for text in (birth.version, birth.started, birth.spool)):
        return f"version, started and spool have at most {MAX_TEXT} characters"
    epochs = len({report.epoch for report in birth.epochs})
    if epochs > MAX_EPOCHS:
        return f"{epochs} epochs; the limit is {MAX_EPOCHS}"
    return next((found for found in map(_report_mistake, birth.epochs) if found), "")


def _report_mistake(report: EpochReport) -> str:
    spans = [*report.held_ranges(), *((first, last) for first, last, _ in report.dropped)]
    if not 0 <= report.high <= MAX_SEQ or not all(1 <= a <= b <= MAX_SEQ for a, b in spans):
        return f"epoch {report.epoch}: sequences must be from 1 to {MAX_SEQ}, the first not later"
    if any(len(why) > MAX_TEXT for _, _, why in report.dropped):
        return f"epoch {report.epoch}: a reason has at most {MAX_TEXT} characters"
    return ""


def is_repeat(state: AgentState, birth: Birth, asked: int) -> bool:
    """Return whether *birth* was taken before; one that answers our latest request never was."""
    if asked and birth.asked == asked:
        return False
    return birth.no <= state.seen.get(birth.epoch, -1)


def after_birth(
    state: AgentState,
    birth: Birth,
    at: int,
    *,
    was_up: bool,
    answers: bool = False,
    retained: bool = False,
) -> AgentState:
    """Return the agent after a birth that is no repeat; `expected` is worked out later.

    *answers* says that it repeats the number of our latest request, *retained* that the broker
    had kept it.
    """
    seen = {epoch: no for epoch, no in state.seen.items() if epoch != birth.epoch}
    # A reader that knows only the last birth must still know this epoch's, so it goes last.
    seen[birth.epoch] = max(birth.no, state.seen.get(birth.epoch, 0))
    for old in list(seen)[:-REMEMBERED_EPOCHS]:
        del seen[old]
    changed_at = state.known.changed_at if was_up else at
    awaiting = state.awaiting and not answers
    if state.birth is None:
        awaiting = awaiting or _has_history(birth, retained=retained)
    # A restored ledger may remember turns that are long over.
    turns = () if state.awaiting else state.turns
    if turns[-1:] != (birth.epoch,):
        turns = (*turns, birth.epoch)[-ALTERNATION:]
    return AgentState(
        Known(at, changed_at),
        birth,
        seen,
        born_at=at,
        awaiting=awaiting,
        turns=turns,
        unexplained=state.unexplained,
        gap=state.gap,
    )


def two_machines(state: AgentState) -> tuple[str, ...]:
    """Return the epochs of two machines that use this identity at once, or nothing.

    A process never goes back to an epoch of another, so births whose epochs alternate twice come
    from two that take the connection from each other.
    """
    turns = state.turns
    if state.awaiting or len(turns) < ALTERNATION or turns[:2] != turns[2:]:
        return ()
    return tuple(sorted(turns[:2]))


def _has_history(birth: Birth, *, retained: bool) -> bool:
    """Return whether somebody may have received batches of an agent that is new to us.

    Then the ledger was begun anew: by what exists and is neither held nor dropped, or because a
    birth that the broker kept tells what was held then, not what is held now.
    """
    return any(report.high if retained else _gone_by(report) for report in birth.epochs)


def _gone_by(report: EpochReport) -> Ranges:
    dropped = Ranges.of((first, last) for first, last, _ in report.dropped)
    return held(report).missing(report.high) - dropped


def after_death(state: AgentState, death: Death, at: int) -> AgentState | None:
    """Return the agent after its will or stop; None where that says nothing new of it."""
    birth, known = state.birth, state.known
    if birth is None or (birth.epoch, birth.conn) != (death.epoch, death.conn):
        return None
    stopped = death.state == "stopped"
    if known.stopped or (known.dead and not stopped):
        return None
    return replace(state, known=Known(known.last_arrival, at, dead=not stopped, stopped=stopped))


def after_arrival(state: AgentState, epoch: str | None, at: int, *, was_up: bool) -> AgentState:
    """Return the agent after something of *epoch* arrived (None: came without a header).

    Batches of the living epoch prove life; those of an older one may be the broker's memory, and
    so may one of a process that has said that it stops: its last batches come by another
    connection than its last word.
    """
    if epoch is not None and not _is_alive(state, epoch):
        return state
    changed_at = state.known.changed_at if was_up else at
    known = Known(max(at, state.known.last_arrival), changed_at)
    return replace(state, known=known, unaccounted=state.unaccounted or epoch is None)


def _is_alive(state: AgentState, epoch: str) -> bool:
    if state.birth is None or not is_told_of(state, epoch):
        return True  # a process whose birth is still on its way
    return epoch == state.birth.epoch and not state.known.stopped


def is_told_of(state: AgentState, epoch: str) -> bool:
    """Return whether a birth has named *epoch*, as its own or as one that its spool holds."""
    return epoch in state.seen or is_listed(state, epoch)


def is_listed(state: AgentState, epoch: str) -> bool:
    """Return whether the last birth names *epoch*; if not, it may be an old one that came late."""
    if state.birth is None:
        return False
    listed = (report.epoch for report in state.birth.epochs)
    return epoch == state.birth.epoch or epoch in listed


def after_batch(state: AgentState, key: BatchKey) -> AgentState:
    """Return the agent after *key* was committed: it is not expected any more."""
    place = (key.epoch, key.lane)
    waiting = state.expected.get(place)
    if not waiting or key.seq not in waiting:
        return state
    left = waiting - Ranges.of([(key.seq, key.seq)])
    return replace(state, expected={**state.expected, place: left})


def held(report: EpochReport) -> Ranges:
    """Return what the agent holds of one epoch and lane."""
    return Ranges.of(report.held_ranges())


def closed(state: AgentState) -> list[str]:
    """Return the epochs of the last birth, but its current one, with no expected key."""
    if state.birth is None:
        return []
    listed = dict.fromkeys(report.epoch for report in state.birth.epochs)
    return [e for e in listed if e != state.birth.epoch and not any(_waiting(state, e))]


def is_closed(state: AgentState, epoch: str, first_at: int) -> bool:
    """Return whether nobody has a reason to send batches of *epoch* any more.

    *first_at* is when the first of its batches came: an epoch that is younger than the last birth
    is a process whose own is on its way.
    """
    birth = state.birth
    if birth is None or state.awaiting or epoch == birth.epoch:
        return False
    if is_listed(state, epoch):
        return epoch in closed(state)
    return not birth.more and 0 < first_at <= state.born_at


def waiting(state: AgentState) -> int:
    """Return how many batches are expected."""
    return sum(map(len, state.expected.values()))


def has_backlog(state: AgentState) -> bool:
    """Return whether the agent has more readings to send than those on their way."""
    current = state.birth.epoch if state.birth else ""
    for (epoch, lane), left in state.expected.items():
        if lane == "readings" and len(left) > (WINDOW if epoch == current else 0):
            return True
    return False


def _waiting(state: AgentState, epoch: str) -> Iterator[Ranges]:
    return (left for (of, _), left in state.expected.items() if of == epoch and left)
