"""Logins that fail, as logs tell of them: recorded lines, and attacks on a real sshd."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sensor.incidents import Incident, Incidents
from agent.watchers.loginlines import LoginLines, from_file, from_journal
from agent.watchers.logins import FAILED, Logins, LoginsWatcher
from agent.watchers.loglines import Tail
from core.errors import NotPermitted
from core.types import Event
from tests.agent.watchers.watched import watching
from tests.waiting import until

CASES = sorted((Path(__file__).parents[2] / "cases/logins").iterdir())
PEOPLE = ("teacher", "pupil", "admin", "upload", "lab")


def at_of(line: str) -> float:
    hours, minutes, seconds = line[7:15].split(":")
    return 3600 * int(hours) + 60 * int(minutes) + int(seconds)


def ended(lines: list[str]) -> list[Incident]:
    over: list[Incident] = []
    incidents = Incidents(lambda one, stage: over.append(one) if stage == "end" else None)
    logins, reader = Logins(incidents, 10, 100, 600), LoginLines()
    for line in lines:
        found = from_file(line)
        failed = reader.read(*found) if found else None
        incidents.tick(at_of(line))
        if failed:
            logins.take(failed, at_of(line))
    incidents.finish()
    return over


def shown(one: Incident) -> dict[str, Any]:
    source = str(ip_address(one.source.address)) if one.source.address else ""
    more = {key: one.evidence[key] for key in ("way", "sources") if key in one.evidence}
    return {"source": source, "count": one.count, **more}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_recorded_log_gives_its_attacks_and_no_other(case: Path) -> None:
    over = ended((case / "auth.log").read_text(encoding="utf-8").splitlines())
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    assert [shown(one) for one in over] == expected
    assert not [name for name in PEOPLE if name in str(over)]


def test_an_hour_of_guessing_is_one_attack_that_is_told_of_now_and_then() -> None:
    stages: list[str] = []
    incidents = Incidents(lambda _one, stage: stages.append(stage))
    logins, reader = Logins(incidents, 10, 100, 600), LoginLines()
    for second in range(3600):
        line = f"Failed password for root from 203.0.113.9 port {10_000 + second} ssh2"
        failed = reader.read("sshd", line)
        assert failed
        logins.take(failed, second)
        incidents.tick(second)
    incidents.tick(3599 + 599)
    assert (stages[0], stages.count("begin"), stages[-1]) == ("begin", 1, "update")
    assert len(stages) < 15
    incidents.tick(3599 + 600)
    assert stages[-1] == "end"


def test_a_flood_of_sources_takes_no_more_room_than_there_is() -> None:
    begun: list[Incident] = []
    incidents = Incidents(lambda one, stage: begun.append(one) if stage == "begin" else None)
    logins, reader = Logins(incidents, 10, 100, 600), LoginLines()
    for number in range(20_000):
        failed = reader.read(
            "sshd", f"Failed password for root from {ip_address(number + 2**31)} port 1 ssh2"
        )
        assert failed
        logins.take(failed, 0)
    assert len(logins._sources) <= 4_096
    assert [one.source.address for one in begun] == [b""]


@pytest.mark.parametrize(
    ("entry", "counts"),
    [
        ({"SYSLOG_IDENTIFIER": "sshd", "_UID": "0"}, True),
        ({"SYSLOG_IDENTIFIER": "sshd", "_UID": "1000"}, False),
        ({"SYSLOG_IDENTIFIER": 7}, False),
    ],
    ids=["the server's own", "written by a user with logger", "not a name"],
)
def test_a_line_of_the_journal_is_believed_from_programs_of_the_system(
    entry: dict[str, Any], counts: bool
) -> None:
    message = "Failed password for root from 203.0.113.9 port 4022 ssh2"
    for text in (message, list(message.encode())):
        assert (from_journal({**entry, "MESSAGE": text}) is not None) == counts


@given(st.text(), st.text())
def test_no_line_breaks_the_reader(program: str, message: str) -> None:
    reader = LoginLines()
    for one in (program, "sshd", "login", "dropbear", "sudo"):
        reader.read(one, message)
    from_file(message)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_no_name_that_is_tried_can_blame_another_address(name: str) -> None:
    line = f"Failed password for invalid user {name} from 203.0.113.9 port 4022 ssh2"
    failed = LoginLines().read("sshd", line)
    assert failed is None or failed.host == "203.0.113.9"


def test_a_log_is_followed_when_it_is_moved_away_and_when_it_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "auth.log"
    path.write_text("of yesterday\n")
    tail = Tail(path)
    assert tail.lines() == []
    with path.open("a") as file:
        file.write("one\ntw")
    assert tail.lines() == ["one"]
    with path.open("a") as file:
        file.write("o\nlast\n")
    path.rename(tmp_path / "auth.log.1")
    assert tail.lines() == ["two", "last"]
    path.write_text("three\n")
    assert tail.lines() == ["three"]
    path.write_text("4\n")  # copytruncate
    assert tail.lines() == ["4"]
    tail.close()


async def test_a_machine_whose_logs_nobody_may_read_says_what_to_do(tmp_path: Path) -> None:
    watcher = LoginsWatcher(files=(str(tmp_path / "none"),), journal=False)
    with pytest.raises(NotPermitted, match="group systemd-journal or adm"):
        async for _ in watcher.watch("pc-1"):
            pass


async def test_attacks_in_the_journal_are_told_and_end_with_journalctl(tmp_path: Path) -> None:
    entries = [
        {"SYSLOG_IDENTIFIER": "sshd", "_UID": "0", "MESSAGE": f"Failed password for root from "
         f"203.0.113.9 port {4000 + number} ssh2"}
        for number in range(12)
    ]  # fmt: skip
    recorded = tmp_path / "journal.json"
    recorded.write_text("".join(f"{json.dumps(one)}\n" for one in [*entries, "no object"]) + "?\n")
    command = ("sh", "-c", f"cat {recorded}; exec sleep 60")
    async with watching(LoginsWatcher(command=command)) as watched:
        event = await watched.next(FAILED, active=True)
    assert event.details["source"]["address"] == "203.0.113.9"
    assert len(event.subject) == 10
    with pytest.raises(NotPermitted, match="systemd-journal"):
        async for _ in LoginsWatcher(command=("true",)).watch("pc-1"):
            pass


# Against a real sshd


class Server:
    """A real sshd, and a log that gets its lines as rsyslog would write them."""

    def __init__(self, port: int, log: Path) -> None:
        self.port, self.log = port, log

    async def guess(self, folder: Path, connections: int) -> None:
        askpass = folder / "askpass"
        askpass.write_text("#!/bin/sh\necho wrong\n")
        askpass.chmod(0o700)
        options = {"StrictHostKeyChecking": "no", "UserKnownHostsFile": "/dev/null"}
        options |= {"PubkeyAuthentication": "no", "NumberOfPasswordPrompts": "3"}
        words = [f"-o{key}={value}" for key, value in options.items()]
        environment = {**os.environ, "SSH_ASKPASS": str(askpass), "SSH_ASKPASS_REQUIRE": "force"}
        for _ in range(connections):
            guess = await asyncio.create_subprocess_exec(
                *("ssh", *words, "-p", str(self.port), "nobody-here@127.0.0.1"),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            await guess.wait()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    if not shutil.which("sshd") or not shutil.which("ssh"):
        pytest.skip("no sshd: scripts/test installs it, or: apt-get install openssh-server")
    if os.getuid() != 0:
        pytest.skip("sshd asks for passwords as root only")
    Path("/run/sshd").mkdir(exist_ok=True)
    key = tmp_path / "key"
    words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    subprocess.run(words, check=True)
    return tmp_path


@asynccontextmanager
async def sshd(folder: Path) -> AsyncIterator[Server]:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    log = folder / "auth.log"
    log.write_text("")
    config = folder / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder / 'key'}\nPidFile none\n"
        "UsePAM no\nPasswordAuthentication yes\nMaxStartups 100\n"
    )
    sshd = shutil.which("sshd") or ""
    server = await asyncio.create_subprocess_exec(
        *(sshd, "-D", "-e", "-f", str(config)), stderr=subprocess.PIPE
    )
    assert server.stderr is not None
    listens = asyncio.Event()
    copying = asyncio.create_task(_copy(server.stderr, log, listens))
    try:
        async with asyncio.timeout(30):
            await listens.wait()
        yield Server(port, log)
    finally:
        server.kill()
        await server.wait()
        await copying


async def _copy(lines: asyncio.StreamReader, log: Path, listens: asyncio.Event) -> None:
    while line := await lines.readline():
        listens.set()
        text = line.decode().strip()
        with log.open("a") as file:
            file.write(f"Nov 28 08:00:00 pc-1 sshd[812]: {text}\n")


@pytest.mark.real("sshd")
async def test_a_real_sshd_that_is_guessed_at_is_told_and_one_person_is_not(keys: Path) -> None:
    async with sshd(keys) as server:
        watcher = LoginsWatcher(files=(str(server.log),), journal=False, within_s=10)
        async with watching(watcher) as watched:
            await server.guess(keys, 1)
            await until(lambda: server.log.read_text().count("Failed password") == 3, 30)
            await asyncio.sleep(1.5)  # longer than one look
            assert watched.count(FAILED) == 0
            await server.guess(keys, 4)
            begun = await watched.next(FAILED, active=True)
            assert begun.details["source"]["address"] == "127.0.0.1"
            assert "nobody-here" not in str(watched.said)
            over = await watched.next(FAILED, active=False)
    assert isinstance(over, Event)
    assert (over.subject, over.details["count"]) == (begun.subject, 15)
