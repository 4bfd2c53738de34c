"""The commands of the district. Each loads what it needs when it is asked for, and not before."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, get_args

import click

from collector.trial import up
from collector.trial.played import Demo, Influx
from collector.trial.terminal import say
from core.disk import shut_others_out
from core.errors import ConfigError, MonitorError, StartError
from core.hints import hint

LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
PORT: Final = click.IntRange(1, 65_535)
TRIAL: Final = up.Trial(Path("var"))
DEMO: Final = Demo()
DEMO_FOLDER: Final = "demo"
DEMO_OPTIONS: Final = (
    *("demo", "schools", "influx", "influx_token_file", "influx_org", "influx_bucket"),
)

BY_THEMSELVES: Final = {
    "status": "collector.statuscli:status_command",
    "ledger": "collector.ledgercli:ledger_command",
    "roster": "collector.rostercli:roster_group",
    "routes": "collector.routescli:routes_group",
    "store": "collector.storecli:store_group",
    "notify": "collector.notifycli:notify_group",
    "rules": "collector.rulescli:rules_group",
    "audit": "collector.auditcli:audit_group",
    "accounts": "collector.accountscli:accounts_group",
    "calendar": "collector.calendarcli:calendar_group",
    "deploy": "collector.deploy.cli:deploy_group",
    "completion": "collector.completion:completion_command",
}
"""Commands that a module of their own keeps, because of what it brings: rich, cryptography."""

ELSEWHERE: Final = ("agent", "check-config", "sensor", "simulate")
"""Commands that the front door keeps from us; who mistypes them ends up here all the same."""


class Commands(click.Group):
    """The commands by name; one that a module of its own keeps is loaded when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every name in the order of the help text."""
        names = [*super().list_commands(ctx), *BY_THEMSELVES]
        return [name for name in names if name != "deploy" or find_spec("cryptography")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, None where there is none of that name."""
        if cmd_name not in BY_THEMSELVES:
            return super().get_command(ctx, cmd_name)
        if cmd_name == "deploy" and not find_spec("cryptography"):
            if ctx.resilient_parsing:
                return None
            raise ConfigError(
                "schoolwatch deploy needs cryptography, which no running program does.\n"
                "Install it with:  pip install 'schoolwatch[deploy]'"
            )
        module, _, name = BY_THEMSELVES[cmd_name].partition(":")
        found: click.Command = getattr(import_module(module), name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that *args* begins with; an unknown one gets the nearest right one."""
        known = [*self.list_commands(ctx), *ELSEWHERE]
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            ctx.fail(f"there is no command {args[0]!r}{hint(args[0], known)}")
        return super().resolve_command(ctx, args)


def main(words: Sequence[str]) -> int:
    """Run the command that *words* name; returns the exit code."""
    try:
        return int(commands.main(list(words), "schoolwatch", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (ConfigError, StartError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except MonitorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (click.Abort, KeyboardInterrupt):
        return 130


def complete(wanted: str) -> int:
    """Answer the shell's question at Tab, about every command that the front door has."""
    from collector import completion  # noqa: PLC0415 — only at Tab

    for name, command in completion.elsewhere().items():
        commands.add_command(command, name)
    return completion.complete(commands, wanted)


@click.group(cls=Commands)
def commands() -> None:
    """Monitoring for the networks and classrooms of a school district."""


def _hosts(
    _ctx: click.Context, parameter: click.Parameter, hosts: tuple[str, ...]
) -> tuple[str, ...]:
    for host in hosts:
        if not host or not host.isprintable():
            raise click.BadParameter(f"{host!r} is no name or address", param=parameter)
    return hosts


@commands.command("up", short_help="The trial: broker, collector and one agent on this machine.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=TRIAL.folder,
    show_default=True,
    help="Where everything is kept. A second start goes on with it.",
)
@click.option(
    "--http-port", type=PORT, default=TRIAL.http_port, show_default=True, help="The page."
)
@click.option(
    "--mqtt-port", type=PORT, default=TRIAL.mqtt_port, show_default=True, help="The broker."
)
@click.option(
    "--mqtt-port-v3",
    type=PORT,
    default=TRIAL.mqtt_port_v3,
    show_default=True,
    help="The embedded broker's second port, for devices that only know MQTT 3.1.1.",
)
@click.option(
    "--ping",
    multiple=True,
    metavar="HOST",
    callback=_hosts,
    default=TRIAL.ping,
    show_default=True,
    help="What the agent asks for an echo every 10 seconds; may be given several times.",
)
@click.option(
    "--broker",
    type=click.Choice(get_args(up.BrokerChoice)),
    default=TRIAL.broker,
    show_default=True,
    help="auto: mosquitto where it is installed, else the embedded one.",
)
@click.option(
    "--patience",
    type=click.FloatRange(min=1),
    default=TRIAL.patience,
    show_default=True,
    metavar="SECONDS",
    help="How long starting may take; a very slow machine may need more.",
)
@click.option("--demo", is_flag=True, help="A made-up district instead of this machine.")
@click.option(
    "--schools",
    type=click.IntRange(1, 2_000),
    default=DEMO.schools,
    show_default=True,
    help="Of the demo.",
)
@click.option("--influx", metavar="URL", help="The demo's readings go to this InfluxDB (1.8 or 2).")
@click.option(
    "--influx-token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Holds its token, for 1.8 user:password; else SCHOOLWATCH_INFLUX_TOKEN.",
)
@click.option("--influx-org", default="", help="Of InfluxDB 2.")
@click.option("--influx-bucket", default="schoolwatch", show_default=True)
def up_command(**chosen: Any) -> None:
    """Run all of schoolwatch on this machine: a broker, a collector, an agent and a watchdog.

    Nothing leaves the machine but the pings that you ask for: everything listens on 127.0.0.1.
    Ctrl-C stops it all; what was measured is kept.

    With --demo schools are made up and played instead of the agent, all of it in FOLDER/demo.
    """
    wants_demo, schools, *influx = (chosen.pop(name) for name in DEMO_OPTIONS)
    if influx[0] and not wants_demo:
        raise click.UsageError("--influx belongs to --demo")
    if wants_demo:
        chosen["demo"] = Demo(schools, Influx(*influx) if influx[0] else None)
        chosen["folder"] /= DEMO_FOLDER  # beside a trial of this machine, never over it
    up.run(up.Trial(**chosen), say)


@commands.group("collector", short_help="The program that runs in the district.")
def collector_group() -> None:
    """Take in what the agents send, keep account of it, store it and show it."""


@collector_group.command("run")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="See configs/collector.toml.",
)
@click.option("--log-level", type=click.Choice(LEVELS), default="INFO", show_default=True)
@click.option(
    "--takeover",
    is_flag=True,
    help="Serve the regions even if another collector claims them. Say it once, by hand: it is "
    "recorded as a restore, and every agent is asked what it holds.",
)
def run_command(config: Path, log_level: str, *, takeover: bool) -> None:
    """Run the collector until Ctrl-C or SIGTERM.

    A restart loses nothing: agents keep what they have no receipt for, and send it again.
    """
    logging.basicConfig(level=log_level, format=LOG_FORMAT)
    run_collector(config, takeover=takeover)


