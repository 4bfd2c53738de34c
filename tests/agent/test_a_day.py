"""8,640 rounds of every probe on real sockets: nothing grows, as /proc shows it.

A day of rounds every 10 s, one after the other without a pause (tests/agent/aday.py), in a process
of its own that has the whole agent in it; what the probes ask is real and on loopback, in this
process. Watch it, with the numbers of each tenth:

    pytest tests/agent/test_a_day.py -m slow -s
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression
from typing import Any, Final

import pytest

from agent.probes import probes
from core.echo import open_echo
from core.errors import NotPermitted
from tests.e2e.programs import agent_toml
from tests.real.brokers import LOOPBACK, RealBroker
from tests.real.certificates import issued, roots_file
from tests.real.nameserver import name_server, says
from tests.real.receiver import Receiver
from tests.real.timeserver import time_server
from tests.real.webserver import answers, web_server
from tests.real.webserver import page as web_page

ROUNDS: Final = 8_640
WARM_UP: Final = 3
"""Tenths that are left out: imports, caches and the heaps of glibc come to their size."""
LEAST_LEAK: Final = 70.0
"""Bytes a round. A leak of 100 gives 110 and more on top of 0 to 40 that are none: SQLite's cache
of pages comes to its size over several days' rounds (0.7 MB in seven, and then it stays)."""
# Every object from malloc, out of one heap: what was freed then goes back to the system. Python's
# own arenas of a megabyte make steps of half a megabyte in what /proc shows, these of 0.1 at most.
EXACT: Final = {"PYTHONMALLOC": "malloc", "MALLOC_ARENA_MAX": "1"}
LIMIT_S: Final = 1_200.0
ADDRESS: Final = b"203.0.113.7"


@dataclass(frozen=True, slots=True)
class Servers:
    """Addresses and ports of what is there to be asked, and the file with the root to believe."""

    dns: str
    http: int
    https: int
    roots: str
    sntp: int

    @property
    def pages(self) -> list[str]:
        """The pages of both web servers."""
        return [f"http://{LOOPBACK}:{self.http}/", f"https://{LOOPBACK}:{self.https}/"]


Options = Mapping[str, Any]

# What each probe asks on loopback, in every round. A new probe gets its line here.
ASKED: Final[Mapping[str, Callable[[Servers], Options]]] = {
    "bandwidth": lambda _: {"interface": "lo", "window_h": 1},
    "cert": lambda at: {"targets": [f"{LOOPBACK}:{at.https}"], "ca_file": at.roots},
    "cpu": lambda _: {},
    "disk": lambda _: {},
    "dns": lambda at: {"names": ["www.school.example"], "servers": [at.dns], "linger_s": 0},
    "http": lambda at: {"urls": at.pages, "ca_file": at.roots},
    "mem": lambda _: {},
    "net": lambda _: {},
    "path": lambda _: {"targets": ["127.0.0.1", "::1"], "baseline_s": 10},
    "ping": lambda _: {"targets": ["127.0.0.1", "::1"], "interval_between_s": 0},
    "processes": lambda _: {},
    "public_address": lambda at: {"url": at.pages[0]},
    "sntp": lambda _: {"servers": [LOOPBACK]},
    "swap": lambda _: {},
    "system": lambda _: {},
    "temp": lambda _: {},
    "uplink": lambda _: {},
}


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[Servers]:
    """Everything that a probe asks, running."""
    root = issued("root.school.example", ca=True)
    context = issued(LOOPBACK, root).server_context(tmp_path)
    # Whoever is asked for the public address says so as every other page does.
    page = answers(web_page(ADDRESS))
    async with (
        name_server(says(ADDRESS.decode()), says(ADDRESS.decode())) as names,
        web_server(page) as http,
        web_server(page, context) as https,
        time_server() as sntp,
    ):
        yield Servers(names.address, http, https, str(roots_file(tmp_path, root)), sntp)


