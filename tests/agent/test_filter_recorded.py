"""The filter over twenty minutes of real probes, a round each ten seconds: a busy machine with two
processors, interfaces that come and go, and two targets that answer.

Recorded with the probes themselves, as line protocol.
"""

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

from agent.agentclock import AgentClock
from agent.filter import OFF, ChangeFilter
from agent.recorder import Recorder
from core.catalog import CATALOG
from core.clock import SECOND
from core.lineprotocol import encode_head, parse
from core.types import Reading, Value
from tests.agent.rebuilding import Disk, Drifts

RECORDED: Final = Path(__file__).parents[1] / "cases/filter/a_busy_machine.lines.gz"
CONNECT_EVERY: Final = 400
"""Readings: a receiver that begins there has to know as much."""

Held = dict[tuple[bytes, str], tuple[Value, int]]


def readings() -> list[Reading]:
    found = []
    for line in gzip.decompress(RECORDED.read_bytes()).splitlines():
        point = parse(line)
        found.append(Reading(point.measurement, point.fields, point.at or 0, point.tags))
    return found


def replay(make: Callable[[], ChangeFilter], said: Sequence[Reading]) -> list[bytes]:
    """Return the lines that travelled; every reading has to be told from them at its time."""
    now, changes, held = [0], make(), Held()
    clock = AgentClock(lambda: now[0], lambda: now[0])
    recorder = Recorder(Disk(), lambda: None, time=clock, changes=changes)
    for number, reading in enumerate(said):
        if number % CONNECT_EVERY == 0:
            changes.forget()
            held = {}
        now[0] = reading.at
        before = len(recorder._lines)
        recorder.take([reading])
        for one in recorder._lines[before:]:
            for name, value in parse(one.line).fields.items():
                held[one.series, name] = value, one.at
        _check(reading, held)
    return [one.line for one in recorder._lines]


def _check(reading: Reading, held: Held) -> None:
    series = encode_head(reading.measurement, reading.tags)
    for name, value in reading.fields.items():
        field = CATALOG[reading.measurement].fields[name]
        was, at = held[series, name]
        assert type(was) is type(value)
        assert reading.at - at < field.heartbeat_s * SECOND
        if isinstance(was, bool | str) or isinstance(value, bool | str):
            assert was == value
        else:
            share = abs(was) * field.deadband_percent / 100
            assert abs(was - value) <= max(field.deadband, share) * 1.000_001, (name, was, value)


def test_every_reading_of_a_machine_is_told_from_a_fraction_of_its_bytes() -> None:
    said = readings()
    whole = replay(lambda: ChangeFilter(OFF), said)
    some = replay(ChangeFilter, said)
    assert len(whole) == len(said)
    assert sum(map(len, some)) < 0.35 * sum(map(len, whole))


def test_a_filter_that_lets_values_creep_away_is_caught() -> None:
    with pytest.raises(AssertionError):
        replay(Drifts, readings())
