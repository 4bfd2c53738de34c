"""What ping reads on a line that is bad in a known way, against what became of each packet.

A reading may differ from the truth by what the two kernels and the test machine add between the
line and the probe: 5 ms at most are allowed for, which a machine in its right mind keeps by far.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from agent.probes.ping import PingProbe
from core.echo import TOKEN_BYTES
from core.types import Reading
from tests.real.impairment import (
    FAR,
    FAR_V6,
    Fate,
    ImpairedLine,
    Impairment,
    impaired_line,
    inside,
    why_not,
)

ERROR_MS = 5.0
ICMP, ICMP_V6 = 1, 58
REQUESTS = {ICMP: 8, ICMP_V6: 128}
REPLIES = {ICMP: 0, ICMP_V6: 129}

pytestmark = pytest.mark.real("netns")


@pytest.fixture
def line() -> Iterator[ImpairedLine]:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with impaired_line(seed=11) as laid:
        yield laid


@dataclass
class Trip:
    """One request as the line saw it: when it came, and when its answers left."""

    began: float
    answers: list[float]

    def answered(self, within_s: float) -> bool:
        return bool(self.answers) and self.answers[0] - self.began < within_s

    @property
    def ms(self) -> float:
        return 1000 * (self.answers[0] - self.began)


def trips(fates: list[Fate], protocol: int) -> list[Trip]:
    """Return the requests in the order of sending, each with its own answers."""
    found: dict[bytes, Trip] = {}
    for fate in fates:
        if fate.protocol != protocol:
            continue
        token = fate.message[8 : 8 + TOKEN_BYTES]
        if fate.direction == "up" and fate.message[0] == REQUESTS[protocol]:
            found[token] = Trip(fate.came, [])
        elif fate.message[0] == REPLIES[protocol]:
            found[token].answers = sorted([*found[token].answers, *fate.left])
    return list(found.values())


async def measure(line: ImpairedLine, probe: PingProbe) -> dict[str, tuple[Reading, list[Trip]]]:
    """Return for each of both families what was read, and the truth about it."""
    line.fates()
    with inside(line.near):
        readings = {reading.tags["url"]: reading for reading in await probe.measure()}
    fates = line.fates()
    return {
        host: (readings[host], trips(fates, protocol))
        for host, protocol in ((FAR, ICMP), (FAR_V6, ICMP_V6))
        if host in readings
    }


def check_times(reading: Reading, truth: list[Trip]) -> None:
    times = [trip.ms for trip in truth]
    differences = [abs(later - earlier) for earlier, later in pairwise(times)]
    expected = {
        "minimum_response_ms": min(times),
        "average_response_ms": sum(times) / len(times),
        "maximum_response_ms": max(times),
        "jitter_ms": sum(differences) / len(differences),
    }
    for name, value in expected.items():
        assert reading.fields[name] == pytest.approx(value, abs=ERROR_MS), name


async def test_delay_and_jitter_are_read_as_they_were_over_both_families(
    line: ImpairedLine,
) -> None:
    line.impair(up=Impairment(delay_ms=40), down=Impairment(delay_ms=20, jitter_ms=60))
    # Far enough apart that the line, which keeps their order, need not hold one for another.
    probe = PingProbe((FAR, FAR_V6), count=15, interval_between_s=0.1)
    for reading, truth in (await measure(line, probe)).values():
        assert reading.fields["percent_packet_loss"] == 0.0
        assert float(reading.fields["jitter_ms"]) > ERROR_MS, "none could pass for this one"
        assert min(trip.ms for trip in truth) >= 60
        check_times(reading, truth)


async def test_loss_is_read_to_the_packet_and_is_over_when_the_line_is_well(
    line: ImpairedLine,
) -> None:
    line.impair(up=Impairment(loss=0.25), down=Impairment(delay_ms=10, jitter_ms=30, loss=0.25))
    probe = PingProbe((FAR, FAR_V6), count=20, interval_between_s=0.01, timeout_s=1)
    for reading, truth in (await measure(line, probe)).values():
        came = [trip for trip in truth if trip.answered(1)]
        assert 0 < len(came) < len(truth) == 20
        assert reading.fields["packets_received"] == len(came)
        assert reading.fields["percent_packet_loss"] == 100 - 5 * len(came)
        check_times(reading, came)

    line.impair(up=Impairment(), down=Impairment())
    for reading, _ in (await measure(line, probe)).values():
        assert reading.fields["percent_packet_loss"] == 0.0


async def test_a_copy_is_no_second_answer_and_who_is_overtaken_keeps_their_own(
    line: ImpairedLine,
) -> None:
    line.impair(
        up=Impairment(delay_ms=5, duplicate=0.5, duplicate_ms=15),
        down=Impairment(duplicate=0.5, duplicate_ms=40, reorder=0.4, reorder_ms=50),
    )
    probe = PingProbe((FAR, FAR_V6), count=20, interval_between_s=0.02)
    for reading, truth in (await measure(line, probe)).values():
        assert sum(len(trip.answers) > 1 for trip in truth) > 5
        firsts = [trip.answers[0] for trip in truth]
        assert firsts != sorted(firsts), "nobody was overtaken"
        assert reading.fields["packets_received"] == 20
        assert reading.fields["percent_packet_loss"] == 0.0
        check_times(reading, truth)


async def test_a_late_answer_is_a_loss_of_its_round_and_no_answer_of_the_next(
    line: ImpairedLine,
) -> None:
    line.impair(down=Impairment(delay_ms=700))
    probe = PingProbe((FAR, FAR_V6), count=3, interval_between_s=0, timeout_s=0.3)
    with inside(line.near):
        late = await probe.measure()
        assert {r.fields["packets_received"] for r in late} == {0}
        # The answers to the first round arrive while those of the second are waited for.
        line.impair(down=Impairment(loss=1))
        await asyncio.sleep(0.3)
        assert {r.fields["packets_received"] for r in await probe.measure()} == {0}

    line.impair(down=Impairment())
    for reading, truth in (await measure(line, probe)).values():
        assert reading.fields["packets_received"] == 3
        assert float(reading.fields["maximum_response_ms"]) < 300
        assert len(truth) == 3


async def test_the_rounds_of_a_minute_add_up_to_its_loss_time_and_jitter(
    line: ImpairedLine,
) -> None:
    """R-08. Jitter is of neighbours, so between two rounds one difference is left out."""
    line.impair(down=Impairment(delay_ms=20, jitter_ms=40, loss=0.1))
    probe = PingProbe((FAR,), count=6, interval_between_s=0.1, timeout_s=1)
    rounds = [(await measure(line, probe))[FAR] for _ in range(6)]
    fields: list[dict[str, Any]] = [dict(reading.fields) for reading, _ in rounds]
    truth = [[trip.ms for trip in trips if trip.answered(1)] for _, trips in rounds]
    came = [ms for times in truth for ms in times]

    sent, received = (
        sum(one[name] for one in fields) for name in ("packets_transmitted", "packets_received")
    )
    assert (sent, received) == (36, len(came))
    mean = sum(one["packets_received"] * one["average_response_ms"] for one in fields) / received
    assert mean == pytest.approx(sum(came) / len(came), abs=ERROR_MS)
    differences = [abs(b - a) for times in truth for a, b in pairwise(times)]
    weighted = sum((one["packets_received"] - 1) * one["jitter_ms"] for one in fields)
    jitter = weighted / (received - len(rounds))
    assert jitter == pytest.approx(sum(differences) / len(differences), abs=ERROR_MS)
    assert jitter > ERROR_MS