def tables(words: Sequence[str], servers: Servers) -> str:
    """Return the tables of *words* for agent.toml."""
    lines = []
    for word in words:
        lines.append(f"[probes.{word}]")
        lines += [f"{name} = {json.dumps(what)}" for name, what in ASKED[word](servers).items()]
    return "\n".join(lines)


Look = dict[str, int]


async def day(
    folder: Path, broker: RealBroker, servers: Servers, words: Sequence[str], *more: str
) -> list[Look]:
    """Live through a day with the probes of *words*; return what each tenth of it ended with."""
    file = agent_toml(folder, broker, tables(words, servers))
    ports = json.dumps({"sntp": servers.sntp})
    command = ("-m", "tests.agent.aday", str(file), str(ROUNDS), "--ports", ports, *more)
    with Receiver(broker), (folder / "agent.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=os.environ | EXACT | {"SSL_CERT_FILE": servers.roots, "SSL_CERT_DIR": "/nowhere"},
        )
        try:
            async with asyncio.timeout(LIMIT_S):
                said, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
    assert process.returncode == 0, (folder / "agent.log").read_text()[-4_000:]
    looks = [json.loads(line) for line in said.splitlines()]
    sys.stdout.write(f"\n{said.decode()}")
    return looks


def grew(looks: Sequence[Look]) -> dict[str, float]:
    """Return what grew after the warm-up: bytes of memory a round, files and threads in all.

    A file or thread that came and went is none: in the last third of the day there were always
    more than ever in the first.
    """
    settled = looks[WARM_UP:]
    rounds = [look["rounds"] for look in settled]
    slope = linear_regression(rounds, [look["memory"] for look in settled]).slope
    found = {"memory": slope} if slope > LEAST_LEAK else {}
    third = max(1, len(settled) // 3)
    for what in ("files", "threads"):
        more = min(look[what] for look in settled[-third:]) - max(
            look[what] for look in settled[:third]
        )
        if more > 0:
            found[what] = more
    return found


def test_a_leak_is_seen_although_something_was_closed_once_and_a_busy_moment_is_none() -> None:
    def day(files: Sequence[int]) -> list[Look]:
        return [
            {"rounds": number, "memory": 0, "files": count, "threads": 3}
            for number, count in enumerate([*([0] * WARM_UP), *files])
        ]

    assert grew(day([20, 22, 24, 23, 26, 28, 29])) == {"files": 6}
    assert grew(day([20, 29, 20, 20, 20, 20, 20])) == {}
    assert grew(day([20, 20, 20, 20, 20, 20, 29])) == {}


def test_every_probe_has_something_to_ask_for_a_day() -> None:
    missing = [word for word in probes.words() if word not in ASKED]
    assert not missing, (
        f"probe {', '.join(missing)}: no line in ASKED of tests/agent/test_a_day.py, so nobody "
        "knows whether it leaks; name what it can really ask on loopback, in every round"
    )
    assert sorted(ASKED) == sorted(probes.words()), "ASKED names what is no probe"


@pytest.mark.slow
@pytest.mark.real("icmp")
async def test_nothing_grows_in_a_day_of_every_probe(
    tmp_path: Path, mosquitto: RealBroker, servers: Servers
) -> None:
    try:
        with open_echo(socket.AF_INET):
            pass
    except (NotPermitted, OSError) as error:
        pytest.skip(str(error))
    looks = await day(tmp_path, mosquitto, servers, probes.words())
    assert looks[-1]["rounds"] == ROUNDS
    assert grew(looks) == {}
    assert (looks[-1]["errors"], looks[-1]["refused"]) == (0, 0), "so every round was a good one"


@pytest.mark.slow
@pytest.mark.parametrize("leak", ["memory", "files", "threads"])
async def test_a_day_shows_a_probe_that_keeps_a_little_of_every_round(
    leak: str, tmp_path: Path, mosquitto: RealBroker, servers: Servers
) -> None:
    looks = await day(tmp_path, mosquitto, servers, ["cpu", "mem"], "--leak", leak)
    assert leak in grew(looks)
