"""What travels is enough to tell what was sampled, and no more than that.

Known to hold for series that nobody thought of; and each way to get it wrong is caught.
"""

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import filter as agentfilter
from agent import recorder
from agent.filter import OFF, ChangeFilter, Changes, Limits, News, Override
from core.clock import SECOND
from core.lineprotocol import encode_head
from core.measurements.base import Field
from core.types import Reading, Value
from tests.agent.rebuilding import (
    AT,
    CHANGES,
    THING,
    Back,
    Commit,
    Connect,
    Drifts,
    Happening,
    Play,
    Restart,
    Sample,
)
from tests.chance import examples

CATALOG: Final = {"thing": THING}
HELD_AT_MOST: Final = 2
"""Lines, in place of 20,000, so that some are lost in a short play."""

# Few values and small steps, so that a series often stands still or creeps along.
_small = st.one_of(
    st.sampled_from([0.0, 0.4, 1.0, 2.0, 2.4, 3.4]),
    st.floats(-20, 20).map(lambda number: round(number, 2)),
)
_whole = st.one_of(st.integers(40, 50), st.integers(-60, 60))
_VALUES: Final = {
    "exact": _small,
    "near": _small,
    "share": st.one_of(_whole, st.integers(-(2**62), 2**62)),
    "both": _whole,
    "total": st.integers(0, 2**62),
    "flag": st.booleans(),
    "word": st.sampled_from(["up", "down", ""]),
    "told": _small,
}
# Now and then a device gives another type, or what is no number and refused by the encoder.
_ODD: Final = st.one_of(st.just(math.nan), st.sampled_from([0, 0.0, False, 1, 1.0, True, "1"]))


@st.composite
def _fields(draw: st.DrawFn) -> Mapping[str, Value]:
    names = draw(st.sets(st.sampled_from(sorted(_VALUES)), min_size=1))
    odd = draw(st.integers(0, 9)) == 0
    values: dict[str, Any] = {name: draw(_VALUES[name]) for name in sorted(names)}
    if odd:
        values[max(names)] = draw(_ODD)
    return values


_samples = st.builds(
    Sample,
    st.sampled_from([0.0, 0.3, 10.0, 10.0, 10.0, 29.0, 60.0, 290.0, 400.0]),
    st.dictionaries(st.sampled_from("ab"), _fields(), min_size=1),
)
_happenings = st.lists(
    st.one_of(
        _samples,
        _samples,
        _samples,
        _samples,
        st.sampled_from(
            [Connect(), Restart(), Back(2), Back(3600), Commit(True), Commit(True), Commit(False)]
        ),
    ),
    max_size=40,
)

