"""`schoolwatch calendar check FILE` and `calendar show FILE`: the school calendar before its use.

Watch it work: schoolwatch calendar show configs/calendar.toml --school 330102/3300000001
"""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from alerts.schooltime import SchoolTime
from collector import terminal
from collector.terminal import safe
from collector.timetable.files import Loaded, days_shown, load
from core.errors import ConfigError
from core.timefields import zone_mistake


@click.group("calendar", short_help="The school calendar: check its files, see a day of it.")
def calendar_group() -> None:
    """Work with terms, holidays, teaching hours and timetables; docs/calendar.md explains them."""


_FILE = click.argument("file", type=click.Path(path_type=Path))
_ZONE = click.option("--zone", default="Asia/Shanghai", show_default=True, help="The district's.")


@calendar_group.command("check")
@_FILE
@_ZONE
@click.pass_context
def check_command(context: click.Context, file: Path, zone: str) -> None:
    """Read FILE and the files that it names as the collector would; name every row not in order.

    Exit code: 0 everything is in order, 1 a row has to be corrected, 2 a file cannot be used.
    """
    terminal.forgive_output()
    loaded = load(file, _times(zone), _today(zone))
    for sentence in loaded.remarks:
        click.echo(safe(sentence).plain)
    for sentence in _counted(loaded):
        click.echo(safe(sentence).plain)
    context.exit(1 if loaded.refused else 0)


@calendar_group.command("show")
@_FILE
@click.option("--school", default="", help="REGION/SCHOOL; else the district as a whole.")
@click.option("--room", default="", help="Only the lessons of this room.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="As 2026-11-28; else today.")
@_ZONE
def show_command(file: Path, school: str, room: str, day: datetime | None, zone: str) -> None:
    """Show whether lessons are held on a day, why, and which."""
    terminal.forgive_output()
    times = _times(zone)
    times.take(load(file, times, _today(zone)).calendar)
    for line in days_shown(times, school, day.date() if day else _today(zone), room):
        click.echo(safe(line).plain)


def _counted(loaded: Loaded) -> list[str]:
    calendar = loaded.calendar
    said = [
        f"{path}: {rows} rows read: {rows - bad} good, {bad} refused"
        for path, (rows, bad) in loaded.counts.items()
    ]
    lessons = calendar.timetable.lessons
    live = sum(one.live for one in lessons)
    said.append(
        f"{len(calendar.terms)} terms, {len(calendar.holidays)} holidays, "
        f"{len(calendar.workdays)} make-up workdays, {len(calendar.exams)} exams, "
        f"{len(calendar.maintenance)} maintenance windows, {len(lessons)} lessons, {live} of them "
        f"live, in {len(list(calendar.timetable.rooms()))} rooms"
    )
    return said


def _times(zone: str) -> SchoolTime:
    mistake = zone_mistake(zone)
    if mistake:
        raise ConfigError(f"--zone {mistake}")
    return SchoolTime(ZoneInfo(zone))


def _today(zone: str) -> date:
    return datetime.now(ZoneInfo(zone)).date()
