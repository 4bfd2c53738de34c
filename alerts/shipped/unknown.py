"""Rules about what nobody can tell: unknown is a state of its own, neither down nor up.

Each holds long: by then what explains it is told of, and hides it. What is left is a school, a room
or a device that everybody takes to be well because nothing is said of it.
"""

from typing import Final

from alerts.rules import Rule, RuleTexts, Sighted
from core.alerts import Text

HOUR: Final = 3_600.0
ASKED: Final = Text(
    "请确认查询它们的采集端没有被停用，再看它们是否还在采集端的设备清单里。",
    "See that the agent that asks them was not stopped, and that they still stand in its list of "
    "devices.",
)

SCHOOL_UNKNOWN: Final = Rule(
    "school_unknown",
    Sighted("school_unknown"),
    "P3",
    RuleTexts(
        title=Text("学校状态未知：{where}", "Nothing is known of a school: {where}"),
        meaning=Text(
            "现在不知道这所学校的网络是好是坏：没有采集端在运行，也没有外部探测能证明；"
            "出了故障也不会有人得到通知。",
            "Nobody knows whether its network works: no agent runs there, and no probe from "
            "outside proves it. A fault would go unnoticed.",
        ),
        first=Text(
            "请确认学校的采集端是否被停用或关机；若是有意停用，请在名册中改为停办或加一条静默。",
            "See whether its agents were stopped or switched off; if that is meant, say so in the "
            "list of schools, or silence this.",
        ),
        ended=Text("学校状态已知：{where}", "The state of a school is known again: {where}"),
    ),
    hold_s=HOUR,
)

ROOM_UNKNOWN: Final = Rule(
    "room_unknown",
    Sighted("room_unknown"),
    "P4",
    RuleTexts(
        title=Text(
            "教室状态未知：{where}（{count} 间：{rooms}）",
            "Nothing is known of {count} rooms at {where}: {rooms}",
        ),
        meaning=Text(
            "不知道这些教室能不能正常上课，请不要当作正常。",
            "Nobody can say whether lessons can be held there; do not take them for well.",
        ),
        first=ASKED,
        ended=Text("教室状态已知：{where}", "All rooms are known again: {where}"),
    ),
    hold_s=4 * HOUR,
)

DEVICE_UNKNOWN: Final = Rule(
    "device_unknown",
    Sighted("device_unknown"),
    "P4",
    RuleTexts(
        title=Text(
            "设备状态未知：{where}（{count} 台：{devices}）",
            "Nothing is known of {count} devices at {where}: {devices}",
        ),
        meaning=Text(
            "不知道这些设备是好是坏，请不要当作正常。",
            "Nobody can say whether they work; do not take them for well.",
        ),
        first=ASKED,
        ended=Text("设备状态已知：{where}", "All devices are known again: {where}"),
    ),
    hold_s=4 * HOUR,
)

UNKNOWN: Final = (SCHOOL_UNKNOWN, ROOM_UNKNOWN, DEVICE_UNKNOWN)
