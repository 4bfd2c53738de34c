"""What a kind of event is, and the categories of GB/T 20986-2023 that kinds have."""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

Severity = Literal["P1", "P2", "P3", "P4"]
"""Now; within 30 minutes; the same school day; in the daily digest."""

SEVERITIES: Final[tuple[str, ...]] = get_args(Severity)


class Category(NamedTuple):
    """A category and sub-category of GB/T 20986-2023, as the standard names them."""

    name: str
    sub: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event; its severity holds where no rule says otherwise."""

    word: str
    code: str
    category: Category
    severity: Severity
    zh: str
    en: str


FAULT: Final = Category("设备设施故障", "技术故障")
SUPPLIES: Final = Category("设备设施故障", "配套设施故障")
ATTACK: Final = Category("网络攻击", "其他")
SPOOFING: Final = Category("网络攻击", "广播欺诈")
HIJACKING: Final = Category("网络攻击", "域名劫持")
RISK: Final = Category("安全隐患", "其他")
COMPLIANCE: Final = Category("安全隐患", "网络配置合规缺陷")
ACCESS: Final = Category("异常行为", "访问异常")
OTHERS: Final = Category("其他", "其他")
SCANNING: Final = Category("网络攻击", "网络扫描探测")
GUESSING: Final = Category("网络攻击", "凭据攻击")
EXPLOIT: Final = Category("网络攻击", "漏洞利用")
HOST: Final = Category("网络攻击", "失陷主机")
FLOODING: Final = Category("网络攻击", "拒绝服务")
WIRELESS: Final = Category("网络攻击", "WLAN劫持")
WORM: Final = Category("恶意程序", "网络蠕虫")
MINER: Final = Category("恶意程序", "挖矿病毒")
BOT: Final = Category("恶意程序", "僵尸网络")
RANSOM: Final = Category("恶意程序", "勒索软件")
TROJAN: Final = Category("恶意程序", "特洛伊木马")
VIRUS: Final = Category("恶意程序", "计算机病毒")
TAMPERING: Final = Category("数据安全", "数据篡改")
UNAUTHORISED: Final = Category("违规操作", "资源未授权使用")
