"""`schoolwatch status`: the live picture in a terminal, asked of the running collector over HTTP.

Watch it work: schoolwatch status --url http://127.0.0.1:8480
"""

from typing import Any
from urllib.parse import urlencode

import click
import msgspec

from collector import terminal
from collector.statusview import show
from collector.terminal import NoAnswer
from collector.web import scope
from collector.web.alerts import Alerts
from collector.web.live import Live
from collector.web.rooms import Rooms
from collector.web.security import Security


@click.command("status", short_help="Who is up, who is not, and why (asks the running collector).")
@terminal.url_option
@terminal.json_option
@click.option("--state", type=click.Choice(scope.STATES), help="Only schools in this state.")
@click.option("--area", type=click.Choice(scope.AREAS), help="Only schools of this area.")
@click.option("--region", metavar="CODE", help="Only this region, with its alerts.")
@click.option("--name", "q", metavar="WORDS", help="Only schools whose name or code has them.")
@click.option("--all", "everybody", is_flag=True, help="Also name the many that are simply up.")
@click.pass_context
def status_command(
    context: click.Context,
    /,
    url: str,
    as_json: bool,
    everybody: bool,
    **narrowing: str | None,
) -> None:
    """Show schools and agents, worst first, with state, cause and since when, and open alerts.

    Rooms in which no lesson can be held are named too, and how many schools are under attack.

    Exit code: 0 everything that was asked for is up and no alert is open, 1 something is not,
    2 the collector gave no answer.
    """
    terminal.forgive_output()
    words = {name: word for name, word in narrowing.items() if word}
    try:
        answer = terminal.fetch(url, _path("live", words))
        picture = terminal.read(answer, url, Live, "a picture")
    except NoAnswer as problem:
        click.echo(str(problem), err=True)
        context.exit(2)
    alerts, rooms = _alerts(url, words.get("region")), _rooms(url, words.get("region"))
    security = _security(url, words.get("region"))
    if rooms and words.keys() - {"region"}:
        rooms = _of(picture, rooms)
    if as_json:
        click.echo(_json(answer, alerts, rooms, security))
    else:
        console = terminal.console()
        show(
            picture,
            alerts,
            console,
            rooms=rooms,
            security=security,
            everybody=everybody,
            narrowed=bool(words),
        )
    fine = all_up(picture) and alerts is not None and not alerts.open_total
    fine = fine and rooms is not None and not rooms.counts.not_ready
    context.exit(0 if fine else 1)


def all_up(picture: Live) -> bool:
    """Tell whether schools count, all of them and their agents are up, and values are stored."""
    counted = [school for school in picture.schools if school.counts]
    states = [school.state for school in counted]
    states += [agent.state for school in counted for agent in school.agents]
    return bool(states) and set(states) == {"up"} and picture.ready and picture.broker_connected


def _alerts(url: str, region: str | None) -> Alerts | None:
    """Return the alerts, None where they cannot be read: then they are unknown, not none."""
    try:
        answer = terminal.fetch(url, _path("alerts", {"region": region} if region else {}))
        return terminal.read(answer, url, Alerts, "alerts")
    except NoAnswer as problem:
        click.echo(f"Whether alerts are open is not known: {problem}", err=True)
        return None


def _rooms(url: str, region: str | None) -> Rooms | None:
    """Return the rooms that are not ready, None where nobody can tell."""
    words = {"state": "not_ready", "limit": "1000"} | ({"region": region} if region else {})
    try:
        return terminal.read(terminal.fetch(url, _path("rooms", words)), url, Rooms, "rooms")
    except NoAnswer as problem:
        click.echo(f"Whether rooms are ready is not known: {problem}", err=True)
        return None


def _security(url: str, region: str | None) -> Security | None:
    """Return attacks and sensors, None where nobody can tell."""
    words = {"region": region} if region else {}
    try:
        answer = terminal.fetch(url, _path("security", words))
        return terminal.read(answer, url, Security, "attacks")
    except NoAnswer as problem:
        click.echo(f"Whether a school is attacked is not known: {problem}", err=True)
        return None


def _of(picture: Live, rooms: Rooms) -> Rooms:
    """Return the rooms of the schools that were asked for."""
    there = {(school.region, school.school) for school in picture.schools}
    found = [room for room in rooms.rooms if (room.region, room.school) in there]
    counts = msgspec.structs.replace(rooms.counts, not_ready=len(found))
    return msgspec.structs.replace(rooms, rooms=found, counts=counts)


def _json(
    live: bytes, alerts: Alerts | None, rooms: Rooms | None, security: Security | None
) -> str:
    """Return the answer about schools with open alerts and rooms that are not ready in it, null
    where they are unknown."""
    said: dict[str, Any] = msgspec.json.decode(live)
    said["open_alerts"] = alerts.open if alerts else None
    said["open_alerts_total"] = alerts.open_total if alerts else None
    said["rooms_not_ready"] = rooms.rooms if rooms else None
    said["rooms_not_ready_total"] = rooms.counts.not_ready if rooms else None
    said["attacked_schools"] = security.attacked_schools if security else None
    said["sensors"] = security.sensors if security else None
    return msgspec.json.encode(said).decode()


def _path(name: str, words: dict[str, str]) -> str:
    return f"{name}?{urlencode(words)}" if words else name
