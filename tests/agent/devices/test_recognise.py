"""A device is recognised by what it says of itself, else by what it answers to."""

import pytest

from agent.devices.profiles import profiles_of
from agent.devices.recognise import by_answers, by_system

PROFILES = profiles_of()


@pytest.mark.parametrize(
    ("object_id", "descr", "expected"),
    [
        ("1.3.6.1.4.1.25506.1.921", "H3C Comware S5130", "h3c-switch"),
        ("1.3.6.1.4.1.25506.1.264", "H3C Comware H3C WX6103", "h3c-ac"),
        ("1.3.6.1.4.1.4881.1.1.10.1.41", "", "ruijie-switch"),
        ("1.3.6.1.4.1.4881.1.3.1.1.73", "", "ruijie-ac"),
        ("1.3.6.1.4.1.2011.2.240.7", "", "huawei-ac"),
        ("1.3.6.1.4.1.2011.2.23", "", "huawei-switch"),
        ("1.3.6.1.4.1.2011.2.239", "", None),  # a number that only begins with the same digits
        ("1.3.6.1.4.1.8072.3.2.10", "Linux WX6103 5.10", None),
        ("", "", None),
    ],
)
def test_the_longest_prefix_wins_and_of_two_the_one_that_fits_the_description(
    object_id: str, descr: str, expected: str | None
) -> None:
    found = by_system(PROFILES, object_id, descr)
    assert (found.profile if found else None) == expected


def test_no_two_families_are_recognised_by_the_same() -> None:
    said = [
        (prefix, one.recognise.sysdescr)
        for one in PROFILES.values()
        for prefix in one.recognise.sysobjectid
    ]
    assert len(said) == len(set(said))
    has = [one.recognise.has for one in PROFILES.values() if one.recognise.has]
    assert len(has) == len(set(has))


def test_a_ups_with_ports_is_a_ups() -> None:
    ups = PROFILES["ups-rfc1628"].recognise.has
    ports = PROFILES["interfaces"].recognise.has
    assert by_answers(PROFILES, [*ups, *ports]).profile == "ups-rfc1628"
    assert by_answers(PROFILES, ports).profile == "interfaces"
    assert by_answers(PROFILES, ups[:1]).profile == "generic"
    assert by_answers(PROFILES, []).profile == "generic"
