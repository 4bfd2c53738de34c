"""One school: is its line up, does it get its bandwidth, is it stable, and what is wrong."""

from grafana_foundation_sdk.builders import (
    dashboard,
    stat,
    table,
)

from grafana import palette, ways, words
from grafana.boards import alertlists, alerts, room, schoollines, schoolprobes
from grafana.frame import board as frame
from grafana.frame import to_board, to_row
from grafana.influxql import SCHOOL, Query, last, latest, within
from grafana.language import Language
from grafana.panels import Look, Shown, listing, tiles


def board(t: Language) -> dashboard.Dashboard:
    """Return it."""
    made = frame(
        t,
        "school",
        t("学校", "School"),
        t(
            "一所学校：线路、带宽与合同的对照、稳定性、未恢复的告警、采集端。",
            "One school: lines, bandwidth against its contract, stability, open alerts, agents.",
        ),
    )
    made.with_row(dashboard.Row(t("此刻", "Now")))
    for panel in (_name(t), _state(t), _cause(t), _agents(t), _alerts(t)):
        made.with_panel(panel)
    made.with_panel(alerts.of_school(t)).with_panel(alerts.past(t))
    made.with_panel(alertlists.standing(t, SCHOOL)).with_panel(alertlists.ended(t, SCHOOL))
    made.with_row(dashboard.Row(t("线路", "Lines")))
    made.with_panel(schoollines.line(t)).with_panel(schoollines.availability(t)).with_panel(
        schoollines.outage(t)
    )
    made.with_panel(schoollines.uplinks(t))
    made.with_row(dashboard.Row(t("带宽与合同的对照", "Bandwidth against the contract")))
    made.with_panel(schoollines.bandwidth(t)).with_panel(schoollines.use(t)).with_panel(
        schoollines.proof(t)
    )
    made.with_row(dashboard.Row(t("稳定性", "Stability")))
    made.with_panel(schoolprobes.loss(t)).with_panel(schoolprobes.delay(t))
    made.with_panel(schoolprobes.jitter(t)).with_panel(schoolprobes.pages(t))
    made.with_row(dashboard.Row(t("多媒体教室", "Classrooms")))
    rooms = t("教室和设备", "Rooms and devices"), to_board(t, "room")
    made.with_panel(room.listed(t, SCHOOL, 24, 7, rooms))
    made.with_row(dashboard.Row(t("采集端和最近事件", "Agents and recent events")))
    return made.with_panel(_agent_list(t)).with_panel(_events(t))


def _name(t: Language) -> stat.Panel:
    return tiles(
        Look(
            t("学校名称", "Name"),
            t(
                "学校名册中的名称。名称不对时，请更正学校名册并重新载入。",
                "As in the roster; correct it there where it is wrong.",
            ),
            "string",
            t("没有数据", "no data"),
            width=6,
            height=4,
            links=[ways.to_district(t)],
        ),
        [latest("school", [last("name")], SCHOOL)],
        names=False,
        strings=True,
        size=26,
    )


def _state(t: Language) -> stat.Panel:
    return tiles(
        Look(
            t("线路状态", "State of the line"),
            t(
                "在线、性能下降、中断（有外部探测作证），或未知（没有证据，不"
                "等于中断）。中断时先看光猫和出口路由器，再报修；"
                "未知时先看采集端所在的电脑。",
                "Up, degraded, down (proven from outside) or unknown (no evidence, which is not "
                "down). Down: look at modem and router, then call the carrier. Unknown: look at "
                "the agent's machine.",
            ),
            "string",
            t("没有数据", "no data"),
            width=4,
            height=4,
            maps=[words.mapped(t, words.STATES)],
            links=[ways.to_district(t)],
        ),
        [latest("school", [last("state")], SCHOOL)],
        background=True,
        names=False,
        strings=True,
        size=32,
    )


def _cause(t: Language) -> stat.Panel:
    return tiles(
        Look(
            t("原因", "Cause"),
            t(
                "为什么是这个状态，也就是先查什么。横线表示没有问题。",
                "Why it is in that state, which is what to look at first. A dash: nothing wrong.",
            ),
            "string",
            t("没有数据", "no data"),
            width=6,
            height=4,
            maps=[words.mapped(t, words.CAUSES, coloured=False)],
            links=[ways.to_machine(t)],
        ),
        [latest("school", [last("cause")], SCHOOL)],
        names=False,
        strings=True,
        size=22,
    )


def _agents(t: Language) -> stat.Panel:
    up, of = t("在线", "up"), t("共", "of")
    return tiles(
        Look(
            t("采集端", "Agents"),
            t(
                "在线的采集端和总数。不相等时，看下面的采集端列表是哪一台。",
                "Agents that are up, of all that ever reported; the list below says which are not.",
            ),
            "none",
            t("没有数据", "no data"),
            width=3,
            height=4,
            links=[ways.to_machine(t)],
            colours={up: palette.UP, of: palette.NEUTRAL},
        ),
        [latest("school", [last("agents_up", up), last("agents", of)], SCHOOL)],
        size=30,
    )


