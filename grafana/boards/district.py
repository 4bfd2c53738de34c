"""The district at a glance: targets with their counts, then the schools that need somebody."""

from typing import Final

from grafana_foundation_sdk.builders import bargauge, dashboard, gauge, stat, table, timeseries

from grafana import palette, ways, words
from grafana.boards import alertlists, alerts
from grafana.frame import board as frame
from grafana.frame import to_board, to_row
from grafana.indicators import INDICATORS, Indicator, history, newest, newest_value
from grafana.influxql import JUST_NOW, REGION, Column, Query, last, quoted, totals, whole
from grafana.language import Language
from grafana.panels import Look, Shown, bars, curves, dial, listing, only, setting, tiles

ROW: Final = ("region", "school", "area")
HIDDEN: Final = ("Time", "region", "school")
AREAS: Final = ("urban", "town", "rural")


def board(t: Language) -> dashboard.Dashboard:
    """Return it."""
    made = frame(
        t,
        "district",
        t("全区概览", "District overview"),
        t(
            "每所学校此刻是否在线，四项指标是否达标，先处理哪里。",
            "Is each school online, are the four targets met, and where to act first.",
        ),
    )
    made.with_row(dashboard.Row(t("此刻", "Now")))
    made.with_panel(_states(t)).with_panel(_alerts(t))
    made.with_panel(alerts.standing(t)).with_panel(alerts.elsewhere(t))
    made.with_row(
        dashboard.Row(
            t(
                "四项指标，以及达标、未达标、未证明的学校数",
                "The four targets, and how many schools meet them, do not, or are unproven",
            )
        )
    )
    for indicator in INDICATORS:
        made.with_panel(_gauge(t, indicator))
    for indicator in INDICATORS:
        made.with_panel(_counts(t, indicator))
    made.with_row(dashboard.Row(t("城区、镇区、乡村分别看", "Urban, town and rural apart")))
    for indicator in INDICATORS:
        made.with_panel(_areas(t, indicator))
    made.with_row(dashboard.Row(t("先处理哪里", "Where to act first")))
    made.with_panel(_worst(t)).with_panel(_unknown(t))
    made.with_panel(alerts.schools(t))
    made.with_panel(alertlists.standing(t, REGION)).with_panel(alertlists.ended(t, REGION))
    made.with_row(dashboard.Row(t("变化过程", "Over time")))
    return made.with_panel(_history(t))


def _states(t: Language) -> stat.Panel:
    up, down, unknown = t("在线", "up"), t("中断", "down"), t("未知", "unknown")
    open_ = t("在办学校", "open schools")
    columns = [
        last("met", up),
        last("not_met", down),
        last("unproven", unknown),
        last("total", open_),
    ]
    return tiles(
        Look(
            t("学校线路", "Lines of the schools"),
            t(
                "每所在办学校至少有一条线路可用算“在线”。“中断”有外"
                "部探测作证，请先处理；“未知”是没有证据，"
                "既不算在线也不算中断，请查采集端。",
                "A school is up with at least one working line. Down is proven from outside: act "
                "first. Unknown means no evidence, neither up nor down: look at its agent.",
            ),
            "none",
            t("没有数据", "no data"),
            width=12,
            height=5,
            decimals=0,
            links=[(t("各项指标的历史", "Targets over time"), to_board(t, "targets"))],
            colours={up: palette.UP, open_: palette.REFERENCE},
            alarms={down: palette.DOWN, unknown: palette.UNKNOWN},
        ),
        [newest(INDICATORS[0], columns)],
        background=True,
        size=46,
    )


def _alerts(t: Language) -> stat.Panel:
    names = words.called(t, words.SEVERITIES)
    return tiles(
        Look(
            t("未恢复的告警", "Open alerts"),
            t(
                "各级未恢复告警的条数：P1 现在就处理，P2 30 分钟内，P3 当天，P4 看每日汇总。"
                "下面的表格列出是哪些学校；故障排除后告警自动恢复，不用手工关闭。",
                "Open alerts by severity: P1 now, P2 within 30 minutes, P3 the same day, P4 in the "
                "daily digest. The table below says where; they close by themselves.",
            ),
            "none",
            t("没有数据", "no data"),
            width=12,
            height=5,
            decimals=0,
            links=[alerts.page(t)],
            alarms=words.colours(t, words.SEVERITIES),
        ),
        totals(
            "school",
            [last(f"alerts_{name.lower()}", shown) for name, shown in names.items()],
            REGION,
            by=ROW[:2],
        ),
        size=46,
    )


