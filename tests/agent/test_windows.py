"""What of the agent is plain Python runs where Linux is not, and the rest says so in a sentence.

Another interpreter stands in for Windows: tests/agent/as_windows.py takes away what only Linux has.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def answer(code: str, *words: str) -> Any:
    """Return the JSON that *code* prints on what looks like Windows."""
    script = f"import tests.agent.as_windows, asyncio, json, socket, sys\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_module_of_agent_and_core_can_be_imported() -> None:
    found = answer("""
import importlib, pkgutil, agent, core
failed, loaded = {}, 0
for package in (core, agent):
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        loaded += 1
        try:
            importlib.import_module(info.name)
        except Exception as error:
            failed[info.name] = repr(error)
print(json.dumps([loaded, failed]))
""")
    assert found[0] > 60
    assert found[1] == {}


def test_it_is_noticed_where_a_module_takes_what_only_linux_has() -> None:
    found = answer("""
said = []
for code in ("import fcntl", "import os; os.geteuid", "import socket; socket.AF_NETLINK"):
    try:
        exec(code)
    except Exception as error:
        said.append(type(error).__name__)
print(json.dumps(said))
""")
    assert found == ["ModuleNotFoundError", "AttributeError", "AttributeError"]


def test_what_cannot_be_had_there_is_said_in_a_sentence() -> None:
    found = answer("""
import agent.probes.disk, core.icmp
from agent.sensor.tap import Tap
from agent.surroundings import Surroundings
from agent.watchers import watchers
from core.errors import MonitorError

async def link():
    async for _ in watchers.build("link", {}).watch("pc-1"):
        pass

said = []
for ask in (
    lambda: core.icmp.open_socket(socket.AF_INET),
    lambda: agent.probes.disk._ask("C:/"),
    lambda: asyncio.run(link()),
    lambda: Surroundings(read=lambda path: "").host("gateway"),
    lambda: Tap("eth0"),
):
    try:
        ask()
    except MonitorError as error:
        said.append(str(error))
print(json.dumps(said))
""")
    assert found == [
        "echo requests cannot be sent on this system; on Linux they can",
        "C:/: file systems cannot be asked on this system",
        "links, addresses and routes can be watched on Linux only",
        "gateway: can be found on Linux only; write its address instead of the word",
        "packets can be listened to on Linux only",
    ]


def test_an_agent_is_built_measures_and_spools_there_and_is_alone_in_its_folder(
    tmp_path: Path,
) -> None:
    found = answer(
        """
from pathlib import Path
from agent.app import build
from agent.config import AgentConfig, ProbeConfig, SpoolConfig
from agent.watchers.link import LinkWatcher
from core.errors import StartError
from core.lock import hold, holder
from core.stopping import at_hangup, at_signal
from core.types import Identity

folder = Path(sys.argv[1])
config = AgentConfig(
    identity=Identity("000000", "trial", "pc-1"),
    spool=SpoolConfig(folder=folder),
    probes=tuple(map(ProbeConfig, ("cpu", "mem", "net"))),
)

async def live():
    loop = asyncio.get_running_loop()
    def no_signals(*_):
        raise NotImplementedError  # as the loops of Windows say
    loop.add_signal_handler = no_signals
    agent = build(config)
    at_signal(agent.stopping)
    at_hangup(agent.again)
    running = asyncio.create_task(agent.run())
    while agent.recorder._last_at.keys().__len__() < 3:
        await asyncio.sleep(0.05)
    agent.stopping.set()
    await running

with hold(folder / "agent.lock", "agent", "[spool] folder"):
    try:
        with hold(folder / "agent.lock", "agent", "[spool] folder"):
            said = ""
    except StartError as error:
        said = str(error)
    held = holder(folder / "agent.lock")
    asyncio.run(asyncio.wait_for(live(), 60))
import os
print(json.dumps([said, held == str(os.getpid()), holder(folder / "agent.lock")]))
""",
        str(tmp_path),
    )
    said, held, after = found
    assert "already uses" in said
    assert held
    assert after == ""
