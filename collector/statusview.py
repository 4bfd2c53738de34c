"""How `schoolwatch status` writes the picture: what is wrong first, what it adds up to last."""

from collections.abc import Sequence
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collector import terminal
from collector.terminal import lasting, safe
from collector.web import clocks
from collector.web.alerts import Alert, Alerts
from collector.web.live import Access, Agent, Counts, Fell, Live, School
from collector.web.rooms import Rooms
from collector.web.scope import UNSTATED
from collector.web.security import Attack, Security
from collector.web.texts import Texts

STYLES: Final = {
    "up": "green",
    "degraded": "yellow",
    "down": "bold red",
    "unknown": "bold magenta",
    "stopped": "dim",
    "never_seen": "dim",
}
URGENT: Final = {"P1": "bold red", "P2": "yellow"}
UNACCOUNTED: Final = "unaccounted: sends without a header, so what is lost is not known"
FELL: Final = {
    "region": "region {name}: {n} schools fell silent at once",
    "carrier": "carrier {name}: the lines of {n} schools fell at once",
    "own_line": "no school answers from here ({n} asked): look at the collector's own line",
}
NOBODY: Final = "Nothing has reported yet. Start an agent: schoolwatch agent run --help"
FEW_CALM: Final = 20
FEW_ALERTS: Final = 10
FEW_ROOMS: Final = 20

_EN: Final = Texts("en")


def show(
    picture: Live,
    alerts: Alerts | None,
    console: Console,
    *,
    rooms: Rooms | None = None,
    security: Security | None = None,
    everybody: bool = False,
    narrowed: bool = False,
) -> None:
    """Write *picture* and *alerts*; of many schools that are simply up only how many there are.

    `narrowed`: not all schools were asked for.
    """
    if not picture.broker_connected:
        console.print("The collector has no connection to the broker.", style="bold red")
    if not picture.ready:
        console.print(safe(f"The collector cannot store: {picture.problem}", "bold red"))
    if not picture.schools:
        console.print("No such school." if narrowed else NOBODY)
        return
    for one in picture.fell:
        console.print(_fell(one, picture.at_ns))
    shown, calm = _split(picture.schools, len(picture.schools) if everybody else FEW_CALM)
    if shown:
        console.print(_table(shown, picture.at_ns))
    if calm:
        console.print(_rest(calm))
    if alerts and alerts.open_total:
        _show_alerts(alerts, console)
    if rooms and rooms.counts.not_ready:
        _show_rooms(rooms, console)
    console.print()
    if any(_total(one.counts) for one in picture.areas if one.area != UNSTATED):
        console.print(_areas(picture))
    if security:
        console.print(_security(security))
    if picture.access.total:
        console.print(_access(picture.access))
    console.print(_summary(picture))


def _security(security: Security) -> Text:
    """Return how many are attacked, and of how many nobody could tell."""
    total, schools = security.attacks_total, security.attacked_schools
    said = f"{_many(total, 'event')} open at {_many(schools, 'school')}" if total else "none open"
    sensors = security.sensors
    words = {
        "see all": sensors.sees,
        "have blind spots": sensors.blind,
        "do not run": sensors.stopped,
        "cannot be asked": sensors.unknown,
    }
    of = ", ".join(f"{n} {word}" for word, n in words.items() if n) or "no school has one"
    without = f"; {_many(sensors.none, 'school')} without, of which nobody can tell"
    style = "bold red" if any(one.severity in URGENT for one in _attacks(security)) else ""
    return safe(f"Security: {said}. Sensors: {of}{without if sensors.none else ''}.", style)


def _attacks(security: Security) -> list[Attack]:
    return [attack for school in security.schools for attack in school.attacks]


def _access(access: Access) -> Text:
    known = f"{access.known} of {access.total} known"
    if access.percent is None:
        return safe(f"Access rate: too little is known to tell one ({known}).")
    return safe(f"Access rate {access.percent} % ({access.connected} of {access.total}; {known}).")


def _split(schools: Sequence[School], few: int) -> tuple[Sequence[School], Sequence[School]]:
    """Return the schools to write, and those of whom there is only to say that they are up."""
    calm = [school for school in schools if _is_calm(school)]
    if len(calm) <= few:
        return schools, ()
    return [school for school in schools if not _is_calm(school)], calm


def _rest(calm: Sequence[School]) -> str:
    lacking = sum(bool(school.missing_owners) for school in calm)
    flag = f", owners missing of {lacking} of them" if lacking else ""
    return f"and {_many(len(calm), 'school')} with everything up{flag}; --all names them"


def _is_calm(school: School) -> bool:
    states = {school.state, *(agent.state for agent in school.agents)}
    off = any(agent.clock.state in ("warn", "bad") for agent in school.agents)
    return states == {"up"} and school.counts and not off


def _table(schools: Sequence[School], now: int) -> Table:
    table = terminal.table("SCHOOL", "AGENT", "STATE", "SINCE", "LAST SEEN", "WHY")
    for school in schools:
        table.add_row(*_school(school, now))
        for agent in school.agents:
            table.add_row(*_agent(agent, now))
    return table


