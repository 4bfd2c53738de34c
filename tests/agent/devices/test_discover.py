"""A network that was named is searched, with nothing guessed, and what is written can be used."""

import asyncio
import importlib.util
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import schoolwatch
from agent.devices.found import tables, why
from agent.devices.profiles import profiles_of
from agent.devices.recognise import Recognised
from agent.devices.scan import Community, Found, Scan
from agent.discovercli import network_of
from core.checkconfig import check
from core.errors import ConfigError
from tests.agent.devices.snmp import test_users as snmp_users
from tests.real import snmpsim
from tests.waiting import until_sync

UPS, PROJECTOR = "127.77.0.9", "127.77.0.10"
NETWORK = "127.77.0.8/29"
BESIDE = "127.77.0.16"
"""The first address after it."""
READERS = {"agent": "agent.config:read_agent"}
V3_ROW = """\
[[devices.list]]
id = "switch-{0}"
kind = "switch"
driver = "snmp"
host = "192.0.2.{0}"
"""
AGENT = """\
kind = "agent"
[identity]
region = "110101"
school = "s1"
agent = "a1"
"""
Out = pytest.CaptureFixture[str]


@contextmanager
def projector(greeting: bytes, *, half_close: bool = False) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the port of one that greets, and what was said to it."""
    loop, heard = asyncio.new_event_loop(), list[bytes]()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        if half_close:
            writer.write_eof()
        heard.append(await reader.read(100))
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(greet, PROJECTOR, 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()


@pytest.fixture(scope="module")
def snmp_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with snmpsim.responder(tmp_path_factory.mktemp("snmpsim"), ["127.0.0.1", UPS]) as port:
        yield port


def community_file(folder: Path, case: str) -> Path:
    file = folder / "community"
    file.write_text(snmpsim.community(case))
    file.chmod(0o600)
    return file


def discover(*words: object) -> int:
    return schoolwatch.main(["agent", "discover", *map(str, words)])


@pytest.mark.real("snmpsim")
def test_a_ups_and_a_projector_are_found_and_what_is_written_can_be_used(
    snmp_port: int, tmp_path: Path, capsys: Out
) -> None:
    file, new = community_file(tmp_path, "ups-rfc1628/mains_lost"), tmp_path / "new.toml"
    with projector(b"PJLINK 1 498e4a67\r") as (pjlink_port, heard):
        ports = ["--snmp-port", snmp_port, "--pjlink-port", pjlink_port]
        assert discover(NETWORK, "--community-file", file, "--write", new, *ports) == 0
    said = capsys.readouterr()
    lines = {line.split()[0]: line for line in said.out.splitlines()}
    assert "Asking 6 addresses of 127.77.0.8/29" in said.err
    assert "ups " in lines[UPS]
    assert "ups-rfc1628" in lines[UPS]
    assert "begins with 1.3.6.1.2.1.33" in lines[UPS]
    assert "greets as 'PJLINK 1' on TCP port 4352" in lines[PROJECTOR]
    assert "498e4a67" not in said.out
    assert heard == [b""]  # nothing was said to it

    text = new.read_text("utf-8")
    assert snmpsim.community("ups-rfc1628/mains_lost") not in text + said.out + said.err
    assert f'host = "{UPS}"' in text
    agent = tmp_path / "agent.toml"
    # What is not recognised is commented out; what is can be pasted as it stands.
    if importlib.util.find_spec("agent.devices.drivers.pjlink") is None:
        text = text.replace('driver = "pjlink"', 'driver = "ping"')
    agent.write_text(AGENT + text)
    assert check(agent, READERS).text == ""

    # Again, with that file: it is all known, and nothing is written over.
    assert discover(NETWORK, "--config", agent, "--write", new) == 2
    assert "is not overwritten" in capsys.readouterr().err
    assert discover(UPS, "--config", agent, "--json", "--snmp-port", snmp_port) == 0
    [found] = json.loads(capsys.readouterr().out)["found"]
    assert (found["configured"], found["profile"]) == ("ups-127-77-0-9", "ups-rfc1628")


@pytest.mark.real("snmpsim")
def test_the_command_finds_what_an_agent_then_can_ask_and_asks_nobody_beside_the_network(
    snmp_port: int, tmp_path: Path
) -> None:
    """As a person runs it: find, look through what was written, put it into agent.toml, ask."""
    file, new = community_file(tmp_path, "ups-rfc1628/mains_lost"), tmp_path / "new.toml"
    command = [sys.executable, "-m", "schoolwatch", "agent"]
    with socket.create_server((BESIDE, 0)) as door, udp_at(BESIDE, snmp_port) as beside:
        ports = ["--snmp-port", str(snmp_port), "--pjlink-port", str(door.getsockname()[1])]
        words = [NETWORK, "--community-file", str(file), "--write", str(new), *ports]
        done = subprocess.run([*command, "discover", *words], check=False, timeout=120)
        assert done.returncode == 0
        for silent in (door, beside):
            silent.settimeout(0.2)
        with pytest.raises(TimeoutError):
            door.accept()
        with pytest.raises(TimeoutError):
            beside.recv(100)
    agent = tmp_path / "agent.toml"
    text = new.read_text("utf-8").replace('driver = "snmp"', f'driver = "snmp"\nport = {snmp_port}')
    agent.write_text(AGENT + text)
    words = [*command, "device", "ups-127-77-0-9", "--config", str(agent)]
    asked = subprocess.run(words, check=False, timeout=120, capture_output=True, text=True)
    assert "on_battery" in asked.stdout, asked.stdout + asked.stderr
    assert "ups-rfc1628" in asked.stdout


@contextmanager
def udp_at(address: str, port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, port))
        yield sock


@pytest.mark.real("snmpd")
def test_a_device_that_speaks_version_3_alone_is_found_as_the_user_of_the_configuration(
    tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCHOOLWATCH_SNMP_COMMUNITY", raising=False)
    device = snmp_users.started(tmp_path, [snmp_users.SECURE])
    agent, new = tmp_path / "agent.toml", tmp_path / "new.toml"
    for name, text in (("auth", snmp_users.AUTH), ("priv", snmp_users.PRIV)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    user = (
        'version = "3"\nuser = "pAES"\nauth_protocol = "SHA-256"\nauth_password_file = "auth"\n'
        'priv_protocol = "AES"\npriv_password_file = "priv"\n'
    )
    rows = (f"{V3_ROW.format(n)}{user}" for n in (1, 2))  # two devices, and one user
    agent.write_text(AGENT + "".join(rows))
    try:
        words = ["127.0.0.1", "--config", agent, "--write", new, "--snmp-port", device.port]
        assert discover(*words) == 0
    finally:
        device.stop()
    said = capsys.readouterr()
    assert "SNMP with 1 user of version 3" in said.err
    assert "interfaces" in said.out
    text = new.read_text("utf-8")
    assert snmp_users.AUTH not in text + said.out + said.err
    assert 'user = "pAES"' in text
    assert f'priv_password_file = "{tmp_path / "priv"}"' in text
    again = tmp_path / "again.toml"
    again.write_text(AGENT + text)
    assert check(again, READERS).text == ""


@pytest.mark.real("snmpsim")
def test_without_a_community_snmp_is_not_asked(
    snmp_port: int, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCHOOLWATCH_SNMP_COMMUNITY", raising=False)
    discover(UPS, "--snmp-port", snmp_port)
    said = capsys.readouterr()
    assert "not SNMP: no community was given" in said.err
    assert "ups" not in said.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("192.0.2.9/24", "write 192.0.2.0/24 for all 256 addresses, or 192.0.2.9 for that one"),
        ("192.0.0.0/19", "has 8192 addresses: name a smaller one, or add --large"),
        ("schools.example", "is no network; expected one as 192.0.2.0/24"),
        ("", "is no network"),
        ("0.0.0.0/0", "has 4294967296 addresses"),
    ],
)
def test_what_is_no_network_or_too_large_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        network_of(text)


def test_a_large_network_is_asked_on_purpose_only_and_never_all_there_is() -> None:
    assert network_of("10.0.0.0/19", large=True).num_addresses == 8_192
    assert network_of("10.0.0.0/20").num_addresses == 4_096
    with pytest.raises(ConfigError, match="at most 65536"):
        network_of("10.0.0.0/8", large=True)


def test_without_a_network_nothing_is_asked(capsys: Out) -> None:
    with pytest.raises(SystemExit) as left:
        discover()
    assert left.value.code == 2
    assert "NETWORK" in capsys.readouterr().err


async def test_a_bounded_number_of_addresses_is_asked_at_once_and_each_once() -> None:
    asked, most, now = list[str](), 0, 0

    class Counting(Scan):
        async def one(self, address: str) -> Found | None:
            nonlocal most, now
            asked.append(address)
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.01)
            now -= 1
            return Found(address, 1.0) if address.endswith("7") else None

    scan = Counting([], profiles_of(), at_once=4, a_second=100_000)
    hosts = [str(one) for one in network_of("192.0.2.0/26").hosts()]
    found = [one.address async for one in scan.all(hosts)]
    assert sorted(asked) == sorted(hosts)
    assert 1 < most <= 4
    assert sorted(found) == sorted(one for one in hosts if one.endswith("7"))


def test_what_talks_otherwise_at_that_port_is_no_projector() -> None:
    with projector(b"SSH-2.0-OpenSSH_9.2\r\n") as (port, _):
        found = asyncio.run(Scan([], profiles_of(), pjlink_port=port, timeout_s=0.5).one(PROJECTOR))
    assert found is not None
    assert found.pjlink == ""


@pytest.mark.parametrize("half_close", [True, False])
@pytest.mark.parametrize(
    "greeting", [b"PJLINK 0\r", b"PJLINK 0", b"PJLINK 1 498e4a67\r\n", b"PJLINK 0\n"]
)
def test_one_that_greets_is_a_projector_however_its_greeting_ends(
    greeting: bytes, half_close: bool
) -> None:
    with projector(greeting, half_close=half_close) as (port, heard):
        found = asyncio.run(Scan([], profiles_of(), pjlink_port=port, timeout_s=0.5).one(PROJECTOR))
        until_sync(lambda: heard == [b""])  # nothing was said to it
    assert found is not None
    assert found.pjlink == greeting[:8].decode()


def test_one_that_says_nothing_at_all_ends_in_time() -> None:
    with projector(b"") as (port, _):
        found = asyncio.run(Scan([], profiles_of(), pjlink_port=port, timeout_s=0.2).one(PROJECTOR))
    assert found is not None
    assert found.pjlink == ""


KNOWN = Recognised("ups-apc", "sysObjectID 1.3 begins with 1.3")
FROM_FILE = Community(Path("/etc/community"), "secret")


def test_names_that_devices_give_themselves_become_ids_that_differ() -> None:
    found = [
        Found("192.0.2.1", 1.0, snmp=KNOWN, key=FROM_FILE, name="UPS 一楼"),
        Found("192.0.2.2", 1.0, snmp=KNOWN, key=FROM_FILE, name="UPS 一楼"),
        Found("192.0.2.3", 1.0, snmp=KNOWN, key=FROM_FILE, name='"]\nkind = "agent'),
    ]
    text = "\n".join(tables(found, profiles_of(), taken=["ups-192-0-2-2"]))
    ids = [line for line in text.splitlines() if line.startswith("id = ")]
    assert ids == ['id = "UPS"', 'id = "ups-192-0-2-2-2"', 'id = "kind-agent"']
    assert "secret" not in text


def test_the_name_of_somebodys_computer_is_neither_shown_nor_written() -> None:
    generic = Recognised("generic", "answers SNMP, and is of no known family")
    one = Found("192.0.2.4", 1.0, snmp=generic, name="teacher-li", model="Linux teacher-li 6.1")
    said = why(one, profiles_of()) + "\n".join(tables([one], profiles_of()))
    assert "teacher-li" not in said


def test_what_was_not_recognised_is_written_as_a_comment() -> None:
    [text] = tables([Found("192.0.2.5", 1.0, doors=(80,))], profiles_of())
    assert all(line.startswith("#") for line in text.splitlines())
    assert "answers ping, and is not recognised; open: HTTP (80)" in text
