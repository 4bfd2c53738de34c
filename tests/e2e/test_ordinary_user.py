"""The agent as an ordinary user: what needs no rights works, and what does is said once.

In a network namespace of its own, where no group may send echo requests: so a kernel begins.
"""

import json
import os
import signal
import sqlite3
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core.lineprotocol import parse
from tests.e2e.programs import agent_toml
from tests.processes import end
from tests.real import brokers, nobody, school_line
from tests.real.nobody import NOBODY, Nobody
from tests.real.school_line import Line
from tests.waiting import until_sync

pytestmark = [pytest.mark.real("netns"), pytest.mark.real("mosquitto")]

PROBES = "".join(f"[probes.{one}]\ninterval_s = 1\n" for one in ("cpu", "mem", "disk", "net"))
PING = '[probes.ping]\ninterval_s = 1\ntargets = ["broker"]\n[watchers.link]\n'
GROUPS = "net.ipv4.ping_group_range"


@pytest.fixture
def line() -> Iterator[Line]:
    if reason := school_line.why_not():
        pytest.skip(reason)
    with school_line.line() as made:
        school_line.ip("netns", "exec", made.school, "sysctl", "-qw", f"{GROUPS}=1 0")
        yield made


@pytest.fixture
def user() -> Iterator[Nobody]:
    with nobody.living() as made:
        yield made


@pytest.fixture
def file(tmp_path: Path, line: Line, user: Nobody) -> Iterator[Path]:
    """The agent's file; its broker is a mosquitto at our end of the line."""
    brokers.need("mosquitto")
    port = brokers.free_port()
    made = brokers.mosquitto(tmp_path / "broker", also=[f"listener {port} {line.ours}"])
    with brokers.running(made) as broker:
        found = agent_toml(user.home, broker, PROBES + PING)
        old, new = f"port = {broker.port}", f'host = "{line.ours}"\nport = {port}'
        found.write_text(found.read_text().replace(old, new))
        yield found


def inside(line: Line, user: Nobody, *words: str) -> list[str]:
    enter = ["nsenter", f"--net=/run/netns/{line.school}"]
    return [*enter, "--setuid", str(NOBODY), "--setgid", str(NOBODY), *user.command(*words)]


