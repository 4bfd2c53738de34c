"""`schoolwatch simulate`: a made-up district, played over MQTT or written into a store."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from core import clock
from core.errors import ConfigError, MonitorError, StartError
from core.secrets import secret
from simulator.course import course_of
from simulator.device.command import device_command
from simulator.history.sink import Target
from simulator.history.writing import Job, Written, window, write
from simulator.play.command import Run, run
from simulator.play.parts import Part
from simulator.projector.command import projector_command
from simulator.roster import write_roster
from simulator.scenario import MOST, Scenario, read_scenario, unknown_schools
from simulator.spans import seconds
from simulator.truthfile import truth, write_truth

_Command = TypeVar("_Command", bound=Callable[..., Any])

FILE: Final = click.Path(dir_okay=False, path_type=Path)
TOKEN_ENV: Final = "SCHOOLWATCH_INFLUX_TOKEN"  # noqa: S105  # names the variable


def main(words: Sequence[str]) -> int:
    """Run the command that *words* name; returns the exit code."""
    try:
        done = simulate_group.main(list(words), "schoolwatch simulate", standalone_mode=False)
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
    return int(done or 0)


@click.group("simulate", short_help="A made-up district: played over MQTT, or written as history.")
def simulate_group() -> None:
    """Play a district of made-up schools, or write what it would have left behind.

    The same seed gives the same district and the same faults. docs/simulator.md tells the rest.
    """


simulate_group.add_command(projector_command)
simulate_group.add_command(device_command)


def _part(_ctx: click.Context, _parameter: click.Parameter, text: str) -> Part:
    try:
        return Part.read(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no part as 0/4") from None


def district_options(command: _Command) -> _Command:
    """Add the options that say which district it is."""
    for option in (
        click.option("--seed", type=click.IntRange(0), help="Instead of the scenario's."),
        click.option("--schools", type=click.IntRange(1, MOST), help="Instead of the scenario's."),
        click.option("--scenario", type=FILE, help="See configs/scenario.toml; without: defaults."),
    ):
        command = option(command)
    return command


def asked(scenario: Path | None, schools: int | None, seed: int | None) -> Scenario:
    """Return the scenario that the options name; raises ConfigError."""
    found = read_scenario(scenario) if scenario else Scenario()
    given = {"schools": schools, "seed": seed}
    table = msgspec.structs.replace(
        found.district, **{name: value for name, value in given.items() if value is not None}
    )
    found = msgspec.structs.replace(found, district=table)
    if mistakes := unknown_schools(found, found.schools()):
        raise ConfigError("\n".join(f"{scenario}: {mistake}" for mistake in mistakes))
    return found


@simulate_group.command("roster")
@district_options
@click.argument("file", type=FILE)
def roster_command(file: Path, **which: Any) -> None:
    """Write the list of the district's schools to FILE, as `schoolwatch roster check` takes it."""
    schools = asked(**which).schools()
    write_roster(file, schools)
    click.echo(f"{file}: {len(schools)} schools")


@simulate_group.command("run")
@district_options
@click.option("--host", help="Of the broker, instead of the scenario's.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Of the broker.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/simulator"),
    show_default=True,
    help="Where the spools are kept.",
)
@click.option(
    "--speed",
    type=click.FloatRange(1, 3_600),
    default=1.0,
    show_default=True,
    help="Played seconds in each second, until the present is reached.",
)
@click.option(
    "--since", metavar="SPAN", help="How long ago the play begins, as 2h.  [1h with --speed]"
)
@click.option("--for", "length", metavar="SPAN", help="Stop after so long, as 10m.")
@click.option(
    "--until-now",
    is_flag=True,
    help="Stop when the present is reached and taken, or nothing was taken for 30 s.",
)
@click.option(
    "--seal-after",
    type=click.FloatRange(0.5, 300),
    default=5.0,
    show_default=True,
    help="Seconds of a batch.",
)
@click.option("--roster", type=FILE, help="First write the list of schools there.")
@click.option("--truth", "truth_file", type=FILE, help="At the end write there what was true.")
@click.option("--part", hidden=True, callback=_part, default="0/1")
@click.option("--start", type=int, hidden=True)
@click.option("--json", "as_json", is_flag=True, help="What was played, for programs.")
def run_command(
    *,
    host: str | None,
    port: int | None,
    speed: float,
    since: str | None,
    length: str | None,
    as_json: bool,
    **more: Any,
) -> None:
    """Play the district over MQTT: many agents in this process, each with its own spool.

    Faster than real time only the past can be played: it begins --since, comes nearer, and once it
    is over the play goes on in real time. Ctrl-C stops all agents as a clean stop does.
    """
    which = {name: more.pop(name) for name in ("scenario", "schools", "seed")}
    found = asked(**which)
    given = {"host": host, "port": port}
    broker = msgspec.structs.replace(
        found.broker, **{name: value for name, value in given.items() if value is not None}
    )
    found = msgspec.structs.replace(found, broker=broker)
    ago = _span(since, "--since") if since else 3_600.0 * (speed > 1)
    start = more.pop("start") or clock.now() - round(ago * clock.SECOND)
    play = Run(
        found,
        more["folder"],
        start,
        speed,
        more["seal_after"],
        _span(length, "--for") if length else 0.0,
        until_now=more["until_now"],
        roster=more["roster"],
        truth=more["truth_file"],
        part=more["part"],
    )
    done = run(play, _words(play, which["scenario"]))
    click.echo(
        json.dumps(done)
        if as_json
        else f"{done.get('agents', 0)} agents, {done.get('readings', 0):,} readings; "
        f"{done.get('waiting', 0)} batches wait in {more['folder']} for the next start"
    )


