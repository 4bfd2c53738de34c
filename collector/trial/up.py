"""`schoolwatch up`: the trial on one machine, from an empty folder to a page that lives.

    up ─┬─ broker      mosquitto, or the embedded one
        ├─ collector   schoolwatch collector run
        ├─ agent       schoolwatch agent run
        └─ watchdog    schoolwatch collector watch

With --demo a made-up district is played instead of the agent: schoolwatch simulate run.

The parent knows the parts only as commands, so it needs nothing of what they load.
"""

import importlib.util
import shutil
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from collector.config import read_collector
from collector.trial import brokers, layout, played, ports, ready
from collector.trial.children import Part, Say
from collector.trial.layout import Layout
from collector.trial.supervise import Wish, supervise
from core import topics
from core.errors import StartError
from core.lock import hold
from core.types import Identity

BrokerChoice = Literal["auto", "mosquitto", "embedded"]


@dataclass(frozen=True, slots=True)
class Trial:
    """What the person who starts a trial can choose; `patience` is seconds until all is up."""

    folder: Path
    http_port: int = 8480
    mqtt_port: int = 18883
    mqtt_port_v3: int = 18884
    ping: tuple[str, ...] = (ports.LOOPBACK,)
    broker: BrokerChoice = "auto"
    patience: float = 60.0
    demo: played.Demo | None = None
    """A made-up district instead of this machine."""


@dataclass(frozen=True, slots=True)
class BrokerPlan:
    """Which broker it will be, for people, and the command that starts it."""

    name: str
    command: Sequence[str]
    ports: dict[str, int]


def run(trial: Trial, say: Say) -> None:
    """Run *trial* until Ctrl-C.

    Raises StartError where it cannot start, or ConfigError for a file that a person made their
    own; nothing is left running then.
    """
    where = Layout(trial.folder.resolve())
    with hold(where.folder / "up.lock", "schoolwatch up", "--folder"):
        try:
            embedded = wants_embedded(trial)
            trial, who = as_written(trial, where, this_machine(), say, embedded=embedded)
            plan = broker_plan(trial, where)
        except OSError as error:
            path = error.filename or where.folder
            raise StartError(f"cannot use {path}: {error.strerror}. Change --folder.") from None
        ports.check({"--http-port": trial.http_port, **plan.ports})
        wish = Wish()
        wish.listen()
        parts = the_parts(trial, where, who, plan)
        supervise(parts, wish, say, lambda: say(summary(trial, where, who, plan)), trial.patience)


def this_machine(name: Callable[[], str] = socket.gethostname) -> Identity:
    """Return who the trial's agent is: this machine, in a school of its own."""
    return Identity(layout.REGION, layout.SCHOOL, topics.made_fit(name()))


def wants_embedded(trial: Trial, find: Callable[[], Path | None] = brokers.find_mosquitto) -> bool:
    """Return whether *trial* runs on the embedded broker, as far as that is its choice."""
    return trial.broker == "embedded" or (trial.broker == "auto" and find() is None)


def broker_plan(
    trial: Trial,
    where: Layout,
    find: Callable[[], Path | None] = brokers.find_mosquitto,
    is_there: Callable[[str], object] = importlib.util.find_spec,
) -> BrokerPlan:
    """Return the broker that *trial* gets; raises StartError where it cannot be had."""
    found = None if wants_embedded(trial, find) else find()
    if found:
        command = brokers.mosquitto_command(where.broker_folder, trial.mqtt_port)
        return BrokerPlan(f"mosquitto ({found})", command, {"--mqtt-port": trial.mqtt_port})
    if trial.broker == "mosquitto":
        raise StartError(
            "mosquitto is not installed. Install it (on Debian and Ubuntu: apt-get install "
            "mosquitto), or leave --broker out to use the embedded one"
        )
    if not is_there("iotcore"):
        raise StartError(
            "there is no broker. Install mosquitto (on Debian and Ubuntu: apt-get install "
            "mosquitto), or the embedded one: pip install 'schoolwatch[trial]'"
        )
    command = brokers.embedded_command(where.broker_folder, trial.mqtt_port, trial.mqtt_port_v3)
    taken = {"--mqtt-port": trial.mqtt_port, "--mqtt-port-v3": trial.mqtt_port_v3}
    return BrokerPlan("the embedded one", command, taken)


