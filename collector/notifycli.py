"""`schoolwatch notify`: which ways to people there are, and a test message through each.

Works without the running collector, and changes nothing of its own.
Watch it work: schoolwatch notify test --config collector.toml
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import click

from alerts.channels.base import Channel
from alerts.channels.probing import trial_of
from collector import terminal
from collector.alertsconfig import AlertsConfig
from collector.channels import channels_of
from collector.config import CollectorConfig, read_collector
from collector.terminal import safe
from core import clock
from core.alerts import CONSOLE
from core.errors import ConfigError, DeliveryError, NotYet, RetryLater
from core.hints import hint

CONFIG: Final = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The collector's own file.",
)
JSON: Final = click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
GONE: Final = "nothing is told through it until that is done"
SOON: Final = "may pass by itself; the running collector tries again for a day"


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one test message."""

    channel: str
    kind: str
    ok: bool
    reason: str = ""
    advice: str = ""


@click.group("notify", short_help="The ways to people: list them, and try each now.")
def notify_group() -> None:
    """Work with the channels of [alerts]; docs/channels.md tells how to make one."""


@notify_group.command("list")
@CONFIG
@JSON
def list_command(config: Path, *, as_json: bool) -> None:
    """List the channels, without their secrets. Nothing is sent, and no secret is read."""
    terminal.forgive_output()
    rows = _rows(read_collector(config).alerts)
    if as_json:
        click.echo(json.dumps({"channels": rows}, indent=2, ensure_ascii=False))
        return
    for row in rows:
        more = [f"for {row['school']}" if row["school"] else "for all"]
        more += [f"fallback {row['fallback']}"] if row["fallback"] else []
        more += [f"tested after {row['test_every_h']:g} h"] if row["test_every_h"] else []
        click.echo(safe(f"{row['channel']}: {row['kind']}, {', '.join(more)}").plain)
    if not rows:
        click.echo("no channels: alerts stand in the log and on the page only")


@notify_group.command("test")
@CONFIG
@click.option("--channel", "only", metavar="NAME", help="This one alone.")
@JSON
@click.pass_context
def test_command(context: click.Context, config: Path, only: str | None, *, as_json: bool) -> None:
    """Send a message that says that it is a test through each channel, and say what came of it.

    Exit code: 0 all took it, 1 one did not, 2 the configuration is wrong.
    """
    terminal.forgive_output()
    from collector.operating import Whose, recorded  # noqa: PLC0415 — brings the database

    read = read_collector(config)
    with recorded(Whose(read.collector), "notify test", only or "", {}):
        tried = asyncio.run(try_all(read, only))
    if as_json:
        found = {"channels": [asdict(one) for one in tried]}
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        for line in map(_line, tried):
            click.echo(safe(line).plain)
    context.exit(0 if tried and all(one.ok for one in tried) else 1)


async def try_all(config: CollectorConfig, only: str | None) -> Sequence[Tried]:
    """Try the channels, or *only* one, all at once; raises ConfigError for an unknown name."""
    kinds = {row["channel"]: row["kind"] for row in _rows(config.alerts)}
    if not kinds:
        raise ConfigError("no channel is set up under [alerts]; docs/channels.md tells how")
    if only is not None and only not in kinds:
        raise ConfigError(f'there is no channel "{only}"{hint(only, kinds)}')
    sender = config.collector.id
    channels = channels_of(config.alerts, sender)
    wanted = [one for one in channels if one.name in ({only} if only else kinds)]
    try:
        return await asyncio.gather(*(_try(one, kinds[one.name], sender) for one in wanted))
    finally:
        for one in channels:
            await one.close()


async def _try(channel: Channel, kind: str, sender: str) -> Tried:
    try:
        await channel.send(trial_of(channel.name, sender, clock.now()))
    except NotYet as error:
        return Tried(channel.name, kind, False, str(error), f"try again in {error.wait:.0f} s")
    except RetryLater as error:
        return Tried(channel.name, kind, False, str(error), SOON)
    except DeliveryError as error:
        return Tried(channel.name, kind, False, str(error), GONE)
    return Tried(channel.name, kind, True)


def _rows(alerts: AlertsConfig) -> list[dict[str, Any]]:
    return [
        {
            "channel": row.name,
            "kind": kind,
            "school": row.school,
            "fallback": row.fallback,
            "test_every_h": row.test_every_h,
        }
        for kind, table in alerts.tables().items()
        for row in table
        if row.name != CONSOLE
    ]


def _line(tried: Tried) -> str:
    if tried.ok:
        return f"{tried.channel}: ok, the test message was taken ({tried.kind})"
    return f"{tried.channel}: FAILED ({tried.kind}): {tried.reason}; {tried.advice}"
