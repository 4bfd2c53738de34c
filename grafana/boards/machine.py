"""One machine that an agent runs on, and what its probes found."""

from typing import Final

from grafana_foundation_sdk.builders import (
    bargauge,
    dashboard,
    stat,
    statetimeline,
    timeseries,
)

from grafana import palette, ways, words
from grafana.boards import machineprobes
from grafana.frame import board as frame
from grafana.influxql import AGENT, Column, last, latest, over_time
from grafana.language import Language
from grafana.panels import Look, Steps, bars, curves, tiles, timeline

FULL: Final[Steps] = ((None, palette.UP), (80, palette.DEGRADED), (90, palette.DOWN))
BUSY: Final[Steps] = ((None, palette.UP), (75, palette.DEGRADED), (90, palette.DOWN))
TOTAL: Final = f"{AGENT} AND \"cpu\" = 'cpu-total'"
COUNTED: Final[Steps] = ((None, palette.UP), (1, palette.DEGRADED), (10, palette.DOWN))


def board(t: Language) -> dashboard.Dashboard:
    """Return it."""
    made = frame(
        t,
        "machine",
        t("采集端所在的机器", "An agent's machine"),
        t(
            "一台机器：处理器、内存、磁盘、网卡、温度、进程，以及各项探测的结果。",
            "One machine: processors, memory, disks, interfaces, and what the probes found.",
        ),
    )
    made.with_row(dashboard.Row(t("此刻", "Now")))
    made.with_panel(_now(t)).with_panel(_disks(t)).with_panel(_waiting(t))
    made.with_row(dashboard.Row(t("处理器和内存", "Processors and memory")))
    made.with_panel(_cpu(t)).with_panel(_load(t))
    made.with_panel(_memory(t)).with_panel(_disk_history(t))
    made.with_row(dashboard.Row(t("网卡", "Interfaces")))
    made.with_panel(_net(t, "recv")).with_panel(_net(t, "sent"))
    made.with_panel(_errors(t)).with_panel(_carrier(t))
    made.with_row(dashboard.Row(t("温度和进程", "Temperature and processes")))
    made.with_panel(_temperature(t)).with_panel(_processes(t))
    made.with_row(dashboard.Row(t("探测结果", "What the probes found")))
    made.with_panel(machineprobes.loss(t)).with_panel(machineprobes.delay(t))
    made.with_panel(machineprobes.names(t)).with_panel(machineprobes.pages(t))
    return made.with_panel(machineprobes.certificates(t)).with_panel(machineprobes.clock(t))


def _now(t: Language) -> stat.Panel:
    cpu, mem = t("处理器忙碌", "processors busy"), t("内存已用", "memory used")
    return tiles(
        Look(
            t("处理器和内存", "Processors and memory"),
            t(
                "10 分钟内最后一次的数值。处理器长期 90 % 以上，请看是什么"
                "程序；内存 90 % 以上请关闭不用的程序或加内存。",
                "The last values within 10 minutes. Processors over 90 % for long: see which "
                "program it is; memory over 90 %: close what is not needed, or add some.",
            ),
            "percent",
            t("没有数据", "no data"),
            steps=BUSY,
            width=7,
            height=6,
            decimals=0,
            links=[ways.to_school(t)],
        ),
        [
            latest("cpu", [last("usage_idle", cpu, "100 - {}")], TOTAL, table=False),
            latest("mem", [last("used_percent", mem)], AGENT, table=False),
        ],
        size=38,
    )


def _disks(t: Language) -> bargauge.Panel:
    return bars(
        Look(
            t("磁盘占用", "Disks"),
            t(
                "每个分区已用的比例。90 % 以上会告警：请清理日志和下载，"
                "或扩容；满了之后采集端也无法缓存数据。",
                "How full each file system is. From 90 % on there is an alert: delete logs and "
                "downloads. Once it is full the agent cannot keep anything either.",
            ),
            "percent",
            t("没有数据", "no data"),
            steps=FULL,
            width=10,
            height=6,
            decimals=1,
            low=0,
            high=100,
            links=[ways.to_school(t)],
        ),
        [
            latest(
                "disk", [last("used_percent")], AGENT, by=("path",), table=False, alias="$tag_path"
            )
        ],
    )


