"""Rules about rooms and devices: will the next lesson be held, and what to try first (R-14).

The collector judges; what is said of a device and its cause comes from core/causes. Outside school
time it says nothing but that mains power is lost: many schools turn the mains of their rooms off in
the evening. What still lasts when lessons begin is told then.
"""

from typing import Final

from alerts.rules import Rule, RuleTexts, Sighted
from core.alerts import Text

ONE_LOOK_S: Final = 60.0
"""A projector that is moved to another socket, a switch that starts again: over before anybody
could walk there. The agent has asked twice before it says that a device does not answer."""
TWO_LOOKS_S: Final = 120.0
_TRY: Final = Text("{try}。", "{try}.")

ROOM_NOT_READY: Final = Rule(
    "room_not_ready",
    Sighted("room_not_ready"),
    "P3",
    RuleTexts(
        title=Text(
            "教室不能正常上课：{where} {what}，{which}：{why}",
            "No lesson can be held: room {what} at {where}, {which} {why}",
        ),
        meaning=Text(
            "这间教室的下一节课用不了{which}；来不及修好请换教室，或准备不用它的上课方式。",
            "The next lesson there has to do without the {which}: mend it, take another room, "
            "or prepare without.",
        ),
        first=_TRY,
        ended=Text("教室恢复可用：{where} {what}", "The room can be used again: {what} at {where}"),
    ),
    hold_s=ONE_LOOK_S,
    # One class of one school; within 30 minutes the lesson after next can be saved.
    in_school_time="P2",
    hides=("room_limited",),
)

ROOM_LIMITED: Final = Rule(
    "room_limited",
    Sighted("room_limited"),
    "P4",
    RuleTexts(
        title=Text(
            "教室可以上课，但有设备不正常：{where} {what}，{which}：{why}",
            "A room can be used, but not all of it works: {what} at {where}, {which} {why}",
        ),
        meaning=Text(
            "不影响上课，但{which}暂时用不了或不完全正常。",
            "Lessons go on, without the {which} or with less of it.",
        ),
        first=_TRY,
        ended=Text(
            "教室设备全部正常：{where} {what}", "All of a room works again: {what} at {where}"
        ),
    ),
    # For the daily digest: what comes and goes within a lesson is not worth a line.
    hold_s=600,
)

DEVICE_FAULT: Final = Rule(
    "device_fault",
    Sighted("device_fault"),
    "P3",
    RuleTexts(
        title=Text(
            "设备故障：{where} {which}：{why}",
            "A device does not work: {which} at {where} {why}",
        ),
        meaning=Text(
            "依靠这台设备的工作现在做不了（打印、录像、出口或机房供电等）。",
            "What depends on it cannot be done now.",
        ),
        first=_TRY,
        ended=Text("设备恢复正常：{where} {what}", "A device works again: {what} at {where}"),
    ),
    hold_s=TWO_LOOKS_S,
)

SWITCH_DOWN: Final = Rule(
    "switch_down",
    Sighted("switch_down"),
    "P3",
    RuleTexts(
        title=Text(
            "交换机中断：{where} {which}：{why}",
            "A switch is down: {which} at {where} {why}",
        ),
        meaning=Text(
            "接在它后面的教室和设备都不能联网，也无法判断它们的好坏；恢复前不再逐台告警。",
            "Rooms and devices behind it have no network, and nobody can tell how they are; they "
            "are not told of one by one.",
        ),
        first=Text(
            "请先看交换机是否通电、指示灯是否正常，再检查上联网线；必要时重启。",
            "See whether it has power and its lamps are as usual, then its uplink cable; restart "
            "it if need be.",
        ),
        ended=Text("交换机已恢复：{where} {what}", "A switch is back: {what} at {where}"),
    ),
    hold_s=ONE_LOOK_S,
    in_school_time="P2",
)

AP_DOWN: Final = Rule(
    "ap_down",
    Sighted("ap_down"),
    "P3",
    RuleTexts(
        title=Text(
            "无线接入点中断：{where} {which}：{why}",
            "An access point is down: {which} at {where} {why}",
        ),
        meaning=Text(
            "附近的平板和笔记本可能连不上无线网，或变得很慢。",
            "Tablets and laptops near it may have no wireless, or a slow one.",
        ),
        first=Text(
            "请先检查它的网线和供电（PoE 交换机端口），再断电重启一次。",
            "Check its cable and power (the PoE port of its switch), then start it again.",
        ),
        ended=Text(
            "无线接入点已恢复：{where} {what}", "An access point is back: {what} at {where}"
        ),
    ),
    hold_s=TWO_LOOKS_S,
)

POWER_LOST: Final = Rule(
    "power_lost",
    Sighted("power_lost"),
    "P2",
    RuleTexts(
        title=Text(
            "停电：{where} {which}正在用电池供电",
            "Mains power is lost: {which} at {where} runs from its battery",
        ),
        meaning=Text(
            "电池用完后，接在 UPS 上的服务器和网络设备会突然断电。",
            "Once it is empty, servers and network devices that hang on it lose power at once.",
        ),
        first=Text(
            "请先确认是停电还是插头、空气开关的问题；短时间恢复不了，请正常关闭服务器。",
            "See whether the mains, a plug or a breaker is the reason; if it lasts, shut servers "
            "down in good order.",
        ),
        ended=Text("市电已恢复：{where} {what}", "Mains power is back: {what} at {where}"),
    ),
    # Transfers to the battery of a few seconds are what a UPS is for, and tests itself with.
    hold_s=30,
)

ROOMS: Final = (ROOM_NOT_READY, ROOM_LIMITED, DEVICE_FAULT, SWITCH_DOWN, AP_DOWN, POWER_LOST)
