"""Why nobody knows how a device is, where that lies with the agent that asks it."""

from typing import Final

from core.causes.base import Cause

CAUSES: Final[dict[str, Cause]] = {
    "rights": Cause(
        "监测程序没有查询它的权限，无法判断",
        "the agent may not ask it: nobody can tell",
        "请联系管理员在运行监测程序的电脑上执行 schoolwatch agent check，按提示授权",
        "have the administrator run schoolwatch agent check there, which names what to permit",
    ),
    "network": Cause(
        "运行监测程序的电脑网络不通，无法判断",
        "the agent that asks it has no network: nobody can tell",
        "检查运行监测程序的电脑的网线",
        "look after the cable of the machine with the agent",
    ),
    "name": Cause(
        "查不到设备名称对应的网络地址，无法判断",
        "its name has no address now: nobody can tell",
        "请联系管理员核对监测程序里填写的设备地址（host），以及学校的域名服务器（DNS）",
        "have the administrator look at host in the agent's configuration, and the name servers",
    ),
    "settings": Cause(
        "监测程序的设置有误，无法查询",
        "the agent's configuration does not let it be asked",
        "请联系管理员在运行监测程序的电脑上执行 schoolwatch agent check",
        "have the administrator run schoolwatch agent check there",
    ),
    "failed": Cause(
        "监测程序查询它时出错，无法判断",
        "the agent failed at asking it: nobody can tell",
        "请联系管理员查看监测程序的日志并反馈",
        "have the administrator report what the agent's log says",
    ),
}