def _school(school: School, now: int) -> list[Text]:
    name = f"{school.region}/{school.school}" + (f" {school.name}" if school.name else "")
    flags = [] if school.counts or school.standing == "open" else [_standing(school.standing)]
    if school.missing_owners and school.counts:
        flags.append(f"owners missing: {', '.join(school.missing_owners)}")
    why = _why(school.cause) + "".join(f" ({flag})" for flag in flags)
    since = lasting(school.since_ns, now)
    return [safe(name, "bold"), Text(), _state(school.state), since, Text(), safe(why.strip())]


def _agent(agent: Agent, now: int) -> list[Text]:
    since, seen = lasting(agent.since_ns, now), lasting(agent.last_seen_ns, now, " ago")
    clock = clocks.flag(agent.clock.state, agent.clock.offset_ms, _EN)
    why = safe("; ".join(filter(None, (_why(agent.cause), clock, UNACCOUNTED * agent.unaccounted))))
    return [Text(), safe(agent.agent), _state(agent.state), since, seen, why]


def _fell(one: Fell, now: int) -> Text:
    said = FELL.get(one.what, "{name}: {n} schools").format(name=one.name, n=one.schools)
    return safe(f"{said}, for {lasting(one.since_ns, now)}", "bold red")


def _show_alerts(alerts: Alerts, console: Console) -> None:
    shown = [one for one in alerts.open if not (one.hidden_by or one.muted_by)]
    counts = ", ".join(f"{n} {name}" for name, n in alerts.open_by_severity.items())
    console.print()
    console.print(safe(f"{_many(sum(alerts.open_by_severity.values()), 'open alert')}: {counts}"))
    table = terminal.table("ALERT", "", "FOR", "WHAT")
    for one in shown[:FEW_ALERTS]:
        table.add_row(*_alert(one, alerts.at_ns))
    console.print(table)
    more = sum(alerts.open_by_severity.values()) - len(shown[:FEW_ALERTS])
    if more > 0:
        console.print(f"and {more} more: see the page /alerts")


def _show_rooms(rooms: Rooms, console: Console) -> None:
    console.print()
    total = rooms.counts.not_ready
    console.print(safe(f"{_many(total, 'room')} in which no lesson can be held:", "bold red"))
    table = terminal.table("ROOM", "FOR", "WHY", "TRY FIRST")
    for one in rooms.rooms[:FEW_ROOMS]:
        school = one.school_name or f"{one.region}/{one.school}"
        why = f"{one.what.en} {one.why.en}"
        since = lasting(one.since_ns, rooms.at_ns)
        table.add_row(safe(f"{school} {one.room}"), since, safe(why), safe(one.first.en))
    console.print(table)
    if total > FEW_ROOMS:
        console.print(f"and {total - FEW_ROOMS} more: see the pages of the schools")


def _alert(alert: Alert, now: int) -> list[Text]:
    severity = safe(alert.severity, URGENT.get(alert.severity, ""))
    title = safe(alert.title.en)
    return [safe(str(alert.number)), severity, lasting(alert.began_ns, now), title]


def _areas(picture: Live) -> Table:
    states = [field.name for field in msgspec.structs.fields(Counts)]
    table = terminal.table("AREA", *(_words(state).upper() for state in states), "ALL")
    for one in picture.areas:
        if _total(one.counts) or one.area != UNSTATED:
            table.add_row(*_counts(_EN(f"area_{one.area}"), one.counts, states))
    table.add_row(*_counts(_EN("teaching_points"), picture.teaching_points, states))
    return table


def _counts(name: str, counts: Counts, states: Sequence[str]) -> list[Text]:
    numbers = [(state, getattr(counts, state)) for state in states]
    cells = [safe(str(n), STYLES[state] if n else "dim") for state, n in numbers]
    return [safe(name), *cells, safe(str(_total(counts)), "bold")]


def _summary(picture: Live) -> Text:
    states = [field.name for field in msgspec.structs.fields(Counts)]
    numbers = ((state, getattr(picture.counts, state)) for state in states)
    counted = ", ".join(f"{n} {_words(state)}" for state, n in numbers if n) or "none counts"
    others, total = picture.not_counted, _total(picture.counts)
    more = f"; {others} more that {'does' if others == 1 else 'do'} not count" if others else ""
    return safe(f"{_many(total, 'school')}: {counted}{more}. {picture.at}")


def _total(counts: Counts) -> int:
    return sum(msgspec.structs.astuple(counts))


def _state(state: str) -> Text:
    return safe(_words(state), STYLES.get(state, "bold magenta"))


def _why(cause: str) -> str:
    return _word(f"cause_{cause}", cause) if cause else ""


def _standing(standing: str) -> str:
    return _word(f"standing_{standing}", standing)


def _word(key: str, otherwise: str) -> str:
    """Return what the pages call it; what only a later collector knows, as it came."""
    try:
        return _EN(key)
    except KeyError:
        return otherwise


def _words(state: str) -> str:
    return state.replace("_", " ")


def _many(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")