def _alerts(t: Language) -> stat.Panel:
    return tiles(
        Look(
            t("未恢复的告警", "Open alerts"),
            t(
                "P1 现在就处理，P2 30 分钟内，P3 当天，P4 看每日汇总。下面的事件列表说明是什么。",
                "P1 now, P2 within 30 minutes, P3 the same day, P4 in the digest. The events below "
                "say what it is.",
            ),
            "none",
            t("没有数据", "no data"),
            width=5,
            height=4,
            links=[ways.to_district(t)],
            alarms={name: word[2] for name, word in words.SEVERITIES.items()},
        ),
        [latest("school", [last(f"alerts_{n.lower()}", n) for n in words.SEVERITIES], SCHOOL)],
        size=30,
    )


def _agent_list(t: Language) -> table.Panel:
    columns = [
        last(name)
        for name in (
            *("version", "spool_batches", "batches_dropped", "readings_refused"),
            "clock_offset_ms",
        )
    ]
    columns.append(last("uptime_s", "days", "{} / 86400"))
    clock = ((None, palette.NEUTRAL), (-1000, palette.NEUTRAL), (1000, palette.DEGRADED))
    waits = ((None, palette.NEUTRAL), (100, palette.DEGRADED))
    lost = ((None, palette.NEUTRAL), (1, palette.DOWN))
    return listing(
        Look(
            t("采集端", "Agents"),
            t(
                "最近 10 分钟有心跳的采集端。应该在而不在列表里的，请看那台电脑"
                "是否开机。“待发送”持续增加说明线路或监测中心有问题；"
                "“已丢弃”不是 0 说明本地缓存满过；时钟偏差超过 1 秒请校时。",
                "Agents heard within 10 minutes; of one that is missing, look at its machine. "
                "Waiting that grows: the line or the collector. Dropped over 0: its spool was "
                "full. Clock off by more than 1 s: set it.",
            ),
            "none",
            t("10 分钟内没有采集端的心跳", "no agent was heard within 10 minutes"),
            width=12,
            height=7,
            links=[ways.to_machine(t)],
        ),
        [latest("agent", columns, SCHOOL, by=("region", "school", "agent"))],
        [
            Shown(
                "agent",
                t("采集端", "Agent"),
                links=[(t("打开", "Open"), to_row(t, "machine", "agent"))],
            ),
            Shown("version", t("版本", "Version"), 70),
            Shown(
                *("days", t("已运行", "Running"), 90),
                unit=t("suffix: 天", "suffix: d"),
                decimals=1,
            ),
            Shown(*("spool_batches", t("待发送", "Waiting"), 80), steps=waits, cell="color-text"),
            Shown("batches_dropped", t("已丢弃", "Dropped"), 80, steps=lost, cell="color-text"),
            Shown("readings_refused", t("被拒绝", "Refused"), 80, steps=lost, cell="color-text"),
            Shown(
                *("clock_offset_ms", t("时钟偏差", "Clock off"), 90),
                unit="ms",
                decimals=1,
                steps=clock,
                cell="color-text",
                nothing=t("未测", "not measured"),
            ),
        ],
        hidden=("Time", "region", "school"),
    )


def _events(t: Language) -> table.Panel:
    query = Query(
        'SELECT "severity", "active", "target" FROM "event"'
        f' WHERE {within("24h")} AND {SCHOOL} GROUP BY "kind"',
        table=True,
    )
    return listing(
        Look(
            t("最近 24 小时的事件", "Events of the last 24 hours"),
            t(
                "范围结束前 24 小时内的事件，最新的在最上面。同一事件反复开"
                "始和结束，说明故障时好时坏，先检查接头和网线。",
                "Of the 24 hours before the end of the range, the newest on top. One that begins "
                "and ends again and again is a loose contact: check plugs and cables.",
            ),
            "none",
            t("24 小时内没有事件", "no events within 24 hours"),
            width=12,
            height=7,
            links=[ways.to_machine(t)],
        ),
        [query],
        [
            Shown("Time", t("时间", "Time"), 160),
            Shown(
                *("severity", t("级别", "Severity"), 130, [words.mapped(t, words.SEVERITIES)]),
                cell="color-text",
            ),
            Shown(
                "kind", t("事件", "Event"), 0, [words.mapped(t, words.KIND_WORDS, coloured=False)]
            ),
            Shown(
                *("active", t("变化", "Change"), 80),
                [words.mapped(t, words.BEGINNINGS)],
                cell="color-text",
            ),
            Shown("target", t("对象", "Target"), 110),
        ],
        hidden=(),
        sort=[("Time", True)],
        limit=100,
    )
