"""Rules about the system itself: that silence of the others means health."""

from typing import Final

from alerts.rules import EventOf, Rule, RuleTexts, Sighted
from core.alerts import Text

HOUR: Final = 3_600.0
DAY: Final = 24 * HOUR

BROKER_AWAY: Final = Rule(
    "broker_away",
    Sighted("broker_away"),
    "P1",
    RuleTexts(
        title=Text(
            "监测中心与消息服务器（MQTT）断开",
            "The collector has lost the message broker (MQTT)",
        ),
        meaning=Text(
            "现在收不到任何学校的数据，学校的状态都是未知。各校数据保存在采集端，恢复后自动补传。",
            "No school can be heard, so the state of all is unknown. Their agents keep the data "
            "and send it later.",
        ),
        first=Text(
            "请先检查消息服务器是否在运行，再检查监测中心到它的网络和证书。",
            "Check that the broker runs, then network and certificate between the two.",
        ),
        ended=Text("监测中心与消息服务器已恢复连接", "The collector has the message broker again"),
    ),
    hold_s=60,
    hides=("region_away", "line_down", "agent_silent"),
)

AUDIT_STOPPED: Final = Rule(
    "audit_stopped",
    Sighted("audit_stopped"),
    "P1",
    RuleTexts(
        title=Text("审计日志停止写入：{where}", "The audit log cannot be written: {where}"),
        meaning=Text(
            "事件不再被确认，也不再触发告警；法律要求的日志正在中断。原因：{reason}",
            "No event is acknowledged, none raises an alert, and the log that the law asks for "
            "has stopped. Why: {reason}",
        ),
        first=Text(
            "请先检查监测中心的磁盘空间和目录权限；恢复后会自动继续，不丢数据。",
            "Check disk space and permissions of the collector; it goes on by itself, and nothing "
            "is lost.",
        ),
        ended=Text("审计日志已恢复写入：{where}", "The audit log is written again: {where}"),
    ),
)

STORE_REFUSES: Final = Rule(
    "store_refuses",
    Sighted("store_refuses"),
    "P1",
    RuleTexts(
        title=Text("监测数据无法保存：{where}", "Readings cannot be stored: {where}"),
        meaning=Text(
            "新的监测数据进不了数据库，各校状态会变为未知；数据保留在采集端。原因：{reason}",
            "New readings do not reach the database, and schools become unknown; the agents keep "
            "their data. Why: {reason}",
        ),
        first=Text(
            "请先检查数据库是否在运行、磁盘是否已满、口令是否有效。",
            "Check that the database runs, that its disk has room, and that the token is valid.",
        ),
        ended=Text("监测数据已恢复保存：{where}", "Readings are stored again: {where}"),
    ),
    hold_s=60,
)

SPOOL_DROPPING: Final = Rule(
    "spool_dropping",
    EventOf("spool_dropping", by="agent"),
    "P2",
    RuleTexts(
        title=Text(
            "采集端缓存已满，正在丢弃数据：{where}",
            "An agent's spool is full and drops readings: {where}",
        ),
        meaning=Text(
            "较早的监测数据正在永久丢失，报表会出现缺口；教学不受影响。",
            "Older readings are lost for good and reports will have gaps; lessons are not touched.",
        ),
        first=Text(
            "请先检查学校到监测中心的网络是否太慢或中断过，再检查采集端的磁盘空间。",
            "Check whether the line to the collector is slow or was cut, then the agent's disk.",
        ),
        ended=Text("采集端不再丢弃数据：{where}", "The agent drops nothing any more: {where}"),
    ),
)

SPOOL_SET_ASIDE: Final = Rule(
    "spool_set_aside",
    EventOf("spool_set_aside", by="agent"),
    "P2",
    RuleTexts(
        title=Text(
            "采集端缓存文件损坏，已另存：{where}",
            "An agent's spool was damaged and set aside: {where}",
        ),
        meaning=Text(
            "尚未上传的数据留在另存的文件里，没有丢弃；新的数据正常上传。",
            "What was not sent yet is in the file that was set aside; new readings arrive.",
        ),
        first=Text(
            "请先检查那台电脑的磁盘是否有故障；另存的文件请交给管理员，处理后删除。",
            "Check that machine's disk; hand the file to the administrator, then delete it.",
        ),
        ended=Text("损坏的缓存文件已处理：{where}", "The damaged spool was dealt with: {where}"),
    ),
)

IDENTITY_TWICE: Final = Rule(
    "identity_twice",
    EventOf("identity_twice", by="collector", momentary=True),
    "P2",
    RuleTexts(
        title=Text("两台设备使用同一身份：{where}", "Two machines use one identity: {where}"),
        meaning=Text(
            "两台设备的数据互相覆盖，那里的监测结果不可信；也可能有人冒充采集端。",
            "Their readings overwrite each other, so nothing from there can be trusted; somebody "
            "may be posing as the agent.",
        ),
        first=Text(
            "请先查是否有人复制了采集端电脑或虚拟机；给其中一台换一个名称和证书。",
            "See whether the agent's machine was copied; give one of the two another name and "
            "certificate.",
        ),
        ended=Text("", ""),
    ),
    keep_s=DAY,
)

