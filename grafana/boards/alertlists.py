"""Single alerts, on the boards of district and school: what is open, and what was.

An alert is a row of the latest point that bears its number; the same points the page shows.
"""

from dataclasses import replace
from typing import Final

from grafana_foundation_sdk.builders import table

from grafana import words
from grafana.frame import to_alert, to_alerts
from grafana.influxql import JUST_NOW, Query, quoted
from grafana.language import Language
from grafana.panels import Look, Shown, listing, text, transformation

MOST: Final = 200
"""Rows of a list; the others stand on the collector's page."""


def standing(t: Language, where: str) -> table.Panel:
    """Return the open alerts, the worst first; those that nobody is told of come last."""
    said = (*("state", "severity"), *_words(t), "acked_by")
    shown = ", ".join(quoted(("number", *said)))
    query = Query(
        f'SELECT {shown}, "began" * 1000 AS "since" FROM "alert" WHERE {JUST_NOW} AND {where}',
        table=True,
    )
    newest = {name: {"operation": "aggregate", "aggregations": ["last"]} for name in said}
    newest["since"] = {"operation": "aggregate", "aggregations": ["last"]}
    each = {"number": {"operation": "groupby", "aggregations": []}, **newest}
    plain = {f"{name} (last)": name for name in newest}
    over = {
        "fieldName": "state",
        "config": {"id": "equal", "options": {"value": "ended"}},
    }
    return listing(
        Look(
            t("未恢复的告警逐条", "Open alerts, one by one"),
            t(
                "每行一条，最要紧的在前；已静默的和由其他告警引起的排在最后。点编号打开它的完整"
                "经过，在那里确认或静默。“无人确认”的请先安排人处理。",
                "A row each, the most urgent first; what is silenced or explained comes last. The "
                "number opens its story, where it is acknowledged or silenced. Where nobody has "
                "acknowledged, find somebody first.",
            ),
            "none",
            t(
                "没有未恢复的告警（如果上面的数字显示“没有数据”，则情况未知）",
                "no alert is open (where the counts above say no data: unknown)",
            ),
            width=24,
            height=9,
            links=[_page(t)],
        ),
        [query],
        [
            _number(t),
            _severity(t),
            Shown(
                *("state", t("状态", "State"), 130, [words.mapped(t, words.ALERT_STATES)]),
                cell="color-text",
            ),
            *_said(t),
            Shown("since", t("开始", "Since"), 170, unit="dateTimeAsIso"),
            _who(t),
        ],
        sort=[("state", False), ("severity", False), ("since", True)],
        limit=MOST,
        first=[
            transformation("groupBy", {"fields": each}),
            transformation("organize", {"renameByName": plain}),
            transformation("filterByValue", {"filters": [over], "type": "exclude", "match": "any"}),
        ],
    )


def ended(t: Language, where: str) -> table.Panel:
    """Return the alerts that ended in the range, the newest first."""
    shown = ", ".join(quoted(("number", "severity", *_words(t), "acked_by")))
    query = Query(
        f'SELECT {shown}, "began" * 1000 AS "since", "ended" * 1000 AS "until" FROM "alert"'
        f" WHERE $timeFilter AND {where}",
        "daily",
        table=True,
    )
    return listing(
        Look(
            t("这段时间恢复的告警", "Alerts that ended in this range"),
            t(
                "每行一条已恢复的告警，最近的在前，点编号看完整经过：告诉了谁、谁处理的。"
                "同一处反复出现，说明问题没有真正解决。",
                "A row for each that is over, the newest first; the number opens its story: whom "
                "it was told, and who took care of it. The same again and again is not solved.",
            ),
            "none",
            t("这段时间没有恢复的告警", "none ended in this range"),
            width=24,
            height=9,
            links=[_page(t)],
        ),
        [query],
        [
            _number(t),
            _severity(t),
            *_said(t),
            Shown("since", t("开始", "Since"), 170, unit="dateTimeAsIso"),
            Shown("until", t("恢复", "Ended"), 170, unit="dateTimeAsIso"),
            _who(t),
        ],
        sort=[("until", True)],
        limit=MOST,
    )


def _words(t: Language) -> tuple[str, ...]:
    return f"title_{t.code}", "place", "target", f"kept_{t.code}"


def _said(t: Language) -> list[Shown]:
    title, place, target, kept = _words(t)
    return [
        Shown(title, t("告警", "Alert")),
        Shown(place, t("地点", "Where"), 200),
        replace(text(target, t("对象", "About")), width=100),
        replace(text(kept, t("静默或引起它的告警", "Silenced or explained by")), width=190),
    ]


def _number(t: Language) -> Shown:
    link = t("完整经过", "Its story"), to_alert(t)
    return Shown("number", t("编号", "Number"), 80, decimals=0, links=[link])


def _severity(t: Language) -> Shown:
    mapped = [words.mapped(t, words.SEVERITIES)]
    return Shown("severity", t("级别", "Severity"), 130, mapped, cell="color-background")


def _who(t: Language) -> Shown:
    mapped = [words.mapped(t, words.WHO)]
    return Shown("acked_by", t("谁在处理", "Who has it"), 130, mapped, cell="color-text")


def _page(t: Language) -> tuple[str, str]:
    return t("监测中心的告警页面", "The collector's page"), to_alerts(t)
