"""What the pages say of security; what an event means comes from its rule."""

from typing import Final

from collector.web.language import Text
from core.sensorwords import SENSOR_WORDS

SECURITY: Final[dict[str, Text]] = {
    "security": Text("网络安全", "Security"),
    "security_open": Text(
        "{schools} 所学校有 {n} 起未结束的安全事件",
        "Security events that go on: {n}, schools: {schools}",
    ),
    "security_none": Text(
        "没有未结束的安全事件。只有装了探针并且看得全的学校才能这样说。",
        "No security event goes on. Of schools without a sensor that sees all, nobody can tell.",
    ),
    "security_privacy": Text(
        "这里只显示设备角色和网段；地址和 MAC 只发给本校负责人，并留在审计日志里。",
        "Only role and network are shown here; address and MAC go to the school's own people and "
        "stand in the audit log.",
    ),
    "security_spreads": Text(
        "{code} 类攻击一小时内出现在 {n} 所学校，建议定级提高一级（由人确认）",
        "Attacks of {code} began at {n} schools within an hour; one grade higher is proposed (a "
        "person confirms it)",
    ),
    "security_grade": Text("建议定级：{grade}", "proposed grade: {grade}"),
    "security_sure": Text("可信度 {n}%", "{n} % sure"),
    "security_more": Text("另有 {n} 起未列出", "{n} more not shown"),
    "security_week": Text("最近 7 天", "Last 7 days"),
    "security_week_none": Text("最近 7 天没有安全事件。", "No security event in 7 days."),
    "security_week_unreadable": Text(
        "历史暂时无法读取，因此未知：{reason}", "The history cannot be read now: {reason}"
    ),
    "security_category": Text("分类（GB/T 20986-2023）", "Category (GB/T 20986-2023)"),
    "security_code": Text("代码", "Code"),
    "security_count": Text("次数", "Events"),
    "security_schools": Text("学校数", "Schools"),
    "security_sensors": Text("安全探针", "Sensors"),
    "security_sensors_fine": Text(
        "已装的探针都在运行，并且看得全。", "Every sensor there is runs, and sees all."
    ),
    "security_logs": Text(
        "学校设备的日志（防火墙、上网行为管理）", "Logs of the schools' devices (firewalls)"
    ),
    "security_logs_none": Text(
        "没有学校接入设备日志：是否留存、是否完整都未知。请在采集端配置 [[logs.list]]。",
        "No school's device sends its log: whether it is kept, and whole, nobody knows. Set up "
        "[[logs.list]] at the agents.",
    ),
    "security_logs_kept": Text(
        "日志留存（I-23）：已满 184 天 {n} 所，不足 {short} 所，未满期 {young} 所，"
        "未知 {unknown} 所",
        "Kept (I-23): 184 days and more at {n} schools, short at {short}, young at {young}, "
        "unknown at {unknown}",
    ),
    "security_logs_whole": Text(
        "日志完整（I-24）：{of} 所中 {n} 所日志正常到达，没有缺失或改动",
        "Whole (I-24): at {n} of {of} schools the log comes in, with nothing missing or changed",
    ),
    "security_logs_rest": Text(
        "没有列出的学校没有接入设备日志，情况未知。日志的内容留在学校，这里只有数量和时间。",
        "Of schools that are not counted here no log is known. What logs say stays at the school; "
        "here are counts and times.",
    ),
    "security_without": Text(
        "没有探针的学校（{n} 所）：情况未知，不等于安全",
        "Schools without a sensor ({n}): unknown, which is not safe",
    ),
    "security_without_few": Text("每所学校都有探针。", "Every school has a sensor."),
    "security_names_more": Text("… 另有 {n} 所", "… and {n} more"),
    **{f"sensor_{state}": text for state, text in SENSOR_WORDS.items()},
    "sensor_next_stopped": Text(
        "请在采集端的电脑上运行 schoolwatch agent check。",
        "Run schoolwatch agent check on the agent's machine.",
    ),
    "sensor_next_unknown": Text(
        "采集端失联，先让它恢复联系。", "Its agent is silent; see to that first."
    ),
    "sensor_next_blind": Text(
        "这些情况看不到：{what}。要看得全，请在交换机上把上联口镜像到探针的网卡。",
        "It cannot see: {what}. To see all, mirror the switch's uplink to its interface.",
    ),
    "sensor_next_sees": Text("正常运行。", "It works."),
    "sensor_blind_unknown": Text("尚不清楚", "not known yet"),
    "sensor_where": Text("{agent} 的 {interface}", "{interface} of {agent}"),
    "sensor_lost": Text("来不及检查的报文 {n}%", "{n} % of packets not looked at"),
    "sensor_machines": Text("24 小时内见到 {n} 台设备", "{n} machines seen in 24 h"),
    "sensor_random": Text("其中 {n} 台使用随机 MAC", "{n} of them with a random MAC"),
    "security_school_none": Text("没有未结束的安全事件。", "No security event goes on."),
    "security_school_without": Text(
        "这所学校没有安全探针：有没有攻击无人知道，不等于安全。",
        "This school has no sensor: nobody knows whether it is attacked, which is not safe.",
    ),
    "security_explains": Text(
        "正在发生：{what}。本校线路、教室和平台的异常很可能由此引起，请先处理它。",
        "Going on: {what}. It is likely to be why lines, rooms or platforms here fail or cannot be "
        "judged; see to it first.",
    ),
    "security_all": Text("全区情况", "The whole district"),
    "security_dns": Text(
        "查询过的问题域名：恶意软件 {malware} 个，挖矿 {mining} 个，不良 {harmful} 个",
        "Bad names asked for: malware {malware}, mining {mining}, harmful {harmful}",
    ),
}
