"""Rules about what the sensor sees on a school's network (core/securitykinds.py).

Who it is stands in lines of its own (alerts/securitywords.py): role and network for everybody,
address and MAC for the school.
"""

from typing import Final

from alerts.rules import Rule
from alerts.shipped.securityrule import rule
from core.alerts import Text

_FIND: Final = Text(
    "请在交换机上按下面的 MAC 地址或网段找到这台设备，先拔掉它的网线（或关闭该端口），再问是谁的。",
    "Find the machine on the switch by what stands below, unplug it or close its port, and ask "
    "whose it is.",
)
_ISOLATE: Final = Text(
    "请先把这台设备断网（拔网线、关无线），不要关机，再用杀毒软件全盘查杀；处理完再接回网络。",
    "Take the machine off the network (cable and wireless), leave it on, scan it for malware, and "
    "connect it again only when it is clean.",
)

_SPOOFING: Final = (
    rule(
        "arp_spoof",
        Text(
            "被冒充的设备可能上不了网或打不开，它收发的内容可能被旁人看到。",
            "The machine that it poses as may lose its network, and what it sends may be read.",
        ),
        _FIND,
    ),
    rule(
        "gateway_spoof",
        Text(
            "全校上网可能变慢、时断时续或全部中断，账号密码可能被截取；直播课和网上考试会受影响。",
            "The whole school may be slow or cut off, and passwords may be read on the way; live "
            "lessons and online tests suffer.",
        ),
        _FIND,
    ),
    rule(
        "rogue_dhcp",
        Text(
            "新开机的电脑和平板可能拿到错误的地址而上不了网，或者上网流量被引到别处。",
            "Machines that start now may get wrong addresses and have no network, or are led "
            "elsewhere.",
        ),
        Text(
            "请先找最近私接的无线路由器（网线插在 LAN 口），拔掉它；再让受影响的电脑重新获取地址。",
            "Look for a wireless router that somebody brought, cable in its LAN port, and unplug "
            "it; then let the machines ask for an address again.",
        ),
    ),
    rule(
        "dhcp_starvation",
        Text(
            "地址被占完后，新开机的电脑和平板上不了网，一个班的设备可能同时用不了。",
            "Once no address is left, machines that start have no network; a whole class may be "
            "without.",
        ),
        _FIND,
    ),
    rule(
        "rogue_ra",
        Text(
            "使用 IPv6 的电脑可能打不开网页，或者上网流量被引到别处。",
            "Machines that use IPv6 may open no page, or are led elsewhere.",
        ),
        Text(
            "请先找最近私接的路由器或开了网络共享的电脑，拔掉或关闭共享；交换机可开启 RA 防护。",
            "Look for a router that somebody brought or a computer that shares its connection, and "
            "take it off; switches can guard against it (RA guard).",
        ),
    ),
)

_NETWORK: Final = (
    rule(
        "ip_conflict",
        Text(
            "两台设备会轮流断网，网页时开时不开。",
            "The two lose their network in turn, and pages open now and then.",
        ),
        Text(
            "请先查被手工设置成这个地址的设备，或从同一镜像复制的电脑，给其中一台换一个地址。",
            "Look for the machine whose address was set by hand, or copied from the same image, "
            "and give one of the two another.",
        ),
    ),
    rule(
        "mac_flapping",
        Text(
            "网络可能时断时续；常见原因是环路、无线漫游异常或有人复制了 MAC 地址。",
            "The network may come and go; often a loop, bad roaming, or a MAC that was copied.",
        ),
        Text(
            "请先检查是否有网线两头插在同一台交换机上，再看那两处各接了什么。",
            "See whether a cable leads back to the same switch, then what hangs at the two places.",
        ),
    ),
    rule(
        "broadcast_storm",
        Text(
            "全校网络可能很慢甚至中断，直播课、互动课堂无法正常进行。",
            "The whole network may be slow or dead; live and interactive lessons cannot be held.",
        ),
        Text(
            "请先拔掉最近新接的网线和小交换机；交换机端口灯齐闪的那一段，逐根拔线直到恢复。",
            "Unplug cables and small switches that are new; where all lamps of a switch blink at "
            "once, pull cables one by one until it is over.",
        ),
    ),
    rule(
        "network_loop",
        Text(
            "全校网络可能很慢甚至中断，直播课、互动课堂无法正常进行。",
            "The whole network may be slow or dead; live and interactive lessons cannot be held.",
        ),
        Text(
            "请先查找两头都插在墙面插座或同一交换机上的网线，拔掉一头；交换机可开启环路检测。",
            "Look for a cable with both ends in wall sockets or in one switch, and pull one end; "
            "switches can detect loops.",
        ),
    ),
)

