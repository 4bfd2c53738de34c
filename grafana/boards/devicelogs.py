"""What is kept in the schools of the logs of devices, and what came of them."""

from grafana_foundation_sdk.builders import table

from grafana import palette, ways, words
from grafana.boards.health import CODE, named, names
from grafana.influxql import BY_SCHOOL, JUST_NOW, REGION, Query, quoted, whole
from grafana.language import Language
from grafana.panels import Look, Shown, listing, text


def kept(t: Language) -> table.Panel:
    """Return the panel: what each school keeps of each device's log, and since when."""
    fields = ("state", "oldest_age_s", "damaged", "lost", "dropped_days", "bytes", "by")
    by = ", ".join(quoted((*BY_SCHOOL, "agent", "device")))
    return listing(
        Look(
            t("日志留存", "How far logs go back"),
            t(
                "法律要求网络日志至少留存六个月（184 天）。“未满六个月”是刚开始保存，不算不合格；"
                "“留存不足”请增加空间。“被改动的天数”不为 0 时，请在采集端运行 "
                "schoolwatch agent logs verify。日志内容不出学校，这里只有数量和时间。",
                "The law asks for six months (184 days). Still young is no miss; too short: give "
                "it more room. Where days were changed, run schoolwatch agent logs verify on the "
                "agent's machine. No row leaves the school: here are counts and times only.",
            ),
            "none",
            t("没有保存日志的设备", "no device's log is kept"),
            width=14,
            height=9,
            links=[ways.overview(t)],
        ),
        [
            Query(
                f'SELECT {", ".join(quoted(fields))}, "school" AS "{CODE}" FROM (SELECT '
                f'{whole(*fields)} FROM "log_kept" WHERE {JUST_NOW} AND {REGION} GROUP BY {by}) '
                f"GROUP BY {by}",
                table=True,
            ),
            names(),
        ],
        [
            Shown(CODE, t("学校", "School"), 0, links=[ways.open_school(t)]),
            text("agent", t("采集端", "Agent")),
            text("device", t("设备", "Device")),
            Shown(
                *("state", t("留存", "Kept"), 120, [words.mapped(t, words.LOGS_KEPT)]),
                cell="color-background",
            ),
            Shown("oldest_age_s", t("最早一条", "Oldest row"), 120, unit="s", decimals=0),
            Shown(
                *("damaged", t("被改动的天数", "Days changed"), 110),
                decimals=0,
                cell="color-text",
                steps=((None, palette.NEUTRAL), (1, palette.DOWN)),
            ),
            Shown(
                *("lost", t("缺失条数", "Rows lost"), 100),
                decimals=0,
                cell="color-text",
                steps=((None, palette.NEUTRAL), (1, palette.DEGRADED)),
            ),
            Shown("dropped_days", t("腾空间删的天数", "Days dropped"), 110, decimals=0),
            Shown("bytes", t("占用", "Takes"), 90, unit="decbytes", decimals=0),
            Shown("by", t("依据", "By"), 0, [words.mapped(t, words.SAYS_KEPT, coloured=False)]),
        ],
        hidden=("Time", "region", "school"),
        sort=[("damaged", True), ("oldest_age_s", False)],
        first=[named()],
    )


def flow(t: Language) -> table.Panel:
    """Return the panel: lines that came, went and were lost, of each device."""
    fields = ("silent", "lines", "missing", "port_dropped", "limited")
    by = ", ".join(quoted((*BY_SCHOOL, "agent", "device")))
    return listing(
        Look(
            t("日志是否在发、是否完整", "Whether logs flow, and whole"),
            t(
                "“中断”的设备没有再发日志。“要素齐全”是同时有时间、用户、类型和结果的比例"
                "（8.1.3.5 b）；只看有没有用户，不读取是谁。“缺号”是设备编了号却没有收到的条数。",
                "Silent: nothing comes any more. Complete: the share with time, user, kind and "
                "result (8.1.3.5 b); who the user is nobody reads. Missing: numbers that the "
                "device gave and that never came.",
            ),
            "none",
            t("没有接入日志的设备", "no device's log is read"),
            width=10,
            height=9,
            links=[ways.overview(t)],
        ),
        [
            Query(
                f'SELECT {", ".join(quoted(fields))}, 100 * "complete" / "lines" AS "complete", '
                f'"school" AS "{CODE}" FROM (SELECT {whole(*fields, "complete")} FROM '
                f'"firewall_log" WHERE {JUST_NOW} AND {REGION} GROUP BY {by}) GROUP BY {by}',
                table=True,
            ),
            names(),
        ],
        [
            Shown(CODE, t("学校", "School"), 0, links=[ways.open_school(t)]),
            text("device", t("设备", "Device")),
            Shown(
                *("silent", t("中断", "Silent"), 80, [words.mapped(t, words.YES)]),
                cell="color-text",
            ),
            Shown("lines", t("条数", "Rows"), 90, decimals=0),
            Shown("complete", t("要素齐全", "Complete"), 90, unit="percent", decimals=0),
            Shown("missing", t("缺号", "Missing"), 80, decimals=0),
            Shown("port_dropped", t("端口丢弃", "Port drops"), 90, decimals=0),
            Shown("limited", t("超速未读", "Too fast"), 90, decimals=0),
        ],
        hidden=("Time", "region", "school", "agent"),
        sort=[("silent", True), ("missing", True)],
        first=[named()],
    )
