"""Kinds of events: for each plain word its code, category, severity and texts (domain.md §8).

The one place that gives a kind its `EV-` code and its category of GB/T 20986-2023; an agent says
only the word. Codes that begin with `EV-SYS-` are local, for what the taxonomy has no row for.
docs/events.md is printed from this table.
"""

from typing import Final

from core import details
from core.alertkinds import ALERT_KINDS
from core.kind import (
    ACCESS,
    ATTACK,
    COMPLIANCE,
    FAULT,
    HIJACKING,
    OTHERS,
    RISK,
    SPOOFING,
    SUPPLIES,
    TAMPERING,
    Kind,
)
from core.measuredkinds import MEASURED_KINDS
from core.securitykinds import SECURITY_KINDS

OTHER: Final = "other"
"""What a kind that the table lacks counts as; the event keeps its own word."""

_KINDS: Final = (
    Kind("link_down", "EV-FLT-SW", FAULT, "P3", "链路断开", "a link is down"),
    Kind(
        *("address_lost", "EV-SYS-ADDR", FAULT, "P3"),
        *("网卡失去 IP 地址", "an interface has no address any more"),
    ),
    Kind(
        *("address_changed", "EV-SYS-ADDR-NEW", OTHERS, "P4"),
        *("网卡的 IP 地址变更", "an interface has other addresses"),
    ),
    Kind(
        *("address_duplicate", "EV-SYS-ADDR-DUP", FAULT, "P3"),
        *("IPv6 地址与其他设备冲突", "another machine uses the same IPv6 address"),
    ),
    Kind(
        *("gateway_lost", "EV-SYS-GATEWAY", FAULT, "P3"),
        *("默认网关丢失", "a machine has no default route any more"),
    ),
    Kind(
        *("gateway_changed", "EV-SYS-GATEWAY-NEW", OTHERS, "P4"),
        *("默认网关变更", "a machine's traffic takes another gateway or interface"),
    ),
    Kind(
        *("gateway_mac_changed", "EV-ATK-ARP", SPOOFING, "P3"),
        *(
            "网关的 MAC 地址变更：更换了路由器，或有人冒充网关",
            "a gateway's MAC address changed: another router, or somebody who poses as it",
        ),
    ),
    Kind(
        *("uplink_failover", "EV-SYS-FAILOVER", FAULT, "P3"),
        *("已切换到备用出口线路", "a backup uplink carries the traffic"),
    ),
    Kind("packet_loss", "EV-FLT-QOS", FAULT, "P3", "丢包严重", "too many packets are lost"),
    Kind(
        "target_unreachable",
        "EV-ABN-ACCESS",
        ACCESS,
        "P2",
        "目标不可达",
        "a target does not answer",
    ),
    Kind(
        *("target_slow", "EV-FLT-QOS", FAULT, "P3"),
        *("平台打开很慢", "a platform answers slowly"),
    ),
    Kind(
        *("resolver_fails", "EV-SYS-DNS", FAULT, "P2"),
        *("域名服务器解析失败", "a name server does not resolve"),
    ),
    Kind(
        *("resolver_lies", "EV-ATK-DNS-HIJACK", HIJACKING, "P2"),
        *("域名解析结果不可信", "a name server does not tell the truth"),
    ),
    Kind(
        *("cert_invalid", "EV-SYS-CERT", RISK, "P3"),
        *("网站证书有问题", "the certificate of a server is not good"),
    ),
    Kind(
        *("cert_expiring", "EV-SYS-CERT-END", RISK, "P4"),
        *("网站证书即将到期", "the certificate of a server expires soon"),
    ),
    Kind(
        *("bandwidth_high", "EV-FLT-BW", FAULT, "P3"),
        *("出口带宽接近用满", "an uplink is nearly full at busy hours"),
    ),
    Kind("disk_full", "EV-SYS-DISK", FAULT, "P3", "磁盘空间不足", "a disk is nearly full"),
    Kind(
        *("disk_readonly", "EV-SYS-DISK-RO", FAULT, "P2"),
        *("磁盘变为只读", "a disk can only be read any more"),
    ),
    Kind(
        *("clock_step", "EV-SYS-CLOCK", RISK, "P3"),
        *("时钟跳变", "a machine's clock was set by a step"),
    ),
    Kind(
        *("clock_off", "EV-SYS-CLOCK", RISK, "P3"),
        *("时钟偏差超过 5 秒", "a machine's clock is off by more than 5 s"),
    ),
    Kind(
        *("clock_drifts", "EV-SYS-CLOCK", RISK, "P4"),
        *("时钟偏差超过 1 秒", "a machine's clock is off by more than a second"),
    ),
    Kind(
        *("clock_back", "EV-SYS-CLOCK", RISK, "P3"),
        *("采集时间回退", "the time of readings was set back, and begins anew"),
    ),
    Kind("agent_silent", "EV-SYS-SILENT", FAULT, "P2", "采集端失联", "an agent has fallen silent"),
    Kind(
        *("spool_dropping", "EV-SYS-SPOOL", FAULT, "P2"),
        *("采集端缓存已满，正在丢弃数据", "an agent's spool is full and drops readings"),
    ),
    Kind(
        *("spool_set_aside", "EV-SYS-ASIDE", FAULT, "P2"),
        *("采集端缓存损坏，已另存", "an agent's spool was damaged, and the file set aside"),
    ),
    Kind(
        *("spool_corrupt", "EV-SYS-CORRUPT", FAULT, "P3"),
        *("采集端缓存中有批次损坏", "a batch in an agent's spool cannot be read back"),
    ),
    Kind(
        *("batches_dropped", "EV-SYS-DROPS", FAULT, "P4"),
        *("采集端已丢弃的批次", "the batches that an agent says it has dropped"),
    ),
    Kind(
        *("identity_twice", "EV-SYS-TWICE", RISK, "P2"),
        *(
            "两台设备使用同一身份，同一时刻的读数会互相覆盖",
            "two machines use one identity: readings of one series and time overwrite each other",
        ),
    ),
    Kind(
        *("unexplained_gap", "EV-SYS-GAP", FAULT, "P2"),
        *("数据缺失且原因不明", "readings are missing, and nobody knows why"),
    ),
    Kind(
        *("unknown_school", "EV-SYS-SCHOOL", RISK, "P3"),
        *("上报的学校不在名册中", "a school reports that is not in the roster"),
    ),
    Kind(
        *("log_day_sealed", "EV-SYS-LOGSEAL", OTHERS, "P4"),
        *("设备日志的一天已封存", "a day of a device's log was sealed"),
    ),
    Kind(
        *("agent_baseline", "EV-SYS-BASELINE", OTHERS, "P4"),
        *("采集端的程序或配置有了新的基线", "what an agent's files are was noted anew"),
    ),
    Kind(
        *("roster_taken", "EV-SYS-ROSTER", OTHERS, "P4"),
        *("已采用新的学校名册", "the collector took another list of schools"),
    ),
    Kind(
        *("roster_unreadable", "EV-SYS-ROSTER-BAD", FAULT, "P3"),
        *(
            "学校名册无法读取，沿用原名册",
            "the list of schools cannot be read; the old one goes on",
        ),
    ),
    Kind(
        *("config_taken", "EV-SYS-CONFIG", OTHERS, "P4"),
        *("已采用新的配置文件", "the collector took another file of its configuration"),
    ),
    Kind(
        *("config_unreadable", "EV-SYS-CONFIG-BAD", FAULT, "P3"),
        *(
            "配置文件无法采用，沿用原配置",
            "a file of the configuration cannot be used; the old one goes on",
        ),
    ),
    Kind(
        *("signed_in", "EV-SYS-SIGN-IN", OTHERS, "P4"),
        *("有人登录了网页", "somebody signed in to the pages"),
    ),
    Kind(
        *("signed_out", "EV-SYS-SIGN-OUT", OTHERS, "P4"),
        *("有人退出了网页", "somebody signed out of the pages"),
    ),
    Kind(
        *("sign_in_failed", "EV-SYS-SIGN-IN-BAD", RISK, "P4"),
        *("网页登录失败", "somebody failed to sign in to the pages"),
    ),
    Kind(
        *("sign_in_locked", "EV-SYS-SIGN-IN-LOCK", RISK, "P3"),
        *(
            "多次登录失败，账号或地址须等待",
            "after too many failures an account or address has to wait before it may sign in",
        ),
    ),
    Kind(
        *("act_refused", "EV-SYS-ACT-REFUSED", RISK, "P4"),
        *("有人试图做其角色无权做的事", "somebody wanted to do what their role may not"),
    ),
    Kind(
        *("exported", "EV-SYS-EXPORT", OTHERS, "P4"),
        *("有人导出了数据或取用了报告草稿", "somebody took data or a draft of a report away"),
    ),
    Kind(
        *("command_run", "EV-SYS-COMMAND", OTHERS, "P4"),
        *("有人在命令行做了更改", "somebody changed something by the command line"),
    ),
    Kind(
        *("config_changed", "EV-SYS-CONFIG-NEW", OTHERS, "P4"),
        *(
            "监测中心启动时配置已与上次不同",
            "the collector started with another configuration than before",
        ),
    ),
    Kind(
        *("retention_done", "EV-SYS-RETENTION", OTHERS, "P4"),
        *("超过保存期限的数据已删除", "what is older than it is kept for was deleted"),
    ),
    Kind(
        *("agent_enrolled", "EV-SYS-ENROLLED", OTHERS, "P4"),
        *("首次见到这一采集端", "an agent was seen for the first time"),
    ),
    Kind(
        *("audit_inconsistent", "EV-SYS-AUDIT-FORGED", TAMPERING, "P1"),
        *(
            "审计日志被改写：与采集端保存的检查点不符",
            "the audit log was rewritten: it does not continue what an agent holds of it",
        ),
    ),
    Kind(
        *("audit_went_back", "EV-SYS-AUDIT-BACK", TAMPERING, "P1"),
        *(
            "审计日志变短：比采集端保存的检查点少",
            "the audit log was cut: it has fewer rows than an agent holds of it",
        ),
    ),
    Kind(
        *("audit_given_up", "EV-SYS-AUDIT-RESTORED", RISK, "P2"),
        *(
            "采集端按签名声明放弃了原来的检查点：审计日志称已从备份恢复",
            "an agent gave up its checkpoint: a signed statement says the log was restored",
        ),
    ),
    Kind(
        *("witness_disagrees", "EV-SYS-AUDIT-FORGED", TAMPERING, "P1"),
        *(
            "审计日志与见证方所持的检查点不符",
            "the audit log is not the one that witnesses hold a checkpoint of",
        ),
    ),
    Kind(
        *("witness_ahead", "EV-SYS-AUDIT-BACK", TAMPERING, "P1"),
        *(
            "审计日志比见证方所持的检查点短",
            "witnesses hold a checkpoint of more rows than the audit log has",
        ),
    ),
    Kind(
        *("witness_acknowledged", "EV-SYS-AUDIT-RESTORED", RISK, "P3"),
        *(
            "有人确认审计日志是从备份恢复的",
            "a person acknowledged that the audit log was restored",
        ),
    ),
    Kind(
        *("roster_rows_refused", "EV-SYS-ROSTER-ROW", RISK, "P3"),
        *("学校名册中有无法采用的行", "rows in the list of schools could not be taken"),
    ),
    Kind(
        *("room_not_ready", "EV-FLT-ROOM", FAULT, "P3"),
        *("教室不能正常上课", "no lesson can be held in a room"),
    ),
    Kind(
        *("room_limited", "EV-FLT-ROOM", FAULT, "P4"),
        *("教室可以上课，但有设备不正常", "a room can be used, but not all of it works"),
    ),
    Kind("device_fault", "EV-FLT-ROOM", FAULT, "P3", "设备故障", "a device does not work"),
    Kind("switch_down", "EV-FLT-SW", FAULT, "P3", "交换机中断", "a switch is down"),
    Kind("ap_down", "EV-FLT-AP", FAULT, "P3", "无线接入点中断", "an access point is down"),
    Kind(
        *("school_unknown", "EV-SYS-UNKNOWN", FAULT, "P3"),
        *("学校状态未知", "nothing is known of a school"),
    ),
    Kind(
        *("room_unknown", "EV-SYS-UNKNOWN", FAULT, "P4"),
        *("教室状态未知", "nothing is known of a room"),
    ),
    Kind(
        *("device_unknown", "EV-SYS-UNKNOWN", FAULT, "P4"),
        *("设备状态未知", "nothing is known of a device"),
    ),
    Kind(
        *("power_lost", "EV-FLT-POWER", SUPPLIES, "P2"),
        *("停电，UPS 正在用电池供电", "mains power is lost, a UPS runs from its battery"),
    ),
    Kind("school_added", "EV-SYS-SCHOOL-ADD", OTHERS, "P4", "名册新增学校", "a school is new"),
    Kind(
        *("school_removed", "EV-SYS-SCHOOL-DEL", OTHERS, "P3"),
        *("学校从名册中消失", "a school is in the list no more"),
    ),
    Kind(
        *("school_status", "EV-SYS-SCHOOL-STATUS", OTHERS, "P4"),
        *("学校状态或日期变更", "a school was opened, merged or closed, or its dates changed"),
    ),
    Kind(
        *("school_changed", "EV-SYS-SCHOOL-EDIT", OTHERS, "P4"),
        *("名册中的学校信息变更", "the list says something else of a school"),
    ),
    Kind(
        *("school_unconnected", "EV-SYS-OFFLINE", FAULT, "P3"),
        *("学校未联网，已列入清单", "a school has been unconnected for too long, and is listed"),
    ),
    Kind(
        *("unreadable_batch", "EV-SYS-UNREAD", FAULT, "P3"),
        *("收到无法解读的数据", "a batch came whose key cannot be read"),
    ),
    Kind(
        *("killer_refused", "EV-SYS-KILLER", FAULT, "P2"),
        *("一条消息多次使中心崩溃，已拒收", "a message that the collector died of was refused"),
    ),
    Kind(
        *("forged_batch", "EV-SYS-FORGE", ATTACK, "P2"),
        *("同一编号出现不同内容", "other bytes came under a key that is taken"),
    ),
    Kind(
        *("too_many_series", "EV-SYS-SERIES", RISK, "P3"),
        *(
            "采集端的标签取值过多，新的序列已拒收",
            "an agent makes too many series; new ones are not stored",
        ),
    ),
    Kind(
        *("fields_dropped", "EV-SYS-DROPPED", OTHERS, "P4"),
        *(
            "收到目录之外的字段，已丢弃并计数",
            "fields came that the catalogue does not know; they were dropped and counted",
        ),
    ),
    Kind(
        *("person_data_removed", "EV-SYS-PERSON", RISK, "P3"),
        *(
            "收到的数据中含有身份证号或手机号，已删除",
            "what came held numbers that identify persons; they were removed",
        ),
    ),
    Kind(
        *("privacy_scanned", "EV-SYS-PRIVACY", OTHERS, "P4"),
        *(
            "已对全部存储做个人信息扫描",
            "every store was searched for numbers that identify persons",
        ),
    ),
    Kind(
        *("replay", "EV-SYS-REPLAY", ATTACK, "P2"),
        *("旧数据被大量重发", "many batches of closed epochs came again"),
    ),
    Kind(
        *("store_went_back", "EV-SYS-STORE", FAULT, "P2"),
        *("时序库回到了旧状态", "the time-series store was set back to an earlier state"),
    ),
    Kind(
        *("restored", "EV-SYS-RESTORE", FAULT, "P3"),
        *("监测中心的数据库已恢复", "the collector's database was restored"),
    ),
    Kind(
        *("took_over", "EV-SYS-TAKEOVER", OTHERS, "P3"),
        *("中心从另一中心接管了区域", "a collector took a region over from another"),
    ),
    Kind(
        *("claimed_twice", "EV-SYS-CLAIM", RISK, "P2"),
        *("两个中心同时服务同一区域", "two collectors serve one region at once"),
    ),
    Kind(
        *("audit_stopped", "EV-SYS-AUDIT", COMPLIANCE, "P1"),
        *("审计日志停止写入", "the audit log could not be written"),
    ),
    Kind(
        *("audit_altered", "EV-SYS-AUDIT-ALTERED", COMPLIANCE, "P1"),
        *(
            "审计日志与已签名的内容不符",
            "a record of the audit log is not what was signed",
        ),
    ),
    Kind(
        *("audit_made_anew", "EV-SYS-AUDIT-ANEW", COMPLIANCE, "P2"),
        *(
            "审计日志的哈希树和检查点曾丢失，已重新生成",
            "tree and checkpoints of the audit log were gone, and were made anew",
        ),
    ),
    Kind(
        *("audit_key", "EV-SYS-AUDIT-KEY", OTHERS, "P4"),
        *("审计日志启用新的签名密钥", "a key that signs the audit log's checkpoints is announced"),
    ),
    Kind(
        *("segment_sealed", "EV-SYS-SEALED", OTHERS, "P4"),
        *("审计日志分段已封存", "a finished segment of the audit log was sealed"),
    ),
    Kind(
        *("retention_removed", "EV-SYS-EXPIRED", OTHERS, "P4"),
        *("审计日志分段到期清除", "a segment of the audit log was old enough to be removed"),
    ),
    Kind(
        *("backup_made", "EV-SYS-BACKUP", OTHERS, "P4"),
        *("中心数据库已备份", "a copy of the collector's database was made"),
    ),
    Kind(
        *("audit_queried", "EV-SYS-QUERIED", OTHERS, "P4"),
        *("审计日志被查询", "somebody searched the audit log, or had a row of it proved"),
    ),
    Kind(
        *("audit_exported", "EV-SYS-EXPORTED", OTHERS, "P4"),
        *("审计日志被导出", "somebody took a part of the audit log away"),
    ),
    Kind(
        "collector_started", "EV-SYS-START", OTHERS, "P4", "监测中心已启动", "the collector started"
    ),
    Kind(
        *("checkpoint", "EV-SYS-CHECK", OTHERS, "P4"),
        *("审计检查点", "a mark that the audit log makes each minute"),
    ),
    Kind(
        *("open_conditions", "EV-SYS-OPEN", OTHERS, "P4"),
        *("采集端报告当前全部未恢复事件", "an agent names everything that is still going on"),
    ),
    Kind(
        *("no_events", "EV-SYS-EMPTY", OTHERS, "P4"),
        *("批次中没有可用事件", "a batch without an event that can be kept"),
    ),
    Kind(
        *("incident_confirmed", "EV-SYS-GRADE", OTHERS, "P4"),
        *("安全事件级别已由人确认", "a person confirmed the grade of a security incident"),
    ),
    Kind(
        *("incident_reported", "EV-SYS-REPORTED", OTHERS, "P4"),
        *("已登记安全事件上报", "a person said that a security incident was reported"),
    ),
    Kind(
        *("incident_closed", "EV-SYS-CLOSED", OTHERS, "P4"),
        *("安全事件已办结", "a person closed a security incident"),
    ),
    Kind(
        *("report_overdue", "EV-SYS-OVERDUE", COMPLIANCE, "P2"),
        *("安全事件上报超过时限", "a security incident was not reported in time"),
    ),
    Kind(
        *("restore_drilled", "EV-SYS-DRILL", OTHERS, "P4"),
        *("已用审计日志的备份做恢复演练", "a copy of the audit log was put back as a drill"),
    ),
    Kind(
        *("report_made", "EV-SYS-REPORT", OTHERS, "P4"),
        *("已生成等保自查报告", "a self-check report was made"),
    ),
    *MEASURED_KINDS,
    *ALERT_KINDS,
    *SECURITY_KINDS,
    Kind(OTHER, "EV-OTH", OTHERS, "P4", "其他事件", "anything else"),
)

