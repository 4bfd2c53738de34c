"""The lines of one school: were they up, and do they bring what the contract says."""

from typing import Final

from grafana_foundation_sdk.builders import (
    gauge,
    stat,
    statetimeline,
    table,
    timeseries,
)

from grafana import palette, ways, words
from grafana.frame import to_row
from grafana.influxql import SCHOOL, Column, Query, last, latest, over_time
from grafana.language import Language
from grafana.panels import Look, Shown, curves, dial, listing, setting, tiles, timeline

HOURS: Final = f"$timeFilter AND {SCHOOL}"


def line(t: Language) -> statetimeline.Panel:
    """Return the panel: up, degraded, down and unknown over time."""
    return timeline(
        Look(
            t("线路状态的变化", "State of the line over time"),
            t(
                "绿色在线，橙色性能下降，红色中断，紫色未知；空白处没"
                "有任何记录。反复变红请联系运营商测试线路。",
                "Green up, orange degraded, red down, violet unknown; blank: nothing recorded. "
                "Where it turns red again and again, have the carrier test the line.",
            ),
            "string",
            ways.nothing(t),
            width=16,
            height=5,
            maps=[words.mapped(t, words.STATES)],
            links=[ways.to_machine(t)],
        ),
        over_time("school", [last("state", t("线路", "Line"))], SCHOOL),
    )


def availability(t: Language) -> stat.Panel:
    """Return the panel: the share of known time that it was up."""
    return tiles(
        Look(
            t("可用率", "Availability"),
            t(
                "所选范围内已知时间中线路可用的比例，按整点小时计算，不含"
                "当前这一小时；未知的时间不计入。目标 99.5 %。"
                "低于目标时看左边是哪几次中断。",
                "Share of the known time of the range in which the line worked, by whole hours, "
                "without this one. Asked for: 99.5 %. Below, the left says which outages it was.",
            ),
            "percent",
            t("没有数据", "no data"),
            steps=((None, palette.DOWN), (98.5, palette.DEGRADED), (99.5, palette.UP)),
            width=4,
            height=5,
            decimals=2,
            links=[ways.to_district(t)],
        ),
        [
            Query(
                'SELECT 100 * sum("good") / sum("known") AS "share" FROM (SELECT "up_mean" * '
                f'"up_known" AS "good", "up_known" AS "known" FROM "school" WHERE {HOURS})',
                "hourly",
                table=True,
            )
        ],
        names=False,
        size=34,
    )


def outage(t: Language) -> stat.Panel:
    """Return the panel: minutes of outage."""
    return tiles(
        Look(
            t("中断时长", "Time down"),
            t(
                "所选范围内线路中断的总时长，按整点小时计算，不含当前这一小时；"
                "未知的时间不算中断。超过 5 分钟就值得问运营商。",
                "How long the line was down in the range, by "
                "whole hours, without this one; unknown "
                "time is not down. Over 5 minutes, ask the carrier.",
            ),
            t("suffix: 分钟", "suffix: min"),
            t("没有数据", "no data"),
            steps=((None, palette.UP), (5, palette.DEGRADED), (60, palette.DOWN)),
            width=4,
            height=5,
            decimals=0,
            links=[ways.to_district(t)],
        ),
        [
            Query(
                'SELECT sum("bad") / 60 AS "down" FROM (SELECT '
                '(1 - "up_mean") * "up_known" AS "bad" '
                f'FROM "school" WHERE {HOURS})',
                "hourly",
                table=True,
            )
        ],
        names=False,
        size=34,
    )


def uplinks(t: Language) -> table.Panel:
    """Return the panel: the uplinks as they are now, one a row."""
    columns = [last(name) for name in ("active", "up", "has_route", "metered", "contracted_mbps")]
    yes = words.mapped(t, {"0": ("否", "no", palette.NEUTRAL), "1": ("是", "yes", palette.FIRST)})
    kinds = words.mapped(t, words.LINK_TYPES, coloured=False)
    return listing(
        Look(
            t("出口线路", "Uplinks"),
            t(
                "每条出口：哪一条正在使用，接口有没有链路。“无链路”请检查"
                "网线和光猫；备用线路正在使用说明主线路有问题。",
                "Each line out: which is in use, and whether it has a link. No link: check cable "
                "and modem. The standby in use means that the main line has trouble.",
            ),
            "none",
            t("没有数据", "no data"),
            width=24,
            height=5,
            links=[ways.to_machine(t)],
        ),
        [
            latest(
                "uplink", columns, SCHOOL, by=("region", "school", "agent", "uplink", "link_type")
            )
        ],
        [
            Shown("uplink", t("出口", "Uplink")),
            Shown("link_type", t("类型", "Kind"), 0, [kinds]),
            Shown(
                *("active", t("使用情况", "Use"), 0, [words.mapped(t, words.USES)]),
                cell="color-text",
            ),
            Shown(*("up", t("链路", "Link"), 0, [words.mapped(t, words.LINKS)]), cell="color-text"),
            Shown("has_route", t("有默认路由", "Default route"), 0, [yes]),
            Shown("metered", t("按流量计费", "Metered"), 0, [yes]),
            Shown(*("contracted_mbps", t("合同带宽", "Contract")), unit="Mbits", decimals=0),
            Shown(
                "agent",
                t("采集端", "Agent"),
                links=[(t("打开", "Open"), to_row(t, "machine", "agent"))],
            ),
        ],
        hidden=("Time", "region", "school"),
    )


