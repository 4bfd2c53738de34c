"""The clock of a machine is set to another day: readings keep their times, and people are told."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from core import clock, wire
from core.clock import SECOND
from core.lineprotocol import parse
from tests.collector.desk import letters_in
from tests.e2e import witness
from tests.e2e.district import LOAD, District, make
from tests.e2e.seen import Seen
from tests.real.brokers import RealBroker
from tests.real.machineclock import MachineClock
from tests.waiting import until_sync

DAY_S = 86_400
DAY = DAY_S * SECOND
COLLECTOR = "collector/d1"

pytestmark = pytest.mark.slow


@pytest.fixture
def machine(tmp_path: Path) -> MachineClock:
    return MachineClock(tmp_path / "clock")


@pytest.fixture
def district(tmp_path: Path, mosquitto: RealBroker) -> Iterator[District]:
    made = make(tmp_path, mosquitto, LOAD)
    made.agent.program.waits = {"agent.uplink.BIRTH_AT_MOST_EVERY": 1}
    try:
        yield made
    finally:
        made.end()


def until_checked(seen: Seen) -> None:
    until_sync(lambda: seen.agent().get("clock", {}).get("checked"), 60)


def until_ended(seen: Seen, kind: str, who: str, times: int = 1) -> None:
    """Wait until *who* has told so often that *kind* began, and that it ended."""

    def ended() -> bool:
        records = [r for r in seen.audited(kind) if r["agent"] == who]
        found = [r["active"] for r in records if not r.get("full")]  # not what is still open
        return (found.count(True), found.count(False)) == (times, times)

    until_sync(ended, 60)


def times_of(heard: witness.Witnessed) -> dict[bytes, list[int]]:
    """Return the times of each series in the order in which they were taken."""
    found: defaultdict[bytes, list[int]] = defaultdict(list)
    for line in heard.taken:
        at = parse(line).at
        assert at is not None
        found[line.split(b" ")[0]].append(at)
    return found


def went_back(heard: witness.Witnessed) -> int:
    """Return how often a series had a time that is not later than its last, at the most."""
    return max(sum(b <= a for a, b in pairwise(times)) for times in times_of(heard).values())


def marked(heard: witness.Witnessed) -> int:
    """Return how many batches say that nobody had checked the clock."""
    headers = [wire.split_header(s.body)[0] for s in heard.sealed if s.key.lane == "readings"]
    return sum(header is not None and header.clock_unchecked for header in headers)


def test_an_agent_whose_clock_is_set_to_another_day_goes_on_with_the_right_times(
    district: District, machine: MachineClock
) -> None:
    seen, agent, began = Seen(district), district.agent, clock.now()
    agent.program.env = machine.environment
    district.start_collector()
    agent.program.start()
    until_checked(seen)
    for number, day in enumerate((1, 0, -1, 0), 1):
        district.collector.suspend()  # nobody can check the clock
        machine.set_by(day * DAY_S)
        taken = agent.taken()
        until_sync(lambda: agent.taken() > taken + 100, 60)  # noqa: B023
        district.collector.resume()
        until_ended(seen, "clock_step", str(agent.who), number)
        off = day * DAY_S * 1_000
        until_sync(lambda: abs(seen.agent()["clock"]["offset_ms"] - off) < 10_000, 60)  # noqa: B023
        assert seen.state() == ("up", "")
    steps = [r["details"]["step_ms"] for r in seen.audited("clock_step") if r["active"]]
    assert [round(step / 1_000 / DAY_S) for step in steps] == [1, -1, -1, 1]
    assert agent.program.said("the machine's clock was set by +86400.0 s")

    (heard,) = district.prove()
    assert all(began < at < clock.now() for times in times_of(heard).values() for at in times)
    assert (went_back(heard), seen.audited("clock_back")) == (0, [])
    assert marked(heard) >= 4, "after each step, until the next check"
    assert letters_in(district.files) == []


def test_an_agent_that_nobody_could_tell_the_time_says_so_and_that_its_readings_went_back(
    district: District, machine: MachineClock
) -> None:
    seen, agent = Seen(district), district.agent
    agent.program.env = machine.environment
    machine.set_by(DAY_S)
    agent.program.start()
    until_sync(lambda: agent.taken() > 100, 60)
    machine.set_by(0)
    until_sync(lambda: agent.program.said("the time of readings was corrected by -86400.0 s"), 60)
    taken = agent.taken()
    until_sync(lambda: agent.taken() > taken + 100, 60)

    district.start_collector()
    for kind in ("clock_step", "clock_back"):
        until_ended(seen, kind, str(agent.who))
    until_checked(seen)
    (heard,) = district.prove()
    assert went_back(heard) == 1
    letters = letters_in(district.files)
    assert {letter["kind"] for letter in letters} == {"future"}
    assert all("ahead of the collector's clock" in letter["reason"] for letter in letters)


@pytest.mark.parametrize("day", [1, -1], ids=["ahead", "back"])
def test_a_collector_whose_clock_is_wrong_for_a_while_misleads_nobody(
    district: District, machine: MachineClock, day: int
) -> None:
    seen, began = Seen(district), clock.now()
    district.collector.env = machine.environment
    district.start_collector()
    district.agent.program.start()
    until_checked(seen)

    machine.set_by(day * DAY_S)
    until_sync(lambda: district.collector.said("and tells no agent the time"), 30)
    taken = district.agent.taken()
    until_sync(lambda: district.agent.taken() > taken + 300, 60)
    assert seen.state() == ("up", "")
    machine.set_by(0)
    until_ended(seen, "clock_step", COLLECTOR)
    assert district.collector.said("is what it was before")

    (heard,) = district.prove("clock_step")
    assert all(began < at < clock.now() for times in times_of(heard).values() for at in times)
    assert [r["agent"] for r in seen.audited("clock_step", "clock_back")] == [COLLECTOR] * 2
    assert letters_in(district.files) == []


def test_a_collector_whose_clock_stays_wrong_is_followed_and_what_comes_is_kept(
    district: District, machine: MachineClock
) -> None:
    seen, agent = Seen(district), district.agent
    district.collector.env = machine.environment
    district.collector.waits = {"collector.ownclock.BELIEVED_AFTER": 3 * SECOND}
    district.start_collector()
    agent.program.start()
    until_checked(seen)

    machine.set_by(-DAY_S)
    until_ended(seen, "clock_step", COLLECTOR)
    until_ended(seen, "clock_back", COLLECTOR)
    until_ended(seen, "clock_back", str(agent.who))
    assert agent.program.said("the time of readings was corrected by -86")
    assert seen.state() == ("up", "")
    assert seen.live()["at_ns"] < clock.now() - DAY // 2

    machine.set_by(0)
    until_ended(seen, "clock_step", COLLECTOR, 2)
    until_sync(lambda: agent.program.said("the time of readings was corrected by +86"), 60)
    until_checked(seen)
    assert seen.state() == ("up", "")

    (heard,) = district.prove("clock_step", "clock_back")
    assert went_back(heard) == 1
    assert letters_in(district.files) == []
