"""The ports of a switch or router: links, traffic, damaged packets, power over the ports."""

from grafana_foundation_sdk.builders import dashboard, table, timeseries

from grafana import palette, words
from grafana.frame import board as frame
from grafana.frame import to_board
from grafana.influxql import DEVICE, Column, last, latest, over_time
from grafana.language import Language
from grafana.panels import Look, Shown, Steps, curves, listing, text


def board(t: Language) -> dashboard.Dashboard:
    """Return it."""
    made = frame(
        t,
        "ports",
        t("交换机端口", "Ports"),
        t(
            "一台交换机或路由器的端口：链路、流量、坏包、供电。",
            "The ports of a switch or router: links, traffic, damaged packets, power.",
        ),
    )
    made.with_row(dashboard.Row(t("端口", "Ports")))
    made.with_panel(_ports(t)).with_panel(_traffic(t, "recv")).with_panel(_traffic(t, "sent"))
    return made.with_panel(_errors(t)).with_panel(_power(t))


def _up(t: Language) -> tuple[str, str]:
    return t("返回设备", "Back to the device"), to_board(t, "device", "device")


def _ports(t: Language) -> table.Panel:
    fields = ("up", "enabled", "alias", "speed_mbit_s", "poe_w", "neighbour")
    return listing(
        Look(
            t("端口", "Ports"),
            t(
                "每个端口有没有链路、协商速率、供电和对端的网络设备。应当有链路而没有的，"
                "检查网线；速率低于 1000 Mbit/s 的上联口请检查水晶头。",
                "Whether each has a link, its speed, the power it gives, and the network device at "
                "its other end. No link where there should be one: check the cable.",
            ),
            "none",
            t("没有查询端口", "its ports are not asked for"),
            width=24,
            height=9,
            links=[_up(t)],
        ),
        [latest("device_port", [last(one) for one in fields], DEVICE, by=("port",))],
        [
            Shown("port", t("端口", "Port")),
            text("alias", t("说明", "Description")),
            Shown("up", t("链路", "Link"), 90, [words.mapped(t, words.PORTS)], cell="color-text"),
            Shown("enabled", t("已启用", "Enabled"), 90, [words.mapped(t, words.YES)], nothing="—"),
            Shown("speed_mbit_s", t("速率", "Speed"), unit="Mbits", decimals=0, nothing="—"),
            Shown("poe_w", t("供电", "Power"), unit="watt", decimals=1, nothing="—"),
            text("neighbour", t("对端设备", "Neighbour")),
        ],
        sort=[("port", False)],
    )


def _of_ports(
    t: Language, said: tuple[str, str], unit: str, field: str, steps: Steps = ((None, palette.UP),)
) -> timeseries.Panel:
    return curves(
        Look(
            *(*said, unit, t("没有查询端口", "its ports are not asked for")),
            steps=steps,
            width=12,
            height=8,
            low=0,
            links=[_up(t)],
        ),
        over_time(
            "device_port", [Column(field, "port", "max")], DEVICE, by=("port",), alias="$tag_port"
        ),
    )


def _traffic(t: Language, way: str) -> timeseries.Panel:
    title = {"recv": t("端口接收", "Received"), "sent": t("端口发送", "Sent")}[way]
    text = t(
        "每个端口的流量。上联口长期贴近端口速率，说明这条线不够用。",
        "What each port carries. An uplink at its speed for long is too small.",
    )
    return _of_ports(t, (title, text), "Mbits", f"{way}_mbit_s")


def _errors(t: Language) -> timeseries.Panel:
    title = t("端口收到的坏包（每秒）", "Damaged packets (per second)")
    text = t(
        "正常应当是 0。不是 0 的端口先换网线，再换端口。",
        "Should be 0. Where it is not, change the cable first, then the port.",
    )
    steps: Steps = ((None, palette.UP), (0.1, palette.DEGRADED), (10, palette.DOWN))
    return _of_ports(t, (title, text), "none", "err_in_per_s", steps)


def _power(t: Language) -> timeseries.Panel:
    title = t("端口供电", "Power over the ports")
    text = t(
        "每个端口供给接入点、摄像机等的功率。突然变成 0：对端断电或网线断了。",
        "What each port gives to access points and cameras. Suddenly 0: the other end is off or "
        "its cable broken.",
    )
    return _of_ports(t, (title, text), "watt", "poe_w")
