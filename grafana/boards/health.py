"""The monitoring itself: is everybody heard, did everything arrive, can the collector store it."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard, stat, table, timeseries
from grafana_foundation_sdk.models import dashboard as model

from grafana import palette, ways, words
from grafana.boards import healthflow
from grafana.frame import board as frame
from grafana.frame import to_row
from grafana.influxql import (
    COLLECTORS,
    JUST_NOW,
    REGION,
    Query,
    last,
    latest,
    of_all,
    totals,
    whole,
    within,
)
from grafana.language import Language
from grafana.panels import Look, Shown, curves, listing, tiles, transformation

AGENT: Final = ("region", "school", "agent")
CODE: Final = "code"
"""The school once more: this column shows its name, the other stays as it is, for links."""


def board(t: Language) -> dashboard.Dashboard:
    """Return it."""
    made = frame(
        t,
        "health",
        t("监测系统自身", "The monitoring itself"),
        t(
            "采集端是否都在上报，数据有没有缺失，监测中心能否接"
            "收和入库。这里不正常，其他页面就不可信。",
            "Is every agent heard, did everything arrive, can the collector take it in and store "
            "it. Where this is not well, no other page can be trusted.",
        ),
    )
    made.with_row(dashboard.Row(t("此刻", "Now")))
    for panel in (_heard(t), _ledger(t), _ready(t), _canary(t)):
        made.with_panel(panel)
    made.with_row(dashboard.Row(t("采集端和台账", "Agents and ledger")))
    made.with_panel(_silent(t)).with_panel(_clocks(t))
    made.with_panel(_agents(t)).with_panel(_gaps(t))
    made.with_row(dashboard.Row(t("积压和丢弃", "Backlog and drops")))
    made.with_panel(healthflow.backlog(t)).with_panel(healthflow.dropped(t))
    made.with_row(dashboard.Row(t("监测中心和时序库", "Collector and store")))
    made.with_panel(healthflow.intake(t)).with_panel(healthflow.lines(t))
    made.with_panel(healthflow.refused(t)).with_panel(healthflow.store(t))
    return made.with_panel(healthflow.could_store(t))


def _heard(t: Language) -> stat.Panel:
    up, unknown, all_ = t("在线", "up"), t("未知", "unknown"), t("全部", "all")
    columns = {"agents_up": up, "agents_unknown": unknown, "agents": all_}
    return tiles(
        Look(
            t("采集端", "Agents"),
            t(
                "曾经上报过的采集端：多少在线，多少情况不明。不明的看下面“最久没有消息的采集端”。",
                "Agents that ever reported: how many are up, and of how many nobody can tell; the "
                "list of silent agents below says which.",
            ),
            "none",
            t("没有数据", "no data"),
            width=7,
            height=5,
            decimals=0,
            links=[ways.to_district(t)],
            colours={up: palette.UP, all_: palette.REFERENCE},
            alarms={unknown: palette.UNKNOWN},
        ),
        totals(
            "school",
            [last(field, name) for field, name in columns.items()],
            REGION,
            by=("region", "school"),
        ),
        size=32,
    )


def _ledger(t: Language) -> stat.Panel:
    columns = {
        "missing": t("原因不明的缺失", "missing"),
        "explained": t("原因已知的缺失", "explained"),
        "waiting": t("待补传", "waiting"),
    }
    return tiles(
        Look(
            t("台账（批次）", "Ledger (batches)"),
            t(
                "“原因不明的缺失”应当是 0：运行 schoolwatch ledger 看是哪"
                "个采集端、从什么时候起。“原因已知”多为缓存满；"
                "“待补传”还在采集端，恢复后会自动送来。",
                "Missing should be 0: schoolwatch ledger says whose and since when. Explained is "
                "mostly a spool that was full. What waits is still with the agents, and will come.",
            ),
            "none",
            t("没有数据", "no data"),
            width=8,
            height=5,
            decimals=0,
            links=[ways.to_district(t)],
            colours={columns["waiting"]: palette.FIRST},
            alarms={
                columns["missing"]: palette.DOWN,
                columns["explained"]: palette.DEGRADED,
            },
        ),
        totals(
            "ledger",
            [last(field, name) for field, name in columns.items()],
            REGION,
            by=AGENT,
            span=within("15m"),
        ),
        size=32,
    )


def _ready(t: Language) -> stat.Panel:
    return tiles(
        Look(
            t("能否入库", "Can it store"),
            t(
                "监测中心此刻能不能把数据写进时序库。不能时数据留在采集端，"
                "不会丢：运行 schoolwatch store check 看原因。",
                "Whether the collector can store at this moment. Where not, the agents keep their "
                "data: schoolwatch store check says why.",
            ),
            "none",
            t("监测中心没有上报", "the collector says nothing"),
            width=5,
            height=5,
            links=[ways.to_district(t)],
            maps=[words.mapped(t, words.READY)],
        ),
        [latest("collector", [last("ready")], COLLECTORS)],
        background=True,
        names=False,
        size=30,
    )


def _canary(t: Language) -> stat.Panel:
    return tiles(
        Look(
            t("探针（10 分钟内）", "Canaries (10 min)"),
            t(
                "看门狗每分钟经消息服务器、监测中心送进时序库的一条读数，10 "
                "分钟应有约 10 条。变少或没有，说明哪一段不通，"
                "此时安静不等于正常：请看看门狗的通知。",
                "Each minute the watchdog sends a reading "
                "through broker, collector and store: about "
                "10 in 10 minutes. Fewer means that the way is cut, and silence is no health.",
            ),
            "none",
            t("没有收到", "none came"),
            steps=((None, palette.DOWN), (1, palette.DEGRADED), (8, palette.UP)),
            width=4,
            height=5,
            decimals=0,
            links=[ways.to_district(t)],
        ),
        [Query(f'SELECT count("number") AS "n" FROM "canary" WHERE {JUST_NOW}', table=True)],
        names=False,
        size=40,
    )


def _whose(t: Language) -> list[Shown]:
    """Return the columns that name an agent and lead to its machine."""
    return [
        Shown(CODE, t("学校", "School")),
        Shown(
            "agent",
            t("采集端", "Agent"),
            0,
            links=[(t("打开", "Open"), to_row(t, "machine", "agent"))],
        ),
    ]


def names() -> Query:
    """Return what each school is called, as the roster has it."""
    said = last("name").of("raw")
    return Query(
        f'SELECT {said} FROM "school" WHERE {JUST_NOW} AND {REGION} GROUP BY "region", "school"',
        table=True,
    )


def named() -> model.DataTransformerConfig:
    """Return what has the column `CODE` show the names that the second query found.

    A join would not do: Grafana 9.4 leaves all but one of several agents of a school without.
    """
    mappings = [
        {"fieldName": "school", "handlerKey": "mappings.value", "reducerId": "allValues"},
        {"fieldName": "name", "handlerKey": "mappings.text", "reducerId": "allValues"},
    ]
    applied = {"id": "byName", "options": CODE}
    how = {"configRefId": "B", "applyTo": applied, "mappings": mappings}
    return transformation("configFromData", how)


def _silent(t: Language) -> table.Panel:
    inner = whole("silent_s", "waiting", "missing", "explained")
    by = ", ".join(f'"{name}"' for name in AGENT)
    query = Query(
        f'SELECT "silent_s" / 60 AS "minutes", "waiting", "missing", "explained",'
        f' "school" AS "{CODE}" FROM'
        f' (SELECT {inner} FROM "ledger" WHERE {within("15m")} AND {REGION} GROUP BY {by})'
        f' WHERE "silent_s" >= 0 GROUP BY {by}',
        table=True,
    )
    late = ((None, palette.NEUTRAL), (3, palette.DEGRADED), (30, palette.DOWN))
    return listing(
        Look(
            t("最久没有消息的采集端", "Agents heard last the longest ago"),
            t(
                "超过 3 分钟没有消息就算失联。先看那台电脑是否开机、能上网；"
                "整片失联先看消息服务器。点采集端进入那台机器。",
                "Over 3 minutes is silent. See whether its "
                "machine is on; many at once: the broker. "
                "Click an agent for its machine.",
            ),
            "none",
            t("没有数据", "no data"),
            height=8,
            links=[ways.to_district(t)],
        ),
        [query, names()],
        [
            *_whose(t),
            Shown(
                *("minutes", t("没有消息", "Silent for"), 120),
                unit=t("suffix: 分钟", "suffix: min"),
                decimals=0,
                steps=late,
                cell="color-text",
            ),
            Shown("waiting", t("待补传", "Waiting"), 80, decimals=0),
            Shown(
                *("missing", t("不明缺失", "Missing"), 90),
                steps=((None, palette.NEUTRAL), (1, palette.DOWN)),
                cell="color-text",
            ),
            Shown(
                *("explained", t("已知缺失", "Explained"), 90),
                steps=((None, palette.NEUTRAL), (1, palette.DEGRADED)),
                cell="color-text",
            ),
        ],
        hidden=("Time", "region", "school"),
        first=[named()],
        sort=[("minutes", True)],
        limit=30,
    )


def _clocks(t: Language) -> table.Panel:
    by = ", ".join(f'"{name}"' for name in AGENT)
    inner = last("clock_offset_ms").of("raw")
    query = Query(
        f'SELECT "clock_offset_ms", "school" AS "{CODE}" FROM'
        f' (SELECT {inner} FROM "agent" WHERE {JUST_NOW} AND {REGION} GROUP BY {by})'
        f' WHERE "clock_offset_ms" > 1000 OR "clock_offset_ms" < -1000 GROUP BY {by}',
        table=True,
    )
    return listing(
        Look(
            t("时钟不准的采集端（偏差超过 1 秒）", "Agents whose clock is off by over 1 s"),
            t(
                "时钟不准，数据的时间就不可信。请在那台机器上打开自动"
                "校时。空表是好事（前提是左边有采集端）。",
                "With a wrong clock its data has wrong times: "
                "switch on time synchronisation there. "
                "An empty table is good, as long as the left one is not empty too.",
            ),
            "none",
            t("没有偏差超过 1 秒的采集端", "no clock known to be off by over 1 s"),
            height=8,
            links=[ways.to_district(t)],
        ),
        [query, names()],
        [
            *_whose(t),
            Shown(
                *("clock_offset_ms", t("时钟快（负为慢）", "Ahead (minus: behind)"), 180),
                unit="ms",
                decimals=0,
            ),
        ],
        hidden=("Time", "region", "school"),
        first=[named()],
        sort=[("clock_offset_ms", True)],
        limit=30,
    )


def _agents(t: Language) -> timeseries.Panel:
    up, unknown = t("在线", "up"), t("未知", "unknown")
    return curves(
        Look(
            t("在线采集端的比例", "Share of the agents that are up"),
            t(
                "绿色在线，紫色情况不明，占全部采集端的比例，按整点小时。紫色突然升"
                "高，先看消息服务器和监测中心，而不是各校。",
                "Green up, violet unknown, of all agents, by whole "
                "hours. Violet that jumps up: look at the broker "
                "and the collector, not at each school.",
            ),
            "percent",
            ways.nothing(t),
            steps=((None, palette.DOWN), (90, palette.DEGRADED), (98, palette.UP)),
            decimals=0,
            low=0,
            high=100,
            links=[ways.to_district(t)],
            colours={up: palette.UP, unknown: palette.UNKNOWN},
        ),
        of_all(
            "school",
            {
                unknown: "100 * sum({agents_unknown}) / sum({agents})",
                up: "100 * sum({agents_up}) / sum({agents})",
            },
            REGION,
            "mean",
        ),
    )


def _gaps(t: Language) -> timeseries.Panel:
    missing, explained = t("原因不明", "missing"), t("原因已知", "explained")
    return curves(
        Look(
            t("台账中的缺失（最多的一个采集端）", "Gaps in the ledger (of the worst agent)"),
            t(
                "缺失批次最多的采集端缺多少。红线上升就是数据丢了而没"
                "有人知道为什么：运行 schoolwatch ledger。"
                "橙线上升多为缓存满，请看那所学校断网多久。",
                "Batches that the worst agent lacks. Red that "
                "rises is data lost for no reason that "
                "is known: run schoolwatch ledger. Orange is "
                "mostly a full spool: see how long that "
                "school was cut off.",
            ),
            "none",
            ways.nothing(t),
            decimals=0,
            low=0,
            links=[ways.to_district(t)],
            colours={missing: palette.DOWN, explained: palette.DEGRADED},
        ),
        of_all("ledger", {missing: "max({missing})", explained: "max({explained})"}, REGION, "max"),
        steps=True,
    )
