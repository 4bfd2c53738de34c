"""Why a UPS is not well."""

from typing import Final

from core.causes.base import Cause

CAUSES: Final[dict[str, Cause]] = {
    "on_battery": Cause(
        "市电中断，正在用电池供电",
        "has no mains and runs from its battery",
        "先查看是否停电或跳闸；电池用完前请正常关闭服务器",
        "see whether the power is off or a breaker has tripped; shut servers down in time",
    ),
    "battery_low": Cause(
        "电池电量不足，随时可能断电",
        "its battery is nearly empty: it may switch off at any moment",
        "尽快恢复市电，立即保存并关闭所接设备",
        "bring the mains back; shut down at once what hangs on it",
    ),
    "battery_replace": Cause(
        "电池老化或损坏，需要更换",
        "its battery is worn out or faulty",
        "联系维修更换电池；更换前停电时可能立即断电",
        "have the battery changed; until then a power cut may take everything down",
    ),
    "overload": Cause(
        "负载过大",
        "carries more than it can",
        "拔掉不必要的设备，打印机和空调不要接在不间断电源上",
        "unplug what need not be on it; printers and heaters do not belong there",
    ),
    "bypass": Cause(
        "处于旁路状态，停电时不能保护设备",
        "is on bypass: it protects nothing when the mains fails",
        "查看面板上的告警；如不是维护中，请联系维修",
        "look at its panel; unless somebody works on it, call for repair",
    ),
    "no_output": Cause(
        "没有输出，所接设备没有电",
        "gives no power to what is plugged in",
        "查看面板，按说明书开机；不能开机请报修",
        "look at its panel and switch it on by its manual, else call for repair",
    ),
    "charger": Cause(
        "充电器故障，电池无法充电",
        "cannot charge its battery",
        "联系维修",
        "call for repair",
    ),
}
