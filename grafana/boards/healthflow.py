"""How readings come through: what waits and is dropped, what the collector takes in and stores."""

from collections.abc import Mapping, Sequence
from typing import Final

from grafana_foundation_sdk.builders import statetimeline, timeseries

from grafana import palette, ways, words
from grafana.influxql import (
    COLLECTORS,
    FIVE_MINUTES,
    STEPS,
    Column,
    How,
    Query,
    over_time,
)
from grafana.language import Language
from grafana.panels import Look, curves, timeline

PER_MINUTE: Final = "non_negative_derivative({}, 1m)"


def _did(fields: Mapping[str, str], how: How = "last", form: str = "{}") -> Sequence[Query]:
    columns = [Column(field, name, how, form) for field, name in fields.items()]
    steps = FIVE_MINUTES if form == PER_MINUTE else STEPS
    return over_time("collector", columns, COLLECTORS, steps=steps)


def backlog(t: Language) -> timeseries.Panel:
    """Return the panel: batches that wait in agents."""
    waiting = t("采集端里待发送", "waiting in the agents")
    return curves(
        Look(
            t("积压（批次）", "Backlog (batches)"),
            t(
                "还在采集端、没有送到的批次。断网恢复后应当逐渐下降；一"
                "直上升说明监测中心跟不上，或消息服务器不通。",
                "Batches that are still with the agents. After an outage it goes down; where it "
                "keeps rising, the collector cannot follow or the broker is cut off.",
            ),
            "none",
            ways.nothing(t),
            decimals=0,
            low=0,
            links=[ways.to_district(t)],
            colours={waiting: palette.FIRST},
        ),
        _did({"backlog_batches": waiting}, "max"),
    )


def dropped(t: Language) -> timeseries.Panel:
    """Return the panel: what agents dropped."""
    dropped = t("采集端放弃的批次", "given up by agents")
    return curves(
        Look(
            t("丢弃（批次）", "Dropped (batches)"),
            t(
                "采集端因为缓存满而放弃的批次，累计。上升说明有学校断"
                "网太久：延长缓存（spool），或先修线路。",
                "Batches that agents gave up since their spool was full, in all. Where it rises a "
                "school was cut off for too long: enlarge the spool, or see to the line.",
            ),
            "none",
            ways.nothing(t),
            steps=((None, palette.NEUTRAL), (1, palette.DOWN)),
            decimals=0,
            low=0,
            links=[ways.to_district(t)],
            colours={dropped: palette.DOWN},
        ),
        _did({"dropped": dropped}, "max"),
        steps=True,
    )


def intake(t: Language) -> timeseries.Panel:
    """Return the panel: messages and batches a minute."""
    names = {
        "messages": t("消息", "messages"),
        "batches": t("新批次", "new batches"),
        "repeated": t("重复批次", "repeated"),
    }
    colours = (palette.FIRST, palette.SECOND, palette.THIRD)
    return curves(
        Look(
            t("每分钟接收", "Taken in each minute"),
            t(
                "监测中心每分钟收到的消息和批次。突然降到 0 请检查消息服"
                "务器；重复批次很多说明回执没有送到采集端。",
                "Messages and batches each minute. A fall to 0: "
                "the broker. Many repeated: receipts "
                "do not reach the agents.",
            ),
            t("suffix:/分钟", "suffix:/min"),
            ways.nothing(t),
            decimals=0,
            low=0,
            links=[ways.to_district(t)],
            colours=dict(zip(names.values(), colours)),
        ),
        _did(names, form=PER_MINUTE),
    )


def lines(t: Language) -> timeseries.Panel:
    """Return the panel: lines a minute, new and repeated."""
    stored = t("入库", "stored")
    return curves(
        Look(
            t("每分钟入库的行数", "Lines stored each minute"),
            t(
                "写进时序库的行数。白天高、夜间低属于正常；消息还在来而行数为 0，请检查时序库。",
                "Lines written to the store. High by day and low at night is as it should be; none "
                "while messages come: look at the store.",
            ),
            t("suffix:/分钟", "suffix:/min"),
            ways.nothing(t),
            decimals=0,
            low=0,
            links=[ways.to_district(t)],
            colours={stored: palette.FIRST},
        ),
        _did({"lines_stored": stored}, form=PER_MINUTE),
    )


def refused(t: Language) -> timeseries.Panel:
    """Return the panel: what the collector refused, by reason."""
    names = {
        "lines_refused": t("被拒绝的行", "lines refused"),
        "dead_letters": t("死信消息", "dead letters"),
        "refused_tags": t("标签过多的行", "too many series"),
    }
    colours = (palette.P2, palette.DOWN, palette.THIRD)
    return curves(
        Look(
            t("被拒绝（累计）", "Refused (in all)"),
            t(
                "格式不对或来源不明而没有入库的内容，保存在死信文件（"
                "var/collector/dead-letter）里。上升时打开当天的文件，看原因一栏。",
                "What was not in order and was not stored; it "
                "stands in the dead-letter file of the "
                "day with the reason. Look there when it rises.",
            ),
            "none",
            ways.nothing(t),
            steps=((None, palette.NEUTRAL), (1, palette.DEGRADED)),
            decimals=0,
            low=0,
            links=[ways.to_district(t)],
            colours=dict(zip(names.values(), colours)),
        ),
        _did(names, "max"),
        steps=True,
    )


def store(t: Language) -> timeseries.Panel:
    """Return the panel: how long the store takes to write."""
    took = t("一次写入", "one write")
    return curves(
        Look(
            t("时序库写入耗时", "Time of a write to the store"),
            t(
                "一次小写入用的时间。超过 500 ms 说明时序库太忙或磁盘太慢；超过 2 秒会开始积压。",
                "How long a small write takes. Over 500 ms the store is too busy or its disk too "
                "slow; over 2 s a backlog begins.",
            ),
            "ms",
            ways.nothing(t),
            steps=((None, palette.UP), (500, palette.DEGRADED), (2000, palette.DOWN)),
            decimals=0,
            low=0,
            links=[ways.to_district(t)],
            colours={took: palette.FIRST},
        ),
        _did({"store_ms": took}, "max"),
    )


def could_store(t: Language) -> statetimeline.Panel:
    """Return the panel: whether the collector could store, over time."""
    return timeline(
        Look(
            t("能否入库的变化", "Could it store, over time"),
            t(
                "红色的时段不能入库，数据先留在采集端，之后会补传；空白处监测中心没有运行。",
                "Red: it could not store, the agents kept their data and sent it later. Blank: the "
                "collector did not run.",
            ),
            "none",
            ways.nothing(t),
            width=24,
            height=4,
            maps=[words.mapped(t, words.READY)],
            links=[ways.to_district(t)],
        ),
        over_time(
            "collector",
            [Column("ready", "ready", "min")],
            COLLECTORS,
            by=("collector",),
            alias="$tag_collector",
        ),
    )
