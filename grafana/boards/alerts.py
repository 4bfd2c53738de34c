"""How open alerts stand, on the boards of district and school: as the collector's page counts them.

The story of each one is on that page, which every panel leads to.
"""

from typing import Final

from grafana_foundation_sdk.builders import stat, table, timeseries

from grafana import palette, words
from grafana.frame import row, to_alerts, to_row
from grafana.influxql import (
    JUST_NOW,
    REGION,
    SCHOOL,
    Column,
    Query,
    last,
    latest,
    over_time,
    quoted,
    totals,
    whole,
)
from grafana.language import Language
from grafana.panels import Look, Shown, curves, listing, tiles

BY: Final = ("region", "school")
SEVERE: Final = tuple(f"alerts_{name.lower()}" for name in words.SEVERITIES)
STANDING: Final = ("alerts_unacked", "alerts_overdue", "alerts_muted", "alerts_hidden")


def _names(t: Language) -> dict[str, str]:
    return {
        "alerts_unacked": t("无人确认", "Unacknowledged"),
        "alerts_overdue": t("逾期督办", "Overdue"),
        "alerts_muted": t("暂不通知", "Not told now"),
        "alerts_hidden": t("由其他告警引起", "Explained"),
    }


def page(t: Language, **choices: str) -> tuple[str, str]:
    """Return the link to the collector's page."""
    return t("告警的完整经过", "The story of each alert"), to_alerts(t, **choices)


def _meaning(t: Language) -> str:
    return t(
        "“无人确认”和“逾期督办”要有人去处理；“暂不通知”是已静默、维护中或等到上课时间；"
        "“由其他告警引起”的，先处理那一条。每条的经过见监测中心的告警页面。",
        "Unacknowledged and overdue ones need somebody. Not told now: silenced, in maintenance or "
        "waiting for lessons. Explained: take care of the alert behind them. The story of each is "
        "on the collector's page.",
    )


def standing(t: Language) -> stat.Panel:
    """Return how the open alerts of all schools stand."""
    names = _names(t)
    columns = [last(field, names[field]) for field in STANDING]
    return tiles(
        Look(
            t("告警处置", "How alerts stand"),
            _meaning(t),
            "none",
            t("没有数据", "no data"),
            width=12,
            height=4,
            decimals=0,
            links=[page(t)],
            colours={names[field]: palette.REFERENCE for field in STANDING[2:]},
            alarms={
                names["alerts_unacked"]: palette.DEGRADED,
                names["alerts_overdue"]: palette.DOWN,
            },
        ),
        totals("school", columns, REGION, by=BY),
        size=32,
    )


def elsewhere(t: Language) -> stat.Panel:
    """Return what is open that is no school's, and whether messages reach people."""
    open_, failing = (
        t("全区和监测中心", "district and collector"),
        t("故障渠道", "failing channels"),
    )
    columns = [last("alerts_elsewhere", open_), last("channels_failing", failing)]
    return tiles(
        Look(
            t("不属于学校的告警，通知渠道", "Alerts of no school, and channels"),
            t(
                "全区性的和监测中心自身的未恢复告警，以及发不出消息的通知渠道。渠道故障时告警可能"
                "送不到人：运行 schoolwatch notify test 检查。",
                "Open alerts of a whole region or the collector itself, and channels that take no "
                "message: then alerts may reach nobody. Check them with schoolwatch notify test.",
            ),
            "none",
            t("没有数据", "no data"),
            width=12,
            height=4,
            decimals=0,
            links=[page(t)],
            alarms={open_: palette.DEGRADED, failing: palette.DOWN},
        ),
        [latest("collector", columns, "\"collector\" != ''")],
        size=32,
    )


