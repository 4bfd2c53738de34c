"""What the rules see of the picture: one cause is one fact, and what nobody can tell stays."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from alerts.facts import Sight
from alerts.language.file import read_rules
from alerts.language.words import MEMBERS
from alerts.match import small
from alerts.rules import Sighted
from alerts.shipped import RULES
from collector import channelsight, everywhere, incidents, retention, systemsight
from collector.agentclocks import ClockVerdict
from collector.canary import MISSED_AFTER, Canary
from collector.door import Opening
from collector.evidence import witnesses
from collector.outside import SchoolKey
from collector.painting import paint
from collector.rooms import conditions
from collector.roster.school import School
from collector.security import spread
from collector.sights import COVERS, sight_of
from collector.targetsight import AIMS
from collector.verdicts import Known, Outside
from core.clock import SECOND
from core.types import Identity
from tests.alerts.stage import RULE_FILES, Stage
from tests.collector.making import NOW, REGION
from tests.collector.test_painting import ARRIVING, AWAY, DAY, OPEN, SILENT, STOPPED, agent, scene


def seen(
    known: Mapping[Identity, Known],
    *,
    schools: list[School] | None = None,
    found: Mapping[SchoolKey, Outside] | None = None,
    opening: Opening = OPEN,
    canary: Canary | None = None,
) -> Sight:
    picture = paint(scene(known, schools or [], found, opening))
    return sight_of(picture, opening, canary or Canary())


def facts(sight: Sight) -> list[tuple[str, str, str]]:
    known = (one for one in sight.wrong if one.kind != "school_unknown")
    return [(one.kind, one.place, one.target) for one in known]


def unknown(sight: Sight) -> dict[str, tuple[str, object]]:
    """Return the schools of which nothing is known: what explains it, and why."""
    found = (one for one in sight.wrong if one.kind == "school_unknown")
    return {one.place.partition("/")[2]: (one.part_of, one.details["cause"]) for one in found}


def test_a_silent_agent_is_wrong_and_a_stopped_one_is_not() -> None:
    sight = seen({agent(1): SILENT, agent(2): STOPPED, agent(3): ARRIVING, agent(4): Known()})
    assert facts(sight) == [("agent_silent", str(agent(1)), "")]


def test_a_line_is_wrong_where_outside_proof_says_so_and_unknown_without() -> None:
    key = (REGION, "school-1")
    answers = {(REGION, "school-9"): Outside(True, NOW)}
    known = {agent(1): SILENT, agent(9): ARRIVING}
    cut = seen(known, found={key: Outside(False, NOW - SECOND)} | answers)
    assert ("line_down", f"{REGION}/school-1", "") in facts(cut)
    assert ("agent_silent", str(agent(1)), "") in facts(cut)
    untold = seen(known)
    assert "line_down" not in {kind for kind, _, _ in facts(untold)}
    assert f"{REGION}/school-1" in untold.unknown


def test_a_school_of_which_nothing_is_known_says_so_with_what_explains_it() -> None:
    known = {agent(1): SILENT, agent(2): STOPPED, agent(3): ARRIVING, agent(4): Known()}
    assert unknown(seen(known)) == {
        "school-1": ("agent_silent", "silent"),
        "school-2": ("", "all_stopped"),
    }, "not one that was never seen"
    told = unknown(seen(known, opening=AWAY))
    assert told == {"school-2": ("", "all_stopped")}, "of silence the broker says it for all"
    assert f"{REGION}/school-2" in seen(known, opening=AWAY).unknown, "so that nothing ends"


def test_a_school_that_is_not_open_is_no_fault_and_what_was_open_of_it_ends() -> None:
    key, known = (REGION, "school-1"), {agent(1): SILENT, agent(9): ARRIVING}
    found = {key: Outside(False, NOW - SECOND), (REGION, "school-9"): Outside(True, NOW)}
    for school, wrong in (
        (School(*key), ["agent_silent", "line_down"]),
        (School(*key, status="closed"), []),
        (School(*key, status="merged"), []),
        (School(*key, opened=DAY + timedelta(1)), []),
    ):
        sight = seen(known, schools=[school], found=found)
        assert [kind for kind, _, _ in facts(sight)] == wrong
        assert {"agent_silent", "line_down"} <= sight.covers
        assert not {"/".join(key), str(agent(1))} & sight.unknown


def test_a_region_that_is_away_is_one_fact_with_its_schools() -> None:
    sight = seen({agent(n): SILENT for n in range(500)})
    assert facts(sight) == [("region_away", REGION, "")]
    assert sight.wrong[0].details["count"] == 500
    assert 50 < len(sight.wrong[0].details["schools"]) < 500
    assert small(sight.wrong[0].details) is sight.wrong[0].details
    assert str(agent(7)) in sight.unknown


def test_a_carrier_that_fell_is_one_fact_and_its_lines_are_parts_of_it() -> None:
    schools = [School(REGION, f"school-{n}", carrier="电信") for n in range(4)]
    schools.append(School(REGION, "school-4", carrier="移动"))
    known = {agent(n): SILENT if n < 4 else ARRIVING for n in range(9)}
    found = {(REGION, f"school-{n}"): Outside(n >= 4, NOW - SECOND) for n in range(5)}
    sight = seen(known, schools=schools, found=found)
    assert [one.target for one in sight.wrong if one.kind == "carrier_away"] == ["电信"]
    parts = {one.kind for one in sight.wrong if one.part_of == "carrier_away"}
    assert parts == {"line_down", "agent_silent"}
    assert {one.kind for one in sight.wrong if not one.part_of} == {"carrier_away"}


def test_a_carrier_is_not_back_because_nobody_was_asked_yet_or_nobody_answers_us() -> None:
    picture = paint(scene({agent(1): SILENT}, [], None))
    started = sight_of(replace(picture, unasked=True), OPEN, Canary(1, NOW))
    assert COVERS - started.covers == {"carrier_away", "own_line"}
    found = {(REGION, f"school-{n}"): Outside(False, NOW - SECOND) for n in range(4)}
    known = {agent(n): SILENT if n < 2 else ARRIVING for n in range(9)}
    cut_off = seen(known, found=found, canary=Canary(1, NOW))
    assert ("own_line", "", "") in facts(cut_off)
    assert COVERS - cut_off.covers == {"carrier_away"}


def test_without_the_broker_no_agent_is_told_of_and_nothing_ends() -> None:
    sight = seen({agent(1): SILENT, agent(2): ARRIVING}, opening=AWAY)
    assert facts(sight) == []
    assert REGION in sight.unknown


def test_a_watchdog_that_was_there_and_is_silent_is_missed() -> None:
    assert facts(seen({}, canary=Canary())) == []
    assert facts(seen({}, canary=Canary(1, NOW - MISSED_AFTER))) == []
    missed = seen({}, canary=Canary(1, NOW - MISSED_AFTER - 1))
    assert facts(missed) == [("canary_missed", "collector/d1", "")]


def test_a_watchdog_is_neither_missed_nor_back_before_the_collector_hears_again() -> None:
    long_ago = Canary(1, NOW - 3_600 * SECOND)
    back = replace(OPEN, since=NOW - SECOND)
    for opening in (AWAY, back):
        sight = seen({}, opening=opening, canary=long_ago)
        assert facts(sight) == []
        assert "canary_missed" not in sight.covers
    assert "canary_missed" in seen({}, opening=back, canary=Canary(2, NOW)).covers


def test_every_kind_has_a_rule_and_every_rule_about_the_picture_a_kind() -> None:
    assert {
        rule.of.kind for rule in RULES if isinstance(rule.of, Sighted)
    } == COVERS | systemsight.COVERS | everywhere.COVERS | spread.COVERS | channelsight.COVERS | {
        *conditions.KINDS,
        *conditions.UNKNOWN,
        *witnesses.COVERS,
        *(kind for aim in AIMS for kind in (aim.district, aim.school)),
        incidents.RULE,
        incidents.HANDLING,
        retention.RULE,
    }


def test_a_clock_that_is_far_off_is_wrong_also_of_a_silent_agent_and_not_of_a_stopped_one() -> None:
    known = {agent(1): ARRIVING, agent(2): SILENT, agent(3): STOPPED, agent(4): ARRIVING}
    bad = ClockVerdict("bad", -6_000.0, NOW - SECOND)
    clocks = {agent(n): bad for n in (1, 2, 3)} | {agent(4): ClockVerdict("warn", 2_000.0, NOW)}
    picture = paint(replace(scene(known), clocks=clocks))
    found = [one for one in sight_of(picture, OPEN, Canary()).wrong if one.kind == "clock_off"]
    assert [one.place for one in found] == [str(agent(1)), str(agent(2))]
    assert {(one.since, one.details["offset_ms"]) for one in found} == {(NOW - SECOND, -6_000.0)}


def test_members_are_what_may_be_wrong_and_whether_somebody_can_tell() -> None:
    known = {agent(1): SILENT, agent(2): STOPPED, agent(3): ARRIVING, agent(4): Known()}
    members = seen(known).members
    assert members["agent_silent"] == {(str(agent(1)), ""): True, (str(agent(3)), ""): True}
    away = seen(known, opening=AWAY).members["agent_silent"]
    assert away == {(str(agent(1)), ""): False, (str(agent(3)), ""): False}


def test_the_kinds_that_a_share_may_be_made_of_are_those_whose_members_are_given() -> None:
    given = {*seen({}).members, *conditions.members([]), *(aim.school for aim in AIMS)}
    assert given == set(MEMBERS)


def test_a_share_of_silent_agents_is_told_of_the_picture_as_it_is_painted(tmp_path: Path) -> None:
    rules = read_rules(RULE_FILES / "watched.rules.toml").rules
    stage = Stage(tmp_path / "d1", rules=[one for one in rules if one.name == "many_silent"])
    everybody = {agent(n): ARRIVING for n in range(1, 11)}
    four = everybody | {agent(n): SILENT for n in range(1, 5)}
    for known in (everybody, four, four, everybody):
        for _ in range(7):
            stage.engine.see(replace(seen(known), at=stage.clock()))
            stage.wait(50, step=50)
    assert stage.told() == ["650s begins many_silent", "1050s ends many_silent"]
