"""ICMP packets as recorded on a wire, and those that no honest host sends."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import icmp
from core.errors import NotPermitted
from core.icmp import V4, V6, Echo

RECORDING = Path(__file__).parents[1] / "cases/ping/both_families_answer/packets.json"
PACKETS: list[dict[str, Any]] = json.loads(RECORDING.read_text())["packets"]

RFC_1071_EXAMPLE = bytes.fromhex("0001f203f4f5f6f7")
UNREACHABLE = bytes.fromhex("0301fcfe00000000")


def recorded(to: str) -> tuple[bytes, bytes]:
    packet = next(packet for packet in PACKETS if packet["to"] == to)
    return bytes.fromhex(packet["request"]), bytes.fromhex(packet["reply"])


def echo_in(message: bytes) -> Echo:
    return Echo(int.from_bytes(message[4:6]), int.from_bytes(message[6:8]), message[8:])


def test_the_checksum_is_that_of_rfc_1071() -> None:
    assert icmp.checksum(RFC_1071_EXAMPLE) == 0xFFFF - 0xDDF2


def test_an_odd_byte_counts_as_the_first_half_of_a_pair() -> None:
    assert icmp.checksum(b"\x01") == icmp.checksum(b"\x01\x00") == 0xFEFF


@pytest.mark.parametrize(("to", "family"), [("127.0.0.1", V4), ("::1", V6)])
def test_a_request_is_byte_for_byte_what_a_kernel_answered(to: str, family: Any) -> None:
    request, _ = recorded(to)
    assert icmp.request(family, echo_in(request)) == request


def test_a_reply_over_ipv4_brings_back_what_was_asked() -> None:
    request, packet = recorded("127.0.0.1")
    assert icmp.reply(V4, icmp.without_ip_header(packet)) == echo_in(request)


def test_a_reply_over_ipv6_brings_back_what_was_asked() -> None:
    request, packet = recorded("::1")
    assert icmp.reply(V6, packet) == echo_in(request)


def test_a_request_that_comes_back_over_the_loopback_is_no_reply() -> None:
    assert icmp.reply(V4, recorded("127.0.0.1")[0]) is None
    assert icmp.reply(V6, recorded("::1")[0]) is None


def test_a_reply_that_was_damaged_on_the_way_is_none() -> None:
    message = icmp.without_ip_header(recorded("127.0.0.1")[1])
    damaged = message[:-1] + bytes([message[-1] ^ 1])
    assert icmp.reply(V4, damaged) is None


def test_an_error_message_is_no_reply() -> None:
    assert icmp.checksum(UNREACHABLE) == 0
    assert icmp.reply(V4, UNREACHABLE) is None


@given(st.binary(max_size=200))
def test_no_packet_whatever_breaks_the_reading_of_it(packet: bytes) -> None:
    assert icmp.reply(V6, packet) is None or packet[:2] == b"\x81\x00"
    icmp.reply(V4, icmp.without_ip_header(packet))


def test_without_rights_the_refusal_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("socket.socket", refuse)
    with pytest.raises(NotPermitted, match=r"net\.ipv4\.ping_group_range.*CAP_NET_RAW"):
        icmp.open_socket(V4)
