"""Captures from the air and of dialled lines: scapy finds the packets, we read them."""

import builtins
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.config import conf

from agent.sensor import rare
from agent.sensor.facts import Arp, Dns, Frame, Tcp
from agent.sensor.packets import facts_of
from tests.agent.sensor.test_links import ARP, QUESTION, SYN
from tests.agent.sensor.test_readcli import FRAMES, run
from tests.chance import examples
from tests.packets.captures import write_pcap
from tests.packets.wireless import (
    FROM_DS,
    PPP,
    PROTECTED,
    RADIOTAP,
    TO_DS,
    WIRELESS,
    beacon,
    data_frame,
    ppp,
    radiotap,
)


@pytest.fixture(autouse=True)
def unfiltered() -> Iterator[None]:
    yield
    if conf.layers.filtered:
        conf.layers.unfilter()


def as_ethernet(frame: bytes, link: int) -> bytes:
    made = rare.reader(link)
    assert made
    return made(frame)


@pytest.mark.parametrize("ds", [0, TO_DS, FROM_DS], ids=["direct", "to the AP", "from the AP"])
@pytest.mark.parametrize("qos", [False, True], ids=["plain", "qos"])
@pytest.mark.parametrize("frame", [ARP, QUESTION, SYN], ids=["arp", "dns", "tcp"])
def test_a_frame_from_the_air_is_the_frame_that_was_sent(ds: int, qos: bool, frame: bytes) -> None:
    assert as_ethernet(data_frame(frame, ds, qos=qos), WIRELESS) == frame
    assert as_ethernet(radiotap(data_frame(frame, ds, qos=qos)), RADIOTAP) == frame


def test_the_check_sequence_behind_a_frame_is_no_part_of_it() -> None:
    assert as_ethernet(radiotap(data_frame(ARP), check=True), RADIOTAP) == ARP


@pytest.mark.parametrize("frame", [beacon(), data_frame(ARP, flags=PROTECTED), b"", b"\x08" * 30])
def test_a_frame_that_carries_nothing_readable_is_only_a_frame(frame: bytes) -> None:
    [fact] = facts_of(as_ethernet(frame, WIRELESS), 1.0, 1)
    assert isinstance(fact, Frame)
    assert fact.ethertype == 0


@pytest.mark.parametrize(("frame", "kind"), [(QUESTION, Dns), (SYN, Tcp)], ids=["ipv4", "ipv6"])
def test_a_packet_of_a_dialled_line_is_read(frame: bytes, kind: type) -> None:
    _, fact = facts_of(as_ethernet(ppp(frame[14:]), PPP), 1.0, 1)
    assert isinstance(fact, kind)
    assert not isinstance(fact, Arp)


@settings(max_examples=examples(200), deadline=None)
@given(st.binary(max_size=120), st.sampled_from(sorted(rare.NAMES)))
def test_any_bytes_from_anywhere_are_a_frame(frame: bytes, link: int) -> None:
    made = as_ethernet(frame, link)
    assert len(made) >= 14
    assert isinstance(facts_of(made, 1.0, 1)[0], Frame)


def test_a_capture_from_the_air_gives_the_same_events(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = write_pcap(tmp_path / "plain.pcap", FRAMES)
    air = [(at, radiotap(data_frame(frame, FROM_DS))) for at, frame in FRAMES]
    _, expected, _ = run(capsys, "--json", plain)
    code, found, err = run(capsys, "--json", write_pcap(tmp_path / "air.pcap", air, RADIOTAP))
    assert code == 0
    assert [json.loads(one) for one in found] == [json.loads(one) for one in expected]
    assert err == [f"{tmp_path}/air.pcap: 6 packets in 5 min 1 s, 10 facts, 2 events"]


def test_without_scapy_a_capture_from_the_air_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any, **words: Any) -> Any:
        if name.startswith("scapy"):
            raise ModuleNotFoundError("No module named 'scapy'", name="scapy")
        return real(name, *more, **words)

    monkeypatch.setattr(builtins, "__import__", without)
    code, _, err = run(capsys, write_pcap(tmp_path / "a.pcap", FRAMES, RADIOTAP))
    assert code == 1
    assert err == [
        f"{tmp_path}/a.pcap: 6 packets of link type 127 (IEEE 802.11 with radiotap), which needs "
        f"scapy: pip install 'schoolwatch[sensor]'"
    ]
