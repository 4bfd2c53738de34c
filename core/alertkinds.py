"""Kinds of what becomes of alerts: what the engine records of them, and what people did with them.

Part of the table of `core.kinds`. Rows of `OF_ALERTS` are made of what the rules did, so no rule
may read them: an alert about alerts would make itself go on.
"""

from typing import Final

from core.kind import OTHERS, Kind

RAISED: Final = "alert_raised"
"""`active` is False in the row of its end."""
TOLD: Final = "alert_told"
DELIVERED: Final = "alert_delivered"

_ENGINE: Final = (
    Kind(
        *(RAISED, "EV-SYS-ALERT", OTHERS, "P4"),
        *("告警产生或结束", "an alert began, or ended"),
    ),
    Kind(
        *(TOLD, "EV-SYS-ALERT-TOLD", OTHERS, "P4"),
        *("已生成告警消息，等待发送", "a message about alerts was made, and is on its way"),
    ),
    Kind(
        *(DELIVERED, "EV-SYS-ALERT-SENT", OTHERS, "P4"),
        *(
            "告警消息已送达，或未能送达",
            "a channel took a message about alerts, or never will",
        ),
    ),
)

_FOLLOWED: Final = (
    Kind(
        *("escalated", "EV-SYS-ESCALATED", OTHERS, "P4"),
        *("告警无人确认，已升级", "an alert that nobody acknowledged was told to others too"),
    ),
    Kind(
        *("reminded", "EV-SYS-REMINDED", OTHERS, "P4"),
        *("已催办", "people were reminded of an alert that is due"),
    ),
    Kind(
        *("supervised", "EV-SYS-SUPERVISED", OTHERS, "P4"),
        *("告警逾期，已列入督办清单", "an alert that is overdue came onto the supervision list"),
    ),
    Kind(
        *("follow_up_closed", "EV-SYS-FOLLOWED", OTHERS, "P4"),
        *("催办、督办事项已办结", "an alert that was escalated, reminded of or supervised is over"),
    ),
)
"""What the collector does about alerts that last."""

_ACTS: Final = (
    Kind(
        *("alert_acknowledged", "EV-SYS-ACK", OTHERS, "P4"),
        *("有人确认了告警", "somebody took care of an alert"),
    ),
    Kind(
        *("alert_ack_undone", "EV-SYS-ACK-UNDO", OTHERS, "P4"),
        *("告警的确认被撤回", "that somebody took care of an alert was taken back"),
    ),
    Kind(
        *("alert_handled", "EV-SYS-HANDLED", OTHERS, "P4"),
        *("告警处置有了进展", "the handling of an alert went a step on"),
    ),
    Kind(
        *("silence_made", "EV-SYS-SILENCE", OTHERS, "P4"),
        *("有人设置了静默", "somebody silenced alerts"),
    ),
    Kind(
        *("silence_ended", "EV-SYS-SILENCE-END", OTHERS, "P4"),
        *("有人提前结束了静默", "somebody ended a silence before its time"),
    ),
)

OF_ALERTS: Final = frozenset(kind.word for kind in _ENGINE)
"""What each alert leaves by itself; rules, charts and counts of events leave it out."""

ALERT_KINDS: Final = (*_ENGINE, *_FOLLOWED, *_ACTS)
