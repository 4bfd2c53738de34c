"""Answers are believed by their token, and timed by the kernel where it can be believed."""

import asyncio
import json
import socket
import struct
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import echo, icmp
from core.clock import SECOND
from core.echo import SO_TIMESTAMPNS, TIMESPEC, seconds_of, ttl_of
from core.errors import NotPermitted
from tests.agent.probes.recorded import RecordedNetwork

RECORDING = Path(__file__).parents[1] / "cases/ping/both_families_answer/packets.json"
LOOPBACKS = {socket.AF_INET: ("127.0.0.1", 0), socket.AF_INET6: ("::1", 0)}
HOME = (socket.AF_INET, LOOPBACKS[socket.AF_INET])
REPLIES = [
    bytes.fromhex(packet["reply"]) for packet in json.loads(RECORDING.read_text())["packets"]
]
SENT = 1_795_374_585_000_000_000


def first_answer(change: dict[str, Any]) -> RecordedNetwork:
    """Return the recorded network whose first reply over IPv4 is another one."""
    recording = json.loads(RECORDING.read_text())
    recording["packets"][0] |= change
    return RecordedNetwork(recording)


async def ask(network: RecordedNetwork, *, seq: int = 1) -> echo.Answer | None:
    with network.open_echo(socket.AF_INET) as opened:
        return await opened.ask(HOME, seq, 0.05)


async def test_the_recorded_answer_is_believed() -> None:
    answer = await ask(first_answer({"after_ms": 0.25, "ttl": 61}))
    assert answer == echo.Answer(0.00025, 61)


async def test_the_answer_to_an_earlier_request_is_not_taken_for_this_one() -> None:
    second = json.loads(RECORDING.read_text())["packets"][1]["reply"]
    assert await ask(first_answer({"reply": second})) is None


async def test_what_the_kernel_received_too_late_is_late_however_soon_it_is_read() -> None:
    assert await ask(first_answer({"after_ms": 51})) is None
    assert await ask(first_answer({"after_ms": 49})) is not None


async def test_an_answer_with_the_right_token_and_another_identifier_is_not_believed() -> None:
    packet = bytearray.fromhex(json.loads(RECORDING.read_text())["packets"][0]["reply"])
    packet[24:26] = bytes(reversed(packet[24:26]))
    packet[22:24] = b"\0\0"
    packet[22:24] = icmp.checksum(bytes(packet[20:])).to_bytes(2)
    assert icmp.reply(icmp.V4, bytes(packet[20:])) is not None
    assert await ask(first_answer({"reply": packet.hex()})) is None


@pytest.mark.real("icmp")
async def test_what_cannot_be_sent_is_lost_and_the_next_request_goes_out() -> None:
    with echo_or_skip(socket.AF_INET) as opened:
        not_an_address = (socket.AF_INET, ("255.255.255.255", 0))
        assert await opened.ask(not_an_address, 1, 0.05) is None
        assert await opened.ask(HOME, 2, 2.0) is not None


@pytest.mark.parametrize("family", LOOPBACKS, ids=lambda family: family.name)
@pytest.mark.real("icmp")
async def test_the_loopback_answers_many_at_once_each_with_its_own_answer(family: Any) -> None:
    with echo_or_skip(family) as opened:
        address = (family, LOOPBACKS[family])
        asked = [opened.ask(address, seq, 5.0) for seq in range(1, 101)]
        answers = await asyncio.gather(*asked)
    assert all(answer and 0 <= answer.seconds < 5 and answer.ttl > 0 for answer in answers)


@pytest.mark.parametrize("with_ip_header", [True, False])
@given(junk=st.lists(st.binary(max_size=120) | st.sampled_from(REPLIES), max_size=8))
def test_no_packet_whatever_is_taken_for_an_answer_or_stops_us(
    with_ip_header: bool, junk: list[bytes]
) -> None:
    opened = icmp.IcmpSocket(cast(socket.socket, None), icmp.V4, 0x2CFB, with_ip_header)
    waiting: Any = echo.Sent(1, 0.0, SENT, cast(Any, None))  # whoever answered would fail
    asking = echo.EchoSocket(opened, _out={b"\0" * echo.TOKEN_BYTES: waiting})
    for packet in junk:
        asking._take(packet, [(0, 0, packet), (*echo.HOPS_V4, packet)])


def echo_or_skip(family: socket.AddressFamily) -> echo.EchoSocket:
    try:
        return echo.open_echo(family)
    except (NotPermitted, OSError) as error:
        pytest.skip(str(error))


def stamped(at: int) -> dict[tuple[int, int], bytes]:
    return {(socket.SOL_SOCKET, SO_TIMESTAMPNS): TIMESPEC.pack(*divmod(at, SECOND))}


def test_a_busy_event_loop_does_not_look_like_a_slow_network() -> None:
    assert seconds_of(SENT, 0.8, stamped(SENT + 2_000_000)) == 0.002


@pytest.mark.parametrize("step_s", [-3600, 3600], ids=["back", "ahead"])
def test_a_clock_that_was_set_while_waiting_is_not_believed(step_s: int) -> None:
    assert seconds_of(SENT, 0.8, stamped(SENT + step_s * SECOND)) == 0.8


def test_a_kernel_that_says_less_is_enough() -> None:
    assert seconds_of(SENT, 0.8, {}) == 0.8
    assert ttl_of({}) == 0
    assert ttl_of({echo.HOPS_V6: struct.pack("=i", 255)}) == 255
