"""When probes are asked, and what a bad one does to the others: nothing."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise, repeat
from typing import Any

import pytest

from agent.schedule import Job, Schedule, first_dues, next_due, phase_of
from core import clock
from core.errors import NotPermitted, TargetUnreachable
from core.types import Reading
from tests.waiting import until

SHORT = 0.02


def reading(total: int = 1) -> Reading:
    return Reading("mem", {"total": total}, clock.now())


@dataclass
class Scripted:
    """A probe that does what it is told, round by round, and then goes on with the last."""

    rounds: list[Callable[[], Coroutine[Any, Any, Any]]]
    asked: list[float] = field(default_factory=list)
    running: int = 0

    async def measure(self) -> Iterable[Reading]:
        self.asked.append(clock.monotonic())
        self.running += 1
        assert self.running == 1, "asked while the round before still runs"
        try:
            what = self.rounds.pop(0) if len(self.rounds) > 1 else self.rounds[0]
            return await what()  # type: ignore[no-any-return]
        finally:
            self.running -= 1


async def good() -> Any:
    return [reading()]


async def hang() -> Any:
    await asyncio.Event().wait()


def raises(error: Exception) -> Callable[[], Coroutine[Any, Any, Any]]:
    async def measure() -> Any:
        raise error

    return measure


def returns(what: object) -> Callable[[], Coroutine[Any, Any, Any]]:
    async def measure() -> Any:
        return what

    return measure


@asynccontextmanager
async def running(*jobs: Job, **options: Any) -> AsyncIterator[tuple[Schedule, list[Reading]]]:
    taken: list[Reading] = []
    schedule = Schedule(jobs, taken.extend, **options)
    task = asyncio.create_task(schedule.run())
    try:
        yield schedule, taken
        assert not task.done(), "the schedule runs until it is cancelled"
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_probe_is_asked_at_once_and_then_at_its_interval() -> None:
    probe = Scripted([good])
    async with running(Job("mem", probe, 0.1)) as (_, taken):
        await until(lambda: len(taken) >= 5)
    gaps = [later - earlier for earlier, later in pairwise(probe.asked[1:])]
    assert sum(gaps) / len(gaps) == pytest.approx(0.1, abs=0.03)


async def test_a_probe_that_raises_is_said_once_and_once_when_it_is_well_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bad = raises(TargetUnreachable("no answer"))
    async with running(Job("ping", Scripted([bad, bad, bad, good]), SHORT)) as (schedule, taken):
        await until(lambda: len(taken) >= 3)
    assert schedule.counters.probe_errors == 3
    assert caplog.messages == ["ping: no answer", "ping: well again"]
    assert not any(record.exc_info for record in caplog.records)


async def test_an_unexpected_error_brings_its_traceback_once_and_harms_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = Scripted([raises(KeyError("nobody thought of this"))])
    async with running(Job("disk", broken, SHORT), Job("mem", Scripted([good]), SHORT)) as (
        schedule,
        taken,
    ):
        await until(lambda: len(taken) >= 3 and schedule.counters.probe_errors >= 3)
    assert caplog.messages == ["disk: KeyError: 'nobody thought of this'"]
    assert caplog.records[0].exc_info


@pytest.mark.parametrize("error", [NotPermitted("set this"), OSError(5, "I/O"), TimeoutError()])
async def test_expected_errors_are_a_sentence_without_a_traceback(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(Job("disk", Scripted([raises(error)]), SHORT)) as (schedule, _):
        await until(lambda: schedule.counters.probe_errors >= 2)
    (record,) = caplog.records
    assert not record.exc_info
    assert record.message.removeprefix("disk: ")


async def test_a_slow_probe_is_never_asked_twice_at_once_and_its_lost_rounds_are_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    release = asyncio.Event()

    async def slow() -> Any:
        await release.wait()
        return [reading()]

    probe = Scripted([slow])
    async with running(Job("disk", probe, SHORT), Job("mem", Scripted([good]), SHORT)) as (
        schedule,
        taken,
    ):
        await until(lambda: schedule.counters.probe_overruns >= 3 and len(taken) >= 3)
        assert len(probe.asked) == 1
        release.set()
        await until(lambda: len(probe.asked) >= 3)
    assert len([m for m in caplog.messages if "still running" in m]) == 1


async def test_a_probe_that_hangs_is_cancelled_and_asked_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "agent.schedule")
    probe = Scripted([hang, good])
    job = Job("disk", probe, SHORT)
    async with running(job, limit_at_least_s=0.1) as (schedule, taken):
        await until(lambda: taken)
    assert schedule.counters.probe_errors == 1
    assert "disk: no result within 0.1 s; cancelled" in caplog.messages
    assert caplog.messages[-1] == "disk: well again"


async def test_a_slow_round_has_three_intervals_and_never_less_than_the_least() -> None:
    assert Schedule((), print).limit_at_least_s == 30
    probe = Scripted([hang])
    async with running(Job("disk", probe, 0.1), limit_at_least_s=0.01) as (schedule, _):
        began = clock.monotonic()
        await until(lambda: schedule.counters.probe_errors)
        assert clock.monotonic() - began >= 0.3


def endless() -> Iterator[Reading]:
    return repeat(reading())


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "returned NoneType, not readings"),
        ("net", "returned str, which is no Reading"),
        ([reading(), 5], "returned int, which is no Reading"),
        (
            [Reading("memory", {"total": 1}, 1)],
            "measurement 'memory' is not in the catalogue (core/measurements/)",
        ),
        ([Reading("mem", {"used_percent": float("inf")}, 1)], "'mem': field 'used_percent'"),
        (endless(), "returned more than 10000 readings"),
    ],
    ids=["nothing", "text", "one bad of two", "unknown", "infinite", "endless"],
)
async def test_garbage_is_counted_said_once_and_followed_by_good_readings(
    returned: object, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    garbage = returns(returned)
    async with running(Job("mem", Scripted([garbage, garbage, good]), SHORT)) as (schedule, taken):
        await until(lambda: caplog.messages[1:])
        await until(lambda: taken)
    assert caplog.messages[0].startswith(f"mem: left out: {said}")
    assert caplog.messages[1:] == ["readings of mem: well again"]
    assert schedule.counters.readings_refused >= 2
    assert schedule.counters.probe_errors == 0


async def test_good_readings_beside_a_bad_one_are_handed_on() -> None:
    mixed = returns([reading(7), Reading("nonsense", {}, 1)])
    async with running(Job("mem", Scripted([mixed]), SHORT)) as (_, taken):
        await until(lambda: taken)
    assert {r.fields["total"] for r in taken} == {7}


async def test_a_sink_that_fails_does_not_end_the_schedule(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(_: object) -> None:
        raise RuntimeError("no room")

    probe = Scripted([good])
    task = asyncio.create_task(Schedule([Job("mem", probe, SHORT)], full).run())
    await until(lambda: len(probe.asked) >= 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert caplog.messages == ["mem: RuntimeError: no room"]


async def test_an_agent_without_probes_runs_all_the_same() -> None:
    async with running():
        await asyncio.sleep(0)


async def test_when_it_is_cancelled_no_round_goes_on() -> None:
    probe = Scripted([hang])
    async with running(Job("disk", probe, SHORT)):
        await until(lambda: probe.running)
    assert not probe.running


def test_the_first_rounds_of_all_probes_lie_within_the_first_two_seconds() -> None:
    shares = [share / 10 for share in range(10)]
    firsts = [first_dues(every, 0.7, share)[0] for every in (10, 3600) for share in shares]
    assert 0.3 <= min(firsts) <= max(firsts) < 2


@pytest.mark.parametrize("phase", [0, 0.0123, 0.5, 0.99999])
def test_rounds_of_one_agent_fall_together_also_those_of_other_intervals(phase: float) -> None:
    places = [first_dues(10, phase, share / 10)[1] % 10 for share in range(10)]
    places += [first_dues(every, phase, 0.5)[1] % 10 for every in (60, 600, 3600)]
    apart = [(place - places[0]) % 10 for place in places]
    assert max(apart) < 0.1


def test_agents_of_a_district_are_spread_evenly_over_every_interval() -> None:
    for every in (10, 60, 3600):
        dues = [first_dues(every, number / 1000, 0)[1] % every for number in range(1000)]
        tenths = [sum(1 for due in dues if int(due / every * 10) == part) for part in range(10)]
        assert min(tenths) > 50, (every, tenths)


@pytest.mark.parametrize("phase", [0, 0.02, 0.3, 0.999])
@pytest.mark.parametrize("share", [0, 0.3, 0.999])
def test_half_an_interval_at_least_lies_between_the_first_two_rounds(
    phase: float, share: float
) -> None:
    for interval in (0.1, 1.0, 10.0, 3600.0):
        first, regular = first_dues(interval, phase, share)
        assert interval / 2 <= regular - first < 2 * interval


def test_times_do_not_drift_however_late_a_round_began() -> None:
    due = 3.0
    for late in (0.0, 0.4, 0.9, 0.001) * 100:
        due = next_due(due, 10, due + late)
    assert due == 3.0 + 400 * 10


def test_rounds_that_a_sleeping_machine_missed_are_not_made_up_for() -> None:
    assert next_due(3.0, 10, 3600.0) == 3603.0
    assert next_due(3.0, 10, 2.999) == 13.0


def test_an_agent_keeps_its_place_in_the_district_and_neighbours_have_others() -> None:
    phases = [phase_of(f"370102/school-{number}/pc-1") for number in range(1000)]
    assert phase_of("370102/school-7/pc-1") == phases[7]
    tenths = [sum(1 for phase in phases if int(phase * 10) == tenth) for tenth in range(10)]
    assert min(tenths) > 50, tenths


async def test_jobs_that_are_exchanged_leave_the_others_alone_and_no_task_behind() -> None:
    stays, goes, comes = Scripted([good]), Scripted([good]), Scripted([good])
    kept = Job("mem", stays, SHORT)
    async with running(kept, Job("cpu", goes, SHORT)) as (schedule, taken):
        await until(lambda: stays.asked and goes.asked)
        schedule.counters.probe_errors = 7
        tasks = len(asyncio.all_tasks())
        for _ in range(20):
            schedule.change([kept, Job("cpu", comes, SHORT)])
            await asyncio.sleep(0)
        await until(lambda: len(comes.asked) > 3)
        was, seen = len(goes.asked), len(stays.asked)
        await until(lambda: len(stays.asked) > seen + 3)
        assert len(goes.asked) == was
        assert schedule.counters.probe_errors == 7
        await until(lambda: len(asyncio.all_tasks()) <= tasks)
        schedule.change([])
        await until(lambda: len(asyncio.all_tasks()) <= tasks - 2)
    assert taken


async def test_a_round_under_way_is_finished_and_its_readings_are_taken() -> None:
    asked, let = asyncio.Event(), asyncio.Event()

    async def slow() -> Any:
        asked.set()
        await let.wait()
        return [reading(5)]

    async with running(Job("mem", Scripted([slow]), 60)) as (schedule, taken):
        await asked.wait()
        schedule.change([])
        await asyncio.sleep(0.05)
        let.set()
        await until(lambda: taken)
    assert [one.fields["total"] for one in taken] == [5]


async def test_what_was_said_of_a_probe_is_said_again_of_its_successor(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failing = raises(TargetUnreachable("no answer"))
    first, second = Scripted([failing]), Scripted([failing])
    async with running(Job("mem", first, SHORT)) as (schedule, _):
        await until(lambda: len(first.asked) > 3)
        assert caplog.messages == ["mem: no answer"]
        schedule.change([Job("mem", second, SHORT)])
        await until(lambda: len(second.asked) > 3)
    assert caplog.messages == ["mem: no answer"] * 2


async def test_what_is_done_now_and_then_falls_together_with_the_rounds() -> None:
    hands = [5.0]
    schedule = Schedule((), print, "370102/school-7/pc-1", monotonic=lambda: hands[0])
    for every in (10.0, 60.0):
        _, due = first_dues(every, phase_of("370102/school-7/pc-1"), 0.5)
        hands[0] = 5.0 + due + 3 * every - 4.25
        assert schedule.until(every) == pytest.approx(4.25)


async def test_a_round_is_under_way_until_its_probe_has_answered() -> None:
    asked, let = asyncio.Event(), asyncio.Event()

    async def slow() -> Any:
        asked.set()
        await let.wait()
        return [reading()]

    jobs = Job("mem", Scripted([good]), 60), Job("disk", Scripted([slow]), 60)
    async with running(*jobs) as (schedule, taken):
        await asked.wait()
        await schedule.under_way.rest(0.01)
        assert len(taken) == 1, "who waits has waited long enough"
        resting = asyncio.create_task(schedule.under_way.rest(60))
        await asyncio.sleep(0)
        assert not resting.done()
        let.set()
        await resting
        assert len(taken) == 2
