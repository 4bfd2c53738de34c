"""Logs over UDP and TCP, by a real sender (logger of util-linux), and streams that are none."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.conditions import Tellable
from agent.config import read_agent
from agent.devicesconfig import DevicesConfig
from agent.keeping import Keeping
from agent.logkeeping import LogKeeping
from agent.logs.line import MOST_BYTES
from agent.logs.stream import read_frames
from agent.logsconfig import LogsConfig, LogSource
from agent.schedule import Counters
from core import clock
from core.types import Event, Reading
from tests.chance import examples
from tests.real.snmpd import free_udp_port
from tests.waiting import until

LINE = "%%01IPS/4/DETECT(l): (SrcIp=198.51.100.5, DstIp=192.0.2.1, Severity=high, Action=Alert)"
ONE = LogSource(id="fw-1", address="127.0.0.1")


SPOILED = b"spoiled"


async def framed(data: bytes) -> list[bytes]:
    reader, found = asyncio.StreamReader(limit=MOST_BYTES), list[bytes]()
    reader.feed_data(data)
    reader.feed_eof()

    def take(line: bytes) -> bool:
        found.append(line)
        return True

    await read_frames(reader, take, lambda: found.append(SPOILED))
    return found


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"5 <34>a6 <34>bb", [b"<34>a", b"<34>bb"]),
        (b"<34>a\n<34>b\r\n\n\0<34>c\n", [b"<34>a\n", b"<34>b\r\n", b"<34>c\n"]),
        (b"5 <34>a\n<34>b\n", [b"<34>a", b"<34>b\n"]),
        (b"9 <34>", [SPOILED]),
        (b"9999999 <34>a", [SPOILED]),
        (b"5x<34>a", [SPOILED]),
        (b"5 <34>a1", [b"<34>a", SPOILED]),
        (b"<34>a\n<34>b", [b"<34>a\n", b"<34>b"]),
        (b"<34>" + b"a" * 3 * MOST_BYTES + b"\n<34>b\n", [b"<34>" + b"a" * 8188, b"<34>b\n"]),
        (b"9000 <34>" + b"a" * 8996 + b"5 <34>b", [b"<34>" + b"a" * 8188, b"<34>b"]),
        (b"", []),
    ],
    ids=[
        "counted",
        "lines",
        "both",
        "cut",
        "too long",
        "no number",
        "no length",
        "no newline",
        "long line",
        "long",
        "nothing",
    ],
)
async def test_a_stream_is_cut_into_its_lines(data: bytes, lines: list[bytes]) -> None:
    assert await framed(data) == lines


@settings(max_examples=examples(50))
@given(st.binary(max_size=300))
def test_no_stream_breaks_the_reader(data: bytes) -> None:
    asyncio.run(framed(data))


def free_tcp_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


class Listening:
    """An agent's parts that read logs, and what they told."""

    def __init__(self, config: LogsConfig) -> None:
        self.udp = free_udp_port()
        self.told: list[Tellable] = []
        self.readings: list[Reading] = []
        sink = self.readings.extend
        self.logs = LogKeeping(config, "pc-1", self.told.extend, sink, clock.now, tick_s=0.05)
        devices = DevicesConfig(syslog=f"127.0.0.1:{self.udp}")
        self.keeping = Keeping(
            *((), 1, sink, Counters(), clock.now, devices.places()),
            read=self.logs.take,
            missed=self.logs.missed,
        )

    def begun(self, kind: str = "firewall_attack") -> int:
        events = [one for one in self.told if isinstance(one, Event)]
        return sum(one.kind == kind and one.active for one in events)

    @property
    def lines(self) -> int:
        intake = self.logs.intake
        return sum(one.lines for one in intake.sources.values()) if intake else 0


