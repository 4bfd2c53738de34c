"""What the list of schools without a network says."""

from typing import Final

from collector.web.language import Text

UNCONNECTED: Final[dict[str, Text]] = {
    "unconnected": Text("未联网学校", "Unconnected"),
    "unconnected_title": Text("未联网学校清单", "Schools without a network"),
    "unconnected_lead": Text(
        "上课时间内累计超过 {hours} 小时没有联网证据的学校；恢复后自动移出，记录保留。",
        "Nothing has proven these schools connected for more than {hours} hours of school time. "
        "They leave by themselves once they are back, and stay on record.",
    ),
    "unconnected_open": Text("未联网 {n} 所", "{n} unconnected"),
    "unconnected_none": Text("已清零：没有未联网的学校。", "None: the list is empty."),
    "unconnected_cleared": Text("本月已恢复", "Recovered this month"),
    "unconnected_cleared_n": Text("{n} 所次", "{n}"),
    "unconnected_median": Text("恢复用时中位数", "Median time to recover"),
    "unconnected_longest": Text("恢复用时最长", "Longest time to recover"),
    "unconnected_hours": Text("{n} 小时", "{n} h"),
    "unconnected_since": Text(
        "自 {time} 起；上课时间累计 {hours} 小时", "since {time}; {hours} hours of school time"
    ),
    "unconnected_listed": Text("{time} 列入清单", "listed {time}"),
    "unconnected_over": Text("最近移出清单", "Left the list lately"),
    "unconnected_over_none": Text("还没有学校移出清单。", "No school has left the list yet."),
    "unconnected_from_to": Text(
        "{opened} 列入，{closed} 移出，历时 {lasting}",
        "listed {opened}, off {closed}, for {lasting}",
    ),
    "unconnected_back": Text("已恢复联网", "connected again"),
    "unconnected_unreadable": Text(
        "清单暂时无法读取，因此未知：{reason}", "The list cannot be read now: {reason}"
    ),
}
