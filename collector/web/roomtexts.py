"""What the pages say of rooms and devices."""

from typing import Final

from collector.web.language import Text
from core.devicewords import ROOM_WORDS

ROOMS: Final[dict[str, Text]] = {
    "rooms": Text("教室", "Rooms"),
    **{f"room_{state}": text for state, text in ROOM_WORDS.items()},
    "rooms_not_ready": Text(
        "不能正常上课的教室（{n}）", "Rooms in which no lesson can be held ({n})"
    ),
    "rooms_unknown": Text("暂时无法判断的教室（{n}）", "Rooms of which nobody can tell ({n})"),
    "rooms_limited": Text(
        "可以上课、但有设备不正常的教室（{n}）",
        "Rooms that can be used, but not all of them works ({n})",
    ),
    "rooms_ready": Text("可以上课的教室（{n}）", "Rooms that are ready ({n})"),
    "rooms_counts": Text(
        "共 {n} 间：不能上课 {not_ready}，无法判断 {unknown}，部分可用 {limited}，可以上课 {ready}",
        "{n} in all: {not_ready} not ready, {unknown} unknown, {limited} limited, {ready} ready",
    ),
    "room_called": Text("教室 {room}", "Room {room}"),
    "room_first": Text("建议：{what}。", "Try first: {what}."),
    "room_in_use": Text("使用中", "in use"),
    "room_off": Text("已关", "off"),
    "room_healthy": Text(
        "设备齐全且正常，可以直接上课。", "All that a lesson needs is well: go ahead."
    ),
    "colon": Text("：", ": "),
    "devices": Text("设备", "Devices"),
    "devices_elsewhere": Text("网络和其他设备", "Network and other devices"),
    "device_needed": Text("上课必需", "needed for a lesson"),
    "device_behind": Text("接在 {what} 后面", "behind {what}"),
    "device_asked_by": Text("由 {agent} 查询", "asked by {agent}"),
    "usage_today": Text("今天已开机 {minutes} 分钟", "on for {minutes} min today"),
    "in_order": Text(
        "完好率（上课时间内上课必需的设备都正常的比例，目标 95 %）：本周 {week}，本月 {month}",
        "In good order in school time: {week} this week, {month} this month (target 95 %)",
    ),
    "in_order_untold": Text("数据不足", "too little is known"),
    "usage_unknown": Text("今天开机时间未知", "nobody knows for how long it was on today"),
}
