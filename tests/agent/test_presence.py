"""Birth and will: cut to what one message may hold, and never without the current epoch."""

from agent.presence import Presence
from core import messages, wire
from core.messages import Birth, ClockReport, EpochReport
from core.types import Identity

WHO = Identity("000000", "trial", "pc-1")
CLOCK = ClockReport(12.5, checked=True)


def read(payload: bytes) -> Birth:
    state = messages.read_state(payload)
    assert isinstance(state, Birth)
    return state


def test_births_are_numbered_within_the_process() -> None:
    presence = Presence(WHO, "spool-1", 0)
    births = [read(presence.birth("A" * 16, [], more=False, clock_report=CLOCK)) for _ in range(3)]
    assert [birth.no for birth in births] == [1, 2, 3]
    assert births[0].clock == CLOCK


def test_a_birth_that_would_be_too_large_says_more_and_keeps_the_current_epoch() -> None:
    ragged = [n for odd in range(1, 9_000, 2) for n in (odd, odd)]
    old = [EpochReport(f"{n:016d}", "readings", 9_000, held=ragged) for n in range(20)]
    current = EpochReport("A" * 16, "readings", 7)
    payload = Presence(WHO, "spool-1", 0).birth(
        "A" * 16, [*old, current], more=False, clock_report=CLOCK
    )

    birth = read(payload)
    assert len(payload) <= wire.MAX_SENT_BYTES
    assert birth.more
    assert birth.epochs[-1] == current
    assert birth.epochs[0].epoch == old[0].epoch
