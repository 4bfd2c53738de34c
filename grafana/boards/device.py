"""One device: how it is, and what it says of itself."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import dashboard, stat, statetimeline, table, timeseries

from grafana import palette, ways, words
from grafana.frame import board as frame
from grafana.frame import to_board
from grafana.influxql import DEVICE, Column, last, latest, over_time
from grafana.language import Language
from grafana.panels import Look, Shown, Steps, curves, listing, text, tiles, timeline


def board(t: Language) -> dashboard.Dashboard:
    """Return it."""
    made = frame(
        t,
        "device",
        t("设备", "Device"),
        t(
            "一台设备：状态和原因、灯泡、滤网、温度、电池。",
            "One device: state and cause, lamp, filter, temperature, battery.",
        ),
    )
    made.with_row(dashboard.Row(t("此刻", "Now")))
    made.with_panel(_state(t)).with_panel(_cause(t)).with_panel(_itself(t))
    made.with_panel(_worn(t))
    made.with_row(dashboard.Row(t("变化", "Over time")))
    made.with_panel(_history(t)).with_panel(_switched(t))
    made.with_panel(_shares(t)).with_panel(_warmth(t))
    return made.with_panel(_answers(t)).with_panel(_clients(t))


def _up(t: Language) -> tuple[str, str]:
    return t("返回教室", "Back to the rooms"), to_board(t, "room")


def _down(t: Language) -> tuple[str, str]:
    return t("查看端口", "Its ports"), to_board(t, "ports", "device")


def _lacks(t: Language) -> str:
    return t("这台设备没有这一项", "this device does not tell it")


def _state(t: Language) -> stat.Panel:
    return tiles(
        Look(
            t("状态", "State"),
            t(
                "最后一次查询的结果。待机、预热、冷却都正常；紫色是无法判断，不等于故障。",
                "As it was asked last. Standby, warming and cooling are fine; violet is that "
                "nobody can tell, which is no fault.",
            ),
            "string",
            t("没有数据", "no data"),
            width=5,
            height=5,
            maps=[words.mapped(t, words.DEVICE_STATES)],
            links=[_up(t)],
        ),
        [latest("device", [last("state")], DEVICE)],
        background=True,
        names=False,
        strings=True,
        size=30,
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
            height=5,
            maps=[words.mapped(t, words.DEVICE_CAUSES, coloured=False)],
            links=[_up(t)],
        ),
        [latest("device", [last("cause")], DEVICE)],
        names=False,
        strings=True,
        size=22,
    )


def _itself(t: Language) -> table.Panel:
    return listing(
        Look(
            t("它自己怎么说", "What it says of itself"),
            t(
                "名称、型号和软件版本。识别成了别的型号时，请更正采集端的配置。",
                "Name, model and version. Where it was taken for something else, correct the "
                "agent's configuration.",
            ),
            "none",
            t("没有数据", "no data"),
            width=13,
            height=5,
            links=[_up(t)],
        ),
        [
            latest(
                "device",
                [last(one) for one in ("name", "model", "firmware", "profile", "input", "behind")],
                DEVICE,
                by=("room", "kind"),
            )
        ],
        [
            Shown(
                *("kind", t("种类", "Kind"), 0),
                [words.mapped(t, words.DEVICE_KINDS, coloured=False)],
            ),
            text("room", t("教室", "Room")),
            text("name", t("名称", "Name")),
            text("model", t("型号", "Model")),
            text("firmware", t("软件版本", "Firmware")),
            text("profile", t("识别为", "Recognised as")),
            text("input", t("信号源", "Input")),
            text("behind", t("接在", "Behind")),
        ],
    )


def _worn(t: Language) -> stat.Panel:
    lamp, cloth = t("灯泡（小时）", "lamp (h)"), t("滤网（小时）", "filter (h)")
    left, supply = t("电池剩余（%）", "battery (%)"), t("耗材剩余（%）", "supplies (%)")
    last_s, ports = t("电池可用（秒）", "battery lasts (s)"), t("有链路的端口", "ports with a link")
    columns = {
        "lamp_h": lamp,
        "filter_h": cloth,
        "battery_percent": left,
        "battery_s": last_s,
        "supply_percent": supply,
        "ports_up": ports,
    }
    return tiles(
        Look(
            t("寿命和余量", "What wears out, and what is left"),
            t(
                "灯泡和滤网用了多久，电池和耗材还剩多少。接近说明书上的寿命时请备好"
                "备件；没有的项目不显示。",
                "How long lamp and filter were used, and what is left of battery and supplies. "
                "Near the end of what the manual says have the part ready; what a device does not "
                "have is not shown.",
            ),
            "none",
            _lacks(t),
            width=24,
            height=4,
            decimals=0,
            links=[_up(t), _down(t)],
            colours=dict.fromkeys(columns.values(), palette.FIRST),
        ),
        [latest("device", [last(field, name) for field, name in columns.items()], DEVICE)],
        size=28,
    )


def _history(t: Language) -> statetimeline.Panel:
    return timeline(
        Look(
            t("状态的变化", "State over time"),
            t(
                "反复在“没有应答”和正常之间变化，请检查网线和电源。",
                "Where it answers on and off, check cable and power.",
            ),
            "string",
            ways.nothing(t),
            width=12,
            height=5,
            maps=[words.mapped(t, words.DEVICE_STATES)],
            links=[_up(t)],
        ),
        over_time("device", [last("state", t("状态", "State"))], DEVICE),
    )


def _switched(t: Language) -> statetimeline.Panel:
    on, battery = t("开机", "on"), t("电池供电", "on battery")
    return timeline(
        Look(
            t("开机和电池供电", "On, and on battery"),
            t(
                "什么时候开着，什么时候靠电池。夜里一直开着的投影机请定时关机。",
                "When it was on, and when it ran from its battery. A projector that is on all "
                "night wants a timer.",
            ),
            "bool",
            _lacks(t),
            width=12,
            height=5,
            maps=[words.mapped(t, words.YES)],
            links=[_up(t)],
        ),
        over_time("device", [last("on", on), last("on_battery", battery)], DEVICE),
    )


def _curve(
    t: Language,
    said: tuple[str, str],
    unit: str,
    fields: Sequence[tuple[str, str, str]],
    *,
    steps: Steps = ((None, palette.UP),),
    high: float | None = None,
) -> timeseries.Panel:
    return curves(
        Look(
            *(*said, unit, _lacks(t)),
            steps=steps,
            width=12,
            height=8,
            decimals=0,
            low=0,
            high=high,
            links=[_up(t)],
            colours={name: colour for _, name, colour in fields},
        ),
        over_time("device", [Column(field, name, "max") for field, name, _ in fields], DEVICE),
    )


def _shares(t: Language) -> timeseries.Panel:
    return _curve(
        t,
        (
            t("忙碌和占用", "How busy, how full"),
            t(
                "处理器、内存、磁盘和不间断电源的负载。长期 90 % 以上请减负或更换。",
                "Processor, memory, disk, and the load of a UPS. Over 90 % for long it has too "
                "much to do.",
            ),
        ),
        "percent",
        [
            ("cpu_percent", t("处理器", "processor"), palette.FIRST),
            ("mem_percent", t("内存", "memory"), palette.SECOND),
            ("disk_percent", t("磁盘", "disk"), palette.THIRD),
            ("load_percent", t("供电负载", "load"), palette.FOURTH),
        ],
        steps=((None, palette.UP), (75, palette.DEGRADED), (90, palette.DOWN)),
        high=100,
    )


def _warmth(t: Language) -> timeseries.Panel:
    return _curve(
        t,
        (
            t("温度", "Temperature"),
            t(
                "它自己测到的最高温度。持续升高请清理滤网和通风口，检查机柜散热。",
                "The hottest that it measures. Where it keeps rising, clean filter and openings.",
            ),
        ),
        "celsius",
        [("temperature_c", t("最高温度", "hottest"), palette.FIRST)],
    )


def _answers(t: Language) -> timeseries.Panel:
    return _curve(
        t,
        (
            t("应答时间", "Time to answer"),
            t(
                "从查询到应答的时间。突然变长多半是网络拥堵或设备太忙。",
                "From question to answer. Suddenly longer: a busy network or a busy device.",
            ),
        ),
        "ms",
        [("answer_ms", t("应答", "answer"), palette.FIRST)],
    )


def _clients(t: Language) -> timeseries.Panel:
    return _curve(
        t,
        (
            t("无线终端数和接入点", "Wireless clients and access points"),
            t(
                "只有数量，没有任何终端的身份。在线接入点少于全部时，有地方没有无线信号。",
                "Numbers only, nobody's identity. Fewer access points that work than there are: "
                "some place has no wireless.",
            ),
        ),
        "none",
        [
            ("clients", t("终端数", "clients"), palette.FIRST),
            ("aps_up", t("在线接入点", "access points up"), palette.UP),
            ("aps", t("全部接入点", "access points"), palette.NEUTRAL),
        ],
    )
