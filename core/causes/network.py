"""Why a switch, a wireless controller or a recorder is not well."""

from typing import Final

from core.causes.base import Cause

CAUSES: Final[dict[str, Cause]] = {
    "aps_down": Cause(
        "有无线接入点（AP）离线",
        "has access points that do not work",
        "在控制器中查看是哪些 AP 离线，检查其网线和交换机供电",
        "see in the controller which, then their cables and the power from the switch",
    ),
    "psu": Cause(
        "电源模块故障或没有供电",
        "a power supply has failed or has no mains",
        "检查该电源的插头和开关；有备用电源时设备仍可工作",
        "check the plug and switch of that supply; with a second one it goes on working",
    ),
    "poe_fault": Cause(
        "以太网供电（PoE）故障",
        "cannot power what hangs on its ports",
        "拔下最近新接的设备；仍报错请报修",
        "unplug what was added last; else have it repaired",
    ),
    "stack": Cause(
        "堆叠故障",
        "its stack is broken",
        "检查堆叠线缆是否插好",
        "check the stacking cables",
    ),
    "module": Cause(
        "板卡或部件故障",
        "a board of it has failed",
        "重新插拔该板卡，或联系维修",
        "put that board in anew, or call for repair",
    ),
    "cpu_high": Cause(
        "处理器长时间满负荷",
        "its processor is overloaded",
        "检查是否有网络环路：两个端口间误接网线",
        "look for a loop: one cable with both ends in the network",
    ),
    "disk_fault": Cause(
        "硬盘故障，录像可能丢失",
        "a disk has failed: recordings may be lost",
        "备份重要录像，联系维修更换硬盘",
        "save what matters and have the disk changed",
    ),
    "disk_unformatted": Cause(
        "硬盘未格式化，没有在录像",
        "a disk is not formatted: nothing is recorded on it",
        "在录像机菜单中初始化硬盘（会清空该硬盘）",
        "initialise the disk in the recorder's menu (it will be emptied)",
    ),
    "untold": Cause(
        "设备有应答，但没有说明自身状态",
        "answers, and does not tell how it is",
        "看一下设备是否正常；请联系管理员核对监测程序里填写的设备型号",
        "see whether it works; have the administrator compare its model in the monitoring program",
    ),
}
