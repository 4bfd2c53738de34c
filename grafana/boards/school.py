"""One school: is its line up, does it get its bandwidth, is it stable, and what is wrong."""

from typing import Final

from grafana_foundation_sdk.builders import (
    dashboard,
    gauge,
    stat,
    statetimeline,
    table,
    timeseries,
)

from grafana import palette, words
from grafana.boards import alertlists, alerts, room
from grafana.frame import board as frame
from grafana.frame import to_board, to_row
from grafana.influxql import SCHOOL, Column, Query, last, latest, over_time, within
from grafana.language import Language
from grafana.panels import Look, Shown, Steps, curves, dial, listing, setting, tiles, timeline

LOSS: Final[Steps] = ((None, palette.UP), (2, palette.DEGRADED), (5, palette.DOWN))
HOURS: Final = f"$timeFilter AND {SCHOOL}"


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
    made.with_panel(_line(t)).with_panel(_availability(t)).with_panel(_outage(t))
    made.with_panel(_uplinks(t))
    made.with_row(dashboard.Row(t("带宽与合同的对照", "Bandwidth against the contract")))
    made.with_panel(_bandwidth(t)).with_panel(_use(t)).with_panel(_proof(t))
    made.with_row(dashboard.Row(t("稳定性", "Stability")))
    made.with_panel(_loss(t)).with_panel(_delay(t))
    made.with_panel(_jitter(t)).with_panel(_pages(t))
    made.with_row(dashboard.Row(t("多媒体教室", "Classrooms")))
    rooms = t("教室和设备", "Rooms and devices"), to_board(t, "room")
    made.with_panel(room.listed(t, SCHOOL, 24, 7, rooms))
    made.with_row(dashboard.Row(t("采集端和最近事件", "Agents and recent events")))
    return made.with_panel(_agent_list(t)).with_panel(_events(t))


def _up(t: Language) -> tuple[str, str]:
    return t("返回全区概览", "Back to the district"), to_board(t, "district")


def _down(t: Language) -> tuple[str, str]:
    return t("查看采集端所在的机器", "The agent's machine"), to_board(t, "machine")


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
            links=[_up(t)],
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
            links=[_up(t)],
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
            links=[_down(t)],
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
            links=[_down(t)],
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
            links=[_up(t)],
            alarms={name: word[2] for name, word in words.SEVERITIES.items()},
        ),
        [latest("school", [last(f"alerts_{n.lower()}", n) for n in words.SEVERITIES], SCHOOL)],
        size=30,
    )


def _line(t: Language) -> statetimeline.Panel:
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
            t("这段时间没有数据", "no data in this range"),
            width=16,
            height=5,
            maps=[words.mapped(t, words.STATES)],
            links=[_down(t)],
        ),
        over_time("school", [last("state", t("线路", "Line"))], SCHOOL),
    )


def _availability(t: Language) -> stat.Panel:
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
            links=[_up(t)],
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


def _outage(t: Language) -> stat.Panel:
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
            links=[_up(t)],
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


def _uplinks(t: Language) -> table.Panel:
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
            links=[_down(t)],
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


def _bandwidth(t: Language) -> timeseries.Panel:
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
            t("这段时间没有数据", "no data in this range"),
            width=12,
            height=8,
            decimals=0,
            low=0,
            links=[_down(t)],
            colours={recv: palette.FIRST, sent: palette.SECOND},
        ),
        over_time("bandwidth", columns, SCHOOL),
        dashed=(contract, goal),
    )


def _use(t: Language) -> gauge.Panel:
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
            links=[_down(t)],
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


def _proof(t: Language) -> stat.Panel:
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
            links=[_down(t)],
            colours={seen: palette.FIRST, goal: palette.REFERENCE, contract: palette.REFERENCE},
        ),
        [latest("bandwidth", columns, SCHOOL)],
        strings=True,
        size=22,
        rows=True,
    )
    proofs = [words.mapped(t, words.PROOFS)]
    return panel.override_by_name(proof, [setting("mappings", proofs), setting("unit", "bool")])


def _targets_of(field: str, name: str, how: str = "mean") -> list[Query]:
    column = Column(field, name, "max" if how == "max" else "mean")
    return over_time("ping", [column], SCHOOL, by=("url",), alias="$tag_url")


def _loss(t: Language) -> timeseries.Panel:
    return curves(
        Look(
            t("丢包", "Packet loss"),
            t(
                "每个目标丢失的 ping 包的比例（取最高值）。2 % 以"
                "上上课的视频会卡顿，5 % 以上请处理："
                "只有网关丢包查校内网线和交换机，网关正常而外面丢包请联系运营商。",
                "Share of pings without an answer, the highest. From 2 % on video stutters, from "
                "5 % on act: loss at the gateway is inside the "
                "school, loss beyond it the carrier's.",
            ),
            "percent",
            t("这段时间没有数据", "no data in this range"),
            steps=LOSS,
            width=12,
            height=8,
            decimals=1,
            low=0,
            links=[_down(t)],
        ),
        _targets_of("percent_packet_loss", "loss", "max"),
        limit_lines=True,
    )


def _delay(t: Language) -> timeseries.Panel:
    return curves(
        Look(
            t("往返时延", "Round-trip time"),
            t(
                "每个目标的平均往返时延。到网关超过 10 ms 查校内无线或交换机；"
                "到外网持续超过 100 ms 影响互动课堂，请联系运营商。",
                "Mean time to each target and back. Over 10 ms to the gateway look inside the "
                "school; lasting over 100 ms beyond it disturbs live lessons: call the carrier.",
            ),
            "ms",
            t("这段时间没有数据", "no data in this range"),
            steps=((None, palette.UP), (100, palette.DEGRADED), (300, palette.DOWN)),
            width=12,
            height=8,
            decimals=1,
            low=0,
            links=[_down(t)],
        ),
        _targets_of("average_response_ms", "time"),
    )


def _jitter(t: Language) -> timeseries.Panel:
    return curves(
        Look(
            t("抖动", "Jitter"),
            t(
                "相邻两次应答时延之差的平均值。30 ms 以上语音会断续："
                "看是否有人在大量下载，或者线路拥塞。",
                "Mean difference from one answer to the next. From 30 ms on speech breaks up: see "
                "whether somebody downloads heavily, or the line is congested.",
            ),
            "ms",
            t("这段时间没有数据", "no data in this range"),
            steps=((None, palette.UP), (30, palette.DEGRADED), (60, palette.DOWN)),
            width=12,
            height=8,
            decimals=1,
            low=0,
            links=[_down(t)],
        ),
        _targets_of("jitter_ms", "jitter"),
    )


def _pages(t: Language) -> timeseries.Panel:
    return curves(
        Look(
            t("教育平台：成功的比例", "Platforms: share that answered well"),
            t(
                "访问每个教育平台成功的比例，100 % 为全部成功。只有一个平台下"
                "降是平台的问题；全部下降先看上面的丢包和域名解析。",
                "Share of requests to each platform that went well. One alone that drops is the "
                "platform's trouble; all of them: look at loss above, then at name servers.",
            ),
            "percent",
            t("这段时间没有数据", "no data in this range"),
            steps=((None, palette.DOWN), (97, palette.DEGRADED), (99, palette.UP)),
            width=12,
            height=8,
            decimals=0,
            low=0,
            high=100,
            links=[_down(t)],
        ),
        over_time(
            "http_response",
            [Column("success", "share", "mean", "100 * {}")],
            SCHOOL,
            by=("server",),
            alias="$tag_server",
        ),
        steps=True,
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
            links=[_down(t)],
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
            links=[_down(t)],
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
