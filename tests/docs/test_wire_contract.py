"""Every example of docs/wire-contract.md, fed to the code that speaks the contract."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent import delivery
from agent.delivery import Delivery
from collector import births, intake
from collector.intake import Accounted, Bad, Unaccounted, arrive, read_batch
from collector.lanes import SESSION_EXPIRY_S
from core import events as events_wire
from core import messages, topics, wire
from core.mqtt import Message
from core.types import BatchKey, Identity
from core.wire import Header
from tests.collector import looked
from tests.collector.making import NOW, REGION
from tests.collector.played import config, running, stored
from tests.docs import page
from tests.real.brokers import RealBroker
from tests.waiting import until

WHO = Identity(REGION, "school-1", "host")
BODY = page.dumped(page.block("plain"))


def test_the_batch_on_the_page_is_what_our_agent_seals() -> None:
    head, *lines = page.block("lines").splitlines()
    assert page.block("lines").encode() == BODY
    assert wire.seal(Header("K3M6T0QX9V2ZB8DN", 1042, 2), [line.encode() for line in lines]) == BODY
    assert head.encode() + b"\n" == Header("K3M6T0QX9V2ZB8DN", 1042, 2).encode()
    assert f"As {len(BODY)} bytes, with CRC-32 `{wire.crc(BODY):08x}`" in page.TEXT


def test_the_frame_on_the_page_holds_the_same_batch() -> None:
    frame = page.dumped(page.block("zstd"))
    assert wire.unpack(frame) == BODY
    assert wire.unpack(wire.pack(BODY)) == BODY
    assert f"same batch in {len(frame)} bytes" in page.TEXT


def test_each_offset_in_the_tables_is_where_those_bytes_are() -> None:
    _, plain, packed = page.TEXT.split("| offset | bytes |")
    for text, whole in ((plain, BODY), (packed, page.dumped(page.block("zstd")))):
        found = re.findall(r"^\| `([0-9a-f]{2})` \| `([^`]*)` \|", text, re.MULTILINE)
        assert len(found) >= 4
        for offset, shown in found:
            is_hex = re.fullmatch(r"[0-9a-f]{2}( [0-9a-f]{2})*", shown)
            part = bytes.fromhex(shown) if is_hex else shown.encode()
            assert whole[int(offset, 16) :].startswith(part), (offset, shown)


@pytest.mark.parametrize("kind", ["plain", "zstd"])
def test_the_collector_reads_the_batch_as_the_page_says(kind: str) -> None:
    message = Message(topics.topic(WHO, "readings"), page.dumped(page.block(kind)), False, 1, 1)
    taken = read_batch(arrive(message, NOW), {REGION})
    assert isinstance(taken, Accounted)
    assert taken.key == BatchKey("K3M6T0QX9V2ZB8DN", "readings", 1042)
    assert messages.crc_text(taken.crc) == "1d15516c"
    assert taken.lines == BODY.split(b"\n", 1)[1]


def test_the_limits_are_those_of_the_code() -> None:
    said = {what: int(limit.split()[0]) for what, limit in page.rows("what | limit")}
    assert said == {
        "a message as sent": wire.MAX_SENT_BYTES,
        "unpacked": wire.MAX_UNPACKED_BYTES,
        "a line": wire.MAX_LINE_BYTES,
        "the first line": wire.MAX_HEADER_BYTES,
        "lines in a message": intake.MAX_LINES,
        "zstd window": wire.MAX_WINDOW_BYTES,
    }


def taken_as(payload: bytes) -> tuple[str, str]:
    """Return how the page would put what the collector makes of *payload*, and its answer."""
    message = Message(topics.topic(WHO, "readings"), payload, False, 1, 1)
    taken = read_batch(arrive(message, NOW), {REGION})
    if isinstance(taken, Bad):
        answer = "receipt `refused`" if taken.key else "none"
        return f"{taken.kind}: {taken.reason}", answer
    return ("no batch", "none") if isinstance(taken, Unaccounted) else ("batch", "receipt `got`")


def test_each_message_becomes_what_the_table_says() -> None:
    table = page.rows("payload | taken as")
    assert len(table) == 8
    for payload, *expected in table:
        body = payload.strip("`").replace("⏎", "\n").encode()
        assert [*taken_as(body)] == expected, payload


READ: dict[str, Callable[[bytes], msgspec.Struct]] = {
    "birth": messages.read_state,
    "will": messages.read_state,
    "stopped": messages.read_state,
    "receipt": messages.read_receipt,
    "claim": messages.read_claim,
}


@pytest.mark.parametrize("kind", READ)
def test_a_json_message_has_every_word_that_the_code_knows_and_no_other(kind: str) -> None:
    shown = page.block(kind).encode()
    read = READ[kind](shown)
    assert json.loads(messages.encode(read)) == json.loads(shown)


def test_held_is_flat_and_means_what_the_page_says() -> None:
    birth = messages.read_state(page.block("birth").encode())
    assert isinstance(birth, messages.Birth)
    assert births.mistake(birth) == ""
    assert birth.epochs[0].held_ranges() == [(871, 872), (880, 880)]
    assert birth.epochs[1].held_ranges() == [(1040, 1042)]


def test_the_receipt_names_the_batch_of_the_page() -> None:
    receipt = messages.read_receipt(page.block("receipt").encode())
    key = BatchKey("K3M6T0QX9V2ZB8DN", "readings", 1042)
    assert messages.keys_of(receipt.got) == [(key, messages.crc_text(wire.crc(BODY)))]


def test_the_channels_and_levels_are_those_of_the_code() -> None:
    assert [row[0].strip("`") for row in page.rows("channel | direction")] == [*topics.CHANNELS]
    for pattern in (topics.LEVEL, wire.EPOCH):
        assert f"`{pattern.pattern}`" in page.TEXT
    assert f"at most {topics.MAX_IDENTITY_BYTES} bytes" in page.TEXT


def test_the_numbers_for_your_own_agent_are_those_of_ours() -> None:
    said = page.TEXT.partition("## Your own agent")[2].partition("## ")[0]
    assert f"at most {Delivery().window} batches of a lane" in said
    assert (delivery.FIRST_WAIT, delivery.LONGEST_WAIT) == (15, 10 * 60)
    assert "15 s, doubling to 10 minutes" in " ".join(said.split())
    assert delivery.PARK_AFTER == 3
    assert "sent three times" in said
    assert SESSION_EXPIRY_S == 7 * 86_400


def test_the_events_on_the_page_are_read_as_they_stand_there() -> None:
    body = page.block("json").rstrip("\n").encode() + b"\n"
    header, lines = events_wire.split_header(body)
    parsed = events_wire.parse_lines(lines, 2**62)
    assert (header.epoch, header.seq, header.lines) == ("K3M6T0QX9V2ZB8DN", 7, 1)
    assert [event.kind for _, event in parsed.events] == ["link_down"]
    assert not parsed.bad
    first, *events = map(json.loads, page.block("json").splitlines())
    assert (first["schoolwatch"], first["n"]) == (wire.VERSION, len(events))
    assert wire.EPOCH.fullmatch(first["epoch"])
    assert [event["i"] for event in events] == [*range(len(events))]


def test_the_files_that_the_page_names_are_there() -> None:
    root = Path(__file__).parents[2]
    named = re.findall(r"`((?:core|tests|scripts)/[\w./-]+)`", page.TEXT)
    assert named
    assert [path for path in named if not (root / path).exists()] == []


# The commands, as a reader types them.


async def typed(commands: str, port: int, seconds: float = 30) -> str:
    """Run what the page tells to type, against the broker on *port*; return what it printed."""
    process = await asyncio.create_subprocess_exec(
        shutil.which("sh") or "sh",
        "-c",
        commands.replace("-p 1883", f"-p {port}"),
        env={**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), seconds)
    finally:
        if process.returncode is None:
            process.kill()
    return output.decode()


def need_clients() -> None:
    if shutil.which("mosquitto_pub") is None:
        pytest.skip("mosquitto_pub is not installed: apt-get install mosquitto-clients")


@pytest.mark.real("mosquitto-clients")
async def test_a_microcontroller_without_a_header_is_stored_and_marked(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    need_clients()
    publish, *_ = page.commands()
    who = Identity(REGION, "school-1", "esp32-7")
    async with running(config(tmp_path, mosquitto.port)) as collector:
        assert await typed(publish, mosquitto.port) == ""
        await until(lambda: ("unaccounted", "") in collector.counts())
        await until(lambda: stored(collector, who, "used_percent"))
        assert [*stored(collector, who, "used_percent").values()] == [41.5]
        (found,) = collector.store.last("mem", {"agent": who.agent}, 0)
        assert found.tags["accounted"] == "no"
        assert looked.lanes(collector) == 0
        await until(lambda: looked.states(collector, who) == ["up"])


@pytest.mark.real("mosquitto-clients")
async def test_a_batch_by_hand_gets_its_receipt_and_the_second_one_a_conflict(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    need_clients()
    _, by_hand, _ = page.commands()
    who = Identity(REGION, "school-1", "by-hand")
    async with running(config(tmp_path, mosquitto.port)) as collector:
        answers = []
        for _ in range(2):
            printed = await typed(by_hand, mosquitto.port)
            answers.append(messages.read_receipt(printed.encode()))
        values = stored(collector, who, "used_percent")
        assert [*values.values()] == [41.5]
        (at,) = values
        line = b"mem used_percent=41.5 %d" % at
        crc = wire.crc(wire.seal(Header("0000000000000001", 1, 1), [line]))
        key = BatchKey("0000000000000001", "readings", 1)
        assert messages.keys_of(answers[0].got) == [(key, messages.crc_text(crc))]
        assert [key for key, _ in messages.keys_of(answers[1].conflict)] == [key]
        assert looked.lanes(collector) == 1


@pytest.mark.real("mosquitto-clients")
async def test_everything_that_passes_can_be_watched(mosquitto: RealBroker, tmp_path: Path) -> None:
    need_clients()
    publish, _, watch = page.commands()
    watching = asyncio.create_task(typed(f"{watch.strip()} -W 3", mosquitto.port))
    while not watching.done():
        await typed(publish, mosquitto.port)
        await asyncio.sleep(0.2)
    assert "schoolwatch/v1/330100/school-1/esp32-7/readings 21 bytes" in await watching
