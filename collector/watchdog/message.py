"""What the watchdog says, in the same form as the collector's alerts. Pure."""

from typing import Final

from collector.watchdog.judge import State
from core.alerts import Alert, AlertKey, Notification, Telling, Text

__all__ = ["Notification", "of"]

RULE: Final = "collector_not_working"

_TITLE: Final = Text("监测中心停止工作：{collector}", "The collector does not work: {collector}")
_OVER: Final = Text("监测中心已恢复工作：{collector}", "The collector works again: {collector}")
_TEXT: Final = Text(
    "影响：现在没有人会收到学校的告警，页面上的状态可能是旧的。数据保存在各校采集端，"
    "恢复后自动补传。\n"
    "请先：查看监测中心的服务器是否开机、schoolwatch collector 是否在运行，"
    "再查看消息服务器和数据库。\n"
    "原因：{why}",
    "What it means: nobody is told of faults in schools now, and pages may show an old state. The "
    "agents keep their data and send it later.\n"
    "Try first: see whether the collector's server is on and  schoolwatch collector run  is "
    "running, then broker and database.\n"
    "Why: {why}",
)


def of(state: State, collector: str) -> Notification:
    """Return the message about the alarm that is open, or about the end of the last one."""
    begins = bool(state.since)
    alert = Alert(
        AlertKey(RULE, f"collector/{collector}"),
        "P1",
        "firing" if begins else "ended",
        began_at=state.since,
        ended_at=state.ended_at,
        number=state.number,
    )
    titles = _TITLE if begins else _OVER
    title = Text(*(text.format(collector=collector) for text in titles))
    said = [text.format(why=state.why) if begins else "" for text in _TEXT]
    # Even numbers are ends, so that a beginning and its end never look like the same message.
    number = 2 * state.number - int(begins)
    return Notification(
        number,
        "FIRST" if begins else "ALL_RESOLVED",
        state.since or state.ended_at,
        "P1",
        title,
        (Telling(alert, title, Text(*said)),),
        1,
        {RULE: 1},
    )
