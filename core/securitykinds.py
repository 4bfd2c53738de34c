"""Kinds of security events: what a sensor, a machine and a firewall tell (domain.md §8).

Part of the table of `core.kinds`. Only events whose code begins with `EV-ATK` or `EV-MAL` are of an
attack: they name the machine that does it, by address and MAC, to the audit log and to the people
of its school. All others name no personal device.
"""

from typing import Final

from core.kind import (
    BOT,
    COMPLIANCE,
    EXPLOIT,
    FAULT,
    FLOODING,
    GUESSING,
    HOST,
    MINER,
    RANSOM,
    SCANNING,
    SPOOFING,
    TAMPERING,
    TROJAN,
    UNAUTHORISED,
    VIRUS,
    WIRELESS,
    WORM,
    Kind,
)

ATTACKS: Final = ("EV-ATK-", "EV-MAL-")
"""How the codes begin whose events may name a machine."""

# What packets show (agent.sensor.detectors)
_PACKETS: Final = (
    Kind(
        *("arp_spoof", "EV-ATK-ARP", SPOOFING, "P2"),
        *("有设备冒充其他设备（ARP 欺骗）", "a machine poses as another one (ARP spoofing)"),
    ),
    Kind(
        *("gateway_spoof", "EV-ATK-ARP", SPOOFING, "P1"),
        *("有设备冒充网关，上网流量可能被劫持", "a machine poses as the gateway"),
    ),
    Kind(
        *("ip_conflict", "EV-SYS-ADDR-DUP", FAULT, "P3"),
        *("两台设备使用同一 IP 地址", "two machines use one IP address"),
    ),
    Kind(
        *("arp_sweep", "EV-ATK-SCAN", SCANNING, "P4"),
        *("有设备在逐个探测本网段的地址", "a machine looks for every address of its network"),
    ),
    Kind(
        *("mac_flapping", "EV-SYS-FLAP", FAULT, "P3"),
        *("同一 MAC 地址在两处来回出现", "one MAC address appears at two places in turn"),
    ),
    Kind(
        *("broadcast_storm", "EV-SYS-STORM", FAULT, "P2"),
        *("广播风暴，网络可能很慢", "a broadcast storm"),
    ),
    Kind(
        *("network_loop", "EV-SYS-LOOP", FAULT, "P2"),
        *(
            "网络中有环路：可能一根网线两头插在了一起",
            "a loop, often a cable that leads back",
        ),
    ),
    Kind(
        *("rogue_dhcp", "EV-ATK-ARP", SPOOFING, "P2"),
        *(
            "有未经许可的 DHCP 服务器（常见原因：私接路由器）",
            "a DHCP server that is not ours, often a router that somebody brought",
        ),
    ),
    Kind(
        *("dhcp_starvation", "EV-ATK-DDOS", FLOODING, "P2"),
        *(
            "有设备在耗尽 DHCP 地址，其他设备将无法上网",
            "a machine takes all addresses of DHCP",
        ),
    ),
    Kind(
        *("rogue_ra", "EV-ATK-ARP", SPOOFING, "P2"),
        *("有设备冒充 IPv6 路由器", "a machine poses as an IPv6 router"),
    ),
    Kind(
        *("port_scan", "EV-ATK-SCAN", SCANNING, "P4"),
        *("有设备在扫描端口", "a machine scans ports"),
    ),
    Kind(
        *("syn_flood", "EV-ATK-DDOS", FLOODING, "P1"),
        *("有设备正遭受连接洪水攻击（SYN Flood）", "a machine is flooded with connections"),
    ),
    Kind(
        *("worm_sweep", "EV-MAL-WORM", WORM, "P1"),
        *(
            "有设备疑似感染蠕虫，正在向大量设备传播",
            "a machine seems to have a worm, which tries many others",
        ),
    ),
    Kind(
        *("password_guessing", "EV-ATK-BRUTE", GUESSING, "P3"),
        *("有设备在反复猜密码", "a machine guesses passwords"),
    ),
    Kind(
        *("cleartext_login", "EV-RSK-CONF", COMPLIANCE, "P3"),
        *(
            "设备管理登录未加密，密码可被旁人看到",
            "a device is managed without encryption: passwords can be read on the way",
        ),
    ),
    Kind(
        *("dns_tunnel", "EV-ATK-HOST", HOST, "P3"),
        *(
            "有设备疑似用域名查询夹带数据（DNS 隧道）",
            "a machine seems to hide data in DNS (a tunnel)",
        ),
    ),
    Kind(
        *("malware_names", "EV-MAL-BOT", BOT, "P2"),
        *("有设备在查询恶意软件的域名", "names of malware are asked for"),
    ),
    Kind(
        *("mining_names", "EV-MAL-MINER", MINER, "P3"),
        *("有设备在查询矿池域名", "names of mining pools are asked for"),
    ),
    Kind(
        *("mining_pool", "EV-MAL-MINER", MINER, "P2"),
        *("有设备在挖矿", "a machine mines cryptocurrency"),
    ),
    Kind(
        *("new_device", "EV-OPS-UNAUTH", UNAUTHORISED, "P4"),
        *("出现新的网络设备", "a network device is new"),
    ),
    Kind(
        *("rogue_ap", "EV-ATK-WLAN", WIRELESS, "P2"),
        *("发现未登记的无线接入点", "an access point that is not in the list"),
    ),
)