def _gauge(t: Language, indicator: Indicator) -> gauge.Panel:
    when = t("此刻", "now") if indicator.id == "I-01" else t("今天至今", "today so far")
    return dial(
        Look(
            t(f"{indicator.zh}（{when}）", f"{indicator.en} ({when})"),
            t(
                f"指标 {indicator.id}，目标 {indicator.asked:g} %："
                "绿色达标，橙色接近，红色差距明显。"
                "已知数据不足 90 % 时不给数值，只显示“数据不足”，以免误"
                "判。没有达标时，先看下面的分城乡和学校列表。",
                f"{indicator.id}; asked for: {indicator.asked:g} "
                "%. Green meets it, orange is near, "
                "red is far off. With less than 90 % of the data known there is no value. Where it "
                "is not met, look at the areas and at the list of schools below.",
            ),
            "percent",
            t("没有数据", "no data"),
            indicator.steps,
            width=6,
            height=6,
            low=indicator.lowest,
            high=100,
            decimals=2,
            links=[(t("历史", "Over time"), to_board(t, "targets"))],
            maps=[words.missing(t("数据不足", "not enough data"))],
        ),
        newest_value(indicator),
        only("value"),
    )


def _counts(t: Language, indicator: Indicator) -> stat.Panel:
    met, not_met = t("达标", "met"), t("未达标", "not met")
    unproven, known = t("未证明", "unproven"), t("数据完整度", "known")
    columns = [last("met", met), last("not_met", not_met), last("unproven", unproven)]
    panel = tiles(
        Look(
            t(f"{indicator.zh}：学校数", f"{indicator.en}: schools"),
            t(
                "达标、未达标、未证明的学校数，相加为在办学校总数。“未证"
                "明”不等于不达标：例如流量从未跑到目标带宽，"
                "就没有证据。请先给未证明的学校装好采集端，或安排一次测速。",
                "Schools that meet the target, do not, or are unproven; together all open schools. "
                "Unproven is not missed: traffic never reached the target, so nothing shows it. "
                "Install an agent there, or have the line tested.",
            ),
            "none",
            t("没有数据", "no data"),
            width=6,
            height=4,
            decimals=0,
            links=[(t("历史", "Over time"), to_board(t, "targets"))],
            colours={met: palette.UP, known: palette.REFERENCE},
            alarms={not_met: palette.DOWN, unproven: palette.UNKNOWN},
        ),
        [newest(indicator, [*columns, last("completeness", known)])],
        size=24,
    )
    return panel.override_by_name(known, [setting("unit", "percent")])


def _areas(t: Language, indicator: Indicator) -> bargauge.Panel:
    names = {area: t(*words.AREAS[area][:2]) for area in AREAS}
    return bars(
        Look(
            t(indicator.zh, indicator.en),
            t(
                "城区、镇区、乡村分别计算。乡村明显偏低时，先看乡村学校的线路和带宽合同。"
                "“数据不足”表示这一类学校的已知数据不到 90 %，没有柱子不是 0。",
                "Urban, town and rural schools apart. Where rural is clearly lower, look at their "
                "lines and contracts first. A bar that is missing is not 0: too little is known.",
            ),
            "percent",
            t("没有数据", "no data"),
            indicator.steps,
            width=6,
            height=5,
            decimals=2,
            low=indicator.lowest,
            high=100,
            links=[(t("历史", "Over time"), to_board(t, "targets"))],
            maps=[words.missing(t("数据不足", "not enough data"))],
        ),
        [query for area, name in names.items() for query in newest_value(indicator, name, area)],
        only(*names.values()),
    )


def _schools(said: str, only: str, *more: str) -> Query:
    """Return a row for each school for which *only* holds, of what it *said* last."""
    shown, by = ", ".join([*quoted(("state", "name", "cause")), *more]), ", ".join(quoted(ROW))
    return Query(
        f'SELECT {shown} FROM (SELECT {said} FROM "school"'
        f" WHERE {JUST_NOW} AND {REGION} GROUP BY {by}) WHERE {only} GROUP BY {by}",
        table=True,
    )


