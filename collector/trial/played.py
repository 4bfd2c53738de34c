"""A trial of a made-up district instead of this machine: what `schoolwatch up --demo` writes.

The district is played by `schoolwatch simulate run`, a part like the others: only its command is
known here.
"""

import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collector.trial.layout import OURS, REGION, Layout, toml_bool, toml_text
from collector.trial.ports import LOOPBACK
from core.errors import StartError

OURS_COMMAND: Final = (sys.executable, "-P", "-m", "schoolwatch")
"""-P: a folder called `core` or `agent` in the current folder is not taken for ours."""

PATIENCE_S: Final = 60.0
LOGIN: Final = "demo.user"
PASSWORD_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Influx:
    """An InfluxDB that is there already, with its three databases."""

    url: str
    token_file: Path | None = None
    org: str = ""
    bucket: str = "schoolwatch"

    def toml(self) -> str:
        """Return the table [store] of the collector's file."""
        token = (
            f"token_file = {toml_text(str(self.token_file.resolve()))}\n" if self.token_file else ""
        )
        org = f"org = {toml_text(self.org)}\n" if self.org else ""
        return f"""
[store]
type = "influxdb"
url = {toml_text(self.url)}
bucket = {toml_text(self.bucket)}
{token}{org}"""


@dataclass(frozen=True, slots=True)
class Demo:
    """So many schools; without `influx` the collector keeps readings in its own file."""

    schools: int = 24
    influx: Influx | None = None


def scenario_toml(demo: Demo, mqtt_port: int, *, embedded: bool) -> str:
    """Return the scenario: lessons at every hour, and something going wrong soon."""
    return f"""\
{OURS}
# Every option, its default and its reason: configs/scenario.toml
kind = "scenario"

[district]
schools = {demo.schools}
regions = [{toml_text(REGION)}]

[days]
# Whoever looks, at whatever hour, sees a school day.
always = true

[chance]
line_cut = 6
congested = 8
slow_platform = 10

[broker]
port = {mqtt_port}
embedded = {toml_bool(embedded)}
reconnect_within_s = 5

[[faults]]
kind = "disk_full"
begins = "+30s"
lasts = "4h"
schools = [{_school(6, demo)}]

[[faults]]
kind = "disk_full"
begins = "+60s"
lasts = "4h"
schools = [{_school(2, demo)}]

[[faults]]
kind = "congested"
begins = "+30s"
lasts = "30m"
share = 0.1

[[faults]]
kind = "gateway_spoof"
begins = "+40s"
lasts = "15m"
schools = [{_school(3, demo)}]

[[faults]]
kind = "line_cut"
begins = "+1m"
lasts = "15m"
area = "rural"
share = 0.2

[[faults]]
kind = "link_down"
begins = "+90s"
lasts = "10m"
schools = [{_school(1, demo)}]

[[faults]]
kind = "agent_dies"
begins = "+2m"
lasts = "10m"
schools = [{_school(4, demo)}]

[[faults]]
kind = "power_off"
begins = "+3m"
lasts = "20m"
type = "teaching_point"
share = 0.3

[[faults]]
kind = "slow_platform"
begins = "+5m"
lasts = "15m"
"""


def _school(number: int, demo: Demo) -> str:
    """Return the id of a school; of a district that has not so many the last one's."""
    return toml_text(f"s{min(number, demo.schools):04}")


def write_roster(where: Layout) -> None:
    """Have the list of the made-up schools written; raises StartError where that fails."""
    command = [*OURS_COMMAND, "simulate", "roster"]
    words = [*command, "--scenario", str(where.scenario_file), str(where.roster_file)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    if done.returncode:
        raise StartError(done.stderr.strip() or "the list of schools could not be written")


ALERTS: Final = """
[alerts]
accounts_file = "accounts.toml"
"""
"""Of the collector of a demo: somebody may act on its pages."""


def write_account(where: Layout) -> None:
    """Make an account with a password of its own, once; raises StartError where that fails."""
    if where.accounts_file.exists() and where.login_file.exists():
        return
    where.accounts_file.unlink(missing_ok=True)
    password = f"{secrets.token_urlsafe(PASSWORD_BYTES)}-Aa1"
    words = (*OURS_COMMAND, "accounts", "add", str(where.accounts_file))
    who = ("--name", LOGIN, "--person", "演示用户", "--role", "district")
    done = subprocess.run(
        [*words, *who],
        input=f"{password}\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    if done.returncode:
        raise StartError(done.stderr.strip() or "the account of the demo could not be made")
    with open(where.login_file, "w", opener=_for_us_alone, encoding="utf-8") as file:
        file.write(f"{LOGIN}:{password}\n")


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def desk_command(where: Layout, http_port: int) -> list[str]:
    """Return the command that acts as somebody at the desk would."""
    url = f"http://{LOOPBACK}:{http_port}"
    return [sys.executable, "-P", "-m", "collector.trial.desk", url, str(where.login_file)]


def command(where: Layout) -> list[str]:
    """Return the command that plays the district."""
    scenario, folder = str(where.scenario_file), str(where.folder / "simulator")
    return [*OURS_COMMAND, "simulate", "run", "--scenario", scenario, "--folder", folder]
