"""The sensors themselves: where they listen, what they lost, whom they saw."""

from grafana_foundation_sdk.builders import table, timeseries

from grafana import palette, ways, words
from grafana.boards.health import CODE, named, names
from grafana.influxql import BY_SCHOOL, JUST_NOW, REGION, Column, Query, over_time, quoted, whole
from grafana.language import Language
from grafana.panels import Look, Shown, curves, listing, text


def listening(t: Language) -> table.Panel:
    """Return the panel: where each sensor listens, and what it sees there."""
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
            links=[ways.overview(t)],
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
            Shown(CODE, t("学校", "School"), 0, links=[ways.open_school(t)]),
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


def foreign(t: Language) -> timeseries.Panel:
    """Return the panel: the share of unicast frames for others, which tells of a mirror (%)."""
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
            links=[ways.overview(t)],
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


def machines(t: Language) -> timeseries.Panel:
    """Return the panel: machines that sensors saw, in numbers only."""
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
            links=[ways.overview(t)],
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