def _waiting(t: Language) -> stat.Panel:
    waiting, dropped = t("待发送批次", "batches waiting"), t("已丢弃批次", "batches dropped")
    failed = t("探测出错", "failed probes")
    columns = [
        last("spool_batches", waiting),
        last("batches_dropped", dropped),
        last("probe_errors", failed),
    ]
    return tiles(
        Look(
            t("采集端自身", "The agent itself"),
            t(
                "待发送批次持续增加：线路或监测中心有问题，数据还在本"
                "机。已丢弃不是 0：本地缓存满过，请看台账。"
                "探测出错持续增加：运行 schoolwatch agent check。",
                "Waiting that grows: the line or the collector, the data is still here. Dropped "
                "over 0: the spool was full, see the ledger. Failed probes that grow: run "
                "schoolwatch agent check.",
            ),
            "none",
            t("没有数据", "no data"),
            width=7,
            height=6,
            decimals=0,
            links=[ways.to_school(t)],
            colours={waiting: palette.FIRST},
            alarms={dropped: palette.DOWN, failed: palette.DEGRADED},
        ),
        [latest("agent", columns, AGENT)],
        size=30,
    )


def _cpu(t: Language) -> timeseries.Panel:
    parts = {
        "usage_user": (t("程序", "programs"), palette.FIRST),
        "usage_system": (t("系统", "kernel"), palette.SECOND),
        "usage_iowait": (t("等待磁盘", "waiting for disks"), palette.THIRD),
        "usage_softirq": (t("软中断", "interrupts"), palette.FOURTH),
    }
    return curves(
        Look(
            t("处理器时间", "Processor time"),
            t(
                "时间花在哪里。“等待磁盘”长期偏高是磁盘慢或快坏了；“软中断”偏"
                "高是网络流量太大；接近 100 % 请找出占用的程序。",
                "Where the time goes. Waiting for disks for long: a slow or dying disk. Many "
                "interrupts: network traffic. Near 100 %: find the program.",
            ),
            "percent",
            ways.nothing(t),
            steps=BUSY,
            decimals=0,
            low=0,
            high=100,
            links=[ways.to_school(t)],
            colours=dict(parts.values()),
        ),
        over_time("cpu", [Column(field, name) for field, (name, _) in parts.items()], TOTAL),
        stacked=True,
    )


def _load(t: Language) -> timeseries.Panel:
    load, cpus = t("负载（5 分钟）", "load (5 min)"), t("处理器个数", "processors")
    return curves(
        Look(
            t("负载", "Load"),
            t(
                "运行或等待运行的程序数，虚线是处理器个数。长期高于虚"
                "线说明这台机器太忙，请减少程序或换机器。",
                "Programs that run or wait to; dashed: processors. Above the dashes for long, the "
                "machine has too much to do.",
            ),
            "none",
            ways.nothing(t),
            decimals=1,
            low=0,
            links=[ways.to_school(t)],
            colours={load: palette.FIRST},
        ),
        over_time("system", [Column("load5", load), Column("n_cpus", cpus, "max")], AGENT),
        dashed=(cpus,),
    )


def _memory(t: Language) -> timeseries.Panel:
    mem, swap = t("内存", "memory"), t("交换空间", "swap")
    columns = {"mem": mem, "swap": swap}
    return curves(
        Look(
            t("内存和交换空间", "Memory and swap"),
            t(
                "已用的比例。交换空间不断上升说明内存不够，机器会变慢：请关闭不用的程序或加内存。",
                "How much of each is in use. Swap that keeps rising means too little memory: close "
                "what is not needed, or add some.",
            ),
            "percent",
            ways.nothing(t),
            steps=FULL,
            decimals=0,
            low=0,
            high=100,
            links=[ways.to_school(t)],
            colours={mem: palette.FIRST, swap: palette.THIRD},
        ),
        [
            query
            for measurement, name in columns.items()
            for query in over_time(measurement, [Column("used_percent", name)], AGENT)
        ],
    )


def _disk_history(t: Language) -> timeseries.Panel:
    return curves(
        Look(
            t("磁盘占用的变化", "Disks over time"),
            t(
                "看哪个分区在涨、涨得多快，在到达 90 % 之前清理。",
                "Which one grows, and how fast: clean up before it reaches 90 %.",
            ),
            "percent",
            ways.nothing(t),
            steps=FULL,
            decimals=0,
            low=0,
            high=100,
            links=[ways.to_school(t)],
        ),
        over_time("disk", [Column("used_percent", "used")], AGENT, by=("path",), alias="$tag_path"),
    )


