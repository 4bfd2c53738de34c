"""Why a device is not well that is asked by a template, over ONVIF or by its page."""

from typing import Final

from core.causes.base import Cause

CAUSES: Final[dict[str, Cause]] = {
    "protection": Cause(
        "保护电路已动作",
        "has switched itself off to protect itself",
        "关机，检查音箱接线和通风，冷却后再开机",
        "switch it off, look at its cables and openings, let it cool down, try again",
    ),
    "certificate": Cause(
        "设备的安全证书不被信任，没有继续查询",
        "shows a certificate that is not trusted: it was not asked any further",
        "请联系管理员更新设备的证书，或让监测程序信任它（ca_file）",
        "have the administrator renew its certificate, or set ca_file in the agent's configuration",
    ),
}
