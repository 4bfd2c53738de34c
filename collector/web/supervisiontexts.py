"""What the supervision list says."""

from typing import Final

from collector.web.language import Text

SUPERVISION: Final[dict[str, Text]] = {
    "supervision": Text("督办", "Supervision"),
    "supervision_title": Text("督办清单", "Supervision list"),
    "supervision_lead": Text(
        "已过处理期限、仍未恢复的告警；恢复后自动移出，记录保留。",
        "Alerts that are still open past their due date. They leave by themselves once they are "
        "over, and stay on record.",
    ),
    "supervision_open": Text("督办中 {n} 项", "{n} under supervision"),
    "supervision_none": Text("没有逾期未处理的告警。", "Nothing is overdue."),
    "supervision_long_n": Text("超过半年未解决 {n} 项", "{n} open for more than half a year"),
    "supervision_long": Text("超过半年未解决", "open for more than half a year"),
    "supervision_elsewhere": Text("全区及监测中心", "District and collector"),
    "supervision_items": Text("{n} 项", "{n}"),
    "supervision_due": Text("应于 {time} 前处理", "due by {time}"),
    "supervision_overdue": Text("已逾期 {lasting}", "overdue for {lasting}"),
    "supervision_owner": Text("责任：{role}", "owner: {role}"),
    "supervision_reminders": Text("已催办 {n} 次", "reminders: {n}"),
    "supervision_escalated": Text("已升级", "escalated"),
    "supervision_acked": Text("{time} 已有人确认", "acknowledged {time}"),
    "supervision_unacked": Text("无人确认", "nobody acknowledged"),
    "supervision_over": Text("最近办结", "Over lately"),
    "supervision_over_none": Text("还没有办结的督办事项。", "Nothing has left the list yet."),
    "supervision_closed": Text(
        "{time} 办结，逾期 {lasting}", "over {time}, {lasting} after the due date"
    ),
    "supervision_month": Text("本月按期处理", "In time this month"),
    "supervision_of": Text("{n} 项，共 {all} 项", "{n} of {all}"),
    "supervision_each": Text("平均催办", "Reminders each"),
    "supervision_times": Text("{n} 次", "{n}"),
    "supervision_to_ack": Text("确认用时中位数", "Median time to acknowledge"),
    "supervision_to_end": Text("恢复用时中位数", "Median time until over"),
    "supervision_csv": Text("导出 CSV", "Export CSV"),
    "supervision_more": Text("另有 {n} 项未列出。", "{n} more are not listed."),
    "supervision_unreadable": Text(
        "清单暂时无法读取，因此未知：{reason}", "The list cannot be read now: {reason}"
    ),
    "supervision_yes": Text("是", "yes"),
    "supervision_column_number": Text("告警编号", "alert"),
    "supervision_column_place": Text("位置", "place"),
    "supervision_column_title": Text("内容", "what"),
    "supervision_column_severity": Text("级别", "severity"),
    "supervision_column_owner": Text("责任", "owner"),
    "supervision_column_due": Text("期限", "due"),
    "supervision_column_overdue": Text("逾期（小时）", "overdue (hours)"),
    "supervision_column_reminders": Text("催办次数", "reminders"),
    "supervision_column_acked": Text("确认时间", "acknowledged"),
    "supervision_column_long": Text("超过半年", "over half a year"),
    "supervision_column_closed": Text("办结时间", "over"),
}
