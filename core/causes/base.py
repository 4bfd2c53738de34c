"""What a cause is, and those that any device can have."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a device is not well: in words for a teacher, and what to try first."""

    zh: str
    en: str
    try_zh: str = ""
    try_en: str = ""


CAUSES: Final[dict[str, Cause]] = {
    "no_answer": Cause(
        "没有应答",
        "does not answer",
        "检查设备的电源和网线",
        "check its power and its network cable",
    ),
    "no_answer_snmp": Cause(
        "没有应答 SNMP 查询：设备没有开机、网络不通，或查询口令不对",
        "does not answer SNMP: off, not connected, or asked with a wrong community",
        "检查设备的电源和网线；都正常请联系管理员核对 SNMP 查询口令（community）",
        "check its power and its network cable; then have the administrator compare the community",
    ),
    "refused": Cause(
        "已接通网络，但拒绝连接",
        "is there and refuses the connection",
        "重启；投影机等请在菜单中打开网络控制功能，电脑请联系管理员检查程序和防火墙",
        "start it again; switch on network control in its menu; with a computer call the "
        "administrator",
    ),
    "busy": Cause(
        "正被其他程序占用，暂时无法查询",
        "is busy with somebody else and cannot be asked now",
        "稍后再看；如一直如此，检查是否有其他控制软件",
        "look again later; if it stays so, look for other control software",
    ),
    "credentials": Cause(
        "监测程序使用的口令不对",
        "does not accept the password that it is asked with",
        "请联系管理员核对监测程序里填写的这台设备的口令",
        "have the administrator compare its password in the agent's configuration",
    ),
    "garbage": Cause(
        "应答无法理解",
        "answers what cannot be understood",
        "重启设备；仍如此请联系厂商",
        "start it again; if it stays so, call the maker",
    ),
    "unlisted": Cause(
        "报告了监测程序不认识的状态码",
        "reports a code that nobody described yet",
        "看一下设备是否正常；请联系管理员补充这个状态码的含义",
        "see whether it works; have the administrator add what the code means",
    ),
    "fan": Cause(
        "风扇故障",
        "its fan has failed",
        "关机断电，清理进风口后再开机；仍报错请报修",
        "switch it off, clean its air inlets, try again; else have it repaired",
    ),
    "lamp": Cause(
        "灯泡或光源故障",
        "its lamp has failed",
        "更换灯泡或报修",
        "change the lamp or call for repair",
    ),
    "temperature": Cause(
        "温度过高",
        "is too hot",
        "关机冷却，清理滤网和通风口",
        "let it cool down, clean its filter and openings",
    ),
    "cover": Cause("盖板没有关好", "its cover is open", "关好灯泡盖或滤网盖", "close its covers"),
    "filter": Cause(
        "滤网需要清洁", "its filter needs cleaning", "清洁或更换滤网", "clean or change the filter"
    ),
    "other": Cause(
        "设备报告故障",
        "reports a fault",
        "查看设备上的指示灯或屏幕提示",
        "look at its lamps or display",
    ),
    "behind": Cause(
        "所接的交换机或线路不通，无法判断",
        "the switch or line before it is down: nobody can tell",
        "先恢复交换机",
        "bring the switch back first",
    ),
    "agent": Cause(
        "监测程序没有上报，无法判断",
        "the agent that asks it is silent: nobody can tell",
        "检查运行监测程序的电脑是否开机、网线是否插好；仍如此请联系管理员",
        "see whether the machine with the agent is on and plugged in; else call the administrator",
    ),
    "line": Cause(
        "学校网络中断，无法判断",
        "the school's line is down: nobody can tell",
        "先恢复学校出口线路",
        "bring the school's line back first",
    ),
    "stale": Cause(
        "很久没有新数据",
        "nothing was heard of it for long",
        "请联系管理员核对监测程序里是否还有这台设备",
        "have the administrator see whether the agent is still configured to ask it",
    ),
    "not_asked": Cause("还没有查询", "was not asked yet"),
}
