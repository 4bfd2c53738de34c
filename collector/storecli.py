"""`schoolwatch store init` and `store check`: the database before the collector, and when in doubt.

Watch it work: schoolwatch store check --config configs/collector.toml
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import click
from msgspec import Meta

from collector import terminal
from collector.config import CollectorConfig, read_as, read_collector
from collector.store.config import SHARD_DAYS, StoreConfig
from collector.store.plan import plan_of
from collector.terminal import safe
from core.errors import ConfigError
from core.findings import Finding, as_json, as_text

FILE: Final = click.Path(dir_okay=False, path_type=Path)
DAYS: Final = click.IntRange(1, 3_650)


class _StoreToBe(StoreConfig, frozen=True, kw_only=True):
    """The table [store] where `token_file` need not be there yet."""

    token_file: Annotated[Path | None, Meta()] = None


class _ToBe(CollectorConfig, frozen=True, kw_only=True):
    store: _StoreToBe = _StoreToBe()


def config_option(command: Any) -> Any:
    """Add the option that names the collector's file."""
    text = "The collector's own file."
    return click.option("--config", type=FILE, required=True, help=text)(command)


@click.group("store", short_help="The time-series database: provision it, check it.")
def store_group() -> None:
    """Work with the database that [store] of collector.toml names; docs/influxdb.md has more."""


@store_group.command("init")
@config_option
@click.option(
    "--admin-file",
    type=FILE,
    help="Holds an administrator's token (InfluxDB 1.8: user:password), for this command alone; "
    "without it the variable SCHOOLWATCH_INFLUX_ADMIN_TOKEN. Where InfluxDB has no administrator "
    "yet, the file is made and one with it.",
)
@click.option(
    "--grafana-file",
    type=FILE,
    help="Where Grafana's token goes (InfluxDB 1.8: user:password). Without it: beside [store] "
    "token_file, with grafana- before its name.",
)
@click.option(
    "--shard-days",
    type=DAYS,
    nargs=3,
    default=SHARD_DAYS,
    show_default=True,
    metavar="RAW HOURS DAYS",
    help="So many days the databases have in one piece; only for those that are made now.",
)
@click.option(
    "--renew",
    is_flag=True,
    help="Give users and tokens anew that InfluxDB knows and that do not fit their files. Whoever "
    "uses the old ones is shut out.",
)
@click.option("--json", "as_words", is_flag=True, help="One JSON object, for programs.")
@click.pass_context
def init_command(
    context: click.Context,
    config: Path,
    admin_file: Path | None,
    grafana_file: Path | None,
    shard_days: tuple[int, int, int],
    *,
    renew: bool,
    as_words: bool,
) -> None:
    """Give an InfluxDB the databases and users that the district needs; may be run again.

    Makes what is missing: three databases with their retention, a user for the collector that
    reads and writes them, one for Grafana that only reads. It drops nothing, shortens nothing, and
    shows no password: those go into files that only their owner may read. Run it as the user that
    the collector runs as.

    Exit code: 0 all is as it should be, 1 somebody has to look, 2 wrong use or configuration.
    """
    terminal.forgive_output()
    found = read_as(config, _ToBe)
    if found.store.type == "sqlite":
        raise ConfigError(
            "[store] type is sqlite, which needs no `store init`: the collector makes it"
        )
    from collector.store.provision import provision  # noqa: PLC0415 — brings urllib3

    plan = plan_of(found.store, found.collector.id, grafana_file, shard_days, renew=renew)
    from collector.operating import Whose, recorded  # noqa: PLC0415 — brings the database

    steps = []
    with recorded(Whose(found.collector), "store init", "", {"renew": renew}):
        for step in provision(plan, admin_file):
            steps.append(step)
            if not as_words:
                click.echo(safe(f"{step.state:11}{step.part:<37} {step.text}").plain)
    look = sum(step.state == "look" for step in steps)
    changed = sum(step.state in {"made", "changed"} for step in steps)
    if as_words:
        said = {"changed": changed, "fine": not look, "steps": [*map(asdict, steps)]}
        click.echo(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        click.echo(_summary(changed, look))
    context.exit(1 if look else 0)


def _summary(changed: int, look: int) -> str:
    done = f"{changed} things were made or changed." if changed else "Nothing was changed."
    return done + (f" {look} need a person: see `look`." if look else "")


@store_group.command("check")
@config_option
@click.option("--json", "as_words", is_flag=True, help="One JSON object, for programs.")
@click.pass_context
def check_command(context: click.Context, config: Path, *, as_words: bool) -> None:
    """Say in words what is wrong with the database, and what to do.

    Goes the collector's way with its credentials: reach it, its clock, what it accepts, each
    database, its retention, a reading written and read back. A collector that runs is not
    disturbed.

    Exit code: 0 all works, 1 something does not, 2 wrong use or configuration.
    """
    terminal.forgive_output()
    found = list(_findings(read_collector(config)))
    for line in [as_json(config, found)] if as_words else as_text(found):
        click.echo(line if as_words else safe(line).plain)
    context.exit(1 if any(one.wrong for one in found) else 0)


def _findings(config: CollectorConfig) -> Iterator[Finding]:
    if config.store.type == "sqlite":
        from collector.store import check_sqlite  # noqa: PLC0415 — one of the two is wanted

        yield from check_sqlite.check(config.store_file())
        return
    from collector.store import check  # noqa: PLC0415

    yield from check.check(config.store, config.collector.id)
