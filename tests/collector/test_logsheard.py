"""How far a school's logs go back and whether they are whole, of what its agents say."""

from collector.logsheard import HOLDS, MOST_DEVICES, LogsHeard, SchoolLogs
from collector.picture import Picture
from collector.targetparts import SEEN_AFTER, logs_kept, logs_whole, unheard
from collector.targetsight import LOGS_KEPT, LOGS_WHOLE, sights
from collector.verdicts import State
from core.clock import SECOND
from core.types import Identity
from tests.collector.web.fakes import NOW as SEEN
from tests.collector.web.fakes import agent
from tests.collector.web.fakes import school as seen

NOW = 1_795_374_585 * SECOND
A, B, C = (("r", name) for name in "abc")


def heard(*lines: tuple[tuple[str, str], str], at: int = NOW) -> LogsHeard:
    made = LogsHeard()
    for key, line in lines:
        made.line(key, "pc-1", f"{line} {at}".encode(), at)
    return made


def test_a_school_goes_back_as_far_as_its_worst_log_and_a_young_one_is_no_miss() -> None:
    logs = heard(
        (A, 'log_kept,device=fw state="kept",damaged=0i'),
        (A, 'log_kept,device=ac state="short",damaged=0i'),
        (B, 'log_kept,device=fw state="young",damaged=0i'),
        (C, 'log_kept,device=fw state="kept",damaged=0i'),
    )
    assert [(one.key, one.judged) for one in logs_kept(logs, NOW)] == [
        *((A, "not_met"), (B, "unproven"), (C, "met")),
    ]
    assert logs_kept(logs, NOW + HOLDS + 1) == [], "nobody can tell any more"


def test_a_reading_without_its_state_says_that_it_is_as_before() -> None:
    logs = heard((A, 'log_kept,device=fw state="kept",damaged=2i'))
    logs.line(A, "pc-1", b"log_kept,device=fw rows=7i 1", NOW + HOLDS)
    assert [one.judged for one in logs_kept(logs, NOW + 2 * HOLDS)] == ["met"]
    assert logs.damaged(NOW + 2 * HOLDS) == {A}


def test_logs_are_whole_that_flow_lose_nothing_and_are_as_they_were() -> None:
    logs = heard(
        (A, "firewall_log,device=fw lines=1i"),
        (B, 'log_kept,device=fw state="young",damaged=1i'),
        (C, "firewall_log,device=fw lines=1i"),
    )
    faults = {C: "log_rows_lost", ("r", "d"): "firewall_silent"}
    assert [(one.key[1], one.judged, one.why) for one in logs_whole(logs, NOW, faults)] == [
        ("a", "met", ""),
        ("b", "not_met", "log_day_damaged"),
        ("c", "not_met", "log_rows_lost"),
        ("d", "not_met", "firewall_silent"),
    ]


def test_a_school_that_missed_it_and_fell_silent_has_not_recovered() -> None:
    logs = heard((A, 'log_kept,device=fw state="short",damaged=1i'), (C, "firewall_log lines=1i"))
    late = NOW + HOLDS + 1
    logs.line(C, "pc-1", b'log_kept,device=fw state="kept" 1', late)
    for aim, found in (
        (LOGS_KEPT, logs_kept(logs, late, {A})),
        (LOGS_WHOLE, logs_whole(logs, late, {}, {A})),
    ):
        district, one = sights(aim, found, late, str)
        assert one.unknown == {"r/a"}
        assert not district.wrong
        assert district.unknown == {""}, "nor have all of them together"


def test_what_is_said_no_more_by_agents_that_are_heard_is_over() -> None:
    def waits(state: State, since: int, listening: int = SEEN - 2 * SEEN_AFTER) -> bool:
        one = seen(agent(Identity("r", "a", "host"), state, since=since))
        picture = Picture(SEEN, "d1", True, (one,), roster=False)
        return bool(unheard(picture, {A: {"school_logs_kept"}}, "school_logs_kept", listening))

    assert waits("unknown", SEEN - 2 * SEEN_AFTER)
    assert waits("up", SEEN - SEEN_AFTER // 2), "it may not have come to it yet"
    assert waits("up", SEEN - 2 * SEEN_AFTER, SEEN - SECOND), "nor after our own start"
    assert not waits("up", SEEN - 2 * SEEN_AFTER), "the device is gone"


def test_lines_that_are_none_and_thousands_of_devices_do_no_harm() -> None:
    logs = heard((A, "log_kept,device"))
    assert logs_kept(logs, NOW) == []
    for number in range(1_000):
        logs.line(A, "pc-1", b'log_kept,device=d%d state="kept" 1' % number, NOW)
    assert len(logs._kept[A]) == MOST_DEVICES


def test_of_each_school_the_worst_is_told_and_the_bad_stand_first() -> None:
    logs = heard(
        (A, 'log_kept,device=fw state="kept",damaged=0i'),
        (B, 'log_kept,device=fw state="young",damaged=1i'),
        (C, "firewall_log,device=fw lines=3i"),
    )
    found = logs.of_schools(NOW, {("r", "d"): "firewall_silent"})
    assert found == [
        SchoolLogs(B, "young", "log_day_damaged"),
        SchoolLogs(("r", "d"), "", "firewall_silent"),
        SchoolLogs(A, "kept"),
        SchoolLogs(C),
    ]
