"""Kinds of what rules find in readings: no agent sends them, but alerts carry their codes."""

from typing import Final

from core.kind import COMPLIANCE, FAULT, OTHERS, RISK, SUPPLIES, Kind

MEASURED_KINDS: Final = (
    Kind(
        *("cpu_busy", "EV-SYS-HOST", FAULT, "P4"),
        *("电脑一直很忙", "a machine is busy all the time"),
    ),
    Kind(
        *("memory_full", "EV-SYS-HOST", FAULT, "P3"),
        *("内存快用完", "memory is nearly used up"),
    ),
    Kind(
        *("swap_full", "EV-SYS-HOST", FAULT, "P4"),
        *("交换空间快用完", "swap is nearly full"),
    ),
    Kind(
        *("inodes_full", "EV-SYS-DISK", FAULT, "P3"),
        *("磁盘文件数快满", "a disk can hold few more files"),
    ),
    Kind(
        *("machine_hot", "EV-FLT-ENV", SUPPLIES, "P3"),
        *("电脑过热", "a machine is hot"),
    ),
    Kind(
        *("programs_stuck", "EV-SYS-HOST", FAULT, "P4"),
        *("多个程序卡在磁盘上", "programs wait for a disk"),
    ),
    Kind(
        *("zombies_many", "EV-SYS-HOST", FAULT, "P4"),
        *("僵尸进程过多", "many programs ended and nobody asked how"),
    ),
    Kind(
        *("machine_restarted", "EV-SYS-HOST", FAULT, "P4"),
        *("电脑重启过", "a machine was restarted"),
    ),
    Kind(
        *("interface_errors", "EV-SYS-PORT", FAULT, "P4"),
        *("网卡接收出错", "an interface receives damaged packets"),
    ),
    Kind(
        *("interface_drops", "EV-SYS-PORT", FAULT, "P4"),
        *("网卡丢弃报文", "an interface drops packets"),
    ),
    Kind(
        *("half_duplex", "EV-SYS-PORT", FAULT, "P4"),
        *("网卡以半双工工作", "an interface works half duplex"),
    ),
    Kind(
        *("spool_fills", "EV-SYS-SPOOL", FAULT, "P3"),
        *("采集端积压数据过半", "an agent's spool is half full"),
    ),
    Kind(
        *("probes_fail", "EV-SYS-PROBE", FAULT, "P4"),
        *("采集端有检测项持续失败", "probes of an agent fail all the time"),
    ),
    Kind(
        *("delay_high", "EV-FLT-QOS", FAULT, "P4"),
        *("网络延迟高", "the delay is high"),
    ),
    Kind(
        *("jitter_high", "EV-FLT-QOS", FAULT, "P4"),
        *("网络抖动大", "the delay jumps"),
    ),
    Kind(
        *("loss_in_region", "EV-FLT-QOS", FAULT, "P2"),
        *("一个区域的多所学校同时丢包", "many schools of a region lose packets at once"),
    ),
    Kind(
        *("uplink_dead", "EV-SYS-UPLINK", FAULT, "P3"),
        *("出口线路没有连接", "an uplink has no link"),
    ),
    Kind(
        *("traffic_unusual", "EV-FLT-BW", FAULT, "P4"),
        *("出口流量异常", "unusual traffic"),
    ),
    Kind(
        *("resolver_slow", "EV-FLT-QOS", FAULT, "P4"),
        *("域名解析慢", "a name server is slow"),
    ),
    Kind(
        *("time_server_fails", "EV-SYS-CLOCK", RISK, "P4"),
        *("时间服务器不应答", "a time server does not answer"),
    ),
    Kind(
        *("public_address_changed", "EV-SYS-ADDR-NEW", OTHERS, "P4"),
        *("学校出口的公网地址变了", "the school's address outside changed"),
    ),
    Kind(
        *("link_flaps", "EV-FLT-SW", FAULT, "P3"),
        *("链路反复断开", "a link comes and goes"),
    ),
    Kind(
        *("supplies_low", "EV-FLT-ROOM", FAULT, "P4"),
        *("打印机耗材快用完", "a printer runs out of supplies"),
    ),
    Kind(
        *("ups_battery_low", "EV-FLT-POWER", SUPPLIES, "P2"),
        *("UPS 电量低", "a UPS is nearly empty"),
    ),
    Kind(
        *("ups_overloaded", "EV-FLT-POWER", SUPPLIES, "P4"),
        *("UPS 负载过高", "a UPS carries too much"),
    ),
    Kind(
        *("lamp_old", "EV-FLT-ROOM", FAULT, "P4"),
        *("投影机灯泡到期", "a projector's lamp is old"),
    ),
    Kind(
        *("filter_dirty", "EV-FLT-ROOM", FAULT, "P4"),
        *("投影机滤网该清洗了", "a projector's filter wants cleaning"),
    ),
    Kind(
        *("device_hot", "EV-FLT-ENV", SUPPLIES, "P4"),
        *("设备过热", "a device is hot"),
    ),
    Kind(
        *("device_disk_full", "EV-SYS-DEVICE", FAULT, "P4"),
        *("设备磁盘快满", "a device's disk is nearly full"),
    ),
    Kind(
        *("device_busy", "EV-SYS-DEVICE", FAULT, "P4"),
        *("网络设备一直很忙", "a network device is busy all the time"),
    ),
    Kind(
        *("device_memory_full", "EV-SYS-DEVICE", FAULT, "P4"),
        *("网络设备内存快用完", "a network device's memory is full"),
    ),
    Kind(
        *("ap_crowded", "EV-FLT-AP", FAULT, "P4"),
        *("无线接入点太拥挤", "an access point is crowded"),
    ),
    Kind(
        *("many_aps_down", "EV-FLT-AP", FAULT, "P2"),
        *("多个无线接入点同时中断", "many access points are down at once"),
    ),
    Kind(
        *("device_restarted", "EV-SYS-DEVICE", FAULT, "P4"),
        *("设备重启过", "a device was restarted"),
    ),
    Kind(
        *("device_slow", "EV-SYS-DEVICE", FAULT, "P4"),
        *("设备应答很慢", "a device answers slowly"),
    ),
    Kind(
        *("port_errors", "EV-FLT-SW", FAULT, "P4"),
        *("交换机端口出错", "a port receives damaged packets"),
    ),
    Kind(
        *("sensor_sees_little", "EV-SYS-BLIND", RISK, "P4"),
        *("安全检测只看得到一小部分流量", "the sensor sees little of the network"),
    ),
    Kind(
        *("harmful_names", "EV-RSK-CONF", COMPLIANCE, "P4"),
        *("不良网站域名查询较多", "many questions for names of harmful sites"),
    ),
    Kind(
        *("firewall_log_limited", "EV-SYS-BLIND", RISK, "P4"),
        *("防火墙日志太多，部分没有检查", "a firewall's log comes too fast to be read"),
    ),
    Kind(
        *("machines_unusual", "EV-SYS-CENSUS", OTHERS, "P4"),
        *("联网设备数异常", "unusually many machines"),
    ),
)