# What the machine and its logs show
_MACHINE: Final = (
    Kind(
        *("sensor_stopped", "EV-SYS-SENSOR", FAULT, "P3"),
        *("安全探针停止工作", "the security sensor does not run"),
    ),
    Kind(
        *("sensor_loses", "EV-SYS-SENSOR", FAULT, "P4"),
        *("安全探针来不及处理，部分报文未检查", "the security sensor loses packets"),
    ),
    Kind(
        *("logins_failed", "EV-ATK-BRUTE", GUESSING, "P3"),
        *("本机多次登录失败", "many logins to this machine fail"),
    ),
    Kind(
        *("port_opened", "EV-RSK-CONF", COMPLIANCE, "P4"),
        *("本机开放了新的网络端口", "a program listens on a port that is new"),
    ),
    Kind(
        *("agent_altered", "EV-DAT-TAMPER", TAMPERING, "P2"),
        *("采集端的程序或配置被改动", "the program or configuration of an agent was altered"),
    ),
)

# What a firewall or a behaviour-management device says of itself and of what it saw
_FIREWALL: Final = (
    Kind(
        "firewall_attack",
        "EV-ATK-EXPL",
        EXPLOIT,
        "P2",
        "防火墙报告攻击",
        "a firewall saw an attack",
    ),
    Kind("firewall_scan", "EV-ATK-SCAN", SCANNING, "P4", "防火墙报告扫描", "a firewall saw a scan"),
    Kind(
        *("firewall_flood", "EV-ATK-DDOS", FLOODING, "P1"),
        *("防火墙报告拒绝服务攻击", "a firewall saw a denial of service"),
    ),
    Kind(
        *("firewall_guessing", "EV-ATK-BRUTE", GUESSING, "P3"),
        *("防火墙报告密码猜测", "a firewall saw passwords being guessed"),
    ),
    Kind(
        *("firewall_worm", "EV-MAL-WORM", WORM, "P1"),
        *("防火墙报告蠕虫", "a firewall saw a worm"),
    ),
    Kind(
        *("firewall_ransom", "EV-MAL-RANSOM", RANSOM, "P1"),
        *("防火墙报告勒索软件", "a firewall saw ransomware"),
    ),
    Kind(
        *("firewall_trojan", "EV-MAL-TROJ", TROJAN, "P3"),
        *("防火墙报告木马", "a firewall saw a trojan"),
    ),
    Kind("firewall_virus", "EV-MAL-VIRUS", VIRUS, "P3", "防火墙报告病毒", "a firewall saw a virus"),
    Kind(
        *("firewall_bot", "EV-MAL-BOT", BOT, "P2"),
        *("防火墙报告僵尸网络通信", "a firewall saw a machine talk to a botnet"),
    ),
    Kind(
        *("firewall_miner", "EV-MAL-MINER", MINER, "P2"),
        *("防火墙报告挖矿", "a firewall saw mining"),
    ),
    Kind(
        *("firewall_expired", "EV-RSK-CONF", COMPLIANCE, "P3"),
        *("防火墙授权或特征库已到期或即将到期", "a firewall's licence or rule base expires"),
    ),
    Kind(
        *("firewall_silent", "EV-SYS-FWLOG", COMPLIANCE, "P3"),
        *("防火墙日志中断", "a firewall's log has stopped coming"),
    ),
)

_KEPT: Final = (
    Kind(
        *("log_rows_lost", "EV-SYS-LOGLOSS", COMPLIANCE, "P3"),
        *("设备日志有缺失", "rows of a device's log are lost"),
    ),
    Kind(
        *("log_keep_short", "EV-SYS-LOGKEEP", COMPLIANCE, "P3"),
        *("设备日志留存不足", "a device's log does not go back far enough"),
    ),
    Kind(
        *("log_day_damaged", "EV-SYS-LOGDAMAGE", TAMPERING, "P2"),
        *("已封存的设备日志被改动或损坏", "a sealed day of a device's log is not as it was"),
    ),
)

LOG_KEPT: Final = tuple(kind.word for kind in _KEPT)
"""What lasts of how logs are kept (agent.logs.kept)."""

LOGGED: Final = (*(kind.word for kind in _FIREWALL), "rogue_ap")
"""What logs of firewalls and of wireless controllers tell (agent.logs)."""

SECURITY_KINDS: Final = (*_PACKETS, *_MACHINE, *_FIREWALL, *_KEPT)

SENSED: Final = tuple(kind.word for kind in _PACKETS if kind.word != "rogue_ap")
"""What the sensor's process tells; of access points a controller tells."""

SENSOR: Final = ("sensor_stopped", "sensor_loses")
"""What the agent tells of that process."""
