"""Rules about what the agents' watchers tell: addresses, the way out, uplinks, disks."""

from typing import Final

from alerts.rules import EventOf, Rule, RuleTexts
from core.alerts import Text

HOUR: Final = 3_600.0

ADDRESS_LOST: Final = Rule(
    "address_lost",
    EventOf("address_lost", by="agent"),
    "P3",
    RuleTexts(
        title=Text("网卡失去 IP 地址：{where} {what}", "No address left: {what} at {where}"),
        meaning=Text(
            "那台电脑通过这块网卡不能上网；若是出口设备，它后面的教室都会断网。",
            "That machine has no network through this interface; if others go out through it, "
            "they have none either.",
        ),
        first=Text(
            "请先检查 DHCP 服务（多在路由器上）是否正常，再检查是否有人改了网络设置。",
            "See whether the DHCP server, often the router, works; then whether somebody changed "
            "the network settings.",
        ),
        ended=Text(
            "网卡又有 IP 地址：{where} {what}", "It has an address again: {what} at {where}"
        ),
    ),
    # A lease that is renewed from the beginning takes a few seconds.
    hold_s=30,
)

ADDRESS_DUPLICATE: Final = Rule(
    "address_duplicate",
    EventOf("address_duplicate", by="agent"),
    "P3",
    RuleTexts(
        title=Text(
            "IPv6 地址冲突：{where} {what}", "Another machine has the address: {what} at {where}"
        ),
        meaning=Text(
            "那台电脑不能使用这个地址，通过 IPv6 访问它会失败或连到另一台设备。",
            "That machine cannot use this address; whoever asks for it by IPv6 fails, or reaches "
            "another one.",
        ),
        first=Text(
            "请先查找被设成同一地址的另一台设备，或从同一镜像复制的电脑，给其中一台换一个地址。",
            "Look for the other machine that was given this address, or copied from the same "
            "image, and change one of the two.",
        ),
        ended=Text("IPv6 地址不再冲突：{where} {what}", "The address is free: {what} at {where}"),
    ),
    hold_s=30,
)

GATEWAY_LOST: Final = Rule(
    "gateway_lost",
    EventOf("gateway_lost", by="agent"),
    "P3",
    RuleTexts(
        title=Text("默认网关丢失：{where} {what}", "No default route: {what} at {where}"),
        meaning=Text(
            "那台电脑按这种协议（IPv4 或 IPv6）访问不了校外，平台和直播课可能打不开。",
            "By this protocol (IPv4 or IPv6) that machine reaches nothing outside the school.",
        ),
        first=Text(
            "请先检查路由器是否通电、是否还在分配地址，再检查那台电脑的网关设置。",
            "Check that the router has power and still hands out addresses; then the machine's "
            "gateway setting.",
        ),
        ended=Text("默认网关已恢复：{where} {what}", "Default route back: {what} at {where}"),
    ),
    hold_s=30,
)

GATEWAY_MAC: Final = Rule(
    "gateway_mac_changed",
    EventOf("gateway_mac_changed", by="agent", momentary=True),
    "P3",
    RuleTexts(
        title=Text(
            "网关换了设备：{where} {what}", "The gateway is another device: {what} at {where}"
        ),
        meaning=Text(
            "可能只是更换了路由器；也可能有人冒充网关，截取全校的上网数据。",
            "The router may have been replaced; or somebody poses as the gateway and reads what "
            "the school sends.",
        ),
        first=Text(
            "请先问清是否更换或重启过路由器；若没有，请在交换机上查这个 MAC 地址接在哪个端口。",
            "Ask whether the router was replaced; if not, find the port where this MAC is.",
        ),
        ended=Text("", ""),
    ),
    keep_s=HOUR,
)

UPLINK_FAILOVER: Final = Rule(
    "uplink_failover",
    EventOf("uplink_failover", by="agent"),
    "P3",
    RuleTexts(
        title=Text(
            "已切换到备用线路：{where} 现在走 {what}",
            "A backup carries the traffic: {what} at {where}",
        ),
        meaning=Text(
            "学校仍能上网，但主用线路不通；备用线路可能较慢或按流量计费，它再断就全校断网。",
            "The school still has network, but its main line does not work; the backup may be slow "
            "or metered, and nothing is behind it.",
        ),
        first=Text(
            "请先检查主用线路的光猫和网线，再向运营商报障；按流量计费时先停掉大文件下载。",
            "Check modem and cable of the main line, then call the carrier; while each megabyte "
            "costs, stop large downloads.",
        ),
        ended=Text(
            "不再走备用线路：{where} {what}", "The backup is not needed now: {what} at {where}"
        ),
    ),
    hold_s=30,
)

DISK_READONLY: Final = Rule(
    "disk_readonly",
    EventOf("disk_readonly", by="agent"),
    "P2",
    RuleTexts(
        title=Text("磁盘变为只读：{where} {what}", "A disk is read-only: {what} at {where}"),
        meaning=Text(
            "多半是磁盘出错；课件、录课和日志都无法保存，重启后可能无法开机。",
            "Most likely the disk is failing; nothing can be saved, and the machine may not start "
            "again.",
        ),
        first=Text(
            "请先备份还能读出的重要文件，再查看系统日志中的磁盘错误；不要急于重启。",
            "Copy what matters while it can be read, then look for disk errors in the system's "
            "log; do not restart yet.",
        ),
        ended=Text("磁盘又可写入：{where} {what}", "The disk can be written: {what} at {where}"),
    ),
    # Maintenance remounts for a moment.
    hold_s=30,
)
