"""What is made of looks, as tables."""

import errno

import pytest

from agent.devices.base import SWITCHED_OFF, Sighting
from agent.devices.judging import (
    BEHIND,
    LONGEST_S,
    NOT_ASKED,
    SILENT,
    SILENT_TO_SNMP,
    Standing,
    dues,
    failure,
    shown,
    skipped,
)
from agent.devices.snmp.session import Silent
from core.causes import CAUSES
from core.errors import ConfigError, NotPermitted, TargetUnreachable
from core.names import NoSuchHost, NotResolved

READY = Sighting("ready", fields={"on": True})
GONE = Standing(SILENT, 1)


def wrapped(inner: Exception) -> Exception:
    try:
        try:
            raise inner
        except OSError as error:
            raise TargetUnreachable("no") from error
    except TargetUnreachable as error:
        return error


@pytest.mark.parametrize(
    ("error", "state", "cause"),
    [
        (TargetUnreachable("no"), "unreachable", "no_answer"),
        (TimeoutError(), "unreachable", "no_answer"),
        (Silent("no"), "unreachable", "no_answer_snmp"),
        (OSError(errno.EHOSTUNREACH, "no route"), "unreachable", "no_answer"),
        (ConnectionRefusedError(), "unreachable", "refused"),
        (wrapped(ConnectionRefusedError()), "unreachable", "refused"),
        (OSError(errno.ENETUNREACH, "no network"), "unknown", "network"),
        (wrapped(OSError(errno.ENETUNREACH, "no network")), "unknown", "network"),
        (NotResolved("no name server answers"), "unknown", "name"),
        (NoSuchHost("no such name"), "unknown", "name"),
        (NotPermitted("no"), "unknown", "rights"),
        (PermissionError("no"), "unknown", "rights"),
        (ConfigError("no"), "unknown", "settings"),
        (KeyError("x"), "unknown", "failed"),
    ],
)
def test_what_it_means_that_a_look_ended_with_an_error(
    error: BaseException, state: str, cause: str
) -> None:
    found = failure(error)
    assert (found.state, found.cause) == (state, cause)
    assert cause in CAUSES


def test_the_time_between_two_looks_doubles_up_to_ten_minutes() -> None:
    for interval_s, gaps in {
        60.0: [60, 60, 120, 240, 480, 600, 600],
        10.0: [10, 10, 20, 40, 80, 160, 320, 600, 600],
        400.0: [400, 400, 400],
        3600.0: [3600, 3600],
    }.items():
        found = [(1 + skipped(n, interval_s)) * interval_s for n in range(len(gaps))]
        assert found == gaps, interval_s
        assert (1 + skipped(10_000, interval_s)) * interval_s <= max(LONGEST_S, interval_s)


def test_a_standing_counts_failures_until_an_answer() -> None:
    twice = Standing().failed(SILENT).failed(SILENT)
    assert twice == Standing(SILENT, 2)
    assert twice.roused() == GONE
    assert twice.saw(READY) == Standing(READY, 0)
    assert Standing(READY).roused() == Standing(READY)


@pytest.mark.parametrize(
    ("own", "before", "seen"),
    [
        (Standing(), [], NOT_ASKED),
        (Standing(READY), [], READY),
        (Standing(READY), [GONE], READY),
        (GONE, [], SILENT),
        (GONE, [Standing(READY)], SILENT),
        (GONE, [GONE], BEHIND),
        (GONE, [Standing(READY), GONE], BEHIND),
        (GONE, [Standing(Sighting("unknown", "rights"), 1)], SILENT),
        (Standing(SWITCHED_OFF), [], SWITCHED_OFF),
        (Standing(SWITCHED_OFF), [Standing(READY)], SWITCHED_OFF),
        (Standing(SWITCHED_OFF), [Standing(Sighting("unreachable", "refused"), 1)], SWITCHED_OFF),
        (Standing(SWITCHED_OFF), [GONE], BEHIND),
        (Standing(Sighting("standby")), [GONE], Sighting("standby")),
        (GONE, [Standing(Sighting("fault", "fan"))], SILENT),
        (GONE, [Standing(SILENT_TO_SNMP, 1)], BEHIND),
        (GONE, [Standing(Sighting("unreachable", "refused"), 1)], SILENT),
        (GONE, [Standing(Sighting("unreachable", "refused"), 1), GONE], BEHIND),
    ],
)
def test_how_a_device_is_behind_others(
    own: Standing, before: list[Standing], seen: Sighting
) -> None:
    assert shown(own, before) == seen


def test_regular_looks_are_spread_over_the_interval_and_begin_half_of_one_after_the_first() -> None:
    shares = [number / 200 for number in range(200)]
    found = [dues(60.0, share, 20.0) for share in shares]
    assert max(first for first, _ in found) < 20
    assert all(30 <= regular - first < 90 for first, regular in found)
    offsets = sorted(regular % 60 for _, regular in found)
    assert offsets == pytest.approx([number * 0.3 for number in range(200)])