KINDS: Final[dict[str, Kind]] = {kind.word: kind for kind in _KINDS}


def kind_of(word: str) -> Kind:
    """Return the kind called *word*, or what an unknown one counts as."""
    return KINDS.get(word) or KINDS[OTHER]


def kinds_called(said: str) -> frozenset[str]:
    """Return the kinds that *said* may mean: itself, and what has it in its Chinese or English
    text. A word of the table means that one alone.
    """
    if said in KINDS:
        return frozenset((said,))
    found = (kind.word for kind in KINDS.values() if said in kind.zh or said in kind.en)
    return frozenset((said, *found))


def as_markdown() -> str:
    """Return the table as the page docs/events.md; a test compares the two."""
    lines = [
        *("# Events", "", "Printed from `core/kinds.py`: `python -m core.kinds`.", ""),
        "Severity: P1 now, P2 within 30 minutes, P3 the same school day, P4 in the daily digest;",
        "it holds where no rule says otherwise. Categories are those of GB/T 20986-2023. Codes",
        "that begin with `EV-SYS-` are local. An event of a kind that is not here is kept with its",
        f"own word, as `{KINDS[OTHER].code}`.",
        *(
            "",
            "| kind | code | category | severity | 含义 | meaning |",
            "|---|---|---|---|---|---|",
        ),
    ]
    lines += [
        f"| `{k.word}` | `{k.code}` | {k.category.name}/{k.category.sub} | {k.severity} "
        f"| {k.zh} | {k.en} |"
        for k in KINDS.values()
    ]
    return "\n".join(lines) + "\n\n" + details.as_markdown()


if __name__ == "__main__":
    print(as_markdown(), end="")  # noqa: T201 — this is the command that the page names
