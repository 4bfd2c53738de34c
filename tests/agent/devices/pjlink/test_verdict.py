"""What a projector said, what it was before, and how it is: the table."""

import pytest

from agent.devices.pjlink.verdict import CHANGES_S, Before, judged

FINE = b"000000"


@pytest.mark.parametrize(
    ("said", "before", "expected"),
    [
        ({"POWR": b"0", "ERST": FINE}, Before(), ("standby", "", False)),
        ({"POWR": b"1", "ERST": FINE}, Before(), ("ready", "", True)),
        ({"POWR": b"2", "ERST": FINE}, Before(), ("cooling", "", False)),
        ({"POWR": b"3", "ERST": FINE}, Before(), ("warming", "", True)),
        ({"POWR": b"1", "ERST": b"ERR3"}, Before(), ("ready", "", True)),
        ({"POWR": b"1", "ERST": b"ERR1"}, Before(), ("ready", "", True)),
        ({"POWR": b"1"}, Before(), ("ready", "", True)),
        # It is broken, or says what nobody can read, which may be that.
        ({"POWR": b"1", "ERST": b"ERR4"}, Before(), ("fault", "other", True)),
        ({"POWR": b"0", "ERST": b"ERR4"}, Before(), ("fault", "other", False)),
        ({"POWR": b"1", "ERST": b"000003"}, Before(), ("unknown", "unlisted", True)),
        ({"POWR": b"0", "ERST": b"00000"}, Before(), ("unknown", "unlisted", False)),
        ({"POWR": b"ERR3", "ERST": b"OK"}, Before(), ("unknown", "unlisted", None)),
        ({"POWR": b"ERR4", "ERST": b"OK"}, Before(), ("fault", "other", None)),
        ({"POWR": b"1", "ERST": b"000010"}, Before(), ("limited", "filter", True)),
        ({"POWR": b"1", "ERST": b"001020"}, Before(), ("fault", "filter", True)),
        ({"POWR": b"0", "ERST": b"020000"}, Before(), ("fault", "lamp", False)),
        ({"POWR": b"ERR4", "ERST": FINE}, Before("on"), ("fault", "other", None)),
        ({"POWR": b"ERR4", "ERST": b"100000"}, Before("on"), ("fault", "other", None)),
        ({"POWR": b"ERR4", "ERST": b"200000"}, Before("on"), ("fault", "fan", None)),
        ({"POWR": b"ERR1"}, Before(), ("unknown", "garbage", None)),
        ({"POWR": b"7"}, Before(), ("unknown", "garbage", None)),
        # Not now: nothing is broken.
        ({"POWR": b"ERR3"}, Before(), ("standby", "", None)),
        ({"POWR": b"ERR3"}, Before("off"), ("standby", "", None)),
        ({"POWR": b"ERR3"}, Before("on"), ("cooling", "", None)),
        ({"POWR": b"ERR3"}, Before("warming"), ("warming", "", None)),
        ({"POWR": b"ERR3"}, Before("on", CHANGES_S + 1), ("standby", "", None)),
        # Silence.
        ({}, Before(), ("unknown", "silent", None)),
        ({}, Before("off", 86_400), ("standby", "", None)),
        ({}, Before("cooling", 86_400), ("standby", "", None)),
        ({}, Before("on", 60), ("cooling", "", None)),
        ({}, Before("warming", 60), ("warming", "", None)),
    ],
)
def test_how_a_projector_is(
    said: dict[str, bytes], before: Before, expected: tuple[str, str, bool | None]
) -> None:
    sighting = judged(said, before)
    assert sighting
    assert (sighting.state, sighting.cause, sighting.fields.get("on")) == expected


def test_one_that_was_on_and_says_nothing_for_long_hangs() -> None:
    assert judged({}, Before("on", CHANGES_S + 1)) is None


def test_a_mute_is_told_and_no_fault() -> None:
    sighting = judged({"POWR": b"1", "ERST": FINE, "AVMT": b"31"}, Before())
    assert sighting
    assert (sighting.state, sighting.fields) == ("ready", {"on": True, "muted": True})
