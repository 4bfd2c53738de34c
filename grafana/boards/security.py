"""What attacks the networks of the schools, and which of them nobody watches."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard, stat, table, timeseries

from core.securitykinds import SECURITY_KINDS
from grafana import ways, words
from grafana.boards import devicelogs, sensorhealth
from grafana.boards.health import CODE, named, names
from grafana.frame import board as frame
from grafana.frame import to_board
from grafana.influxql import (
    BY_SCHOOL,
    JUST_NOW,
    REGION,
    Column,
    Query,
    last,
    over_time,
    quoted,
    totals,
)
from grafana.language import Language
from grafana.panels import Look, Shown, curves, listing, renamed, tiles

BY_KIND: Final = ", ".join(quoted((*BY_SCHOOL, "kind")))


def board(t: Language) -> dashboard.Dashboard:
    """Return it."""
    made = frame(
        t,
        "security",
        t("网络安全", "Network security"),
        t(
            "各校正在发生的安全事件，哪些学校没有探针或探针看不全。",
            "Security events that go on, and which schools nobody watches, or not all of.",
        ),
    )
    made.with_row(dashboard.Row(t("此刻", "Now")))
    made.with_panel(_open(t)).with_panel(_sensors(t))
    made.with_panel(_events(t)).with_panel(_unwatched(t))
    made.with_row(dashboard.Row(t("变化", "Over time")))
    made.with_panel(_history(t)).with_panel(_verdicts(t))
    made.with_row(dashboard.Row(t("探针自身", "The sensors themselves")))
    made.with_panel(sensorhealth.listening(t)).with_panel(sensorhealth.foreign(t)).with_panel(
        sensorhealth.machines(t)
    )
    made.with_row(dashboard.Row(t("设备日志", "Logs of devices")))
    return made.with_panel(devicelogs.kept(t)).with_panel(devicelogs.flow(t))


def _of(severity: str) -> str:
    """Return a condition for the kinds of *severity*."""
    of_it = "|".join(sorted(kind.word for kind in SECURITY_KINDS if kind.severity == severity))
    return f'{REGION} AND "kind" =~ /^({of_it})$/'


def _open(t: Language) -> stat.Panel:
    return tiles(
        Look(
            t("正在发生的安全事件", "Security events that go on"),
            t(
                "按级别统计：P1 现在就处理，P2 30 分钟内，P3 当天，P4 每日汇总。下面的列表说明"
                "是哪所学校、什么事件；地址和 MAC 只发给该校负责人，并记入审计日志。",
                "By severity: P1 now, P2 within 30 minutes, P3 the same day, P4 in the digest. The "
                "list below says where and what; address and MAC go to that school's people and "
                "the audit log only.",
            ),
            "none",
            t("没有正在发生的事件", "none goes on"),
            width=12,
            height=5,
            decimals=0,
            links=[ways.overview(t)],
            alarms=words.colours(t, words.SEVERITIES),
        ),
        [
            *totals("security_school", [last("active", t("全部", "all"))], REGION, by=BY_SCHOOL),
            *(
                Query(
                    f'SELECT sum("n") AS "{shown}" FROM (SELECT last("active") AS "n" FROM '
                    f'"security" WHERE {JUST_NOW} AND {_of(name)} GROUP BY {BY_KIND})'
                )
                for name, shown in words.called(t, words.SEVERITIES).items()
            ),
        ],
        size=46,
    )


def _sensors(t: Language) -> stat.Panel:
    return tiles(
        Look(
            t("有人看护的学校", "Schools that are watched"),
            t(
                "“看得全”的学校没有事件才是好消息。“有盲区”请在交换机上配置镜像端口；"
                "“停止工作”“联系不上”请检查采集端；“没有探针”的学校发生了什么，没有人知道。",
                "Only where a sensor sees all, no event is good news. Has blind spots: set up a "
                "mirror port. Does not run or nobody can tell: look at the agent. No sensor: "
                "nobody knows.",
            ),
            "none",
            t("没有数据", "no data"),
            width=12,
            height=5,
            decimals=0,
            links=[(t("监测系统自身", "The monitoring itself"), to_board(t, "health"))],
            colours=words.colours(t, words.SENSORS),
        ),
        [
            Query(
                f'SELECT count("s") AS "{shown}" FROM (SELECT last("sensor") AS "s" FROM '
                f'"security_school" WHERE {JUST_NOW} AND {REGION} GROUP BY '
                f"{', '.join(quoted(BY_SCHOOL))}) WHERE \"s\" = '{name}'"
            )
            for name, shown in words.called(t, words.SENSORS).items()
        ],
        size=38,
    )


def _events(t: Language) -> table.Panel:
    fields = ("severity", "active", "confidence")
    return listing(
        Look(
            t("事件，最要紧的在前", "Events, the most urgent first"),
            t(
                "每行是一所学校的一种事件。把握低于 80% 的先核实再处理。先做什么写在告警里，"
                "也在监测中心的“网络安全”页面上。",
                "A row for each kind of event at a school. Below 80 % verify first. What to try "
                "first stands in the alert and on the collector's page for security.",
            ),
            "none",
            t("没有正在发生的事件", "none goes on"),
            width=14,
            height=10,
            links=[ways.overview(t)],
        ),
        [
            Query(
                f'SELECT {", ".join(quoted(fields))}, "school" AS "{CODE}" FROM (SELECT '
                f'last("active") AS "active", "severity", "confidence" FROM "security" '
                f"WHERE {JUST_NOW} AND {REGION} GROUP BY "
                f'{", ".join(quoted(BY_SCHOOL))}, "kind") WHERE "active" > 0 GROUP BY '
                f'{", ".join(quoted(BY_SCHOOL))}, "kind"',
                table=True,
            ),
            names(),
        ],
        [
            Shown(
                *("severity", t("级别", "Severity"), 130, [words.mapped(t, words.SEVERITIES)]),
                cell="color-background",
            ),
            Shown(CODE, t("学校", "School"), 240, links=[ways.open_school(t)]),
            Shown(
                "kind", t("事件", "Event"), 0, [words.mapped(t, words.KIND_WORDS, coloured=False)]
            ),
            Shown("active", t("起数", "How many"), 90, decimals=0),
            Shown("confidence", t("把握", "Sure"), 80, unit="percent", decimals=0),
        ],
        hidden=("Time", "region", "school"),
        sort=[("severity", False), (CODE, False)],
        first=[named()],
    )


def _unwatched(t: Language) -> table.Panel:
    return listing(
        Look(
            t("没有看护或看不全的学校", "Schools that are not watched, or not all of"),
            t(
                "没有探针、探针停止、无法判断或看不全的学校。先恢复停止的，再给没有的学校配置"
                "（docs/sensor-live.md）。",
                "Schools without a sensor, with one that stopped, that cannot be judged, or does "
                "not see all. Bring back the stopped ones first (docs/sensor-live.md).",
            ),
            "none",
            t("没有这样的学校，或没有数据", "no such school, or no data"),
            width=10,
            height=10,
            links=[ways.overview(t)],
        ),
        [
            Query(
                f'SELECT "sensor", "sensors", "school" AS "{CODE}" FROM (SELECT '
                f'last("sensor") AS "sensor", "sensors" FROM "security_school" '
                f"WHERE {JUST_NOW} AND {REGION} GROUP BY "
                f"{', '.join(quoted(BY_SCHOOL))}) WHERE \"sensor\" != 'sees' GROUP BY "
                f"{', '.join(quoted(BY_SCHOOL))}",
                table=True,
            ),
            names(),
        ],
        [
            Shown(CODE, t("学校", "School"), 0, links=[ways.open_school(t)]),
            Shown(
                *("sensor", t("探针", "Sensor"), 150, [words.mapped(t, words.SENSORS)]),
                cell="color-background",
            ),
            Shown("sensors", t("网口", "Interfaces"), 90, decimals=0),
        ],
        hidden=("Time", "region", "school"),
        sort=[("sensor", True)],
        first=[named()],
    )


def _history(t: Language) -> timeseries.Panel:
    made = curves(
        Look(
            t("同时发生的事件", "Events at once"),
            t(
                "每种事件一条线，是事件最多的一所学校同时有几起。许多学校同时出现同一种，"
                "请看告警中的“多校同类事件”。",
                "A line for each kind: how many went on at once at the school with the most. The "
                "same at many schools is an alert of its own.",
            ),
            "none",
            t("这段时间没有事件", "none in this range"),
            width=14,
            height=9,
            decimals=0,
            low=0,
            links=[ways.overview(t)],
        ),
        over_time(
            "security", [Column("active", "n", "max")], REGION, by=("kind",), alias="$tag_kind"
        ),
        steps=True,
    )
    return renamed(made, t, {kind.word: words.KIND_WORDS[kind.word] for kind in SECURITY_KINDS})


def _verdicts(t: Language) -> timeseries.Panel:
    made = curves(
        Look(
            t("域名拦截名单命中", "Names on block lists"),
            t(
                "查询了名单中域名的次数（探针启动以来，最多的一所学校），只有总数，不记录谁查了"
                "什么。恶意软件和矿池一行上升时，请看上面的事件列表。",
                "Questions for names on the lists (since the sensor started, of the school with "
                "the most): sums only, never who asked for what.",
            ),
            "none",
            t("没有配置名单，或少于 5 次", "no list is configured, or fewer than 5 questions"),
            width=10,
            height=9,
            decimals=0,
            low=0,
            links=[ways.overview(t)],
        ),
        over_time(
            "dns_verdict",
            [Column("names", "n", "max")],
            REGION,
            by=("category",),
            alias="$tag_category",
        ),
        steps=True,
    )
    return renamed(made, t, words.LISTS)