def of_school(t: Language) -> stat.Panel:
    """Return how the open alerts of one school stand."""
    names = _names(t)
    return tiles(
        Look(
            t("告警处置", "How alerts stand"),
            _meaning(t),
            "none",
            t("没有数据", "no data"),
            width=24,
            height=4,
            decimals=0,
            links=[page(t, region="${region}", school="${school}")],
            colours={names[field]: palette.REFERENCE for field in STANDING[2:]},
            alarms={
                names["alerts_unacked"]: palette.DEGRADED,
                names["alerts_overdue"]: palette.DOWN,
            },
        ),
        [latest("school", [last(field, names[field]) for field in STANDING], SCHOOL)],
        size=28,
    )


def past(t: Language) -> timeseries.Panel:
    """Return how many alerts of one school were open over time, also those that are over."""
    severities = words.called(t, words.SEVERITIES)
    shown = {f"alerts_{name.lower()}": called for name, called in severities.items()}
    shown |= {field: _names(t)[field] for field in ("alerts_muted", "alerts_hidden")}
    return curves(
        Look(
            t("告警的历史", "Alerts over time"),
            t(
                "各级告警在一段时间内的条数，已恢复的也在内；“暂不通知”和“由其他告警引起”的另计。"
                "每条是什么、谁处理的，见监测中心的告警页面。",
                "How many were open at each moment, those that are over among them; what nobody is "
                "told of and what others explain are apart. What each was, and who took care of "
                "it, is on the collector's page.",
            ),
            "none",
            t("没有数据", "no data"),
            width=24,
            height=7,
            low=0,
            links=[page(t, region="${region}", school="${school}")],
            colours={
                **words.colours(t, words.SEVERITIES),
                shown["alerts_muted"]: palette.REFERENCE,
                shown["alerts_hidden"]: palette.NEUTRAL,
            },
        ),
        over_time("school", [Column(field, name, "max") for field, name in shown.items()], SCHOOL),
        steps=True,
    )


def schools(t: Language) -> table.Panel:
    """Return the schools that have alerts, with how many of each."""
    fields = (*SEVERE, *STANDING)
    names = _names(t)
    colours = (palette.P1, palette.P2, palette.P3, palette.NEUTRAL)
    shown, by = ", ".join(quoted(("name", *fields))), ", ".join(quoted(BY))
    some = " OR ".join(f'"{field}" > 0' for field in fields)
    said = whole("name", *fields)
    weights = '"alerts_p1" * 100 + "alerts_p2" * 10 + "alerts_p3" AS "score"'
    query = Query(
        f'SELECT {shown}, {weights} FROM (SELECT {said} FROM "school"'
        f" WHERE {JUST_NOW} AND {REGION} GROUP BY {by}) WHERE {some} GROUP BY {by}",
        table=True,
    )
    return listing(
        Look(
            t("各校未恢复的告警", "Open alerts by school"),
            t(
                "有未恢复告警的学校，最要紧的在最上面。点数字旁的“经过”打开监测中心的告警页面，"
                "那里可以确认和静默。空表表示没有未恢复的告警。",
                "Schools with open alerts, the most urgent on top. Story opens the collector's "
                "page, where alerts are acknowledged and silenced. An empty table: none is open.",
            ),
            "none",
            t(
                "没有学校有未恢复的告警（如果上面的数字显示“没有数据”，则情况未知）",
                "no school has open alerts (where the counts above say no data: unknown)",
            ),
            width=24,
            height=8,
            decimals=0,
            links=[page(t)],
        ),
        [query],
        [
            Shown("name", t("学校", "School"), links=[(t("打开", "Open"), to_row(t, "school"))]),
            *(
                Shown(
                    *(field, f"P{n}", 60),
                    steps=((None, palette.NEUTRAL), (1, colour)),
                    cell="color-text",
                    align="center",
                )
                for n, (field, colour) in enumerate(zip(SEVERE, colours), 1)
            ),
            *(
                Shown(
                    *(field, names[field], 130),
                    links=[(t("经过", "Story"), to_alerts(t, **row(*BY)))],
                    align="center",
                )
                for field in STANDING
            ),
        ],
        hidden=("Time", *BY, "score"),
        sort=[("score", True)],
        limit=100,
    )