_PROBING: Final = (
    rule(
        "arp_sweep",
        Text(
            "教学不受影响；有设备在摸清网络里有哪些机器，可能是攻击的前奏，也可能是正常的管理软件。",
            "Lessons are not touched; somebody finds out which machines there are: perhaps before "
            "an attack, perhaps a program that manages them.",
        ),
        Text(
            "请先问是否有人在用扫描或资产管理软件；若是区里自己的，请把它加入允许名单。",
            "Ask whether somebody runs a scanner or an inventory; what the district runs itself "
            "belongs on the allow list.",
        ),
    ),
    rule(
        "port_scan",
        Text(
            "教学不受影响；有设备在寻找可以进入的服务，可能是攻击的前奏。",
            "Lessons are not touched; somebody looks for a way in, perhaps before an attack.",
        ),
        Text(
            "请先问是否有人在做安全检查；若不是，请查这台设备是否中毒。",
            "Ask whether somebody tests the security; if not, scan that machine for malware.",
        ),
    ),
    rule(
        "syn_flood",
        Text(
            "被攻击的设备可能打不开，出口可能被占满，全校上网变慢。",
            "The machine that is hit may not answer, and the school's line may be full.",
        ),
        Text(
            "请先把发起攻击的校内设备断网；若来自校外，请联系区信息中心和运营商封堵。",
            "Take the machine that does it off the network; if it comes from outside, call the "
            "district and the carrier.",
        ),
    ),
    rule(
        "worm_sweep",
        Text(
            "病毒可能很快传到其他电脑，课件和成绩等文件可能被加密或删除。",
            "It may soon be on other computers, and files may be encrypted or lost.",
        ),
        _ISOLATE,
    ),
    rule(
        "password_guessing",
        Text(
            "猜中后，设备可能被他人控制；频繁尝试也可能让账号被锁、老师登录不了。",
            "Once it is guessed, somebody else controls the device; accounts may be locked before.",
        ),
        Text(
            "请先确认是不是有人忘了密码；若不是，请断开发起的设备，并把被猜的设备改成强密码。",
            "See whether somebody forgot a password; if not, take the guesser off the network and "
            "give the device a strong one.",
        ),
    ),
    rule(
        "cleartext_login",
        Text(
            "教学暂不受影响；但同一网络里的人可能看到管理密码，进而控制交换机或摄像头等设备。",
            "Lessons are not touched; but others on the network may read the password and take "
            "over the switch or camera.",
        ),
        Text(
            "请在那台设备上关闭 Telnet、改用 SSH 或 HTTPS，把 SNMP 的 public 改成自己的口令。",
            "Turn telnet off there, use SSH or HTTPS, and change the SNMP community `public`.",
        ),
    ),
)

_NAMES: Final = (
    rule(
        "dns_tunnel",
        Text(
            "教学一般不受影响；可能有程序借域名查询偷偷传送数据，或绕过上网管理。",
            "Lessons are seldom touched; a program may smuggle data out, or pass by the filter.",
        ),
        Text(
            "请按告警里的地址和 MAC 找到这台设备，断网后查是否有翻墙或来历不明的软件，卸载并查杀。",
            "Find the machine by its address and MAC, unplug it, remove tunnel programs and scan.",
        ),
    ),
    rule(
        "malware_names",
        Text(
            "有设备可能已经中毒并在与外面联系，文件和账号可能泄露。",
            "A machine may have malware that talks to the outside; files and accounts may leak.",
        ),
        _ISOLATE,
    ),
    rule(
        "mining_names",
        Text(
            "设备可能被装了挖矿程序：会变慢、发热、费电。",
            "A machine may mine: it gets slow and hot, and wastes power.",
        ),
        _ISOLATE,
    ),
    rule(
        "mining_pool",
        Text(
            "这台设备在挖矿：会变慢、发热、费电，说明它很可能已被人控制。",
            "This machine mines: it is slow and hot, and most likely somebody else controls it.",
        ),
        _ISOLATE,
    ),
)

_OTHERS: Final = (
    rule(
        "new_device",
        Text(
            "教学不受影响；网络里多了一台以前没有的网络设备，可能是新装的，也可能是私接的。",
            "Lessons are not touched; a network device is there that was not: new, or brought in.",
        ),
        Text(
            "请先核对是不是学校新装的设备；不是的话请找到并拔掉。",
            "See whether the school installed it; if not, find it and unplug it.",
        ),
    ),
    rule(
        "rogue_ap",
        Text(
            "师生的平板可能连到这个不明热点上，账号和内容可能被看到。",
            "Tablets may join it by mistake, and accounts may be read there.",
        ),
        Text(
            "请先问是否有人私设热点；请他关闭。仍在的话按信号强弱在附近教室寻找并拔掉。",
            "Ask who set up a hotspot and have it turned off; else look for it where the signal is "
            "strongest.",
        ),
    ),
)

ATTACKS: Final[tuple[Rule, ...]] = (*_SPOOFING, *_NETWORK, *_PROBING, *_NAMES, *_OTHERS)