def _span(text: str, option: str) -> float:
    try:
        return seconds(text)
    except ValueError:
        raise click.UsageError(f"{option} {text!r} is no length as 90s, 5m, 2h or 1d") from None


def _words(play: Run, scenario: Path | None) -> list[str]:
    """Return the options that a process gets which plays a part of *play*."""
    table, broker = play.scenario.district, play.scenario.broker
    words = ["--scenario", str(scenario)] if scenario else []
    words += ["--schools", str(table.schools), "--seed", str(table.seed)]
    words += ["--host", broker.host, "--port", str(broker.port), "--start", str(play.start)]
    words += ["--folder", str(play.folder), "--speed", str(play.speed)]
    words += ["--seal-after", str(play.seal_after_s)]
    words += ["--for", f"{play.length_s:.3f}s"] if play.length_s else []
    return words + (["--until-now"] if play.until_now else [])


@simulate_group.command("history")
@district_options
@click.option("--days", type=click.IntRange(1, 3_650), default=30, show_default=True)
@click.option("--influx", metavar="URL", help="An InfluxDB 1.8 or 2 that has the three databases.")
@click.option(
    "--token-file", type=FILE, help=f"Holds its token (1.8: user:password); else {TOKEN_ENV}."
)
@click.option("--org", default="", help="Of InfluxDB 2.")
@click.option(
    "--bucket", default="schoolwatch", show_default=True, help="And BUCKET_1h, BUCKET_1d."
)
@click.option(
    "--sqlite", type=FILE, help="Instead of InfluxDB: FILE, and beside it FILE_1h, FILE_1d."
)
@click.option("--roster", type=FILE, help="Also write the list of schools there.")
@click.option(
    "--truth", "truth_file", type=FILE, help="Also write there what is true, as JSON lines."
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=min(8, os.cpu_count() or 1),
    show_default="one for each processor",
)
@click.option("--json", "as_json", is_flag=True, help="What was written, for programs.")
def history_command(
    *,
    days: int,
    processes: int,
    roster: Path | None,
    truth_file: Path | None,
    as_json: bool,
    **more: Any,
) -> None:
    """Write what the district would have left in a store: raw for two days, before that rolled up.

    Writing it again overwrites the same points. The databases have to be there: schoolwatch store
    init makes them.
    """
    found = asked(*(more.pop(name) for name in ("scenario", "schools", "seed")))
    job = Job(found, window(found, days, int(time.time())), target_of(**more))
    with _shown(found.district.schools) as told:
        written = write(job, processes, told)
    if roster:
        write_roster(roster, found.schools())
    if truth_file:
        _write_truth(truth_file, job)
    click.echo(json.dumps(asdict(written)) if as_json else _said(written, days))


def target_of(
    influx: str | None, token_file: Path | None, org: str, bucket: str, sqlite: Path | None
) -> Target:
    """Return the store that the options name; raises ConfigError and UsageError."""
    if bool(influx) == bool(sqlite):
        raise click.UsageError("name the store: either --influx URL or --sqlite FILE")
    return Target(
        influx or "", secret(token_file, TOKEN_ENV) if influx else "", org, bucket, sqlite
    )


def _said(one: Written, days: int) -> str:
    rate = one.lines / max(one.seconds, 0.001)
    return (
        f"{one.schools} schools, {days} days: {one.lines:,} lines, {one.size / 1e6:,.0f} MB "
        f"in {one.seconds / 60:.1f} min, {rate:,.0f} lines/s"
    )


def _write_truth(path: Path, job: Job) -> None:
    schools, when = job.scenario.schools(), job.window
    troubles = job.troubles(schools)
    courses = [course_of(troubles, one, troubles.days, when.start, when.stop) for one in schools]
    write_truth(path, truth(courses, troubles.days, when.start, when.stop))


@contextmanager
def _shown(schools: int) -> Iterator[Callable[[int, int, int], None]]:
    """Show how far it is, where somebody looks on."""
    columns = (
        *(TextColumn("schools"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
        TextColumn("{task.fields[lines]:,} lines"),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=schools, lines=0)
        yield lambda done, lines, _: progress.update(task, completed=done, lines=lines)