@collector_group.command("watch")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The collector's own; broker, [http] and [alerts] are read from it.",
)
@click.option("--log-level", type=click.Choice(LEVELS), default="INFO", show_default=True)
def watch_command(config: Path, log_level: str) -> None:
    """Watch the collector from outside, and tell people by itself when it does not work.

    Each minute a reading goes the whole way, through broker, collector, store and rules. When none
    came round for two minutes, the channels of [alerts] hear of it from here.
    """
    # Here, so that `up` and `status` do not load it.
    from collector.config import read_to_start  # noqa: PLC0415
    from collector.watchdog.app import run  # noqa: PLC0415

    logging.basicConfig(level=log_level, format=LOG_FORMAT)
    asyncio.run(run(read_to_start(config)))


@collector_group.command("backup")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The collector's own file.",
)
@click.argument("to", type=click.Path(path_type=Path))
def backup_command(config: Path, to: Path) -> None:
    """Copy the collector's database to the file TO, which must not be there yet.

    Works while the collector runs and while it does not, and is recorded in the audit log. What
    else to keep, and how to put a copy back: docs/backup.md.
    """
    from collector.backup import back_up  # noqa: PLC0415 — `up` and `status` need no database
    from collector.config import read_to_start  # noqa: PLC0415

    shut_others_out()
    made = back_up(read_to_start(config).collector, to)
    click.echo(f"{to}: {made.size} bytes, events up to row {made.row}, SHA-256 {made.sha256}")


@collector_group.command("rollup")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The collector's own file.",
)
@click.option(
    "--from", "start", required=True, metavar="DAY", help="2026-11-22, or 2026-11-22T08:00:00Z."
)
@click.option("--to", "stop", metavar="DAY", help="Up to before that. Without it: until now.")
def rollup_command(config: Path, start: str, stop: str | None) -> None:
    """Roll up hours and days again from what is stored raw.

    For after a repair, or for what was stored before there were rollups. Days are those of the
    district. Works while the collector runs and while it does not; doing it twice changes nothing.
    """
    from collector.config import read_collector  # noqa: PLC0415 — `up` and `status` need none
    from collector.operating import Whose, recorded  # noqa: PLC0415
    from collector.rollups import again  # noqa: PLC0415
    from core import clock  # noqa: PLC0415

    read = read_collector(config)
    zone = read.collector.tz()
    until = again.moment(stop, zone) if stop else clock.now()
    begin, said = again.moment(start, zone), {"from": start, "to": stop or "now"}
    with recorded(Whose(read.collector), "collector rollup", "", said):
        again.again(read, begin, until, click.echo)


def run_collector(path: Path, *, takeover: bool = False) -> None:
    """Run the collector that the file at *path* describes, with its pages, until told to stop."""
    # Here, so that `up` and `status` do not load the server.
    from collector.app import Collector, run  # noqa: PLC0415
    from collector.config import read_to_start  # noqa: PLC0415
    from collector.web.app import serve  # noqa: PLC0415

    shut_others_out()
    config = read_to_start(path)
    table, http = config.collector, config.http

    async def pages(collector: Collector) -> None:
        runner = await serve(
            collector,
            http.host,
            http.port,
            language=table.language,
            zone=table.tz(),
            now=collector.now,
            option="[http] port",
        )
        try:
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    asyncio.run(run(config, [pages], takeover=takeover, file=path))
