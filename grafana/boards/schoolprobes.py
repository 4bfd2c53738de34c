"""How stable the lines of one school are: what pings and pages found."""

from typing import Final

from grafana_foundation_sdk.builders import (
    timeseries,
)

from grafana import palette, ways
from grafana.influxql import SCHOOL, Column, Query, over_time
from grafana.language import Language
from grafana.panels import Look, Steps, curves

LOSS: Final[Steps] = ((None, palette.UP), (2, palette.DEGRADED), (5, palette.DOWN))


def _targets_of(field: str, name: str, how: str = "mean") -> list[Query]:
    column = Column(field, name, "max" if how == "max" else "mean")
    return over_time("ping", [column], SCHOOL, by=("url",), alias="$tag_url")


def loss(t: Language) -> timeseries.Panel:
    """Return the panel: packets lost of each target (%)."""
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
            ways.nothing(t),
            steps=LOSS,
            width=12,
            height=8,
            decimals=1,
            low=0,
            links=[ways.to_machine(t)],
        ),
        _targets_of("percent_packet_loss", "loss", "max"),
        limit_lines=True,
    )


def delay(t: Language) -> timeseries.Panel:
    """Return the panel: round trips of each target (ms)."""
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
            ways.nothing(t),
            steps=((None, palette.UP), (100, palette.DEGRADED), (300, palette.DOWN)),
            width=12,
            height=8,
            decimals=1,
            low=0,
            links=[ways.to_machine(t)],
        ),
        _targets_of("average_response_ms", "time"),
    )


def jitter(t: Language) -> timeseries.Panel:
    """Return the panel: how much round trips vary (ms)."""
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
            ways.nothing(t),
            steps=((None, palette.UP), (30, palette.DEGRADED), (60, palette.DOWN)),
            width=12,
            height=8,
            decimals=1,
            low=0,
            links=[ways.to_machine(t)],
        ),
        _targets_of("jitter_ms", "jitter"),
    )


def pages(t: Language) -> timeseries.Panel:
    """Return the panel: how long pages take to load (ms)."""
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
            ways.nothing(t),
            steps=((None, palette.DOWN), (97, palette.DEGRADED), (99, palette.UP)),
            width=12,
            height=8,
            decimals=0,
            low=0,
            high=100,
            links=[ways.to_machine(t)],
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
