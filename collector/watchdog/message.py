"""What the watchdog says, in the same form as the collector's alerts. Pure."""

from dataclasses import dataclass
from typing import Final

from collector.watchdog.judge import State
from core.alerts import Alert, AlertKey, Notification, Telling, Text

__all__ = ["AUDIT", "COLLECTOR", "Notification", "Words", "of"]


@dataclass(frozen=True, slots=True)
class Words:
    """What is said where `rule` is broken: while it is, and when it is over.

    `first` keeps the numbers of these messages apart from those of other rules.
    """

    rule: str
    first: int
    title: Text
    over: Text
    text: Text


COLLECTOR: Final = Words(
    "collector_not_working",
    0,
    Text("监测中心停止工作：{collector}", "The collector does not work: {collector}"),
    Text("监测中心已恢复工作：{collector}", "The collector works again: {collector}"),
    Text(
        "影响：现在没有人会收到学校的告警，页面上的状态可能是旧的。数据保存在各校采集端，"
        "恢复后自动补传。\n"
        "请先：查看监测中心的服务器是否开机、schoolwatch collector 是否在运行，"
        "再查看消息服务器和数据库。\n"
        "原因：{why}",
        "What it means: nobody is told of faults in schools now, and pages may show an old state. "
        "The agents keep their data and send it later.\n"
        "Try first: see whether the collector's server is on and  schoolwatch collector run  is "
        "running, then broker and database.\n"
        "Why: {why}",
    ),
)
AUDIT: Final = Words(
    "audit_log_stopped",
    1_000_000,
    Text("审计日志无法写入：{collector}", "The audit log cannot be written: {collector}"),
    Text("审计日志已恢复写入：{collector}", "The audit log is written again: {collector}"),
    Text(
        "影响：学校上报的事件暂存各校采集端，不会丢失；日志恢复之前，不能确认告警、不能静默、"
        "不能修改配置，因为这些操作必须先记入日志。监测数据照常接收。\n"
        "请先：查看监测中心数据目录所在磁盘是否已满或变为只读，清出空间；"
        "不要移动或删除 audit 目录中的文件。恢复后自动继续。\n"
        "原因：{why}",
        "What it means: the events of schools wait in their agents, and none is lost; until the "
        "log goes on nobody can acknowledge or silence alerts or change what is configured: "
        "that has to be in the log first. Readings are taken in as always.\n"
        "Try first: see whether the disk with the collector's folder is full or read-only, and "
        "make room. Move or delete nothing in the folder audit. It goes on by itself.\n"
        "Why: {why}",
    ),
)


def of(state: State, collector: str, words: Words = COLLECTOR) -> Notification:
    """Return the message about the alarm that is open, or about the end of the last one."""
    begins = bool(state.since)
    alert = Alert(
        AlertKey(words.rule, f"collector/{collector}"),
        "P1",
        "firing" if begins else "ended",
        began_at=state.since,
        ended_at=state.ended_at,
        number=state.number,
    )
    titles = words.title if begins else words.over
    title = Text(*(text.format(collector=collector) for text in titles))
    said = [text.format(why=state.why) if begins else "" for text in words.text]
    # Even numbers are ends, so that a beginning and its end never look like the same message.
    number = words.first + 2 * state.number - int(begins)
    return Notification(
        number,
        "FIRST" if begins else "ALL_RESOLVED",
        state.since or state.ended_at,
        "P1",
        title,
        (Telling(alert, title, Text(*said)),),
        1,
        {words.rule: 1},
    )
