"""Rules about what agents measure of their own machine's clock, and of the school's uplink."""

from typing import Final

from alerts.rules import Rule, RuleTexts, Threshold
from core.alerts import Text
from core.clock import WARN_MS

DAY: Final = 86_400.0

CLOCK_DRIFTS: Final = Rule(
    "clock_drifts",
    # Once for each agent, by the servers that agree, and not by each server that one asks.
    Threshold("agent", "clock_offset_ms", "", WARN_MS, WARN_MS / 2, over=True, size=True),
    "P4",
    RuleTexts(
        title=Text("时钟偏差超过 1 秒：{where}", "Clock off by more than a second: {where}"),
        meaning=Text(
            "那台电脑自己的日志与别处对不上秒；监测读数的时间由采集端自行校正，教学不受影响。",
            "Its own logs cannot be matched to the second; the agent corrects the times of its "
            "readings, and lessons are not touched.",
        ),
        first=Text(
            "请在那台电脑上打开自动校时（NTP）；已打开的，检查它用的时间服务器是否能连上。",
            "Turn on time synchronisation (NTP) there; if it is on, see whether its time server "
            "can be reached.",
        ),
        ended=Text("时钟偏差回到 1 秒以内：{where}", "Clock right within a second: {where}"),
    ),
    # `clock_off` is decided before, where it is off by more than 5 s; it then says it all.
    hold_s=300,
    keep_s=300,
)

BANDWIDTH_HIGH: Final = Rule(
    "bandwidth_high",
    Threshold("bandwidth", "p95_of_contract_percent", "uplink", 70, 65),
    "P3",
    RuleTexts(
        title=Text(
            "出口带宽接近用满：{where} {what}，忙时（P95）用到合同带宽的 {value}%",
            "An uplink is nearly full: {what} at {where}, P95 at {value} % of the contract",
        ),
        meaning=Text(
            "上课高峰时视频课会卡顿；再多几个班同时用网就会明显变慢。",
            "Video lessons stutter at busy hours; a few classes more, and all become slow.",
        ),
        first=Text(
            "请先看高峰时是谁在用（系统更新、网盘、监控上传），能错开的错开；仍然不够再申请提高带宽。",
            "See what takes it at busy hours (updates, cloud copies, cameras) and move what can "
            "wait to the night; if that is not enough, ask for more.",
        ),
        ended=Text(
            "出口带宽恢复宽裕：{where} {what}", "The uplink has room again: {what} at {where}"
        ),
    ),
    # The window of the P95 begins anew with the agent: the busy minutes after a start are no week.
    hold_s=DAY,
)
