"""The picture of many schools at once: one cause is one fact, and counts add up to the roster."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from collector.births import AgentState
from collector.door import Opening
from collector.outside import Proof, SchoolKey, together
from collector.painting import Scene, paint
from collector.picture import Picture
from collector.roster.school import School
from collector.verdicts import SILENT_AFTER, UNSEEN, Known, Outside, Verdict
from collector.web import board
from core.clock import SECOND
from core.types import Identity
from tests.collector.making import NOW, REGION

DAY = date(2026, 11, 22)
LONG_AGO = NOW - 86_400 * SECOND
OPEN = Opening(LONG_AGO, "", 0, broker_connected=True)
AWAY = Opening(0, "broker", NOW - SECOND, broker_connected=False)

ARRIVING = Known(NOW - SECOND, LONG_AGO)
SILENT = Known(NOW - SILENT_AFTER - SECOND, LONG_AGO)
STOPPED = Known(NOW - SECOND, NOW - SECOND, stopped=True)
WILL = Known(NOW - SECOND, NOW - SECOND, dead=True)


def agent(number: int, region: str = REGION) -> Identity:
    return Identity(region, f"school-{number}", "host")


def scene(
    known: Mapping[Identity, Known],
    schools: Sequence[School] = (),
    found: Mapping[SchoolKey, Outside] | None = None,
    opening: Opening = OPEN,
) -> Scene:
    roster = {(school.region, school.school): school for school in schools}
    carriers = {key: school.carrier for key, school in roster.items()}
    return Scene(
        NOW, DAY, "d1", opening,
        {who: AgentState(one) for who, one in known.items()},
        {(who.region, who.school): [who] for who in known},
        roster,
        together(found, carriers) if found else Proof({}, {}),
    )  # fmt: skip


def causes(picture: Picture) -> set[tuple[str, str]]:
    return {(a.verdict.state, a.verdict.cause) for s in picture.schools for a in s.agents}


def test_a_region_whose_agents_fall_silent_together_has_one_cause() -> None:
    together_at = NOW - SILENT_AFTER - 100 * SECOND
    fell = {agent(n): Known(together_at + n * SECOND // 10, LONG_AGO) for n in range(500)}
    elsewhere = {agent(n, "330200"): ARRIVING for n in range(3)}
    alone = {agent(9, "330200"): SILENT}
    picture = paint(scene(fell | elsewhere | alone))
    verdicts = {a.verdict for s in picture.schools for a in s.agents if s.region == REGION}
    assert verdicts == {Verdict("unknown", "region", together_at)}
    others = {a.verdict.cause for s in picture.schools for a in s.agents if s.region != REGION}
    assert others == {"", "silent"}


def test_a_region_is_back_as_soon_as_half_of_its_agents_are() -> None:
    fell = {agent(n): SILENT for n in range(10)}
    back = {agent(n): ARRIVING for n in range(5)}
    assert causes(paint(scene(fell | back))) == {("unknown", "silent"), ("up", "")}


def test_a_clean_stop_of_everybody_is_nobodys_fault() -> None:
    assert causes(paint(scene({agent(n): STOPPED for n in range(10)}))) == {("stopped", "")}


def test_without_the_broker_every_agent_has_that_one_cause() -> None:
    known = {agent(n): WILL if n % 2 else ARRIVING for n in range(10)}
    picture = paint(scene(known, opening=AWAY))
    assert causes(picture) == {("unknown", "broker")}
    assert {s.line for s in picture.schools} == {Verdict("unknown", "broker", NOW - SECOND)}


def test_a_carrier_that_fell_names_itself_at_each_of_its_lines() -> None:
    schools = [
        School(REGION, f"school-{n}", carrier="电信" if n < 4 else "移动") for n in range(10)
    ]
    known = {agent(n): SILENT if n < 4 else ARRIVING for n in range(10)}
    found = {(REGION, f"school-{n}"): Outside(n >= 4, NOW - n * SECOND) for n in range(10)}
    picture = paint(scene(known, schools, found))
    lines = {s.school: (s.line.state, s.line.cause) for s in picture.schools}
    assert [lines[f"school-{n}"] for n in range(4)] == [("down", "carrier")] * 4
    assert lines["school-5"] == ("up", "")


def test_what_the_rules_say_degrades_a_line() -> None:
    lossy = Verdict("degraded", "loss", NOW - SECOND)
    earlier = replace(lossy, since=NOW - 9 * SECOND)
    second = Identity(REGION, "school-1", "other")
    both = {agent(1): ARRIVING, second: ARRIVING}
    made = replace(
        scene(both),
        by_school={(REGION, "school-1"): [*both]},
        degraded={agent(1): lossy, second: earlier},
    )
    assert [s.line for s in paint(made).schools] == [earlier]
    silent = {agent(1): AgentState(ARRIVING), second: AgentState(SILENT)}
    assert [s.line for s in paint(replace(made, agents=silent)).schools] == [lossy]
    silent = {agent(1): AgentState(SILENT), second: AgentState(SILENT)}
    assert paint(replace(made, agents=silent)).schools[0].line.state == "unknown"


KNOWN = st.sampled_from([ARRIVING, SILENT, STOPPED, WILL, Known()])
OUTSIDE = st.sampled_from([UNSEEN, Outside(True, LONG_AGO), Outside(False, NOW - SECOND)])
STATUS = st.sampled_from(["open", "merged", "closed"])


@given(
    st.lists(st.tuples(STATUS, st.lists(KNOWN, max_size=2), OUTSIDE), max_size=12),
    st.sampled_from([OPEN, AWAY]),
)
def test_counts_by_state_add_up_to_the_schools_of_the_roster(
    drawn: list[tuple[str, list[Known], Outside]], opening: Opening
) -> None:
    schools = [
        School(REGION, f"school-{n}", status=status)  # type: ignore[arg-type]
        for n, (status, _, _) in enumerate(drawn)
    ]
    known = {
        Identity(REGION, f"school-{n}", f"host-{i}"): one
        for n, (_, agents, _) in enumerate(drawn)
        for i, one in enumerate(agents)
    }
    found = {(REGION, f"school-{n}"): outside for n, (_, _, outside) in enumerate(drawn)}
    made = scene(known, schools, found, opening)
    by_school: dict[SchoolKey, list[Identity]] = {}
    for who in known:
        by_school.setdefault((who.region, who.school), []).append(who)
    picture = paint(replace(made, by_school=by_school, listed=bool(schools)))
    counts = board.tally(board.school_row(view).state for view in picture.counted)
    listed = sum(school.status == "open" for school in schools)
    assert sum(counts.values()) == (listed if schools else len(by_school))