def bandwidth(t: Language) -> timeseries.Panel:
    """Return the panel: what was measured beside what the contract says."""
    recv, sent = t("下行", "received"), t("上行", "sent")
    contract, goal = t("合同带宽", "contract"), t("目标带宽", "target")
    columns = [
        Column("recv_mbit_s", recv, "mean"),
        Column("sent_mbit_s", sent, "mean"),
        Column("contracted_mbit_s", contract, "max"),
        Column("target_mbit_s", goal, "max"),
    ]
    return curves(
        Look(
            t("出口流量与合同带宽", "Traffic against the contract"),
            t(
                "实线是出口实际流量，虚线是合同带宽和目标带宽。流量在繁忙"
                "时段贴近合同线，说明带宽不够用，请考虑扩容；"
                "远低于合同线不说明线路有问题，只是没有用到。",
                "Solid: what the uplink carries; dashed: contract and target. Traffic at the "
                "contract in busy hours means that it is too small. Far below proves nothing: it "
                "was not asked for.",
            ),
            "Mbits",
            ways.nothing(t),
            width=12,
            height=8,
            decimals=0,
            low=0,
            links=[ways.to_machine(t)],
            colours={recv: palette.FIRST, sent: palette.SECOND},
        ),
        over_time("bandwidth", columns, SCHOOL),
        dashed=(contract, goal),
    )


def use(t: Language) -> gauge.Panel:
    """Return the panel: the share of the contract that is enough 95 % of the time."""
    return dial(
        Look(
            t("繁忙程度", "How busy"),
            t(
                "95 % 的时间流量不超过合同带宽的这个比例（P95）。70 % 以上"
                "偏忙，90 % 以上已经不够用，请考虑扩容或错峰。",
                "Traffic is no more than this share of the "
                "contract in 95 % of the time (P95). From 70 % "
                "on it is busy, from 90 % on too small: enlarge it, or move loads to other hours.",
            ),
            "percent",
            t("没有数据", "no data"),
            steps=((None, palette.UP), (70, palette.DEGRADED), (90, palette.DOWN)),
            width=6,
            height=8,
            decimals=0,
            low=0,
            high=100,
            links=[ways.to_machine(t)],
        ),
        [
            latest(
                "bandwidth",
                [last("p95_of_contract_percent")],
                SCHOOL,
                by=("uplink",),
                table=False,
                alias="$tag_uplink",
            )
        ],
    )


def proof(t: Language) -> stat.Panel:
    """Return the panel: whether the contract's bandwidth was proved."""
    seen, contract = t("实测最高", "highest seen"), t("合同", "contract")
    goal, proof = t("目标", "target"), t("结论", "verdict")
    columns = [
        last("measured_mbit_s", seen),
        last("target_mbit_s", goal),
        last("contracted_mbit_s", contract),
        last("target_proven", proof),
    ]
    panel = tiles(
        Look(
            t("带宽是否达标", "Is the target proven"),
            t(
                "出口曾经跑到的最高速率与目标的对照。“未证明”表示流量从未"
                "跑到目标，不等于不达标：可在晚间安排一次测速。",
                "The most that the uplink was seen to carry, against the target. Unproven means "
                "that traffic never reached it, which is not missed: have it tested at night.",
            ),
            "Mbits",
            t("没有数据", "no data"),
            width=6,
            height=8,
            decimals=0,
            links=[ways.to_machine(t)],
            colours={seen: palette.FIRST, goal: palette.REFERENCE, contract: palette.REFERENCE},
        ),
        [latest("bandwidth", columns, SCHOOL)],
        strings=True,
        size=22,
        rows=True,
    )
    proofs = [words.mapped(t, words.PROOFS)]
    return panel.override_by_name(proof, [setting("mappings", proofs), setting("unit", "bool")])
