"""Schools asked from outside over real lines, which are cut and mended."""

import asyncio
import socket
from collections.abc import Iterator, Mapping, Sequence

import pytest

from collector.outside import EVERY, SchoolKey, Seen
from collector.prober import Prober, Subject, Ways
from collector.roster.school import Address
from collector.verdicts import UNSEEN
from core.clock import SECOND
from core.errors import NotPermitted
from tests.real import school_line
from tests.real.school_line import Line

KEY, OTHER = ("330100", "school-1"), ("330100", "school-2")

real_line = pytest.mark.skipif(bool(school_line.why_not()), reason=school_line.why_not())


@pytest.fixture
def line() -> Iterator[Line]:
    with school_line.line() as laid:
        yield laid


class Minutes:
    """A clock that passes minutes without waiting."""

    def __init__(self) -> None:
        self.at = 1_795_374_585 * SECOND

    def __call__(self) -> int:
        return self.at

    def pass_by(self, ns: int = EVERY) -> None:
        self.at += ns


async def asked(prober: Prober, clock: Minutes, turns: int = 1) -> None:
    for _ in range(turns):
        clock.pass_by()
        await prober.turn()


def ways() -> Ways:
    return Ways(timeout_s=0.5)


@pytest.mark.real("netns")
@real_line
async def test_a_cut_line_is_told_from_one_that_is_up_and_from_a_mended_one(line: Line) -> None:
    clock, kept = Minutes(), list[Mapping[SchoolKey, Seen]]()

    async def keep(changed: Mapping[SchoolKey, Seen]) -> None:
        kept.append(changed)

    subjects = [
        Subject(KEY, [Address(line.address)], "电信"),
        Subject(OTHER, [Address("127.0.0.1")], "移动"),
    ]
    prober = Prober(lambda: subjects, ways().ask, keep, now=clock)
    await asked(prober, clock, 3)
    assert prober.proof().of(KEY).answers is True

    line.cut()
    cut_at = clock.at + EVERY
    await asked(prober, clock, 2)
    assert (prober.proof().of(KEY).answers, prober.proof().of(KEY).since) == (False, cut_at)
    assert prober.proof().of(OTHER).answers is True

    line.mend()
    for _ in range(20):  # the kernel may take seconds to find the neighbour again
        await asked(prober, clock)
        if prober.proof().of(KEY).answers:
            break
    assert prober.proof().of(KEY).answers is True
    assert [changed[KEY].answers for changed in kept if KEY in changed] == [True, False, True]


@pytest.mark.real("netns")
@real_line
async def test_either_way_alone_proves_a_line(line: Line) -> None:
    def not_permitted(_family: socket.AddressFamily) -> object:
        raise NotPermitted("no echo here")

    by_tcp = Ways(not_permitted, timeout_s=5)  # type: ignore[arg-type]
    assert await by_tcp.ask([Address(line.address)]) == [True]  # refused, and so answered
    both = await ways().ask([Address(line.address)])
    assert both == [True, True]
    line.cut()
    assert await ways().ask([Address(line.address)]) == [False, False]


async def test_a_name_that_cannot_be_resolved_asks_nothing() -> None:
    assert await ways().ask([Address("no-such-host.invalid")]) == []


async def test_what_an_earlier_process_proved_is_unasked_until_the_first_round() -> None:
    async def ask(_addresses: object) -> list[bool]:
        return [False]

    clock = Minutes()
    before = {KEY: Seen(answers=False, since=1, asked_at=1), OTHER: Seen(answers=True, since=1)}
    subjects = [Subject(KEY, [Address("x")])]
    prober = Prober(lambda: subjects, ask, _keep_nothing, dict(before), now=clock)
    assert prober.proof().unasked
    await prober.turn()
    assert not prober.proof().unasked
    assert prober.proof().of(KEY).answers is False


async def test_a_carrier_that_fell_and_can_be_asked_no_more_is_untold_until_it_answers() -> None:
    answers, clock = dict[str, list[bool]](), Minutes()

    async def ask(addresses: Sequence[Address]) -> list[bool]:
        return answers[addresses[0].host]

    fallen = frozenset(("330100", name) for name in "abc")
    subjects = [
        Subject(("330100", n), [Address(n)], "移动" if n == "z" else "电信") for n in "abcz"
    ]
    prober = Prober(lambda: subjects, ask, _keep_nothing, now=clock)

    def say(telecom: list[bool], mobile: list[bool]) -> None:
        answers.update(dict.fromkeys("abc", telecom), z=mobile)

    say([True], [True])
    await asked(prober, clock, 3)
    say([False], [True])
    await asked(prober, clock, 3)
    assert set(prober.proof().carriers) == {"电信"}
    say([], [True])  # their names do not resolve
    await asked(prober, clock, 9)
    assert not prober.proof().carriers
    assert (prober.proof().untold, prober.proof().unasked) == (fallen, False)
    say([True], [True])
    await asked(prober, clock)
    assert not prober.proof().untold

    say([False], [False])
    await asked(prober, clock, 3)
    assert prober.proof().of(("330100", "a")).blind
    say([], [])
    await asked(prober, clock, 9)
    assert prober.proof().unasked, "it may have been our own line"
    say([True], [])
    await asked(prober, clock)
    assert (prober.proof().untold, prober.proof().unasked) == (frozenset(), False)


async def test_a_thousand_schools_are_spread_over_a_minute_and_asked_once_in_it() -> None:
    clock, count = Minutes(), dict[SchoolKey, int]()
    subjects = [Subject(("330100", str(n)), [Address(str(n))]) for n in range(1_000)]

    async def ask(addresses: object) -> list[bool]:
        name = addresses[0].host  # type: ignore[index]
        count["330100", name] = count.get(("330100", name), 0) + 1
        await asyncio.sleep(0)
        return [True]

    prober = Prober(lambda: subjects, ask, _keep_nothing, now=clock)
    busiest = 0
    for _ in range(61):
        before = sum(count.values())
        await prober.turn()
        busiest = max(busiest, sum(count.values()) - before)
        clock.pass_by(SECOND)
    assert set(count.values()) <= {1, 2}
    assert len(count) == 1_000
    assert busiest < 100


async def test_a_hint_has_a_school_asked_at_once_and_what_leaves_the_roster_is_forgotten() -> None:
    clock, count = Minutes(), list[int]()
    subjects = [Subject(KEY, [Address("x")])]

    async def ask(_addresses: object) -> list[bool]:
        count.append(1)
        return [True]

    prober = Prober(lambda: subjects, ask, _keep_nothing, now=clock)
    await asked(prober, clock, 2)
    asked_before = len(count)
    clock.pass_by(SECOND)
    await prober.turn()
    assert len(count) == asked_before
    prober.soon(KEY)
    await prober.turn()
    assert len(count) == asked_before + 1

    subjects.clear()
    await prober.turn()
    assert not prober.seen
    assert prober.proof().of(KEY) == UNSEEN


async def test_a_clock_that_was_set_back_does_not_stop_the_asking() -> None:
    clock, count = Minutes(), list[int]()

    async def ask(_addresses: object) -> list[bool]:
        count.append(1)
        return [True]

    prober = Prober(lambda: [Subject(KEY, [Address("x")])], ask, _keep_nothing, now=clock)
    await asked(prober, clock, 2)
    clock.pass_by(-86_400 * SECOND)
    before = len(count)
    await prober.turn()
    assert len(count) == before + 1


async def _keep_nothing(_changed: object) -> None:
    return None
