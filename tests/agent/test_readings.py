"""What a broken probe may return, and what is said of it."""

import pytest

from agent.readings import mistake
from core.types import Reading

AT = 1_795_374_585_000_000_000
GOOD = Reading("net", {"bytes_sent": 1}, AT, {"interface": "eth0"})


def test_a_good_reading_has_no_mistake() -> None:
    assert mistake(GOOD) == ""


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        (None, "returned NoneType, which is no Reading"),
        (
            Reading("nett", {"bytes_sent": 1}, AT),
            "measurement 'nett' is not in the catalogue (core/measurements/)",
        ),
        (Reading("net", {"bytes_snt": 1}, AT), "'net': unknown field 'bytes_snt'"),
        (Reading("net", {"bytes_sent": 1}, AT, {"nic": "a"}), "'net': unknown tag 'nic'"),
        (
            Reading("net", {"bytes_sent": 1.0}, AT),
            "'net': field 'bytes_sent' is float; the catalogue says integer",
        ),
        (
            Reading("net", {"bytes_sent": True}, AT),
            "'net': field 'bytes_sent' is bool; the catalogue says integer",
        ),
        (
            Reading("ping", {"percent_packet_loss": 100}, AT),
            "'ping': field 'percent_packet_loss' is int; the catalogue says float",
        ),
        (
            Reading("ping", {"percent_packet_loss": None}, AT),  # type: ignore[dict-item]
            "'ping': field 'percent_packet_loss' is NoneType; the catalogue says float",
        ),
    ],
)
def test_what_the_catalogue_does_not_know_does_not_travel(reading: object, said: str) -> None:
    assert mistake(reading) == said


@pytest.mark.parametrize(
    "reading",
    [
        Reading("net", {}, AT),
        Reading("net", {"bytes_sent": 2**63}, AT),
        Reading("ping", {"percent_packet_loss": float("nan")}, AT),
        Reading("net", {"bytes_sent": 1}, 2**70),
        Reading("net", {"bytes_sent": 1}, AT, {"interface": "eth0\nping loss=1"}),
        Reading("net", {"bytes_sent": 1}, AT, {"interface": 5}),  # type: ignore[dict-item]
    ],
    ids=["no field", "over 64 bits", "nan", "year 39000", "newline", "tag that is a number"],
)
def test_what_is_no_line_does_not_travel(reading: Reading) -> None:
    assert mistake(reading)
