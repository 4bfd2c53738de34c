"""What a message says of an attack besides: who, whom, on what evidence, and what kind it is.

Two readers: everybody reads role and network, the school's own people also address and MAC, which
is what they need to find the machine (domain.md, head note). What an agent sent stands only in the
gaps of our sentences.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.alerts import Text
from core.kinds import KINDS
from core.shown import is_security

ROLES: Final[Mapping[str, Text]] = {
    "gateway": Text("网关", "the gateway"),
    "resolver": Text("域名服务器", "the name server"),
    "dhcp_server": Text("DHCP 服务器", "the DHCP server"),
    "device": Text("已登记的设备", "a device of the school"),
    "inside": Text("校内设备", "a machine inside the school"),
    "outside": Text("校外地址", "an address outside the school"),
}
UNKNOWN: Final = Text("尚不清楚", "not known yet")

FIGURES: Final[Mapping[str, Text]] = {
    "goes_on": Text(
        "攻击仍在继续：目标已查明，改为另一条告警跟踪",
        "the attack goes on: its target is known now, and another alert tells of it",
    ),
    "threat": Text("名称 {n}", "called {n}"),
    "blocked": Text("已拦截：{n}", "blocked: {n}"),
    "device": Text("由 {n} 报告", "told by {n}"),
    "way": Text("方式 {n}", "by {n}"),
    "ports": Text("{n} 个端口", "{n} ports"),
    "targets": Text("{n} 台设备被涉及", "{n} machines concerned"),
    "clients": Text("{n} 台设备受影响", "{n} machines affected"),
    "sources": Text("{n} 个来源", "{n} sources"),
    "machines": Text("{n} 台设备", "{n} machines"),
    "servers": Text("{n} 台服务器", "{n} servers"),
    "routers": Text("{n} 台路由器", "{n} routers"),
    "infrastructure": Text("已知 {n} 台网络设备", "{n} machines of the network known"),
    "pools": Text("{n} 个矿池", "{n} pools"),
    "addresses": Text("{n} 个地址", "{n} addresses"),
    "macs": Text("{n} 个 MAC 地址", "{n} MACs"),
    "made_up": Text("{n} 个伪造的 MAC 地址", "{n} MACs that were made up"),
    "made_up_macs": Text("{n} 个伪造的 MAC 地址", "{n} MACs that were made up"),
    "made_up_sources": Text("发起者的地址是伪造的", "the sender is made up"),
    "own_addresses": Text("另有 {n} 个自己的地址", "{n} addresses of its own besides"),
    "users": Text("{n} 个账号", "{n} accounts"),
    "names": Text("{n} 个域名", "{n} names"),
    "name_length": Text("域名平均 {n} 个字符", "names of {n} characters"),
    "frames": Text("{n} 个报文", "{n} packets"),
    "copies": Text("同一报文重复 {n} 次", "one packet {n} times"),
    "doubled": Text("{n} 次重复应答", "answered twice {n} times"),
    "moves": Text("来回 {n} 次", "moved {n} times"),
    "tries": Text("尝试 {n} 次", "{n} tries"),
    "logins": Text("登录 {n} 次", "{n} logins"),
    "unasked": Text("无人询问却应答 {n} 次", "answered {n} times unasked"),
    "forged": Text("{n} 次替别的 MAC 地址说话", "spoke {n} times for another MAC"),
    "announced": Text("{n} 次宣称该地址归自己", "announced {n} times that it has the address"),
    "pressed": Text("{n} 次以该地址反复追问", "asked one machine {n} times in its name"),
    "disputed": Text("与 {n} 个地址的主人相争", "contends with the owners of {n} addresses"),
    "kills": Text("{n} 次谎称路由器已退出", "said {n} times that a router is gone"),
    "accepted": Text("被接受 {n} 次", "{n} accepted"),
    "refused": Text("被拒绝 {n} 次", "{n} refused"),
    "answers": Text("{n} 次应答", "{n} answers"),
    "replies": Text("{n} 次应答", "{n} replies"),
    "requests": Text("{n} 次请求", "{n} requests"),
    "declines": Text("{n} 次拒绝地址", "{n} addresses declined"),
    "adverts": Text("{n} 次路由通告", "{n} router advertisements"),
    "dhcp": Text("{n} 版 DHCP", "DHCP of version {n}"),
    "silent": Text("其中 {n} 个地址没有设备", "nobody is at {n} of them"),
    "gone": Text("{n} 台请求后再无动静", "{n} never seen again"),
    "segments": Text("{n} 个矿机报文", "{n} packets of a miner"),
    "vlan": Text("VLAN {n}", "VLAN {n}"),
    "other_vlan": Text("与 VLAN {n} 之间", "and VLAN {n}"),
    "half_open": Text("{n} 个半开连接", "{n} half-open connections"),
    "dropped": Text("{n} 个未检查", "{n} not looked at"),
    "percent": Text("{n}%", "{n} %"),
    "bytes": Text("{n} 字节", "{n} bytes"),
    "answer_bytes": Text("应答 {n} 字节", "answers of {n} bytes"),
    "per_s": Text("每秒 {n} 个", "{n} in each second"),
    "normal_per_s": Text("平时每秒 {n} 个", "{n} usually"),
    "seconds": Text("历时 {n} 秒", "within {n} s"),
    "within_s": Text("{n} 秒以内", "within {n} s"),
    "beyond": Text("同类事件超过 {n} 起，无法逐一区分", "more than {n} of a kind, not told apart"),
}
"""Figures of the evidence in words, in the order in which they are told. A number that is not here
stands by its own name, a word that is not here says nothing to people."""
WORDS: Final[Mapping[str, Text]] = {"yes": Text("是", "yes"), "no": Text("否", "no")}
MOST_FIGURES: Final = 6

ORDINARY: Final = Text("一般", "ordinary (一般)")
RAISED: Final = Text("较大", "larger (较大), one higher: many schools at once")
"""Grades of GB/T 20986-2023 that the program proposes; a person confirms."""
NO_GRADE: Final = ("EV-RSK-", "EV-SYS-")
"""Findings and faults, which have none."""

_LABELS: Final = {
    "source": Text("来源", "Source"),
    "target": Text("目标", "Target"),
    "mac": Text("MAC", "MAC"),
    "evidence": Text("依据", "Evidence"),
    "class": Text("分类", "Class"),
}


def grade_of(kind: str, *, raised: bool) -> Text | None:
    """Return the grade that is proposed for an event of *kind*, None where it has none."""
    if KINDS[kind].code.startswith(NO_GRADE):
        return None
    return RAISED if raised else ORDINARY


def security_lines(
    kind: str, details: Mapping[str, Any], number: int, *, raised: bool, named: bool = False
) -> list[str]:
    """Return the lines about an event of *kind*, in Chinese (0) or English (1).

    *details* are what this reader may see; *named*: addresses and MACs are among them.
    """
    if kind not in KINDS or not is_security(kind):
        return []
    lines = []
    for part in ("source", "target"):
        said = party(details.get(part), number, named=named)
        if said:
            lines.append(_line(part, said, number))
    if named and "is" in details:
        was, now = (_plain(details.get(name, "")) for name in ("was", "is"))
        lines.append(_line("mac", ("由 {} 变为 {}", "{}, now {}")[number].format(was, now), number))
    evidence = figures(details, number)
    if evidence:
        lines.append(_line("evidence", evidence, number))
    return [*lines, _line("class", _class(kind, details, number, raised=raised), number)]


def party(found: Any, number: int, *, named: bool = False) -> str:
    """Return who it is: role and network, and address and MAC for the school."""
    if not isinstance(found, Mapping) or not any(found.values()):
        return ""
    role = str(found.get("role", ""))
    words = [(ROLES.get(role) or UNKNOWN)[number]]
    if named and (found.get("address") or found.get("mac")):
        if found.get("address"):
            words.append(f"{('地址', 'address')[number]} {_plain(found['address'])}")
        if found.get("mac"):
            words.append(f"MAC {_plain(found['mac'])}")
    elif found.get("subnet"):
        words.append(("{} 网段", "network {}")[number].format(_plain(found["subnet"])))
    if found.get("port"):
        words.append(("端口 {}", "port {}")[number].format(_plain(found["port"])))
    return ("，", ", ")[number].join(words)


def figures(details: Mapping[str, Any], number: int) -> str:
    """Return the evidence in words, else how often it was seen."""
    said = []
    for name, value in _sorted(details.get("evidence")):
        called = FIGURES.get(name)
        text = _figure(value, number)
        said.append(called[number].format(n=text) if called else f"{_plain(name)} {text}")
    count = details.get("count")
    if not said and isinstance(count, int) and count > 0:
        said.append(("共 {} 次", "{} times")[number].format(count))
    return ("，", ", ")[number].join(said)


def _sorted(found: Any) -> Iterator[tuple[str, Any]]:
    """Give the figures that can be told: in the order of our words, then those without any."""
    if not isinstance(found, Mapping):
        return
    known = [
        (str(name), value)
        for name, value in found.items()
        if isinstance(value, int | float) or (isinstance(value, str) and name in FIGURES)
    ]
    order = {name: number for number, name in enumerate(FIGURES)}
    known.sort(key=lambda one: order.get(one[0], len(order)))
    yield from known[:MOST_FIGURES]


def _figure(value: float | str, number: int) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    said = WORDS.get(str(value))
    return said[number] if said else _plain(value)


def _class(kind: str, details: Mapping[str, Any], number: int, *, raised: bool) -> str:
    of = KINDS[kind]
    words = [f"{of.category.name}/{of.category.sub} ({of.code})"]
    sure = details.get("confidence")
    if isinstance(sure, int | float) and 0 < sure <= 1:
        words.append(("可信度 {}%", "{} % sure")[number].format(round(100 * sure)))
    grade = grade_of(kind, raised=raised)
    if grade:
        text = ("建议定级：{}（由人确认）", "proposed grade: {} (a person confirms it)")[number]
        words.append(text.format(grade[number]))
    return ("，", ", ")[number].join(words)


def _line(label: str, text: str, number: int) -> str:
    return f"{_LABELS[label][number]}{('：', ': ')[number]}{text}"


def _plain(value: Any) -> str:
    """Return what somebody else has written, short and on one line."""
    return "".join(char if char.isprintable() else " " for char in str(value)[:60])
