"""Percentages of what passed between two samples, and of nothing else."""

import psutil
import pytest

from agent.probes.cpu import Before, CpuProbe, percentages
from tests.agent.probes.recorded import Record

IDLE_SINCE_BOOT = {"user": 10.0, "system": 5.0, "idle": 985.0, "iowait": 1.0}


def record(**changed: float) -> Record:
    return Record(IDLE_SINCE_BOOT | changed)


def probe_of(*samples: Record) -> CpuProbe:
    return CpuProbe(total=iter(samples).__next__)


async def test_a_fully_busy_second_is_not_diluted_by_an_idle_past() -> None:
    (reading,) = await probe_of(record(), record(user=12.0)).measure()
    assert (reading.fields["usage_user"], reading.fields["usage_idle"]) == (100.0, 0.0)


async def test_two_samples_within_a_few_ticks_wait_for_a_third() -> None:
    probe = probe_of(record(), record(user=10.01), record(user=10.1, idle=985.9))
    assert list(await probe.measure()) == []
    (reading,) = await probe.measure()
    assert reading.fields["usage_user"] == 10.0


async def test_counters_that_began_anew_cost_one_round() -> None:
    new = Record(dict.fromkeys(IDLE_SINCE_BOOT, 0.0))
    probe = probe_of(record(), new, Record(new | {"idle": 10.0}))
    assert list(await probe.measure()) == []
    (reading,) = await probe.measure()
    assert reading.fields["usage_idle"] == 100.0


async def test_a_processor_that_comes_or_goes_costs_one_round() -> None:
    totals = [record(), record(idle=990.0), record(idle=995.0)]
    rows = [[record(), record()], [record(idle=990.0)], [record(idle=995.0)]]
    probe = CpuProbe(percpu=True, total=iter(totals).__next__, each=iter(rows).__next__)
    assert list(await probe.measure()) == []
    assert [r.tags["cpu"] for r in await probe.measure()] == ["cpu-total", "cpu0"]


def test_the_time_of_guests_is_taken_out_of_the_program_that_runs_them() -> None:
    before = {"user": 0.0, "guest": 0.0, "idle": 0.0}
    percents = percentages(before, {"user": 6.0, "guest": 4.0, "idle": 4.0})
    assert percents == {"usage_user": 20.0, "usage_guest": 40.0, "usage_idle": 40.0}


def test_no_time_gives_no_percentages() -> None:
    assert percentages(IDLE_SINCE_BOOT, IDLE_SINCE_BOOT) == {}


async def test_this_machine_uses_all_of_its_time() -> None:
    probe = CpuProbe(percpu=True)
    probe.before.rows = {name: dict.fromkeys(row, 0.0) for name, row in probe.before.rows.items()}
    readings = list(await probe.measure())
    assert [r.tags["cpu"] for r in readings][:2] == ["cpu-total", "cpu0"]
    assert len(readings) == 1 + len(psutil.cpu_times(percpu=True))
    for reading in readings:
        assert sum(float(v) for v in reading.fields.values()) == pytest.approx(100, abs=0.1)


def test_two_probes_do_not_share_their_samples() -> None:
    assert CpuProbe().before is not CpuProbe().before
    assert Before().rows == {}
