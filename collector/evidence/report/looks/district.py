"""The district as a whole: agents heard, lines, who answers for what, weak points."""

from typing import Final

from collector.canary import SCHOOL as CANARY_SCHOOL
from collector.evidence.report import watchdog
from collector.evidence.report.finding import Found, Gap
from collector.evidence.report.sources import Sources
from collector.roster import School
from core.alerts import Text
from core.clock import SECOND

HEARD: Final = 300 * SECOND
"""Of an agent, to count as watching (I-34)."""
AGENTS: Final = f"""SELECT id, region, school, agent, {watchdog.LAST} AS heard, stopped
    FROM agent WHERE school != ? ORDER BY id"""  # noqa: S608
MONITORED: Final = 95
"""Percent of agents that should be heard (I-34)."""


def monitoring(sources: Sources) -> Found:
    """How many agents are heard at this moment, against those that should be."""
    total, heard = agents(sources)
    gaps = []
    if total and 100 * heard < MONITORED * total:
        gaps.append(
            Gap(
                Text(
                    f"{total - heard} 个采集端 5 分钟内没有消息",
                    f"{total - heard} agents were not heard for 5 minutes",
                ),
                Text("用 schoolwatch status 查看原因", "see why: schoolwatch status"),
                hole=2 * heard < total,
            )
        )
    silent = _never_reported(sources)
    if silent:
        gaps.append(
            Gap(
                Text(
                    f"名册中 {silent} 所学校从未上报",
                    f"{silent} schools of the list never reported",
                ),
                Text("在这些学校安装采集端", "install agents there"),
            )
        )
    return Found(
        Text(
            f"采集端在线（I-34）：{heard} / {total}",
            f"agents heard (I-34): {heard} of {total}",
        ),
        [sources.counted(AGENTS, CANARY_SCHOOL)],
        gaps,
        unknown=not total,
    )


def agents(sources: Sources) -> tuple[int, int]:
    """Return how many agents should be heard, and how many are."""
    query = f"SELECT count(*), coalesce(sum(heard >= ?), 0) FROM ({AGENTS}) WHERE stopped = 0"  # noqa: S608
    total, heard = sources.one(query, sources.now - HEARD, CANARY_SCHOOL)
    return int(total), int(heard)


def lines(sources: Sources) -> Found:
    """For how much of the school time the state of lines was known, and up (I-03)."""
    sources.need("target_day")
    first, last = (sources.day(at) for at in (sources.span.start, sources.span.stop - 1))
    query = """SELECT count(DISTINCT day), coalesce(sum(up), 0), coalesce(sum(known), 0)
        FROM target_day WHERE day >= ? AND day <= ?"""
    days, up, known = sources.one(query, first, last)
    detail = "SELECT day, region, school, up, known FROM target_day WHERE day >= ? AND day <= ?"
    share = f"{10_000 * up // known / 100:.2f}%" if known else "–"
    return Found(
        Text(
            f"{days} 天的线路记录；在上课时间内已知部分中正常 {share}（I-03）",
            f"lines on record for {days} days; up for {share} of the known school time (I-03)",
        ),
        [sources.counted(f"{detail} ORDER BY 1, 2, 3", first, last)],
        unknown=not known,
    )


def canary(sources: Sources) -> Found:
    """Whether somebody watches the collector itself (R-60)."""
    at = watchdog.heard(sources)
    said = sources.day(at) if at else "–"
    return Found(
        Text(f"金丝雀最近一次：{said}", f"the canary last came: {said}"),
        [watchdog.counted(at)],
        watchdog.gaps(sources),
    )


def owners(sources: Sources) -> Found:
    """Schools with all who answer for them (I-32)."""
    roster, path = sources.roster, sources.config.roster.file
    if roster is None or path is None:
        return Found(
            Text("没有学校名册", "no list of schools"),
            (),
            [
                Gap(
                    Text("没有资产清单（[roster] file）", "there is no list ([roster] file)"),
                    Text("按 configs/roster.csv 建立名册", "make one as configs/roster.csv shows"),
                    hole=True,
                )
            ],
        )
    schools = [one for one in roster.schools if one.standing(sources.today) == "open"]
    good = sum(_is_owned(one) for one in schools)
    gaps = []
    if good < len(schools):
        names = [one.name or one.school for one in schools if not _is_owned(one)]
        gaps.append(
            Gap(
                Text(
                    f"{len(names)} 所学校缺责任人：{'、'.join(names[:5])}"
                    + ("…" if names[5:] else ""),
                    f"{len(names)} schools lack somebody who answers: {', '.join(names[:5])}"
                    + ("…" if names[5:] else ""),
                ),
                Text("在名册中补齐主管、运维、使用责任人和校内两名联系人", "complete the list"),
                hole=not good,
            )
        )
    return Found(
        Text(
            f"责任人登记（I-32）：{good} / {len(schools)} 所学校齐全",
            f"owners on record (I-32): {good} of {len(schools)} schools complete",
        ),
        [sources.file(path)],
        gaps,
        unknown=not schools,
    )


def _is_owned(school: School) -> bool:
    return not school.without()


def weak_points(sources: Sources) -> Found:
    """Findings (EV-RSK-) and how many of them are over (I-30)."""
    good, total = fixed(sources)
    gaps = []
    if good < total:
        gaps.append(
            Gap(
                Text(f"{total - good} 项隐患未整改", f"{total - good} weak points are open"),
                Text("在告警页按类别处理并复查", "handle them on the page of alerts"),
            )
        )
    query, values = _weak(sources)
    return Found(
        Text(
            f"高危弱项整改（I-30）：{good} / {total}",
            f"weak points fixed (I-30): {good} of {total}",
        ),
        [sources.counted(f"SELECT number, rule, place, state {query} ORDER BY number", *values)],
        gaps,
        unknown=not total,
    )


def fixed(sources: Sources) -> tuple[int, int]:
    """Return how many findings are over, and how many there were."""
    query, values = _weak(sources)
    total, good = sources.one(
        f"SELECT count(*), coalesce(sum(state = 'ended'), 0) {query}",
        *values,
    )
    return int(good), int(total)


def _weak(sources: Sources) -> tuple[str, list[object]]:
    from core.kinds import KINDS  # noqa: PLC0415

    sources.need("alert")
    rules = sorted(word for word, kind in KINDS.items() if kind.code.startswith("EV-RSK-"))
    marks = ", ".join("?" * len(rules))
    where = f"FROM alert WHERE rule IN ({marks}) AND fired_at >= ? AND fired_at < ?"
    return where, [*rules, sources.span.start, sources.span.stop]


def _never_reported(sources: Sources) -> int:
    roster = sources.roster
    if roster is None:
        return 0
    seen = {(region, school) for region, school in sources.rows("SELECT region, school FROM agent")}
    schools = [one for one in roster.schools if one.standing(sources.today) == "open"]
    regions = set(sources.config.collector.regions)
    return sum((one.region, one.school) not in seen for one in schools if one.region in regions)


LOOKS: Final = (monitoring, lines, canary, owners, weak_points)