def _columns(t: Language) -> list[Shown]:
    states = words.mapped(t, words.STATES)
    areas = words.mapped(t, words.AREAS, coloured=False)
    causes = words.mapped(t, words.CAUSES, coloured=False)
    colours = (palette.P1, palette.P2, palette.P3)
    return [
        Shown(
            *("state", t("状态", "State"), 100, [states]),
            cell="color-background-solid",
            align="center",
        ),
        Shown("name", t("学校", "School"), links=[(t("打开", "Open"), to_row(t, "school"))]),
        Shown("area", t("城乡", "Area"), 80, [areas]),
        Shown("cause", t("原因", "Cause"), 250, [causes]),
        *(
            Shown(
                *(f"alerts_p{n}", f"P{n}", 50),
                steps=((None, palette.NEUTRAL), (1, colour)),
                cell="color-text",
                align="center",
            )
            for n, colour in enumerate(colours, 1)
        ),
    ]


def _empty(t: Language) -> str:
    # An empty answer does not tell a quiet district from a database without schools.
    return t(
        "没有这样的学校（如果上面的学校数显示“没有数据”，则情况未知）",
        "no such school (where the counts above say no data: unknown)",
    )


def _worst(t: Language) -> table.Panel:
    urgent = (
        "\"state\" = 'down' OR \"state\" = 'degraded'"
        ' OR ("state" = \'up\' AND ("alerts_p1" > 0 OR "alerts_p2" > 0))'
    )
    alerts = ("alerts_p1", "alerts_p2", "alerts_p3")
    # A line that is down comes before what its alert, which takes a minute, would make of it.
    weights = '"alerts_p1" * 100 + "alerts_p2" * 10 + "alerts_p3"'
    score = f'{weights} + (1 - "up") * 50 AS "score"'
    # Only a point that ends what was known has a state and no name; its state is `unknown`.
    said = whole("state", "name", "cause", "up", *alerts)
    return listing(
        Look(
            t("中断、性能下降或有紧急告警（最差的在前）", "Down, degraded or urgent (worst first)"),
            t(
                "按告警轻重排序，最要紧的在最上面。点学校名称进入该校，"
                "看线路、带宽和告警；“原因”说明先查什么。"
                "空表表示没有需要马上处理的学校。",
                "Sorted by the weight of their alerts, the worst "
                "on top. Click a name for its lines, "
                "bandwidth and alerts. An empty table means that no school needs you now.",
            ),
            "none",
            _empty(t),
            width=14,
            height=9,
            decimals=0,
        ),
        [_schools(said, urgent, *quoted(alerts), score)],
        _columns(t),
        hidden=(*HIDDEN, "score"),
        sort=[("score", True), ("state", False)],
        limit=50,
    )


def _unknown(t: Language) -> table.Panel:
    alerts = ("alerts_p1", "alerts_p2", "alerts_p3")
    # Each by itself: the point that ends what was known has no name.
    said = ", ".join(last(field).of("raw") for field in ("state", "name", "cause"))
    unknown = "\"state\" = 'unknown' OR \"state\" = 'never_seen' OR \"state\" = 'stopped'"
    return listing(
        Look(
            t("情况不明（不等于中断）", "Not known (which is not down)"),
            t(
                "没有证据说明这些学校在线还是中断：采集端失联、停用，或从"
                "未安装。请确认采集端所在电脑已开机、能上网；"
                "从未上报的学校请安装采集端。空表表示每所学校的情况都已知。",
                "Nothing shows whether these are up or down: the agent is silent, stopped or was "
                "never installed. Check that its machine is on, or install one. Empty is good.",
            ),
            "none",
            _empty(t),
            width=10,
            height=9,
        ),
        [_schools(said, unknown)],
        [column for column in _columns(t) if column.name not in alerts],
        hidden=HIDDEN,
        sort=[("state", True)],
        limit=50,
    )


def _history(t: Language) -> timeseries.Panel:
    up, down, unknown = t("在线", "up"), t("中断", "down"), t("未知", "unknown")
    columns = [
        Column("not_met", down, "last"),
        Column("unproven", unknown, "last"),
        Column("met", up, "last"),
    ]
    return curves(
        Look(
            t("在线、中断、未知的学校数", "Schools up, down and unknown"),
            t(
                "一天以内每分钟一点，更长的范围每天一点。红色成片是大面积中断，先问运营商；"
                "紫色成片是采集端或消息服务器的问题，先看“监测系统自身”。",
                "A point each minute within a day, else one each day. Much red at once: ask the "
                "carrier. Much violet: agents or the broker, see the health of the monitoring.",
            ),
            "none",
            ways.nothing(t),
            width=24,
            height=8,
            decimals=0,
            low=0,
            links=[(t("监测系统自身", "The monitoring itself"), to_board(t, "health"))],
            colours={up: palette.UP, down: palette.DOWN, unknown: palette.UNKNOWN},
        ),
        history(INDICATORS[0], columns),
        stacked=True,
    )
