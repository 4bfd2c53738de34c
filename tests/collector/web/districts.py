"""Districts of any size for pictures and measurements: every state and cause, in a likely mixture.

Painted by the real painter from what agents, roster and outside probes would say.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, get_args

from alerts.acks import Ack
from alerts.history import Delivery, Followed, Muted, Stories, Story
from alerts.incidents.clocks import CLOCKS, due
from alerts.incidents.incident import Report
from alerts.incidents.rows import RAISED
from alerts.kept import NOT_KEPT, Kept
from alerts.routing.supervision import Entry, Figures, Supervision
from alerts.rules import Rule
from alerts.schooltime import SchoolTime
from alerts.shipped import RULES
from alerts.targets.facts import Facts
from alerts.targets.indicators import indicators
from alerts.texts import Words, telling_of
from collector import unconnected as listing
from collector.births import AgentState
from collector.district.points import Window, groups
from collector.district.scores import Score
from collector.district.seen import line_of
from collector.door import Opening
from collector.evidence.health import LogHealth
from collector.evidence.view import Evidence
from collector.incidents import Judged
from collector.lanerow import LaneRow
from collector.ledgerread import AgentAccount, LaneAccount, Restore, Totals, causes
from collector.outside import SchoolKey, together
from collector.painting import Scene, paint
from collector.picture import Picture, SchoolView
from collector.ranges import Ranges
from collector.reasons import Missing
from collector.roster.school import OWNERS, Address, Area, Person, School, SchoolType
from collector.unconnected import Ended, Listed
from collector.verdicts import Known, Outside, Verdict
from core.alerts import NO_TEXT, Alert, AlertKey, AlertState
from core.clock import SECOND
from core.kind import Severity
from core.types import Identity
from tests.alerts.incidents.making import made
from tests.collector.web import attacks
from tests.collector.web.classrooms import classrooms
from tests.collector.web.fakes import MINUTE, NOW, SHANGHAI, FakeSource

HOUR = 60 * MINUTE
DAY = date(2026, 11, 22)
REGIONS = ("330102", "330105", "330106", "330110", "330122")
CARRIERS = ("中国电信", "中国移动", "中国联通")
PLACES = "滨江 石桥 向阳 清河 长乐 古荡 三墩 良渚 瓶窑 分水 新登 龙坞 双浦 转塘 留下 塘栖 径山 百丈"
KINDS: Sequence[tuple[str, SchoolType, Area]] = (
    ("小学", "primary", "urban"),
    ("初级中学", "junior", "town"),
    ("九年一贯制学校", "nine_year", "rural"),
    ("教学点", "teaching_point", "rural"),
    ("实验学校", "nine_year", "urban"),
    ("高级中学", "senior", "town"),
)
OVER: Sequence[Ended] = ("connected", "connected", "unlisted", "merged", "closed", "not_yet")
OPEN = Opening(NOW - 9 * HOUR, "", 0, broker_connected=True)


def entries(count: int) -> Iterator[School]:
    """Give *count* schools of a roster; every ninth lacks owners, a few say no area."""
    names = PLACES.split()
    for n in range(count):
        kind, word, area = KINDS[n % len(KINDS)]
        village = names[n % len(names)] + ("" if n < len(names) else f"第{n // len(names) + 1}")
        yield School(
            region=REGIONS[n * len(REGIONS) // count],
            school=f"33{n:08d}",
            name=village + kind,
            type=word,
            area=None if n % 41 == 40 else area,
            contracted_mbps=(50.0, 100.0, 200.0, 500.0)[n % 4],
            target_mbps=200.0,
            link=("fibre", "private", "5g")[n % 3],
            carrier=CARRIERS[n % 3],
            classes=6 + n % 30,
            pupils=40 * (6 + n % 30),
            rooms=8 + n % 30,
            outside=() if n % 13 == 12 else (Address("192.0.2.1"),),
            people=tuple(
                Person(role, "王主任", "0571-1") for role in OWNERS[: 1 if n % 9 == 8 else 3]
            ),
        )


def district(count: int) -> tuple[SchoolView, ...]:
    """Return *count* schools in every state there is, as the collector would paint them."""
    return tuple(_aged(view) for view in paint(scene(count)).schools)


def scene(count: int) -> Scene:
    """Return everything that a picture of *count* schools is made of."""
    roster = {(one.region, one.school): one for one in entries(count)}
    agents: dict[Identity, AgentState] = {}
    by_school: dict[SchoolKey, list[Identity]] = {}
    outside: dict[SchoolKey, Outside] = {}
    degraded: dict[Identity, Verdict] = {}
    for n, key in enumerate(roster):
        kind = _kind(n)
        outside[key] = _outside(kind, n, has_address=bool(roster[key].outside))
        for name, known in _agents(kind, n):
            who = Identity(*key, name)
            agents[who] = AgentState(known)
            if kind == "lossy":
                degraded[who] = Verdict("degraded", "loss", NOW - (5 + n % 50) * MINUTE)
            by_school.setdefault(key, []).append(who)
    if count >= 50:
        stranger = Identity(REGIONS[0], "3399999999", "pc")
        agents[stranger] = AgentState(Known(NOW - SECOND, NOW - HOUR))
        by_school[stranger.region, stranger.school] = [stranger]
    carriers = {key: school.carrier for key, school in roster.items()}
    return Scene(
        *(NOW, DAY, "d1", OPEN, agents, by_school, roster),
        *(together(outside, carriers), degraded, True),
    )


def _kind(n: int) -> str:
    """Return what school *n* suffers from; most are well, and the first ones show most kinds."""
    likely = ("cut", "well", "quiet", "lossy", "broken", "never", "well", "stopped", "half", "dead")
    if n < 2 * len(likely) and n:
        return likely[n % len(likely)]
    return likely[n % len(likely)] if n % 17 == 3 and n else "well"


def _agents(kind: str, n: int) -> Iterator[tuple[str, Known]]:
    ago = NOW - (4 + 7 * n % 900) * MINUTE
    up = Known(NOW - (2 + n % 50) * SECOND, NOW - (10 + n) * MINUTE)
    lost = {
        "cut": Known(ago, ago, dead=True),
        "quiet": Known(ago, ago - HOUR),
        "broken": Known(ago, ago, dead=True),
        "dead": Known(ago, ago, dead=True),
        "stopped": Known(ago, ago, stopped=True),
    }
    if kind != "never":
        yield "jifang-1", lost.get(kind, up)
    if kind == "half":
        yield "tushuguan", Known(ago, ago, dead=True)


def _outside(kind: str, n: int, *, has_address: bool) -> Outside:
    if not has_address or kind == "quiet":
        return Outside()
    if kind == "cut":
        return Outside(False, NOW - (3 + 7 * n % 900) * MINUTE)
    return Outside(True, NOW - 30 * HOUR)


def _aged(view: SchoolView) -> SchoolView:
    agents = tuple(
        replace(one, version="0.1.0", started="2026-11-21T23:58:02Z") for one in view.agents
    )
    return replace(view, agents=agents)


def stories(schools: Sequence[SchoolView]) -> Stories:
    """Return the alerts that *schools* would have raised, and a few that are over."""
    rules = {rule.name: rule for rule in RULES}
    names = {f"{view.region}/{view.school}": view.name for view in schools}

    def named(place: str) -> str:
        region, _, rest = place.partition("/")
        school, _, agent = rest.partition("/")
        name = names.get(f"{region}/{school}", "")
        return " ".join(filter(None, (name, f"({region}/{school})", agent))) if name else place

    words = Words(named, SHANGHAI)
    found: list[Story] = []
    for number, (rule, place, target, severity, began, details) in enumerate(_open(schools), 1):
        key = AlertKey(rule, place, target)
        alert = Alert(
            key, severity, "firing", began, began + 90 * SECOND, 0, number, details=details
        )
        found.append(
            Story(
                telling_of(alert, rules, words),
                waits_for_summary=False,
                deliveries=told(number, began, "firing"),
                **_attended(number, began),
            )
        )
    found.sort(key=lambda one: (one.telling.alert.severity, -one.telling.alert.fired_at))
    over = [
        Story(
            telling_of(
                replace(
                    one.telling.alert, state="ended", ended_at=NOW - n * MINUTE, number=900 + n
                ),
                rules,
                words,
            ),
            waits_for_summary=False,
            deliveries=told(900 + n, one.telling.alert.began_at, "ended"),
        )
        for n, one in enumerate(found[:8])
    ]
    found += _quiet(found, rules, words) if len(found) > 3 else []
    return Stories(found, len(found), over, 900)


def _quiet(found: Sequence[Story], rules: dict[str, Rule], words: Words) -> Iterator[Story]:
    """Yield what nobody is told of now: silenced, maintained, waiting, and explained."""
    first, *_, last = (one.telling.alert for one in found)
    at, silence = NOW - 40 * MINUTE, "更换机房空调，电源分批关闭"
    until = NOW + 14 * 60 * MINUTE
    mutes = (
        ("silence:12", "", 0, Kept(NOW + 180 * MINUTE, "张老师", silence)),
        ("maintenance:核心交换机升级", "", 0, Kept(NOW + 90 * MINUTE, why="厂家升级固件")),
        ("calendar", "", 0, Kept(until)),
        ("", first.key.rule, first.number, NOT_KEPT),
    )
    for n, (muted_by, hidden_by, hider, kept) in enumerate(mutes):
        alert = Alert(
            AlertKey("disk_full", last.key.place, f"/data{n}"),
            *("P3", "firing", at, at, 0, 800 + n),
            details={"value": 93.0 + n},
            muted_by=muted_by,
            hidden_by=hidden_by,
            hider=hider,
        )
        title = found[0].telling.title if hider else NO_TEXT
        why = Muted(muted_by or f"alert:{hider}", at, 0)
        yield Story(telling_of(alert, rules, words), False, [], mutes=[why], kept=kept, hider=title)


def _attended(number: int, began: int) -> dict[str, Any]:
    """Return that somebody takes care of the third, and that the first waits for long."""
    if number == 1:
        mutes = [Muted("calendar", began + MINUTE, began + 2 * MINUTE)]
        return {"followed": Followed(NOW - 12 * MINUTE, NOW - 12 * MINUTE, 0), "mutes": mutes}
    if number == 3:
        return {"ack": Ack(NOW - 9 * MINUTE, "李老师", "district", "page", "我在路上")}
    return {}


def _open(
    schools: Sequence[SchoolView],
) -> Iterator[tuple[str, str, str, Severity, int, dict[str, object]]]:
    for view in schools:
        place = f"{view.region}/{view.school}"
        if view.line.state == "down":
            yield "line_down", place, "", "P1", view.line.since, {}
        elif view.line.cause == "loss":
            agent = f"{place}/{view.agents[0].who.agent}"
            yield "packet_loss", agent, "223.5.5.5", "P3", view.line.since, {"value": 12.4}
        for one in view.agents:
            if one.verdict.cause in ("silent", "will", "agent"):
                details: dict[str, object] = {"cause": one.verdict.cause}
                yield "agent_silent", str(one.who), "", "P2", one.verdict.since, details


def told(number: int, began: int, state: AlertState) -> list[Delivery]:
    """Return what became of the messages about one alert: one that failed, then arrived."""
    at = began + 90 * SECOND
    found = [
        Delivery(number, "FIRST", at, "console", "delivered", 1, at, "", repeat=False),
        Delivery(
            number, "FIRST", at, "duty", "delivered", 2, at + 4 * SECOND, "HTTP 503", repeat=True
        ),
    ]
    if state == "ended":
        found.append(
            Delivery(
                *(number + 1, "ALL_RESOLVED", NOW - MINUTE, "duty", "queued", 0, 0, ""),
                repeat=False,
            )
        )
    return found


def accounts(schools: Sequence[SchoolView]) -> tuple[AgentAccount, ...]:
    """Return what the ledger would say of some agents."""
    gaps = (
        Missing(311, 318, "dropped", "full", NOW - 5 * HOUR),
        Missing(402, 402, "refused", "", NOW - 2 * HOUR),
        Missing(77, 81, "expected", "", NOW - 9 * MINUTE),
        Missing(12, 30, "spool_lost", "", NOW - 26 * HOUR),
        Missing(5, 5, "unexplained", "", NOW - 80 * MINUTE),
    )
    agents = [one.who for view in schools for one in view.agents][:40]
    found = []
    for n, who in enumerate(agents):
        gap = gaps[n % len(gaps)]
        row = LaneRow(Ranges.of([(1, gap.first - 1), (gap.last + 1, 900)]), high=900)
        lane = LaneAccount(f"{n:012x}", "readings", row, (gap,))
        totals = Totals(1, 900 - (gap.last - gap.first + 1))
        found.append(AgentAccount(who, NOW, lanes=(lane,), causes=causes([gap]), totals=totals))
    return tuple(found)


def unconnected(picture: Picture) -> Listed:
    """Return the list as it would be if every school had been as it is for long enough."""
    found = listing.told(picture)
    since = NOW - 99 * HOUR
    times = SchoolTime(SHANGHAI)
    watched = listing.look({}, found, since, after=0, times=times, standing=lambda _: "unlisted")
    listed = [replace(one, counted=25 * HOUR, opened=NOW - 9 * HOUR) for one in watched]
    over = [
        replace(one, closed=NOW - n * HOUR, ended=ended)
        for n, (one, ended) in enumerate(zip(listed, OVER), 1)
    ]
    lengths = tuple(one.closed - one.opened for one in over if one.ended == "connected")
    return Listed(tuple(listed), tuple(over), lengths, NOW - 500 * HOUR, 24 * HOUR)


def supervised(found: Stories) -> Supervision:
    """Return the list as it would be if all that is open had been due for some time."""
    entries = [
        Entry(
            *(story.telling, ("operator", "user", "authority")[n % 3]),
            since=NOW - (200 if n == 0 else 4) * 24 * HOUR,
            due_at=NOW - (197 if n == 0 else 1) * 24 * HOUR - n * HOUR,
            supervised_at=NOW - n * HOUR,
            reminders=n % 3 + 1,
            escalated=n % 2,
            acked_at=NOW - HOUR if n % 2 else 0,
            closed_at=0,
            long=n == 0,
        )
        for n, story in enumerate(found.open)
    ]
    over = [
        replace(entry, telling=story.telling, closed_at=NOW - n * HOUR, long=False)
        for n, (entry, story) in enumerate(zip(entries[1:], found.over), 1)
    ]
    figures = Figures(NOW - 500 * HOUR, 12, 9, 1.5, 20 * MINUTE, 3 * HOUR)
    return Supervision(entries, len(entries), int(bool(entries)), over, figures)


def scores(picture: Picture) -> tuple[Score, ...]:
    """Return the targets as the lines of *picture* are, with a lesson in which they were so."""
    facts = [
        Facts(
            *(view.region, view.school, (view.entry and view.entry.area) or "", line_of(view)),
            up=45 * MINUTE if line_of(view) == "up" else 0,
            target_mbps=100.0,
            carried=float(n),
            lessons=45 * MINUTE,
            known=45 * MINUTE,
            probes_window=45 * MINUTE,
        )
        for n, view in enumerate(picture.counted)
    ]
    regions = sorted({one.region for one in facts})
    return tuple(
        Score(group, window, NOW, found, 3 if found.id == "I-04" else 0)
        for window in get_args(Window)
        for group, some in groups(facts, regions).items()
        for found in indicators(some)
    )


def judged(schools: Sequence[SchoolView]) -> list[Judged]:
    """An incident at each school: some confirmed, reported and closed."""
    found = []
    for number, school in enumerate(schools, 1):
        grade = ("", "一般", "较大", "误报")[number % 4]
        at = NOW - number * HOUR
        known: dict[str, Any] = {
            "number": number,
            "place": f"{school.region}/{school.school}/host",
            "began_at": at - MINUTE,
            "discovered_at": at,
            "proposed": "较大",
            "reason": RAISED,
        }
        if grade:
            note = "" if grade == "较大" else "只有一台旧电脑"
            known |= {"grade": grade, "confirmed_by": "王主任", "confirmed_at": at + HOUR // 2}
            known |= {"note": note, "concerns": frozenset(("crime",) if number % 8 == 2 else ())}
        if grade == "较大":
            known["reports"] = (Report("edu_urgent", at + HOUR, "王主任", "电话"),)
        if number % 8 == 2:
            known |= {"ended_at": NOW - HOUR, "closed_at": NOW, "closed_by": "王主任"}
            known["closing"] = "已隔离并重装"
        one = made(**known)
        found.append(Judged(one, due(CLOCKS, one, NOW, SHANGHAI)))
    return found


def proven() -> Evidence:
    """Return a log of two hundred days; of those who hold its checkpoints one does not agree."""
    log = LogHealth(
        oldest_at=NOW - 200 * 24 * HOUR,
        oldest_row=1,
        rows=301_240,
        size=301_240,
        checkpoint_at=NOW - 40 * SECOND,
        checkpoint_size=301_239,
        sealed_segments=199,
        open_segments=1,
        append_errors=0,
    )
    held = {"agrees": 41, "differs": 1, "nothing": 2}
    return Evidence(NOW, log, held, {"firewall_silent": 2, "log_rows_lost": 0})


def furnish(source: FakeSource, count: int) -> None:
    """Let *source* be a district of *count* schools, with alerts and accounts that fit."""
    source.schools = district(count)
    source.stories = stories(source.schools)
    source.listed = unconnected(source.picture())
    source.supervised = supervised(source.stories)
    source.scored = scores(source.picture())
    source.proven = proven()
    source.secured = attacks.secured(source.picture())
    source.security_week = attacks.week(source.schools)
    source.agents = accounts(source.schools)
    source.a_page = 50
    source.roomed = classrooms(source.schools)
    source.judged = judged(source.schools)
    source.restores = (Restore(NOW - 26 * HOUR, "store"),)
