"""What the probes of one machine found."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import (
    table,
    timeseries,
)

from grafana import palette, ways, words
from grafana.influxql import AGENT, Column, Query, last, latest, over_time, within
from grafana.language import Language
from grafana.panels import Look, Shown, curves, listing


def _answers(
    measurement: str, field: str, tag: str, *, how: str = "mean", form: str = "{}"
) -> Sequence[Query]:
    column = Column(field, field, "max" if how == "max" else "mean", form)
    return over_time(measurement, [column], AGENT, by=(tag,), alias=f"$tag_{tag}")


def loss(t: Language) -> timeseries.Panel:
    """Return the panel: packets lost of each target (%)."""
    return curves(
        Look(
            t("丢包", "Packet loss"),
            t(
                "只有网关丢包查校内；网关正常而外面丢包，联系运营"
                "商。2 % 以上影响视频，5 % 以上告警。",
                "Loss at the gateway is inside the school, loss beyond it the carrier's. From 2 % "
                "on video suffers, from 5 % on there is an alert.",
            ),
            "percent",
            ways.nothing(t),
            steps=((None, palette.UP), (2, palette.DEGRADED), (5, palette.DOWN)),
            decimals=1,
            low=0,
            links=[ways.to_school(t)],
        ),
        _answers("ping", "percent_packet_loss", "url", how="max"),
    )


def delay(t: Language) -> timeseries.Panel:
    """Return the panel: round trips of each target (ms)."""
    return curves(
        Look(
            t("往返时延", "Round-trip time"),
            t(
                "到网关超过 10 ms 查校内无线或交换机；到外网持续超过 100 ms，联系运营商。",
                "Over 10 ms to the gateway look inside the school; lasting over 100 ms beyond it, "
                "call the carrier.",
            ),
            "ms",
            ways.nothing(t),
            steps=((None, palette.UP), (100, palette.DEGRADED), (300, palette.DOWN)),
            decimals=1,
            low=0,
            links=[ways.to_school(t)],
        ),
        _answers("ping", "average_response_ms", "url"),
    )


def names(t: Language) -> timeseries.Panel:
    """Return the panel: how long names take to resolve (ms)."""
    return curves(
        Look(
            t("域名解析耗时", "Name servers: time to answer"),
            t(
                "每个域名服务器的应答时间。超过 200 ms 打开网页会明显变"
                "慢：换一个更近的域名服务器，或联系运营商。",
                "Of each name server. Over 200 ms pages open slowly: take a nearer server, or call "
                "the carrier.",
            ),
            "ms",
            ways.nothing(t),
            steps=((None, palette.UP), (200, palette.DEGRADED), (1000, palette.DOWN)),
            decimals=0,
            low=0,
            links=[ways.to_school(t)],
        ),
        _answers("dns_query", "query_time_ms", "server"),
    )


def pages(t: Language) -> timeseries.Panel:
    """Return the panel: how long pages take to load (ms)."""
    return curves(
        Look(
            t("教育平台打开耗时", "Platforms: time to open"),
            t(
                "从查询域名到收完网页的总时间。一个平台慢是平台的问"
                "题，全部都慢看线路。中断处表示没有打开。",
                "From the name to the end of the page. One that is slow is the platform's trouble, "
                "all of them the line's. A gap: it did not open.",
            ),
            "ms",
            ways.nothing(t),
            steps=((None, palette.UP), (2000, palette.DEGRADED), (5000, palette.DOWN)),
            decimals=0,
            low=0,
            links=[ways.to_school(t)],
        ),
        _answers("http_response", "total_ms", "server"),
    )


def certificates(t: Language) -> table.Panel:
    """Return the panel: days until certificates end."""
    return listing(
        Look(
            t("证书", "Certificates"),
            t(
                "离到期的天数。不足 14 天请通知网站管理者；已经过期时浏览器会拒绝打开。",
                "Days until it expires. Under 14, tell who runs the site; afterwards browsers "
                "refuse to open it.",
            ),
            "none",
            t("没有数据", "no data"),
            height=6,
            links=[ways.to_school(t)],
        ),
        [
            latest(
                "x509_cert",
                [last("days_left"), last("verification_code")],
                AGENT,
                by=("source",),
                span=within("3h"),
            )
        ],
        [
            Shown("source", t("网站", "Site")),
            Shown(
                *("days_left", t("剩余天数", "Days left"), 160),
                unit=t("suffix: 天", "suffix: d"),
                decimals=0,
                steps=((None, palette.DOWN), (14, palette.DEGRADED), (30, palette.UP)),
                cell="color-text",
            ),
            Shown(
                *("verification_code", t("验证", "Check"), 160),
                [
                    words.mapped(
                        t,
                        {
                            "0": ("有效", "valid", palette.UP),
                            "1": ("无效", "not valid", palette.DOWN),
                        },
                    )
                ],
                cell="color-text",
            ),
        ],
    )


def clock(t: Language) -> timeseries.Panel:
    """Return the panel: how far the clock is off."""
    return curves(
        Look(
            t("时钟偏差", "Clock"),
            t(
                "机器时钟快（正）或慢（负）多少。超过 1 秒请打开系"
                "统的自动校时，否则数据的时间不可信。",
                "How far the machine's clock is ahead. Over 1 s switch on time synchronisation, or "
                "its data has wrong times.",
            ),
            "ms",
            ways.nothing(t),
            steps=((None, palette.UP), (1000, palette.DEGRADED), (5000, palette.DOWN)),
            height=6,
            decimals=1,
            links=[ways.to_school(t)],
        ),
        _answers("sntp", "offset_ms", "server"),
    )