WELL: Final = settings(
    max_examples=examples(150),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def play(make: Callable[[], ChangeFilter], happenings: list[Happening]) -> Play:
    one = Play(make)
    for what in happenings:
        one.happen(what)
    return one


def whole_filter() -> ChangeFilter:
    return ChangeFilter(CHANGES, CATALOG)


@pytest.fixture(autouse=True)
def _little_memory(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(recorder, "MAX_HELD_LINES", HELD_AT_MOST)
    caplog.set_level(logging.CRITICAL)


@WELL
@given(_happenings)
def test_what_was_sampled_is_rebuilt_from_what_travelled(happenings: list[Happening]) -> None:
    play(whole_filter, happenings)


def said(*rounds: Mapping[str, Value]) -> list[Happening]:
    """Return a sample of one series each ten seconds."""
    return [Sample(10.0, {"a": fields}) for fields in rounds]


class _SentTooEarly(ChangeFilter):
    """Takes for sent what the encoder may still refuse."""

    def news(self, series: bytes, reading: Reading, at: int) -> News:
        news = super().news(series, reading, at)
        super().sent(series, news.fields, at)
        return news


class _NeverForgets(ChangeFilter):
    def forget(self) -> None:
        """Stay sure."""


class _LosesNothing(ChangeFilter):
    def lost(self, series: bytes, at: int) -> None:
        """Stay sure."""


class _SeesNothingVanish(ChangeFilter):
    def news(self, series: bytes, reading: Reading, at: int) -> News:
        known = self._known(series, at)
        ats = {name: one.at for name, one in known.items()}
        for name in known.keys() - reading.fields.keys():
            known[name].at = at
        news = super().news(series, reading, at)
        for name in known.keys() - reading.fields.keys():
            known[name].at = ats[name]
        return news


class _TooWide(ChangeFilter):
    def __init__(self, changes: Changes, catalog: Any) -> None:
        fields = {("thing", "near"): Override(deadband=3.0), **changes.fields}
        super().__init__(Changes(fields=fields), catalog)


class _NoOverrides(ChangeFilter):
    def __init__(self, changes: Changes, catalog: Any) -> None:
        super().__init__(Changes(), catalog)


class _NoHeartbeat(ChangeFilter):
    def _limits_for(self, measurement: str, one: Field) -> Limits:
        return replace(super()._limits_for(measurement, one), heartbeat=10**18)


class _OneIsTrue(ChangeFilter):
    def _limits_for(self, measurement: str, one: Field) -> Limits:
        limits = super()._limits_for(measurement, one)
        return _Typeless(limits.deadband, limits.percent, limits.heartbeat, limits.urgent)


class _Typeless(Limits):
    def moved(self, before: Any, value: Any) -> bool:
        return bool(before != value)


CAUGHT_BY: Final[dict[type[ChangeFilter], list[Happening]]] = {
    Drifts: said({"near": 0.0}, {"near": 1.0}, {"near": 2.0}),
    _SentTooEarly: said({"exact": 1.0, "near": math.nan}, {"exact": 1.0}),
    _NeverForgets: [*said({"flag": True}), Connect(), *said({"flag": True})],
    _LosesNothing: [Sample(10, {n: {"exact": 1.0}}) for n in "abca"],
    _SeesNothingVanish: said({"exact": 1.0, "word": ""}, {"word": ""}, {"exact": 1.0, "word": ""}),
    _TooWide: said({"near": 0.0}, {"near": 2.9}),
    _NoOverrides: said({"told": 0.0}, {"told": 50.0}),
    _NoHeartbeat: said(*[{"total": 1}] * 31),
    _OneIsTrue: said({"exact": 1.0}, {"exact": 1}, {"exact": True}),
}


@pytest.mark.parametrize("wrong", CAUGHT_BY)
def test_a_filter_that_gets_it_wrong_is_caught(wrong: type[ChangeFilter]) -> None:
    happenings = CAUGHT_BY[wrong]
    play(whole_filter, happenings)
    with pytest.raises(AssertionError):
        play(lambda: wrong(CHANGES, CATALOG), happenings)


def test_what_does_not_change_travels_once_each_heartbeat() -> None:
    fields: Mapping[str, Value] = {"exact": 1.0, "near": 2.0, "flag": True, "word": "up"}
    still = said(*[fields] * 360)
    assert play(whole_filter, _committed(still)).travelled == 3_600 // 300


def test_a_filter_that_is_off_lets_everything_travel() -> None:
    still = _committed(said(*[{"exact": 1.0}] * 60))
    assert play(lambda: ChangeFilter(OFF, CATALOG), still).travelled == 60


def _committed(happenings: list[Happening]) -> list[Happening]:
    return [one for what in happenings for one in (what, Commit(False))]


SERIES: Final = encode_head("thing", {})


def news(one: ChangeFilter, at_s: float, **said: Value) -> News:
    """Return what travels of a reading, and have it arrive."""
    at = AT + int(at_s * SECOND)
    found = one.news(SERIES, Reading("thing", said, at), at)
    one.sent(SERIES, found.fields, at)
    return found


def test_only_a_change_is_urgent_and_only_of_what_is_called_so() -> None:
    one = whole_filter()
    assert not news(one, 0, flag=True, word="up").urgent, "nobody knows what it was before"
    assert not news(one, 300, flag=True, word="down").urgent
    one.forget()
    again = news(one, 310, flag=True, word="down")
    assert again.fields == {"flag": True, "word": "down"}
    assert not again.urgent, "it is only said again"
    whole: Mapping[str, Value] = {"flag": False, "word": "down"}
    assert news(one, 320, flag=False, word="down") == News(whole, True), "a state comes whole"
    assert news(one, 330, word="down").fields == {}
    assert news(one, 340, flag=False) == News({"flag": False}, False)
    news(one, 350, word="down")
    assert news(one, 360, flag=True).urgent, "it came back as another"


def test_what_is_said_of_one_deadband_replaces_both() -> None:
    fields = {("thing", "both"): Override(deadband_percent=50)}
    one = ChangeFilter(Changes(fields=fields), CATALOG)
    assert [bool(news(one, n, both=both).fields) for n, both in enumerate((4, 6, 7))] == [
        True,
        False,
        True,
    ]


def test_the_agents_own_reading_goes_past_the_filter() -> None:
    one = ChangeFilter()
    for _ in range(3):
        reading = Reading("agent", {"version": "1", "probe_errors": 0}, AT)
        assert one.news(b"agent", reading, AT).fields == reading.fields
        one.sent(b"agent", reading.fields, AT)


def test_series_that_vanish_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agentfilter, "MAX_SERIES", 10)
    one = whole_filter()
    for n in range(1000):
        one.news(b"thing,n=%d" % n, Reading("thing", {"exact": 1.0}, AT + n), AT + n)
    assert one.remembered == 10
    late = AT + agentfilter.FORGOTTEN_AFTER + 2000
    one.news(b"thing,n=new", Reading("thing", {"exact": 1.0}, late), late)
    assert one.remembered == 1