def _net(t: Language, way: str) -> timeseries.Panel:
    title = {"recv": t("网卡接收", "Received"), "sent": t("网卡发送", "Sent")}[way]
    return curves(
        Look(
            title,
            t(
                "每块网卡的速率。长时间贴近网卡速率说明网卡或交换机端"
                "口不够用；夜间和假期的大流量请查是谁在用。",
                "What each interface carries. At its speed for long: the port is too small. Much "
                "traffic at night or on holidays: find out whose it is.",
            ),
            "bps",
            ways.nothing(t),
            low=0,
            links=[ways.to_school(t)],
        ),
        over_time(
            "net",
            [Column(f"bits_{way}_per_s", way)],
            AGENT,
            by=("interface",),
            alias="$tag_interface",
        ),
    )


def _errors(t: Language) -> timeseries.Panel:
    names = {
        "err_in_per_s": t("收到的坏包", "damaged in"),
        "err_out_per_s": t("发送出错", "failed out"),
        "drop_in_per_s": t("接收丢弃", "dropped in"),
        "drop_out_per_s": t("发送丢弃", "dropped out"),
    }
    colours = (palette.DOWN, palette.P2, palette.FIRST, palette.SECOND)
    return curves(
        Look(
            t("网卡错误和丢弃（每秒）", "Interface errors and drops (per second)"),
            t(
                "正常应当接近 0。收到坏包多半是网线、水晶头或端口问"
                "题，请换线试试；丢弃多是机器来不及处理。",
                "Should be near 0. Damaged packets are mostly the cable or a plug: change it. "
                "Drops: the machine is too slow for what comes.",
            ),
            "none",
            ways.nothing(t),
            steps=((None, palette.UP), (0.1, palette.DEGRADED), (10, palette.DOWN)),
            decimals=1,
            low=0,
            links=[ways.to_school(t)],
            colours=dict(zip(names.values(), colours)),
        ),
        over_time("net", [Column(field, name, "max") for field, name in names.items()], AGENT),
    )


def _carrier(t: Language) -> statetimeline.Panel:
    return timeline(
        Look(
            t("网卡链路", "Links of the interfaces"),
            t(
                "每块网卡有没有链路。时断时续请检查水晶头、网线和交换机端口。",
                "Whether each interface has a link. On and off: check plug, cable and switch port.",
            ),
            "bool",
            ways.nothing(t),
            maps=[words.mapped(t, words.PORTS)],
            links=[ways.to_school(t)],
        ),
        over_time("net", [last("carrier")], AGENT, by=("interface",), alias="$tag_interface"),
    )


def _temperature(t: Language) -> timeseries.Panel:
    return curves(
        Look(
            t("温度", "Temperature"),
            t(
                "每个传感器。80 °C 以上请清理风扇和散热孔，检查机柜通风。",
                "Of each sensor. From 80 °C on clean the fans and see to the cabinet's air.",
            ),
            "celsius",
            ways.nothing(t),
            steps=((None, palette.UP), (80, palette.DEGRADED), (90, palette.DOWN)),
            decimals=0,
            links=[ways.to_school(t)],
        ),
        over_time(
            "temp", [Column("temp", "temp", "max")], AGENT, by=("sensor",), alias="$tag_sensor"
        ),
    )


def _processes(t: Language) -> timeseries.Panel:
    names = {
        "total": (t("全部", "all"), palette.FIRST),
        "blocked": (t("等待磁盘", "wait for disks"), palette.THIRD),
        "zombies": (t("僵尸进程", "zombies"), palette.FOURTH),
    }
    return curves(
        Look(
            t("进程数", "Processes"),
            t(
                "等待磁盘的进程长期不是 0 说明磁盘慢；僵尸进程不"
                "断增加说明某个程序有缺陷，请重启它。",
                "Some that wait for disks for long: a slow disk. Zombies that grow in number: a "
                "program has a fault, start it again.",
            ),
            "none",
            ways.nothing(t),
            decimals=0,
            low=0,
            links=[ways.to_school(t)],
            colours=dict(names.values()),
        ),
        over_time("processes", [Column(field, name) for field, (name, _) in names.items()], AGENT),
    )
