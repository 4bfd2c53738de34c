"""Test messages: asked for by hand, from time to time, and to a channel that refused everything.

Where nothing waits for a channel that failed, only a test can tell that it works again.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from alerts.channels.health import Health
from alerts.outbox import Parcel
from core.alerts import Alert, AlertKey, Notification, Telling, Text
from core.clock import SECOND

RULE: Final = "notify_test"
HOUR: Final = 3_600 * SECOND
AGAIN: Final = HOUR
"""To a channel that refused; beside once when the collector starts."""
QUIET: Final = HOUR // 4
"""To one that fails; what waits is tried more often, so then nothing does."""

_TITLE: Final = Text("这是一条测试消息，无需处理", "This is a test; nothing is wrong")
_TEXT: Final = Text(
    "看到这条消息，说明监测系统 {sender} 能够通过渠道“{channel}”通知您。",
    "You can read this, so {sender} can reach you through the channel {channel}.",
)


def trial_of(channel: str, sender: str, at: int) -> Parcel:
    """Return a message that says that it is a test; to programs its alert is over already."""
    words = {"channel": channel, "sender": sender}
    key = AlertKey(RULE, f"collector/{sender}", channel)
    alert = Alert(key, "P4", "ended", at, at, at)
    text = Text(_TEXT.zh.format(**words), _TEXT.en.format(**words))
    telling = Telling(alert, _TITLE, text)
    note = Notification(0, "TEST", at, "P4", _TITLE, (telling,), 1, {RULE: 1})
    return Parcel(channel, 1, False, note)


@dataclass(slots=True)
class Probing:
    """`every_h` has for each channel after how many hours of silence it is tested, 0 for never."""

    sender: str = ""
    every_h: Mapping[str, float] = field(default_factory=dict)
    _from_before: set[str] | None = None
    """Channels that refused an earlier process: whoever started us may have put them right."""

    def due(
        self, healths: Mapping[str, Health], busy: Collection[str], now: int
    ) -> Iterator[Parcel]:
        """Yield a test for each channel where it is time for one."""
        if self._from_before is None:
            self._from_before = {name for name, health in healths.items() if health.refused}
        for name, every in self.every_h.items():
            if name not in busy and self._is_due(name, every, healths.get(name, Health()), now):
                self._from_before.discard(name)
                yield trial_of(name, self.sender, now)

    def _is_due(self, name: str, every: float, health: Health, now: int) -> bool:
        if self._from_before and name in self._from_before:
            return True
        if health.refused:
            return now - max(health.tested_at, health.failing_since) >= AGAIN
        if health.failing_since:
            return now - max(health.tested_at, health.tried_at) >= QUIET
        last = max(health.tested_at, health.taken_at)
        return bool(every) and now - last >= every * HOUR
