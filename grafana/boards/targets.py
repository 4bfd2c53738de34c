"""The district's targets over time, for the bulletin: what was met, by how many, and where not."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.builders import dashboard, table, timeseries

from grafana import palette, ways, words
from grafana.frame import board as frame
from grafana.frame import to_board
from grafana.indicators import ENOUGH, INDICATORS, TOO_LITTLE, Indicator, history
from grafana.influxql import SCOPE, TO, Column, Query, quoted
from grafana.language import Language
from grafana.panels import Look, Shown, curves, listing, transformation

AREAS: Final = {"urban": palette.FIRST, "town": palette.SECOND, "rural": palette.THIRD}


def board(t: Language) -> dashboard.Dashboard:
    """Return it."""
    made = frame(
        t,
        "targets",
        t("连通指标", "Connectivity targets"),
        t(
            "四项指标随时间的变化：达标没有，多少学校未达标或未证明，城乡差距有多大。",
            "The four targets over time: met or not, how many schools are not or are unproven, and "
            "how far urban and rural are apart.",
        ),
        begin="now-30d",
        refresh="5m",
    )
    for indicator in INDICATORS:
        made.with_row(
            dashboard.Row(t(f"{indicator.zh} {indicator.id}", f"{indicator.en} {indicator.id}"))
        )
        made.with_panel(_value(t, indicator)).with_panel(_schools(t, indicator))
        made.with_panel(_areas(t, indicator))
    made.with_row(dashboard.Row(t("每月汇总（通报用）", "By month (for the bulletin)")))
    return made.with_panel(_months(t))


def _links(t: Language) -> list[tuple[str, str]]:
    return [(t("全区概览：是哪些学校", "The district: which schools"), to_board(t, "district"))]


def _value(t: Language, indicator: Indicator) -> timeseries.Panel:
    value, asked = t("实际", "reached"), t("目标", "asked for")
    return curves(
        Look(
            t(indicator.zh, indicator.en),
            t(
                f"虚线是目标 {indicator.asked:g} %。一天以内是当天至今的数"
                "值，更长的范围每天一点。线断开表示那天已知数据"
                "不足 90 %，不下结论，不是 0。低于虚线时看右边是多少学校、城区还是乡村。",
                f"Dashed: {indicator.asked:g} % is asked for. "
                "Within a day it is today so far, else "
                "a point for each day. A gap means that less than 90 % was known: no verdict, and "
                "not 0. Below the dashes, the right says how many schools, and where.",
            ),
            "percent",
            t("这段时间数据不足或没有数据", "not enough data, or none, in this range"),
            steps=indicator.steps,
            width=8,
            height=8,
            decimals=2,
            high=100,
            links=_links(t),
            colours={value: palette.FIRST},
        ),
        history(indicator, [Column("value", value, "last"), Column("target", asked, "last")]),
        dashed=(asked,),
    )


def _schools(t: Language, indicator: Indicator) -> timeseries.Panel:
    names = {
        "met": (t("达标", "met"), palette.UP),
        "not_met": (t("未达标", "not met"), palette.DOWN),
        "unproven": (t("未证明", "unproven"), palette.UNKNOWN),
    }
    proof = (
        t(
            "“未证明”是流量从未跑到目标带宽，没有证据，不等于不达标：请安排测速。",
            "Unproven: traffic never reached the target, which is not missed: have it tested.",
        )
        if indicator.id == "I-04"
        else t(
            "“未证明”是没有足够的数据，不等于不达标：请检查采集端。没有课的日子不统计。",
            "Unproven: too little is known, which is not missed: look at the agents. Days without "
            "lessons count nothing.",
        )
    )
    return curves(
        Look(
            t("学校数", "Schools"),
            t(
                "绿色达标，红色未达标，紫色未证明，三者相加是在办学校总数。",
                "Green met, red not met, violet unproven; together all open schools. ",
            )
            + proof,
            "none",
            ways.nothing(t),
            width=8,
            height=8,
            decimals=0,
            low=0,
            links=_links(t),
            colours=dict(names.values()),
        ),
        history(
            indicator,
            [Column(field, name, "last") for field, (name, _) in reversed(names.items())],
        ),
        stacked=True,
        columns=True,
    )


def _areas(t: Language, indicator: Indicator) -> timeseries.Panel:
    names = {area: t(*words.AREAS[area][:2]) for area in AREAS}
    return curves(
        Look(
            t("城区、镇区、乡村", "Urban, town and rural"),
            t(
                "三条线之间的距离就是城乡差距（I-36），应当越来越小。乡村"
                "长期偏低时，先看乡村学校的线路合同和运营商。",
                "How far the lines are apart is the gap between urban and rural (I-36), which "
                "should shrink. Where rural stays low, look at contracts and carriers there.",
            ),
            "percent",
            t("这段时间数据不足或没有数据", "not enough data, or none, in this range"),
            steps=indicator.steps,
            width=8,
            height=8,
            decimals=2,
            high=100,
            links=_links(t),
            colours={names[area]: colour for area, colour in AREAS.items()},
        ),
        [
            query
            for area, name in names.items()
            for query in history(indicator, [Column("value", name, "last")], area)
        ],
    )


def _months(t: Language) -> table.Panel:
    fields = ("value", "target", "met", "not_met", "unproven", "total", "completeness")
    names = {
        one.id: (f"{one.zh} {one.id}", f"{one.en} {one.id}", palette.NEUTRAL) for one in INDICATORS
    }
    red, violet = (
        ((None, palette.NEUTRAL), (1, colour)) for colour in (palette.DOWN, palette.UNKNOWN)
    )
    return listing(
        Look(
            t("各月指标", "Targets by month"),
            t(
                "范围结束前 13 个月，本月为至今。迟到的数据在 7 天内还会修正上个月。“"
                "数据不足”表示已知数据不到 90 %，通报时请照写，不要当作 0。",
                "The 13 months before the end of the range; this one so far. Late data still "
                "corrects the last month for 7 days. Where it says not enough data, write that.",
            ),
            "none",
            t("还没有满一个月的数据", "no month is complete yet"),
            width=24,
            height=9,
            links=_links(t),
        ),
        [_of_months(fields, ENOUGH), _of_months(fields[1:], TOO_LITTLE)],
        [
            Shown("Time", t("月份", "Month"), 110, unit="time:YYYY-MM"),
            Shown("indicator", t("指标", "Target"), 0, [words.mapped(t, names, coloured=False)]),
            Shown(
                *("value", t("实际", "Reached")),
                nothing=t("数据不足", "not enough data"),
                maps=[words.missing(t("数据不足", "not enough data"))],
                unit="percent",
                decimals=2,
            ),
            Shown("target", t("目标", "Asked for"), unit="percent", decimals=2),
            Shown("met", t("达标", "Met"), decimals=0),
            Shown("not_met", t("未达标", "Not met"), decimals=0, steps=red, cell="color-text"),
            Shown("unproven", t("未证明", "Unproven"), decimals=0, steps=violet, cell="color-text"),
            Shown("total", t("在办学校", "Open schools"), decimals=0),
            Shown("completeness", t("数据完整度", "Known"), unit="percent", decimals=1),
        ],
        hidden=(),
        sort=[("Time", True)],
        limit=60,
        first=[transformation("merge", {})],
    )


def _of_months(fields: Sequence[str], known: str) -> Query:
    return Query(
        f'SELECT {", ".join(quoted(fields))} FROM "indicator"'
        f" WHERE time > {TO} - 400d AND time <= {TO} AND \"window\" = 'month'"
        f' AND "area" = \'all\' AND {SCOPE} AND {known} GROUP BY "indicator"',
        "daily",
        table=True,
    )