UNEXPLAINED_GAP: Final = Rule(
    "unexplained_gap",
    EventOf("unexplained_gap", by="collector", momentary=True),
    "P2",
    RuleTexts(
        title=Text("数据缺失且原因不明：{where}", "Readings are missing without a reason: {where}"),
        meaning=Text(
            "系统本身可能有缺陷；这段时间的统计请按数据不足处理。教学不受影响。",
            "The system itself may be at fault; treat reports of that time as incomplete. Lessons "
            "are not touched.",
        ),
        first=Text(
            "请在监测中心运行 schoolwatch ledger 查看缺哪些批次，并报告开发人员。",
            "Run  schoolwatch ledger  at the collector, and report what it says.",
        ),
        ended=Text("", ""),
    ),
    keep_s=DAY,
)

FORGED_BATCH: Final = Rule(
    "forged_batch",
    EventOf("forged_batch", by="collector", momentary=True),
    "P2",
    RuleTexts(
        title=Text("同一编号出现不同内容：{where}", "Other bytes under a known key: {where}"),
        meaning=Text(
            "可能有人伪造采集端的数据，或那台电脑被恢复到旧快照；来自那里的数据请先核实。",
            "Somebody may forge the agent's data, or its machine was set back to a snapshot; check "
            "what comes from there.",
        ),
        first=Text(
            "请先问清那台电脑近期是否恢复过备份或快照；若没有，请停用其证书并保留现场。",
            "Ask whether the machine was restored from a backup; if not, withdraw its certificate "
            "and leave it as it is.",
        ),
        ended=Text("", ""),
    ),
    keep_s=HOUR,
)

REPLAY: Final = Rule(
    "replay",
    EventOf("replay", by="collector", momentary=True),
    "P2",
    RuleTexts(
        title=Text("旧数据被大量重发：{where}", "Many old batches came again: {where}"),
        meaning=Text(
            "可能有人录下并重放了采集端的数据。重复的数据不会入库两次。",
            "Somebody may have recorded and replayed its messages. Nothing is stored twice.",
        ),
        first=Text(
            "请先检查消息服务器的访问控制和该采集端的证书。",
            "Check the broker's access rules and the agent's certificate.",
        ),
        ended=Text("", ""),
    ),
    keep_s=HOUR,
)

TOO_MANY_SERIES: Final = Rule(
    "too_many_series",
    EventOf("too_many_series", by="collector"),
    "P3",
    RuleTexts(
        title=Text(
            "采集端的标签取值过多：{where} {what}",
            "An agent makes too many series: {where} {what}",
        ),
        meaning=Text(
            "一个标签的内容不断变化，一天内超过 {limit} 种。新的取值不再入库，已有的照常；"
            "教学不受影响。",
            "The text of a tag changes all the time: more than {limit} within a day. New ones are "
            "not stored, those that are known go on. Lessons are not touched.",
        ),
        first=Text(
            "请检查该采集端的配置：标签里不应有编号、时间或地址；拒收的数据在 dead-letter 目录里。",
            "Look into that agent's configuration: no numbers, times or addresses belong into a "
            "tag. What was refused is in the folder dead-letter.",
        ),
        ended=Text(
            "采集端的标签取值恢复正常：{where} {what}",
            "The agent's series are within bounds again: {where} {what}",
        ),
    ),
)

STORE_WENT_BACK: Final = Rule(
    "store_went_back",
    EventOf("store_went_back", by="collector", momentary=True),
    "P2",
    RuleTexts(
        title=Text("时序数据库回到了旧状态", "The time-series store was set back"),
        meaning=Text(
            "备份之后到恢复之前的监测数据已经丢失，报表会出现缺口；教学不受影响。",
            "Readings between the backup and its restoration are lost; lessons are not touched.",
        ),
        first=Text(
            "请确认是谁、为什么恢复了数据库备份，并在值班记录中注明。",
            "Find out who restored the database and why, and note it down.",
        ),
        ended=Text("", ""),
    ),
    keep_s=HOUR,
)

CANARY_MISSED: Final = Rule(
    "canary_missed",
    Sighted("canary_missed"),
    "P2",
    RuleTexts(
        title=Text("看门狗没有消息：{where}", "Nothing is heard of the watchdog: {where}"),
        meaning=Text(
            "监测中心如果停止工作，现在不会有人得到通知；教学不受影响。",
            "If the collector stopped now, nobody would be told. Lessons are not touched.",
        ),
        first=Text(
            "请确认看门狗程序（schoolwatch collector watch）在运行，并能连接消息服务器。",
            "See whether  schoolwatch collector watch  runs and reaches the broker.",
        ),
        ended=Text("看门狗又有消息：{where}", "The watchdog is heard again: {where}"),
    ),
)
