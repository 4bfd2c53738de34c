"""Traps and syslog by those who really send them, floods, and what is neither."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from agent.devices.hearing import Heard, Hearing
from agent.listenat import endpoint
from tests.real.snmpd import free_udp_port
from tests.waiting import until

LOOPBACK = "127.0.0.1"
LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
V3 = ("-v3", "-e", "0x8000000001020304", "-u", "trapper", "-a", "SHA", "-A", "auth-secret")
ENCRYPTED = ("-l", "authPriv", "-x", "AES", "-X", "priv-secret")
SENDERS = {
    "1": ("-v1", "-c", "any"),
    "2c": ("-v2c", "-c", "any"),
    "inform": ("-v2c", "-c", "any", "-Ci", "-r0", "-t0.1"),
    "3": (*V3, "-l", "authNoPriv"),
    "3 encrypted": (*V3, *ENCRYPTED),
}


class Keeper:
    """Knows loopback, and what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def hint(self, address: str) -> bool:
        self.told.append(address)
        return address in {LOOPBACK, "::1"}


@asynccontextmanager
async def listening(what: str, host: str = LOOPBACK) -> AsyncIterator[tuple[Hearing, int]]:
    port = free_udp_port()
    hearing = Hearing(Keeper().hint, {what: f"{host}:{port}"}, again_s=0.1)
    running = asyncio.ensure_future(hearing.run())
    await until(lambda: bool(hearing._open))
    try:
        yield hearing, port
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def done(words: Sequence[str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    await process.wait()


def sent(data: bytes, port: int, sender: str = LOOPBACK, times: int = 1) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((sender, 0))
        for _ in range(times):
            sock.sendto(data, (LOOPBACK, port))


@pytest.mark.real("snmptrap")
@pytest.mark.parametrize("version", SENDERS)
async def test_a_trap_is_a_hint_whatever_its_version(version: str) -> None:
    if shutil.which("snmptrap") is None:
        pytest.skip("no snmptrap: scripts/test installs it, or: apt-get install snmp")
    old = (LINK_DOWN, LOOPBACK, "2", "0", "''") if version == "1" else ("''", LINK_DOWN)
    async with listening("traps") as (hearing, port):
        await done(["snmptrap", *SENDERS[version], f"{LOOPBACK}:{port}", *old])
        await until(lambda: hearing.heard.hints > 0)
    assert hearing.heard == Heard(hints=1)


async def test_a_line_of_syslog_is_a_hint() -> None:
    async with listening("syslog") as (hearing, port):
        await done(["logger", "-d", "-n", LOOPBACK, "-P", str(port), "端口 GE0/0/1 down"])
        await until(lambda: hearing.heard.hints == 1)
        sent(b"<189>Nov 28 15:00:00 sw1 %%01IFNET/4/LINK_STATE(l)[1]:\xb6\xcb\xbf\xda", port)
        await until(lambda: hearing.heard.hints == 2)
    assert hearing.heard == Heard(hints=2)


@pytest.mark.parametrize("what", ["traps", "syslog"])
@pytest.mark.parametrize("data", [b"", b"\x30", b"<999>x", b"GET / HTTP/1.1", b"\x30\x00", b"<1"])
async def test_what_is_neither_is_counted_and_hints_nothing(what: str, data: bytes) -> None:
    async with listening(what) as (hearing, port):
        sent(data, port)
        await until(lambda: hearing.heard.malformed == 1)
    assert hearing.heard == Heard(malformed=1)


async def test_what_comes_from_an_unknown_address_is_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with listening("syslog") as (hearing, port):
        sent(b"<13>hello", port, "127.0.0.9", times=3)
        await until(lambda: hearing.heard.unknown == 3)
        sent(b"<13>hello", port)
        await until(lambda: hearing.heard.hints == 1)
    assert caplog.text.count("127.0.0.9, where no device of ours is") == 1


async def test_a_flood_is_counted_and_the_loop_and_later_hints_live() -> None:
    sends = 20_000
    async with listening("syslog") as (hearing, port):
        loop = asyncio.get_running_loop()
        flood = loop.run_in_executor(None, sent, b"<13>" + b"x" * 900, port, "127.0.0.9", sends)
        await flood

        def all_of_it() -> bool:
            sent(b"<13>after", port)  # what was dropped is told with the next that is not
            heard = hearing.heard
            return heard.hints > 0 and heard.unknown + heard.dropped >= sends

        await until(all_of_it)
    assert hearing.heard.dropped > sends / 2, "most were never read"


async def test_a_port_that_is_taken_is_said_and_had_once_it_is_free(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((LOOPBACK, 0))
        port = taken.getsockname()[1]
        hearing = Hearing(Keeper().hint, {"traps": f"{LOOPBACK}:{port}"}, again_s=0.05)
        running = asyncio.ensure_future(hearing.run())
        await until(lambda: "cannot listen at" in caplog.text)
    await until(lambda: bool(hearing._open))
    assert caplog.text.count("cannot listen at") == 1
    hearing.change({"traps": ""})
    await until(lambda: not hearing._open)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((LOOPBACK, port))
    running.cancel()


async def test_nothing_listens_unless_configured() -> None:
    hearing = Hearing(Keeper().hint, {"traps": "", "syslog": ""}, again_s=0.01)
    running = asyncio.ensure_future(hearing.run())
    await asyncio.sleep(0.05)
    assert not hearing._open
    running.cancel()


@pytest.mark.parametrize(
    ("place", "means"),
    [("127.0.0.1:162", ("127.0.0.1", 162)), ("[::1]:10162", ("::1", 10162))],
)
def test_a_place_is_an_address_and_a_port(place: str, means: tuple[str, int]) -> None:
    assert endpoint(place)[1] == means


@pytest.mark.parametrize(
    "place", ["127.0.0.1", ":162", "host:162", "127.0.0.1:0", "127.0.0.1:99999", "::1:162", "1:²"]
)
def test_what_is_no_place_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        endpoint(place)
