"""The rule about the ways to people: that silence of a channel is not health."""

from typing import Final

from alerts.channels.health import DEAD
from alerts.rules import Rule, RuleTexts, Sighted
from core.alerts import Text

CHANNEL_DEAD: Final = Rule(
    DEAD,
    Sighted(DEAD),
    "P2",
    RuleTexts(
        title=Text("告警渠道发不出消息：{what}", "A channel takes no messages: {what}"),
        meaning=Text(
            "只看这个渠道的人现在收不到告警；教学不受影响，消息会保留并重试一天。原因：{reason}",
            "Who reads only this channel hears of nothing now. Lessons are not touched; messages "
            "are kept and tried for a day. Why: {reason}",
        ),
        first=Text(
            "请在监测中心运行 schoolwatch notify test --channel {what}，按提示修正后重启监测中心。",
            "Run  schoolwatch notify test --channel {what}  at the collector, do what it says, and "
            "start the collector again.",
        ),
        ended=Text("告警渠道恢复正常：{what}", "The channel takes messages again: {what}"),
    ),
    hold_s=30,
    keep_s=60,
)
