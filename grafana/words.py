"""Words of the data, as people read them, with the colour of their meaning."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol

from grafana_foundation_sdk.models import dashboard as model

from core.causes import CAUSES as DEVICE_CAUSE_WORDS
from core.devicewords import KIND_WORDS as KIND_WORDS_OF_DEVICES
from core.devicewords import ROOM_WORDS, STATE_WORDS
from core.kinds import KINDS
from core.sensorwords import SENSOR_WORDS
from grafana import palette
from grafana.language import Language

Word = tuple[str, str, str]
"""Chinese, English, colour."""


class InBoth(Protocol):
    """What has a text in both languages."""

    @property
    def zh(self) -> str:
        """The Chinese one."""

    @property
    def en(self) -> str:
        """The English one."""


def coloured(
    words: Mapping[Any, InBoth], colours: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Word]:
    """Return *words* that stand elsewhere, grey where *colours* has none for them."""
    return {
        word: (one.zh, one.en, colours.get(word, palette.NEUTRAL)) for word, one in words.items()
    }


STATES: Final[dict[str, Word]] = {
    "up": ("在线", "up", palette.UP),
    "degraded": ("性能下降", "degraded", palette.DEGRADED),
    "down": ("中断", "down", palette.DOWN),
    "unknown": ("未知", "unknown", palette.UNKNOWN),
    "stopped": ("已停用", "stopped", palette.NEUTRAL),
    "never_seen": ("从未上报", "never seen", palette.NEUTRAL),
}
AREAS: Final[dict[str, Word]] = {
    "urban": ("城区", "urban", palette.NEUTRAL),
    "town": ("镇区", "town", palette.NEUTRAL),
    "rural": ("乡村", "rural", palette.NEUTRAL),
    "unknown": ("未填写", "not stated", palette.NEUTRAL),
    "all": ("全部", "all", palette.NEUTRAL),
}
CAUSES: Final[dict[str, Word]] = {
    word: (zh, en, palette.NEUTRAL)
    for word, (zh, en) in {
        "": ("—", "—"),
        "silent": ("采集端无心跳", "the agent is silent"),
        "will": ("采集端连接意外断开", "the agent's connection broke off"),
        "broker": ("消息服务器中断", "broker connection lost"),
        "collector": ("监测中心刚恢复或繁忙", "collector busy or just back"),
        "line": ("学校线路中断", "the school's line is down"),
        "agent": ("采集端电脑或程序故障", "the agent or its machine"),
        "region": ("本地区多数采集端失联", "most agents of the region silent"),
        "no_answer": ("线路中断，外部探测无应答", "line down, no outside answer"),
        "carrier": ("运营商故障", "the carrier"),
        "outside_only": ("线路正常，校内无采集端上报", "line fine, no agent reports"),
        "own_line": ("监测中心自己的线路中断", "the collector's own line is cut"),
        "loss": ("丢包严重", "heavy packet loss"),
        "unproven": ("从未收到数据", "nothing was ever received"),
        "never_seen": ("从未收到数据", "nothing was ever received"),
        "stopped": ("采集端已正常停止", "stopped on purpose"),
        "all_stopped": ("采集端均已正常停止", "all agents stopped on purpose"),
    }.items()
}
SEVERITIES: Final[dict[str, Word]] = {
    "P1": ("P1 立即处理", "P1 now", palette.P1),
    "P2": ("P2 30 分钟内", "P2 within 30 min", palette.P2),
    "P3": ("P3 当天处理", "P3 same day", palette.P3),
    "P4": ("P4 每日汇总", "P4 daily digest", palette.P4),
}
ALERT_STATES: Final[dict[str, Word]] = {
    "open": ("未恢复", "open", palette.DEGRADED),
    "silenced": ("已静默", "silenced", palette.REFERENCE),
    "suppressed": ("由其他告警引起", "explained", palette.NEUTRAL),
    "ended": ("已恢复", "ended", palette.UP),
}
WHO: Final[dict[str, Word]] = {
    "": ("无人确认", "nobody", palette.DEGRADED),
    "district": ("区县管理员", "district", palette.NEUTRAL),
    "school": ("学校管理员", "school", palette.NEUTRAL),
    "auditor": ("审计员", "auditor", palette.NEUTRAL),
    "link": ("收到消息的人", "who got the message", palette.NEUTRAL),
}
"""Who takes care of an alert."""
LINKS: Final[dict[str, Word]] = {
    "0": ("无链路", "no link", palette.DOWN),
    "1": ("有链路", "link", palette.UP),
}
PORTS: Final[dict[str, Word]] = {"false": LINKS["0"], "true": LINKS["1"]}
USES: Final[dict[str, Word]] = {
    "0": ("备用", "standby", palette.NEUTRAL),
    "1": ("正在使用", "in use", palette.UP),
}
PROOFS: Final[dict[str, Word]] = {
    "true": ("已证明达标", "target proven", palette.UP),
    "false": ("未证明", "unproven", palette.UNKNOWN),
}
BEGINNINGS: Final[dict[str, Word]] = {
    "true": ("开始", "began", palette.DEGRADED),
    "false": ("结束", "ended", palette.UP),
}
READY: Final[dict[str, Word]] = {
    "0": ("不能入库", "cannot store", palette.DOWN),
    "1": ("正常", "fine", palette.UP),
}
YES: Final[dict[str, Word]] = {
    "false": ("否", "no", palette.NEUTRAL),
    "true": ("是", "yes", palette.FIRST),
}
LINK_TYPES: Final[dict[str, Word]] = {
    word: (zh, en, palette.NEUTRAL)
    for word, (zh, en) in {
        "fibre": ("光纤", "fibre"),
        "5g": ("5G", "5G"),
        "edu_network": ("教育专网", "education network"),
        "satellite": ("卫星", "satellite"),
        "adsl": ("ADSL", "ADSL"),
        "other": ("其他", "other"),
        "unknown": ("未填写", "not stated"),
    }.items()
}
KIND_WORDS: Final = coloured(KINDS)

SENSORS: Final = coloured(
    SENSOR_WORDS,
    {
        "sees": palette.UP,
        "blind": palette.DEGRADED,
        "stopped": palette.DOWN,
        "unknown": palette.UNKNOWN,
    },
)
"""How a school is watched (`security_school`)."""
SEES: Final[dict[str, Word]] = {
    "all": ("全部流量", "all traffic", palette.UP),
    "own": ("只看到自己", "its own only", palette.DEGRADED),
    "unknown": ("流量太少，无法判断", "too little to tell", palette.UNKNOWN),
}
LOGS_KEPT: Final[dict[str, Word]] = {
    "kept": ("满六个月", "six months", palette.UP),
    "young": ("未满六个月", "still young", palette.NEUTRAL),
    "short": ("留存不足", "too short", palette.DEGRADED),
}
"""How far a device's log goes back (`log_kept`)."""
SAYS_KEPT: Final[dict[str, Word]] = {
    "agent": ("采集端保存并校验", "the agent keeps and checks it", palette.NEUTRAL),
    "stated": ("人工登记", "a person looked", palette.NEUTRAL),
}
LISTS: Final[dict[str, Word]] = {
    "malware": ("恶意软件", "malware", palette.DOWN),
    "mining": ("矿池", "mining", palette.P2),
    "harmful": ("不良信息", "harmful", palette.NEUTRAL),
}

