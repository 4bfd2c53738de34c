"""The series of security events: few lines, each end is written, and no address in any."""

from collections.abc import Iterable, Sequence
from typing import Any

from alerts.step import Case
from collector.picture import Picture
from collector.security.points import SecurityPoints, Series
from collector.security.sensors import Sensors
from collector.security.view import view_of
from core import lineprotocol
from core.catalog import CATALOG, type_of
from core.clock import SECOND
from core.types import Identity
from tests.collector.making import NOW, REGION
from tests.collector.security.play import case
from tests.collector.web.fakes import agent, school

SCHOOLS = tuple(school(agent(Identity(REGION, f"s{n}", "host"))) for n in range(3))


def look(points: SecurityPoints, found: Iterable[Case], at: int) -> Sequence[Any]:
    view = view_of(Picture(at, "d1", True, SCHOOLS), found, Sensors(), at)
    lines = [lineprotocol.parse(line.rstrip(b"\n")) for line in points.lines(view)]
    for one in lines:
        known = CATALOG[one.measurement]
        assert set(one.tags) == {*known.tags, "region", "school"}
        for name, value in one.fields.items():
            assert known.fields[name].type == type_of(value), name
    return lines


def kinds(lines: Iterable[Any]) -> list[tuple[str, str, int, int]]:
    return [
        (one.tags["school"], one.tags["kind"], one.fields["active"], one.fields["began"])
        for one in lines
        if one.measurement == "security"
    ]


def test_a_kind_at_a_school_is_written_when_it_changes_and_once_when_it_is_over() -> None:
    points = SecurityPoints()
    one, two = case("port_scan", "s1", number=1), case("port_scan", "s1", number=2)
    assert kinds(look(points, [one], NOW)) == [("s1", "port_scan", 1, 1)]
    assert kinds(look(points, [one], NOW + SECOND)) == []
    assert kinds(look(points, [one, two], NOW + 2 * SECOND)) == [("s1", "port_scan", 2, 1)]
    assert kinds(look(points, [two], NOW + 3 * SECOND)) == [("s1", "port_scan", 1, 0)]
    assert kinds(look(points, [], NOW + 4 * SECOND)) == [("s1", "port_scan", 0, 0)]
    assert kinds(look(points, [], NOW + 5 * SECOND)) == []


def test_while_it_goes_on_it_is_written_once_in_five_minutes() -> None:
    points, one = SecurityPoints(), case("worm_sweep", "s0")
    lines = [kinds(look(points, [one], NOW + n * 5 * SECOND)) for n in range(121)]
    assert sum(bool(line) for line in lines) == 3


def test_what_an_earlier_process_left_open_is_ended_or_goes_on() -> None:
    left = {Series(REGION, "s1", "port_scan"), Series(REGION, "s2", "worm_sweep")}
    points = SecurityPoints(left, last=7)
    going_on = case("worm_sweep", "s2", number=7)
    assert kinds(look(points, [going_on], NOW)) == [
        ("s2", "worm_sweep", 1, 0),
        ("s1", "port_scan", 0, 0),
    ]


def test_every_school_says_how_it_is_watched() -> None:
    points = SecurityPoints()
    lines = [one for one in look(points, [], NOW) if one.measurement == "security_school"]
    assert [one.fields for one in lines] == [
        {"sensor": "none", "active": 0, "sensors": 0, "sensors_run": 0}
    ] * 3