@asynccontextmanager
async def listening(config: LogsConfig) -> AsyncIterator[Listening]:
    made = Listening(config)
    running = [asyncio.create_task(one.run()) for one in (made.logs, made.keeping)]
    try:
        await until(lambda: made.keeping.hearing is not None and made.keeping.hearing._open)
        yield made
    finally:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def sent(port: int, *how: str, lines: Sequence[str] = (LINE,)) -> None:
    logger = shutil.which("logger")
    if logger is None:
        pytest.skip("no logger: apt-get install bsdutils")
    for line in lines:
        words = (logger, "--server", "127.0.0.1", "--port", str(port), *how, "--", line)
        process = await asyncio.create_subprocess_exec(*words)
        assert await process.wait() == 0


@pytest.mark.parametrize("how", [("--rfc3164",), ("--rfc5424",)], ids=["3164", "5424"])
async def test_a_line_over_udp_is_an_attack_without_any_device_configured(
    how: tuple[str, ...],
) -> None:
    async with listening(LogsConfig(list=(ONE,))) as made:
        await sent(made.udp, "--udp", *how)
        await until(lambda: made.begun() == 1)
        assert made.keeping.hearing
        assert (made.keeping.hearing.heard.read, made.keeping.hearing.heard.hints) == (1, 0)


@pytest.mark.parametrize("how", [("--octet-count",), ()], ids=["counted", "lines"])
async def test_a_line_over_tcp_is_an_attack(how: tuple[str, ...]) -> None:
    port = free_tcp_port()
    async with listening(LogsConfig(tcp=f"127.0.0.1:{port}", list=(ONE,))) as made:
        await until_open(port)
        await sent(port, "--tcp", "--rfc5424", *how)
        await until(lambda: made.begun() == 1)


async def test_a_line_that_was_cut_off_is_counted_and_the_next_connection_is_read() -> None:
    port = free_tcp_port()
    async with listening(LogsConfig(tcp=f"127.0.0.1:{port}", list=(ONE,))) as made:
        await until_open(port)
        for sent_so in (b"90 <34>cut off", b"<34>" + LINE.encode()):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent_so)
            writer.close()
            await writer.wait_closed()
        await until(lambda: made.begun() == 1 and made.lines == 2)
        assert made.logs.intake
        (source,) = made.logs.intake.sources.values()
        assert dict(source.malformed) == {"spoiled": 1}


async def until_open(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
                continue
            writer.close()
            return


async def test_a_stranger_is_counted_over_udp_and_not_read_over_tcp() -> None:
    port = free_tcp_port()
    stranger = LogSource(id="fw-1", address="192.0.2.1")
    async with listening(LogsConfig(tcp=f"127.0.0.1:{port}", list=(stranger,))) as made:
        await sent(made.udp, "--udp")
        await until(lambda: made.keeping.heard().get("hints_refused") == 1)
        await until_open(port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read(1) == b""
        writer.close()
        assert (made.lines, made.begun()) == (0, 0)


async def test_logs_are_switched_on_and_off_while_the_agent_runs() -> None:
    async with listening(LogsConfig()) as made:
        await sent(made.udp, "--udp")
        await until(lambda: made.keeping.heard().get("hints_refused") == 1)
        made.logs.change(LogsConfig(list=(ONE,)))
        await until(lambda: made.logs.intake is not None)
        await sent(made.udp, "--udp")
        await until(lambda: made.begun() == 1)
        assert {one.measurement for one in made.readings} == {"firewall_log"}
        made.logs.change(LogsConfig())
        await until(lambda: made.logs.intake is None)
        await sent(made.udp, "--udp")
        await until(lambda: made.keeping.heard().get("hints_refused") == 2)


def test_the_shortest_configuration_reads_a_log(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/logs.md").read_text("utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    file = tmp_path / "agent.toml"
    identity = 'kind = "agent"\nidentity = { region = "110105", school = "s-1", agent = "pc-1" }\n'
    file.write_text(identity + example, "utf-8")
    config = read_agent(file)
    assert config.devices.syslog
    assert [one.id for one in config.logs.list] == ["firewall"]
