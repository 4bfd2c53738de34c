"""Where there is no Linux: nothing breaks at import, and each word says what is missing."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

NO_LINUX = """
import asyncio, ctypes, os, select, socket
for module, names in ((socket, ["AF_NETLINK", "SOCK_CLOEXEC"]), (select, ["epoll"]),
                      (os, ["statvfs", "O_CLOEXEC"])):
    for name in names:
        delattr(module, name)
ctypes.CDLL = None  # a call to it is the TypeError that CDLL(None) is on Windows
"""

SAYS = """
ELSEWHERE = ("disk", "ports", "integrity")
from agent.clockset import ClockSet
from agent.lines import UplinkConfig
from agent.probes import probes
from agent.watchers import watchers
from core.errors import NotPermitted
from core.registry import equipped

async def first(word):
    uplinks = (UplinkConfig(name="fibre", interface="eth0"),)
    options = {"journal": False, "files": []} if word == "logins" else {}
    made = equipped(watchers.build(word, options), uplinks=uplinks)
    async for events in made.watch("pc-1"):
        return
async def measured():
    await probes.build("uplink", {}).measure()

for word in watchers.words():
    if word not in ELSEWHERE:
        try:
            asyncio.run(first(word))
        except NotPermitted as error:
            print(f"{word}: {error}")
try:
    asyncio.run(measured())
except NotPermitted as error:
    print(f"probe: {error}")
for word in ELSEWHERE:
    asyncio.run(first(word))
assert not ClockSet().open()
"""


def test_nothing_breaks_at_import_and_each_word_says_what_is_missing() -> None:
    code = NO_LINUX + SAYS
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    why = "links, addresses and routes can be watched on Linux only"
    words = ("link", "address", "gateway", "uplink", "probe")
    said = done.stdout.splitlines()
    assert [line for line in said if not line.startswith("logins: neither the journal")] == [
        f"{word}: {why}" for word in words
    ]
