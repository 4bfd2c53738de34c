"""The folder of a trial: what lies where, and the files that `schoolwatch up` writes into it.

var/trial/       agent.toml, collector.toml, roster.csv
var/agent/       the agent's spool
var/collector/   the collector's ledger, its store, its dead letters
var/broker/      what the broker keeps
var/log/         what each process prints
"""

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.types import Identity

REGION: Final = "000000"
SCHOOL: Final = "trial"
COLLECTOR: Final = "trial"

OURS: Final = (
    "# Written by `schoolwatch up`, at each start anew. Delete this line to keep your changes."
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything of one trial lies."""

    folder: Path

    @property
    def agent_file(self) -> Path:
        """The agent's configuration."""
        return self.folder / "trial" / "agent.toml"

    @property
    def collector_file(self) -> Path:
        """The collector's configuration."""
        return self.folder / "trial" / "collector.toml"

    @property
    def roster_file(self) -> Path:
        """The district of one school."""
        return self.folder / "trial" / "roster.csv"

    @property
    def accounts_file(self) -> Path:
        """Who may act on the pages of a demo."""
        return self.folder / "trial" / "accounts.toml"

    @property
    def login_file(self) -> Path:
        """Name and password of the demo's account."""
        return self.folder / "trial" / "login"

    @property
    def scenario_file(self) -> Path:
        """The district that is played, where it is a made-up one."""
        return self.folder / "trial" / "scenario.toml"

    @property
    def broker_folder(self) -> Path:
        """What the broker keeps."""
        return self.folder / "broker"

    @property
    def log_folder(self) -> Path:
        """One file for each process."""
        return self.folder / "log"

    def log(self, name: str) -> Path:
        """Return where the process called *name* prints to."""
        return self.log_folder / f"{name}.log"


def agent_toml(
    who: Identity, mqtt_port: int, ping: Iterable[str], *, embedded: bool = False
) -> str:
    """Return the configuration of the trial's agent; paths are as seen from its folder."""
    return f"""\
{OURS}
# Every option, its default and its reason: configs/agent.toml
kind = "agent"

[identity]
region = {toml_text(who.region)}
school = {toml_text(who.school)}
agent = {toml_text(who.agent)}

[broker]
port = {mqtt_port}
embedded = {toml_bool(embedded)}
# One agent cannot crowd a broker when it comes back, so it need not wait.
reconnect_within_s = 5

[spool]
folder = "../agent"

[batch]
# The page lives in seconds instead of half minutes.
seal_after_s = 5
# So that `mosquitto_sub` shows what travels.
compress = false

[probes.cpu]
[probes.mem]
[probes.disk]
[probes.net]

[probes.ping]
targets = [{", ".join(toml_text(target) for target in ping)}]

[watchers.link]
[watchers.address]
[watchers.gateway]
[watchers.disk]
"""


def collector_toml(
    http_port: int, mqtt_port: int, *, embedded: bool = False, store: str = "", more: str = ""
) -> str:
    """Return the configuration of the trial's collector; paths are as seen from its folder.

    *store* is its table [store], empty for the default; *more* are tables of a demo.
    """
    return f"""\
{OURS}
# Every option, its default and its reason: configs/collector.toml
kind = "collector"

[collector]
id = {toml_text(COLLECTOR)}
regions = [{toml_text(REGION)}]
folder = "../collector"

[broker]
port = {mqtt_port}
embedded = {toml_bool(embedded)}
reconnect_within_s = 5

[roster]
file = "roster.csv"

[http]
port = {http_port}
{store}{more}"""


_OWNERS: Final = ("authority", "operator", "user")
ROSTER: Final = f"""\
region,school,name,status,{",".join(f"{role},{role}_contact" for role in _OWNERS)}
{REGION},{SCHOOL},本机 This machine,open,{",".join(["试用者 You,本机 here"] * len(_OWNERS))}
"""


def write(path: Path, text: str) -> bool:
    """Write *text* unless a person made the file their own; returns whether they did not."""
    if path.exists() and OURS not in path.read_text(encoding="utf-8", errors="replace"):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def agent_in(path: Path, expected: Identity) -> Identity:
    """Return who the agent's file says it is; *expected* where the agent itself will complain."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))["identity"]
        return Identity(*(str(table[name]) for name in ("region", "school", "agent")))
    except (ValueError, LookupError, TypeError):
        return expected


def toml_text(value: str) -> str:
    """Return *value* as TOML writes it; JSON's rules for strings are among TOML's."""
    return json.dumps(value, ensure_ascii=False)


def toml_bool(value: object) -> str:
    """Return whether *value* is true, as TOML writes it."""
    return "true" if value else "false"