def as_written(
    trial: Trial, where: Layout, who: Identity, say: Say, *, embedded: bool = False
) -> tuple[Trial, Identity]:
    """Write the files that the parts read; return ports and identity as they now stand there."""
    store = trial.demo.influx.toml() if trial.demo and trial.demo.influx else ""
    files = {
        where.collector_file: layout.collector_toml(
            *(trial.http_port, trial.mqtt_port),
            embedded=embedded,
            store=store,
            more=played.ALERTS if trial.demo else "",
        )
    }
    if trial.demo:
        files[where.scenario_file] = played.scenario_toml(
            trial.demo, trial.mqtt_port, embedded=embedded
        )
    else:
        files[where.agent_file] = layout.agent_toml(
            who, trial.mqtt_port, trial.ping, embedded=embedded
        )
    for path, text in files.items():
        if not layout.write(path, text):
            say(f"keeping {path} as you changed it; no option of this command reaches it")
    if trial.demo:
        played.write_roster(where)
        played.write_account(where)
    elif not where.roster_file.exists():  # it has no place for a line that says whose it is
        layout.write(where.roster_file, layout.ROSTER)
    config = read_collector(where.collector_file)
    trial = replace(trial, http_port=config.http.port, mqtt_port=config.broker.port)
    return trial, who if trial.demo else layout.agent_in(where.agent_file, who)


def the_parts(trial: Trial, where: Layout, who: Identity, plan: BrokerPlan) -> list[Part]:
    """Return what runs, in the order of starting."""
    ours = played.OURS_COMMAND
    collector = [*ours, "collector", "run", "--config", str(where.collector_file)]
    agent = [*ours, "agent", "run", "--config", str(where.agent_file)]
    watchdog = [*ours, "collector", "watch", "--config", str(where.collector_file)]
    page = trial.http_port

    def part(name: str, command: Sequence[str], is_ready: Callable[[int], bool]) -> Part:
        return Part(name, command, where.log(name), is_ready)

    measuring = part("agent", agent, lambda since: ready.reported(page, who, since))
    if trial.demo:
        half = (trial.demo.schools + 1) // 2
        playing = played.command(where)
        measuring = part("simulator", playing, lambda _: ready.schools_up(page) >= half)
    parts = [
        part("broker", plan.command, lambda _: ready.takes_connections(trial.mqtt_port)),
        part("collector", collector, lambda _: ready.answers(page, "/readyz")),
        measuring,
        part("watchdog", watchdog, lambda since: ready.came_round(page, since)),
    ]
    if trial.demo:
        parts.append(part("desk", played.desk_command(where, page), lambda _: True))
    return parts


def summary(trial: Trial, where: Layout, who: Identity, plan: BrokerPlan) -> str:
    """Return what a newcomer has to know once everything is up."""
    url = f"http://{ports.LOOPBACK}:{trial.http_port}"
    elsewhere = "" if trial.http_port == Trial(where.folder).http_port else f" --url {url}"
    command = "schoolwatch" if shutil.which("schoolwatch") else _spelled_out()
    what, whom = "This machine", f"agent     {who}"
    if trial.demo:
        what = "A made-up district"
        whom = (
            f"schools   {trial.demo.schools}; faults come within minutes, by "
            f"{where.scenario_file}\n"
            f"  sign in   {played.LOGIN}; the password is in {where.login_file}"
        )
    return f"""
{what} is monitored now.

  page      {url}/
  {whom}
  broker    {ports.LOOPBACK}:{trial.mqtt_port}, {plan.name}
  data      {where.folder}; the next start goes on with it
  settings  {where.collector_file.parent}
  logs      {where.log_folder}

Stop everything: Ctrl-C. Meanwhile, in another terminal:
  {command} status{elsewhere}
"""


def _spelled_out() -> str:
    """Return how to start this very installation where the PATH does not know it."""
    script = Path(sys.executable).with_name("schoolwatch")
    return str(script) if script.exists() else f"{sys.executable} -m schoolwatch"
