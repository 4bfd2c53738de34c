"""Capture files in all their forms, and what is said of those that are no whole capture."""

import io
import struct
from collections.abc import Callable

import pytest

from agent.sensor.captures import Captured, CaptureError, opened
from tests.packets import captures, pcapng
from tests.packets.captures import MICRO, MODIFIED, NANO, pcap

FRAMES = [(1_790_000_000.25, b"a" * 60), (1_790_000_000.5, b"bcd"), (1_790_000_060.000001, b"")]


HEAD = pcapng.section() + pcapng.interface()
Packets = list[Captured]


def reading(data: bytes) -> tuple[Packets, str]:
    """The packets, and what was said where that was not all."""
    packets: Packets = []
    try:
        packets.extend(opened("school.pcap", io.BytesIO(data)))
    except CaptureError as error:
        return packets, str(error)
    return packets, ""


def read(data: bytes) -> Packets:
    packets, said = reading(data)
    assert not said
    return packets


def wrong(data: bytes) -> tuple[int, str]:
    """How many packets could be read, and what was said then."""
    packets, said = reading(data)
    assert said
    return len(packets), said


WHOLE = [(at, frame, len(frame), 1) for at, frame in FRAMES]


@pytest.mark.parametrize("order", "<>", ids=["little", "big"])
@pytest.mark.parametrize("magic", [MICRO, NANO, MODIFIED], ids=["µs", "ns", "modified"])
def test_a_classic_capture_is_read_in_every_form(order: str, magic: int) -> None:
    assert read(pcap(FRAMES, order=order, magic=magic)) == WHOLE


@pytest.mark.parametrize("order", "<>", ids=["little", "big"])
def test_a_pcapng_capture_is_read_in_both_byte_orders(order: str) -> None:
    assert read(pcapng.pcapng(FRAMES, order=order)) == WHOLE


def test_a_frame_that_the_capture_cut_has_its_size_on_the_wire() -> None:
    assert read(pcap([(1.0, b"x" * 1500)], snap=64)) == [(1.0, b"x" * 64, 1500, 1)]
    data = pcapng.section() + pcapng.interface() + pcapng.enhanced(1, b"x" * 64, size=1500)
    assert [one[2] for one in read(data)] == [1500]


@pytest.mark.parametrize("number", [12, 14, 0x1000_0065])
def test_raw_ip_has_several_numbers_and_a_check_sequence_beside_it(number: int) -> None:
    assert [link for *_, link in read(pcap(FRAMES, link=number))] == [101, 101, 101]


def test_a_pcapng_capture_has_several_interfaces_with_clocks_of_their_own() -> None:
    data = (
        pcapng.section()
        + pcapng.interface(1)
        + pcapng.interface(113, resolution=9)
        + pcapng.interface(101, resolution=0x80 | 10, offset=1_000_000_000)
        + pcapng.statistics()
        + pcapng.enhanced(2_000_000, b"one")
        + pcapng.enhanced(2_500_000_000, b"two", which=1)
        + pcapng.enhanced(1536, b"three", which=2)
    )
    assert read(data) == [
        (2.0, b"one", 3, 1),
        (2.5, b"two", 3, 113),
        (1_000_000_001.5, b"three", 5, 101),
    ]


def test_a_pcapng_capture_has_several_sections_each_with_its_own_interfaces() -> None:
    data = pcapng.pcapng(FRAMES[:1]) + pcapng.pcapng(FRAMES[1:], link=113, order=">")
    assert [(at, link) for at, _, _, link in read(data)] == [
        (FRAMES[0][0], 1),
        (FRAMES[1][0], 113),
        (FRAMES[2][0], 113),
    ]


def test_a_packet_without_a_time_has_that_of_the_one_before() -> None:
    data = pcapng.section() + pcapng.interface(snap=4) + pcapng.enhanced(3_000_000, b"one")
    data += pcapng.simple(b"simp", size=900)
    assert read(data)[1] == (3.0, b"simp", 900, 1)


def test_a_capture_without_packets_is_whole() -> None:
    assert read(pcap([])) == read(pcapng.section()) == []


