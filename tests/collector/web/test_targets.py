"""The state of what an agent pings: the table of states, from the newest value of each target."""

import pytest

from collector.verdicts import State
from collector.web.board import Reason
from collector.web.snapshot import Ping
from collector.web.targets import HOLDS, targets
from core.clock import SECOND
from tests.collector.web.fakes import NOW


def judged(
    ping: Ping, agent: State = "up", why: Reason = "", now: int = NOW
) -> tuple[State, str, bool]:
    (target,) = targets([ping], agent, why, now)
    assert target.ping is ping
    return target.state, target.reason, target.own


@pytest.mark.parametrize(
    ("ping", "state", "reason"),
    [
        (Ping("gw", 0.8, 0.0, False, NOW), "up", ""),
        (Ping("gw", 0.8, 4.9, False, NOW), "up", ""),
        (Ping("gw", 0.8, 5.0, False, NOW), "degraded", "loss"),
        (Ping("gw", 0.8, 99.0, False, NOW), "degraded", "loss"),
        (Ping("gw", None, 100.0, False, NOW), "down", "no_answer"),
        (Ping("gw", None, 100.0, True, NOW), "down", "no_such_host"),
    ],
)
def test_of_an_agent_that_is_up_the_newest_value_decides(
    ping: Ping, state: State, reason: str
) -> None:
    assert judged(ping) == (state, reason, True)


@pytest.mark.parametrize("loss", [0.0, 50.0, 100.0])
@pytest.mark.parametrize(
    ("agent", "why"),
    [
        ("unknown", "silent"),
        ("unknown", "broker"),
        ("down", "agent"),
        ("stopped", "stopped"),
        ("never_seen", "never_seen"),
    ],
)
def test_below_an_agent_that_is_not_up_all_is_unknown_with_its_cause(
    agent: State, why: Reason, loss: float
) -> None:
    assert judged(Ping("gw", None, loss, False, NOW), agent, why) == ("unknown", why, False)


def test_a_value_holds_until_the_next_is_overdue_and_the_next_one_counts_again() -> None:
    gone = Ping("gw", None, 100.0, False, NOW)
    assert judged(gone, now=NOW + HOLDS)[0] == "down"
    assert judged(gone, now=NOW + HOLDS + SECOND) == ("unknown", "old", True)
    back = Ping("gw", 0.8, 0.0, False, NOW + HOLDS + SECOND)
    assert judged(back, now=NOW + HOLDS + 2 * SECOND)[0] == "up"
