"""What it costs to ask switches by SNMP: ours beside Telegraf's inputs.snmp and snmpbulkwalk.

    python -m tests.bench.snmp [minutes] [--work] [--devices 0 20 200]

First the work: the same eleven columns of interfaces with 28 ports, 308 values a device, by
version 2c with 25 rows a question, from snmpd on loopback, without decoding them any further;
processor seconds give devices a minute and core. Then the whole: our agent and Telegraf with the
probes of the machine and 0, 20 and 200 such switches each minute: memory as if alone
(tests/real/footprint.py), and processor seconds a minute; and our agent with as many by version 3
(SHA-256, AES).

snmpbulkwalk: apt-get install snmp. Telegraf with inputs.snmp is named by
SCHOOLWATCH_BENCH_TELEGRAF, or built once here with the Go of the PATH; that of the tests lacks it.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from agent.devices.snmp.sessions import by_community
from tests.bench import snmp_telegraf
from tests.bench.agent_cost import PROBES, say
from tests.bench.peers import started
from tests.e2e.programs import agent_toml
from tests.real import brokers, switches
from tests.real.brokers import RealBroker
from tests.real.footprint import cpu_seconds, memory_alone
from tests.real.receiver import Receiver
from tests.real.snmpd import COMMUNITY
from tests.real.switches import COLUMNS, PORTS, Place

MINUTES: Final = 3.0
WARM_UP_S: Final = 90
"""So that every device was asked once or twice."""
ROUNDS: Final = 40
DEVICES: Final = 20
COUNTS: Final = (0, DEVICES, 200)
AT_ONCE: Final = 20
VALUES: Final = len(COLUMNS) * PORTS
USER: Final = "watcher"
USERS: Final = (
    f'createUser {USER} SHA-256 "{COMMUNITY}{COMMUNITY}" AES "{COMMUNITY}{COMMUNITY}"\n'
    f"rouser {USER} priv\n"
)


async def ask(places: Sequence[Place], rounds: int) -> float:
    """Return the processor seconds that a device takes us, asked so often."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(place: Place) -> None:
        async with turns:
            session = by_community(place[0], COMMUNITY, port=place[1], timeout_s=10)
            found = [len(await session.column(oid)) for oid in COLUMNS.values()]
            if sum(found) != VALUES:
                raise RuntimeError(f"{sum(found)} values of {VALUES}")

    await asyncio.gather(*map(one, places))  # warm
    began = time.process_time()
    await asyncio.gather(*(one(place) for _ in range(rounds) for place in places))
    return (time.process_time() - began) / (rounds * len(places))


def walked(places: Sequence[Place], rounds: int) -> float:
    """Return the processor seconds that a device takes snmpbulkwalk, once for each column."""
    before = os.times()
    for host, port in list(places) * rounds:
        for oid in COLUMNS.values():
            words = ["snmpbulkwalk", "-v2c", "-c", COMMUNITY, "-Cr25", "-m", "", "-Oqn", "-t10"]
            found = subprocess.run(
                [*words, f"{host}:{port}", oid], stdout=subprocess.PIPE, check=True
            )
            if found.stdout.count(b"\n") != PORTS:
                raise RuntimeError(f"{oid}: {found.stdout!r}")
    after = os.times()
    used = after.children_user + after.children_system
    return (used - before.children_user - before.children_system) / (rounds * len(places))


@contextmanager
def our_agent(
    folder: Path, broker: RealBroker, places: Sequence[Place], *, as_user: bool = False
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run our agent with *places* as its devices, each with its ports."""
    secret = folder / "community"
    secret.write_text(2 * COMMUNITY if as_user else COMMUNITY)
    secret.chmod(0o600)
    known = f'community_file = "{secret}"'
    if as_user:
        known = (
            f'version = "3"\nuser = "{USER}"\nauth_protocol = "SHA-256"\n'
            f'auth_password_file = "{secret}"\npriv_protocol = "AES"\n'
            f'priv_password_file = "{secret}"'
        )
    rows = "".join(
        f'[[devices.list]]\nid = "switch-{number}"\nkind = "switch"\ndriver = "snmp"\n'
        f'host = "{host}"\nport = {port}\n{known}\nports = true\n'
        for number, (host, port) in enumerate(places)
    )
    file = agent_toml(folder, broker, PROBES + rows, seal_after_s=30)
    words = [sys.executable, "-m", "schoolwatch", "agent", "run", "--config", str(file)]
    with started(words, folder, cwd=Path.cwd()) as process:
        yield process


def whole(
    places: Sequence[Place],
    counts: Sequence[int],
    folder: Path,
    minutes: float,
    program: Path | None,
) -> None:
    """Print what the agents take with so many of *places*, one after the other."""
    for count in counts:
        found: dict[str, tuple[float, float]] = {}
        who = ["ours", *(["Telegraf"] if program else []), *(["ours, v3"] if count else [])]
        for title in who:
            here = folder / f"{title}-{count}"
            here.mkdir()
            with (
                brokers.running(brokers.mosquitto(here / "broker")) as broker,
                Receiver(broker),
                our_agent(here, broker, places[:count], as_user=title != "ours")
                if title != "Telegraf"
                else snmp_telegraf.running(
                    program or Path(), here, broker, places[:count]
                ) as process,
            ):
                time.sleep(WARM_UP_S)
                before = cpu_seconds(process.pid)
                time.sleep(60 * minutes)
                if process.poll() is not None:
                    raise RuntimeError((here / "output.log").read_text())
                cpu = (cpu_seconds(process.pid) - before) / minutes
                found[title] = memory_alone(process.pid), cpu
            memory, cpu = found[title]
            say(f"{count:>4} devices  {title:<9} {memory / 1e6:6.1f} MB PSS  {cpu:6.3f} CPU s/min")
        if "Telegraf" in found:
            memory, cpu = (
                mine / peer for mine, peer in zip(found["ours"], found["Telegraf"], strict=True)
            )
            say(f"{'':>14} of Telegraf: PSS {memory:.2f}  CPU {cpu:.2f}")


def main(minutes: float, counts: Sequence[int], *, work_only: bool) -> None:
    """Print the work of each, then the whole."""
    program = snmp_telegraf.program()
    if program is None:
        say(
            "no Telegraf with inputs.snmp: have Go on the PATH, or name one in "
            f"{snmp_telegraf.VARIABLE}"
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with switches.running(folder, max(DEVICES, *counts), USERS) as places:
            some = places[:DEVICES]
            each = {"ours": asyncio.run(ask(some, ROUNDS))}
            if program:
                each["Telegraf"] = snmp_telegraf.cost(program, some, folder / "work", 30)
            if shutil.which("snmpbulkwalk"):
                each["snmpbulkwalk"] = walked(some, 2)
            for title, seconds in each.items():
                share = each["ours"] / seconds
                say(
                    f"{title:<13} {1e3 * seconds:6.2f} ms CPU a device, "
                    f"{60 / seconds:9,.0f} devices/min and core; ours takes {share:.2f} of it"
                )
            if not work_only:
                whole(places, counts, folder, minutes, program)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What asking switches by SNMP costs.")
    parser.add_argument("minutes", nargs="?", type=float, default=MINUTES)
    parser.add_argument("--work", action="store_true", help="only what a device takes")
    parser.add_argument("--devices", nargs="+", type=int, default=COUNTS, help="how many of them")
    chosen = parser.parse_args()
    main(chosen.minutes, chosen.devices, work_only=chosen.work)