ROOM_STATES: Final = coloured(
    ROOM_WORDS,
    {
        "ready": palette.UP,
        "limited": palette.DEGRADED,
        "not_ready": palette.DOWN,
        "unknown": palette.UNKNOWN,
    },
)
DEVICE_STATES: Final = coloured(
    STATE_WORDS,
    {
        "ready": palette.UP,
        "warming": palette.FIRST,
        "cooling": palette.P4,
        "limited": palette.DEGRADED,
        "fault": palette.DOWN,
        "unreachable": palette.P2,
        "unknown": palette.UNKNOWN,
    },
)
DEVICE_KINDS: Final = coloured(KIND_WORDS_OF_DEVICES)
DEVICE_CAUSES: Final[dict[str, Word]] = {
    "": ("—", "—", palette.NEUTRAL),
    **coloured(DEVICE_CAUSE_WORDS),
}


def called(t: Language, words: Mapping[str, Word]) -> dict[str, str]:
    """Return what each of *words* is called in the language *t*."""
    return {word: t(zh, en) for word, (zh, en, _) in words.items()}


def colours(t: Language, words: Mapping[str, Word]) -> dict[str, str]:
    """Return the colour of each of *words* by what it is called in the language *t*."""
    return {t(zh, en): colour for zh, en, colour in words.values()}


def mapped(t: Language, words: Mapping[str, Word], *, coloured: bool = True) -> model.ValueMap:
    """Return *words* as a value mapping, in the language *t*."""
    return model.ValueMap(
        {
            word: model.ValueMappingResult(
                text=t(zh, en), color=colour if coloured else None, index=index
            )
            for index, (word, (zh, en, colour)) in enumerate(words.items())
        }
    )


def missing(text: str, colour: str = palette.UNKNOWN) -> model.SpecialValueMap:
    """Return a mapping that shows *text* where there is no value."""
    options = model.DashboardSpecialValueMapOptions(
        match=model.SpecialValueMatch.NULL_AND_NAN,
        result=model.ValueMappingResult(text=text, color=colour),
    )
    return model.SpecialValueMap(options)
