"""Outages as timelines (tests/agent/outages.toml), and of rounds in any order."""

import socket
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.outages import Outages, Record, Rules
from agent.probes.ping import PingProbe
from agent.surroundings import Surroundings
from core.clock import SECOND
from core.echo import Answer
from core.errors import TargetUnreachable
from core.names import NoSuchHost
from tests.collector.making import Clock

FILE = Path(__file__).parent / "outages.toml"
BOOT = 1_000 * SECOND
AT = 1_795_374_585 * SECOND
USUAL = Rules(30 * SECOND, 30 * SECOND)
TAGS = {"url": "gateway"}


def cases() -> Iterator[Any]:
    for case in tomllib.loads(FILE.read_text(encoding="utf-8"))["case"]:
        yield pytest.param(case, id=case["name"])


@pytest.mark.parametrize("case", list(cases()))
def test_the_counters_are_what_the_timeline_says(case: dict[str, Any]) -> None:
    outages, told = Outages(), dict[str, int]()
    rules = Rules(30 * SECOND, case.get("gap", 30) * SECOND)
    for one in case["rounds"].split():
        at, came = BOOT + int(one[:-1]) * SECOND, one[-1]
        if came == ".":
            told = outages.known(TAGS)
        else:
            told = outages.take(TAGS, at, rules, answers=came == "+")
    assert told == case["want"]


ROUNDS = st.lists(st.tuples(st.integers(1, 60), st.booleans()), max_size=60)


@given(ROUNDS)
def test_counters_never_fall_and_no_second_counts_that_was_not_lost(
    rounds: list[tuple[int, bool]],
) -> None:
    at, record, lost, answered = BOOT, Record(), 0, True
    for passed, answers in rounds:
        at, before = at + passed * SECOND, record
        record = record.after(at, USUAL, answers=answers)
        # From a lost round to the next one, whatever came of that; but not over a gap.
        lost += 0 if answered or passed > 30 else passed * SECOND
        answered = answers
        assert before.outages <= record.outages <= before.outages + 1
        assert before.out <= record.out <= lost
        assert not record.is_out or record.outages


def test_a_target_that_is_asked_no_more_is_forgotten_and_begins_anew() -> None:
    outages = Outages()
    for at in (0, 10, 20, 30, 40):
        outages.take(TAGS, BOOT + at * SECOND, USUAL, answers=at == 0)
    assert outages.known(TAGS) == {"outages": 1, "outage_s": 30}
    outages.keep([TAGS])
    assert outages.known(TAGS)
    outages.keep([{"url": "broker"}])
    assert outages.known(TAGS) == {}


@dataclass
class Around:
    """A machine that has a gateway, or none."""

    gateway: str = "192.0.2.1"

    def names(self, words: Sequence[str]) -> Sequence[str]:
        return words

    def host(self, word: str) -> str:
        if not self.gateway:
            raise TargetUnreachable("gateway: this machine has no default route")
        return self.gateway


@dataclass
class Line:
    """What the probe sends its requests through."""

    answers: bool = True

    def open(self, _: socket.AddressFamily) -> Any:
        return self

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    async def ask(self, *_: object) -> Answer | None:
        return Answer(0.001, 64) if self.answers else None


async def resolve(host: str, *_: object) -> Any:
    if host == "gone.school":
        raise NoSuchHost(host)
    return socket.AF_INET, (host, 0)


async def test_a_gateway_that_the_machine_has_lost_is_out_although_there_is_nothing_to_read() -> (
    None
):
    boot, around = Clock(BOOT), Around()
    probe = PingProbe(
        *(("gateway",), 1),
        interval_between_s=0,
        surroundings=cast(Surroundings, around),
        resolve=resolve,
        open_echo=Line().open,
        now=lambda: AT,
        boot=boot,
    )
    (reading,) = await probe.measure()
    assert (reading.fields["outages"], reading.fields["outage_s"]) == (0, 0)
    around.gateway = ""
    for _ in range(5):
        boot.at += 10 * SECOND
        with pytest.raises(TargetUnreachable):
            await probe.measure()
    around.gateway, boot.at = "192.0.2.1", boot.at + 10 * SECOND
    (reading,) = await probe.measure()
    assert (reading.fields["outages"], reading.fields["outage_s"]) == (1, 50)


async def test_the_step_of_a_clock_is_no_outage_and_hides_none() -> None:
    boot, line, now = Clock(BOOT), Line(), Clock(AT)
    probe = PingProbe(
        *(("192.0.2.1",), 1),
        interval_between_s=0,
        resolve=resolve,
        open_echo=line.open,
        now=now,
        boot=boot,
    )
    told = []
    for number in range(8):
        line.answers = number in (0, 7)
        (reading,) = await probe.measure()
        told.append(reading.fields["outage_s"])
        boot.at += 10 * SECOND
        now.at += (-86_400 if number == 3 else 10) * SECOND
    assert told == [0, 0, 0, 0, 30, 40, 50, 60]
