"""Why a device is not well that is asked by a template, over ONVIF or by its page."""

from typing import Final

from core.causes.base import Cause

CAUSES: Final[dict[str, Cause]] = {
    "unlisted": Cause(
        "报告了说明里没有的状态码",
        "reports a code that its description does not list",
        "看一下设备是否正常；请管理员把该代码补充到设备模板",
        "see whether it works; have the administrator add the code to its template",
    ),
    "protection": Cause(
        "保护电路已动作",
        "has switched itself off to protect itself",
        "关机，检查音箱接线和通风，冷却后再开机",
        "switch it off, look at its cables and openings, let it cool down, try again",
    ),
    "certificate": Cause(
        "设备的证书不被信任，没有继续查询",
        "shows a certificate that is not trusted: it was not asked any further",
        "请管理员安装该设备的证书，或在采集端配置中设置 ca_file",
        "have the administrator renew its certificate, or set ca_file in the agent's configuration",
    ),
}
