"""What people call kinds of devices, their states, and those of rooms, in Chinese and English."""

from typing import Final

from core.alerts import Text
from core.devices import DeviceKind, DeviceState

KIND_WORDS: Final[dict[DeviceKind, Text]] = {
    "projector": Text("投影机", "projector"),
    "panel": Text("触控一体机", "interactive panel"),
    "display": Text("显示屏", "display"),
    "computer": Text("电脑", "computer"),
    "document_camera": Text("展台", "document camera"),
    "amplifier": Text("功放", "amplifier"),
    "microphone": Text("话筒", "microphone"),
    "camera": Text("摄像机", "camera"),
    "codec": Text("互动课堂终端", "video codec"),
    "switch": Text("交换机", "switch"),
    "ap": Text("无线接入点", "access point"),
    "controller": Text("无线控制器", "wireless controller"),
    "router": Text("路由器", "router"),
    "ups": Text("UPS 电源", "UPS"),
    "printer": Text("打印机", "printer"),
    "nvr": Text("录像机", "video recorder"),
    "other": Text("设备", "device"),
}

STATE_WORDS: Final[dict[DeviceState, Text]] = {
    "ready": Text("正常", "works"),
    "standby": Text("待机", "standby"),
    "warming": Text("正在启动", "warming up"),
    "cooling": Text("正在冷却", "cooling down"),
    "limited": Text("部分可用", "works in part"),
    "fault": Text("故障", "fault"),
    "unreachable": Text("无应答", "no answer"),
    "unknown": Text("未知", "unknown"),
}

ROOM_WORDS: Final[dict[str, Text]] = {
    "not_ready": Text("不能上课", "not ready"),
    "unknown": Text("无法判断", "unknown"),
    "limited": Text("部分可用", "limited"),
    "ready": Text("可以上课", "ready"),
}
