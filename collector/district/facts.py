"""From the rows of days to what the targets are made of: pure."""

from alerts.targets.days import Day
from alerts.targets.facts import Facts
from alerts.targets.probes import Held
from collector.district import probing
from collector.district.rows import SchoolDay, SchoolMonth


def of_days(row: SchoolMonth) -> Facts:
    """Return the days of a month that are over, without the school time that was to be known."""
    return Facts(
        *(*row.key, row.area, row.line),
        up=row.up,
        known=row.known,
        target_mbps=row.target,
        contracted_mbps=row.contracted,
        carried=row.carried,
        ok=row.ok,
        probed=row.probed,
        probes_known=row.probes_known,
    )


def in_month(facts: Facts) -> Facts:
    """Return a day as part of a month, where only school time is asked for of probes."""
    return facts if facts.lessons else with_lessons(facts, 0)


def with_lessons(facts: Facts, lessons: int) -> Facts:
    """Return *facts* of a month with the school time (ns) that is to be known of it."""
    known = min(facts.probes_known, lessons)
    return Facts(
        *(facts.region, facts.school, facts.area, facts.line, lessons, facts.up, facts.known),
        *(facts.target_mbps, facts.contracted_mbps, facts.carried, facts.tested),
        *(facts.ok, facts.probed, known, lessons),
    )


def of_day(row: SchoolDay, day: Day, at: int, held: Held) -> Facts:
    """Return a day until *at*, with what its probes *held*."""
    up, known = row.uptime.until(day.lessons_until(at))
    return Facts(
        *(*row.key, row.area, row.uptime.line, day.lessons_until(at), up, known),
        target_mbps=row.target,
        contracted_mbps=row.contracted,
        carried=row.carried,
        ok=held.ok,
        probed=held.known,
        probes_known=probing.known(day, at, held),
        probes_window=probing.window(day, at),
    )


def held_of(row: SchoolDay) -> Held:
    """Return what is kept of the probes of a day that is over."""
    return Held(row.ok, row.probed, row.probes_known)


def with_held(row: SchoolDay, held: Held, day: Day) -> SchoolDay:
    """Return a day that is over with what its probes *held*."""
    known = probing.known(day, day.stop, held)
    return row._replace(ok=held.ok, probed=held.known, probes_known=known)