@pytest.mark.parametrize(
    ("make", "headers"),
    [(pcap, {24}), (pcapng.pcapng, {len(pcapng.section()), len(HEAD)})],
    ids=["pcap", "pcapng"],
)
def test_a_capture_that_is_cut_off_anywhere_gives_its_packets_and_says_where_it_ends(
    make: Callable[[list[tuple[float, bytes]]], bytes], headers: set[int]
) -> None:
    data = make(FRAMES)
    ends = [len(make(FRAMES[:count])) for count in (1, 2, 3)]
    for length in range(4, len(data)):
        whole = sum(end <= length for end in ends)
        packets, said = reading(data[:length])
        assert len(packets) == whole
        if length in headers or length in ends:
            assert said == ""
        else:
            assert said.startswith(f"school.pcap: packet {whole + 1}, at byte ")
            assert "the file ends in " in said


def test_where_a_capture_ends_is_said_by_packet_and_byte() -> None:
    _, said = wrong(pcap(FRAMES[:1])[:-10])
    assert (
        said
        == "school.pcap: packet 1, at byte 40: the file ends in a packet: of 60 bytes 50 are there"
    )


@pytest.mark.parametrize(
    ("begins", "said"),
    [
        (b"", "the file is empty"),
        (b"\x7fELF....", "it begins with 7f 45 4c 46, which is neither pcap nor pcapng"),
        (b"\x1f\x8b\x08\x00", "gunzip -c FILE"),
        (b"\x28\xb5\x2f\xfd", "zstd -dc FILE"),
        (b"BZh9", "bunzip2 -c FILE"),
        (b"\xd4\xc3", "it begins with d4 c3"),
    ],
    ids=["empty", "a program", "gzip", "zstd", "bzip2", "two bytes of a capture"],
)
def test_what_is_no_capture_is_said_to_be_none(begins: bytes, said: str) -> None:
    packets, text = wrong(begins)
    assert packets == 0
    assert text.startswith("school.pcap: no capture: ")
    assert said in text


def test_a_version_that_nobody_here_knows_is_refused() -> None:
    assert "version 3.0 of the format" in wrong(struct.pack("<IHH", MICRO, 3, 0) + bytes(16))[1]
    section = bytearray(pcapng.section())
    section[12] = 2
    assert "version 2.0 of pcapng" in wrong(bytes(section))[1]


def test_a_length_that_no_packet_has_is_damage_with_its_place() -> None:
    data = bytearray(pcap(FRAMES[:2]))
    struct.pack_into("<I", data, 24 + 16 + 60 + 8, 0x4000_0000)
    packets, said = wrong(bytes(data))
    assert packets == 1
    assert said == (
        "school.pcap: packet 2, at byte 100: it says that it has 1073741824 bytes, more than any "
        "packet: the file is damaged"
    )


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (struct.pack("<II", 6, 13) + bytes(5), "a block of 13 bytes"),
        (struct.pack("<II", 6, 0xFFFF_FFF0), "a block of 4294967280 bytes"),
        (struct.pack("<II", 6, 4_000_000), "a block of 4000000 bytes"),
        (struct.pack("<II8xI", 5, 20, 24), "a block says 20 bytes at its start and 24"),
        (pcapng.enhanced(1, b"x", which=7), "it is of interface 7"),
        (pcapng.block(6, struct.pack("<IIIII", 0, 0, 0, 500, 500)), "it says that it has 500 byt"),
        (pcapng.block(6, b"short"), "its block is too short"),
        (pcapng.enhanced(1 << 63, b"x"), "its time is in no year"),
        (struct.pack("<II4x", 0x0A0D0D0A, 28), "does not say its byte order"),
    ],
)
def test_a_block_that_contradicts_itself_is_damage_with_its_place(block: bytes, said: str) -> None:
    packets, text = wrong(HEAD + pcapng.enhanced(1, b"good") + block)
    place = len(HEAD + pcapng.enhanced(1, b"good"))
    assert packets == 1
    assert text.startswith(f"school.pcap: packet 2, at byte {place}: ")
    assert said in text


def test_a_link_type_is_read_whatever_the_rest_of_its_field_says() -> None:
    assert read(pcap(FRAMES, link=0x2400_0001))[0][3] == captures.ETHERNET