@contextmanager
def running(user: Nobody, line: Line, file: Path) -> Iterator[Path]:
    """Run the agent as nobody inside the namespace; gives its log."""
    log = file.with_name("agent.log")
    with log.open("ab") as output:
        process = subprocess.Popen(
            inside(line, user, "agent", "run", "--config", str(file)),
            env=user.environment,
            cwd=user.home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield log
    finally:
        end(process, signal.SIGTERM)
    assert process.returncode == 0


def measured(spool: Path) -> set[str]:
    with closing(sqlite3.connect(f"file:{spool}?mode=ro", uri=True)) as db:
        lines = [row[0] for row in db.execute("SELECT line FROM open_reading")]
        bodies = [row[0] for row in db.execute("SELECT body FROM batch WHERE lane = 'readings'")]
    lines += [line for body in bodies for line in body.splitlines()[1:]]
    return {parse(line).measurement for line in lines}


def test_all_that_needs_no_rights_works_and_the_rest_is_said_once_until_it_is_allowed(
    user: Nobody, line: Line, file: Path
) -> None:
    port = f"broker:{tomllib.loads(file.read_text())['broker']['port']}:"
    with running(user, line, file) as log:
        until_sync(lambda: "connected by MQTT" in log.read_text(), 60)
        spool = user.home / "spool/spool.db"
        until_sync(lambda: measured(spool) >= {"cpu", "mem", "disk", "net", "agent"}, 60)
        until_sync(lambda: "echo requests" in log.read_text(), 60)
        assert spool.stat().st_uid == NOBODY
        assert "ping" not in measured(spool)

        allow(line)
        until_sync(lambda: "ping" in measured(spool), 60)
    said = [one.split(" ", 3)[3].partition(": set net.ipv4")[0] for one in lines_of(log)]
    assert [one.replace(line.ours, "broker") for one in said] == [
        "agent.app: agent 000000/trial/pc-1 runs cpu, mem, disk, net, ping, watch link",
        f"core.mqtt.session: broker {port} connected by MQTT 5 as 000000/trial/pc-1",
        "agent.schedule: ping: this process may not send echo requests",
        "agent.schedule: ping: well again",
        f"core.mqtt.session: broker {port} connection over: closed",
        "agent.app: agent stopped",
    ]


def lines_of(log: Path) -> list[str]:
    return log.read_text().splitlines()


def allow(line: Line) -> None:
    school_line.ip("netns", "exec", line.school, "sysctl", "-qw", f"{GROUPS}=0 2147483647")


def test_a_check_names_the_right_that_is_missing_what_is_lost_and_the_command(
    user: Nobody, line: Line, file: Path
) -> None:
    def check() -> tuple[int, dict[str, str], dict[str, str]]:
        done = subprocess.run(
            inside(line, user, "agent", "check", "--json", "--config", str(file)),
            env=user.environment,
            cwd=user.home,
            capture_output=True,
            check=False,
            timeout=120,
        )
        found = {one["part"]: one for one in json.loads(done.stdout)["findings"]}
        ping = found["[probes.ping]"]
        return done.returncode, {part: one["state"] for part, one in found.items()}, ping

    code, states, ping = check()
    assert code == 1
    assert {part for part, state in states.items() if state == "rights"} == {"[probes.ping]"}
    assert "sysctl -w net.ipv4.ping_group_range=" in ping["text"]
    assert ping["do"].startswith("without that it does not know: whether a target answers")
    assert {states[f"[probes.{one}]"] for one in ("cpu", "mem", "disk", "net")} == {"works"}
    assert (states["broker"], states["[spool]"]) == ("works", "works")
    assert not (user.home / "spool").exists()

    allow(line)
    assert check()[1]["[probes.ping]"] == "works"


def test_a_spool_in_a_folder_of_somebody_else_is_a_sentence_and_works_once_it_is_theirs(
    user: Nobody, line: Line, file: Path
) -> None:
    spool = user.home / "spool"
    spool.mkdir()
    spool.chmod(0o755)
    done = user.run("agent", "run", "--config", str(file))
    assert done.returncode == 2
    assert done.stderr == (
        f"cannot write {spool}/agent.lock: Permission denied. Change [spool] folder.\n"
    )
    os.chown(spool, NOBODY, NOBODY)
    with running(user, line, file) as log:
        until_sync(lambda: "connected by MQTT" in log.read_text(), 60)


def test_a_spool_where_the_user_may_not_even_look_is_said_by_the_check(
    user: Nobody, tmp_path: Path
) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(0o700)  # root's, as this test is
    also = f'[spool]\nfolder = "{hidden}/spool"\n[probes.mem]\n[watchers]\n'
    file = user.home / "agent.toml"
    port = brokers.free_port()
    file.write_text(
        'kind = "agent"\n[identity]\nregion = "000000"\nschool = "trial"\nagent = "pc-1"\n'
        f"[broker]\nport = {port}\n{also}"
    )

    def spool() -> tuple[str, str]:
        done = user.run("agent", "check", "--json", "--config", str(file))
        assert done.returncode == 1, done.stderr
        (found,) = (one for one in json.loads(done.stdout)["findings"] if one["part"] == "[spool]")
        return found["state"], found["text"].partition(",")[0]

    state, text = spool()
    assert state == "broken"
    assert text.endswith(" cannot be written")
    for folder in (hidden, *hidden.parents):  # pytest keeps its folders to who runs it
        folder.chmod(folder.stat().st_mode | 0o005) if folder.owner() == "root" else None
    os.chown(hidden, NOBODY, NOBODY)
    assert spool() == ("works", f"{hidden}/spool can be written")
