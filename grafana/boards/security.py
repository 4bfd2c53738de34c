"""What attacks the networks of the schools, and which of them nobody watches."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard, stat, table, timeseries

from core.securitykinds import SECURITY_KINDS
from grafana import palette, words
from grafana.boards.health import CODE, named, names
from grafana.frame import board as frame
from grafana.frame import to_board, to_row
from grafana.influxql import JUST_NOW, REGION, Column, Query, last, over_time, quoted, totals, whole
from grafana.language import Language
from grafana.panels import Look, Shown, curves, listing, renamed, text, tiles

BY_SCHOOL: Final = ("region", "school")
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
    made.with_panel(_listening(t)).with_panel(_lost(t)).with_panel(_machines(t))
    made.with_row(dashboard.Row(t("设备日志", "Logs of devices")))
    return made.with_panel(_kept(t)).with_panel(_flow(t))


def _to_school(t: Language) -> tuple[str, str]:
    return t("打开学校", "Open the school"), to_row(t, "school")


def _home(t: Language) -> tuple[str, str]:
    return t("全区概览", "District overview"), to_board(t, "district")


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
            links=[_home(t)],
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
            links=[_home(t)],
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
            Shown(CODE, t("学校", "School"), 240, links=[_to_school(t)]),
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
            t("每所学校都有人看护", "every school is watched"),
            width=10,
            height=10,
            links=[_home(t)],
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
            Shown(CODE, t("学校", "School"), 0, links=[_to_school(t)]),
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
            links=[_home(t)],
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
            links=[_home(t)],
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


def _listening(t: Language) -> table.Panel:
    fields = (
        *("sees", "promiscuous", "dropped", "forgotten", "defects", "malformed"),
        *("cpu_percent", "mem_mb"),
    )
    by = ", ".join(quoted((*BY_SCHOOL, "agent", "interface")))
    return listing(
        Look(
            t("探针", "Sensors"),
            t(
                "“丢失”不为 0 的探针来不及看，请换更快的电脑或缩小镜像范围。“只看到自己”"
                "的网口没有镜像，扫描、猜密码、蠕虫和挖矿可能看不到。“记不下”迅速增长，"
                "说明有人伪造大量地址，其间可能漏掉别的攻击。“出错”不为 0 是本软件的错误，请报告。",
                "Where frames were lost nobody looked at them: a faster machine, or a smaller "
                "mirror. Sees its own only: no mirror port, so scans, guessed passwords, worms "
                "and mining may happen unseen. Forgotten grows fast: somebody makes addresses "
                "up, and other attacks may be missed meanwhile. Failed is a mistake in this "
                "software: please report it.",
            ),
            "none",
            t("没有探针", "there is no sensor"),
            width=24,
            height=9,
            links=[_home(t)],
        ),
        [
            Query(
                f'SELECT {", ".join(quoted(fields))}, "school" AS "{CODE}" FROM (SELECT '
                f'{whole(*fields)} FROM "sensor" WHERE {JUST_NOW} AND {REGION} GROUP BY {by}) '
                f"GROUP BY {by}",
                table=True,
            ),
            names(),
        ],
        [
            Shown(CODE, t("学校", "School"), 0, links=[_to_school(t)]),
            text("agent", t("采集端", "Agent")),
            text("interface", t("网口", "Interface")),
            Shown(
                *("sees", t("看到", "Sees"), 150, [words.mapped(t, words.SEES)]),
                cell="color-background",
            ),
            Shown(
                *("promiscuous", t("混杂模式", "Promiscuous"), 110, [words.mapped(t, words.YES)]),
                nothing="—",
            ),
            Shown(
                *("dropped", t("丢失", "Lost"), 90),
                decimals=0,
                cell="color-text",
                steps=((None, palette.NEUTRAL), (1, palette.DEGRADED)),
            ),
            Shown("forgotten", t("记不下", "Forgotten"), 90, decimals=0),
            Shown(
                *("defects", t("出错", "Failed"), 90),
                decimals=0,
                cell="color-text",
                steps=((None, palette.NEUTRAL), (1, palette.DEGRADED)),
            ),
            Shown("malformed", t("畸形", "Malformed"), 90, decimals=0),
            Shown("cpu_percent", t("处理器", "Processor"), 100, unit="percent", decimals=1),
            Shown("mem_mb", t("内存", "Memory"), 100, unit="decmbytes", decimals=0),
        ],
        hidden=("Time", "region", "school"),
        sort=[("dropped", True)],
        first=[named()],
    )


def _lost(t: Language) -> timeseries.Panel:
    return curves(
        Look(
            t("看到的别人的流量", "Traffic of others that is seen"),
            t(
                "单播报文中不是发给本机的比例，各探针的平均和最高。长期接近 0 说明没有镜像；"
                "突然归零说明镜像被取消或网线被换。",
                "The share of unicast frames for others: mean and highest of the sensors. Near 0 "
                "for long: no mirror. Suddenly 0: the mirror or the cable was changed.",
            ),
            "percent",
            t("没有探针", "there is no sensor"),
            width=12,
            height=8,
            low=0,
            high=100,
            links=[_home(t)],
        ),
        over_time(
            "sensor",
            [
                Column("foreign_share", t("平均", "mean"), "mean"),
                Column("foreign_share", t("最高", "highest"), "max"),
            ],
            REGION,
        ),
    )


def _machines(t: Language) -> timeseries.Panel:
    return curves(
        Look(
            t("网内设备数", "Machines in the networks"),
            t(
                "24 小时内出现过的设备数（各校平均），以及其中手机等使用随机地址的数量。"
                "只有数量，不记录是谁。",
                "Machines seen in 24 hours, mean of the schools, and how many of them use random "
                "addresses as phones do. Counts only, never whose.",
            ),
            "none",
            t("没有探针", "there is no sensor"),
            width=12,
            height=8,
            low=0,
            links=[_home(t)],
        ),
        over_time(
            "census",
            [
                Column("machines", t("设备", "machines"), "mean"),
                Column("random_macs", t("随机地址", "random addresses"), "mean"),
            ],
            REGION,
        ),
    )


def _kept(t: Language) -> table.Panel:
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
            links=[_home(t)],
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
            Shown(CODE, t("学校", "School"), 0, links=[_to_school(t)]),
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


def _flow(t: Language) -> table.Panel:
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
            links=[_home(t)],
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
            Shown(CODE, t("学校", "School"), 0, links=[_to_school(t)]),
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
