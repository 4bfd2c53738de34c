"""What an alert is, and what people are told of it.

An alert is one condition of one subject, from its beginning to its end: it begins and ends once.
A notification is one message: about one alert, or about many where a storm was folded into one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from core.kind import Severity

CONSOLE: Final = "console"
"""The channel that is always there."""

FEWEST_MESSAGES: Final = 4
"""In ten minutes: with fewer there is no room for summaries and for what is P1."""

AlertState = Literal["idle", "pending", "firing", "keeping", "ended", "gone"]
"""Not there; begun, but not for long enough; alerting; over, but perhaps not for good; over; over
before anybody had to hear of it."""

Reason = Literal[
    "FIRST",
    "NEW_ALERTS",
    "SOME_RESOLVED",
    "ALL_RESOLVED",
    "REPEAT",
    "ESCALATED",
    "REMINDER",
    "DIGEST",
    "TEST",
]
"""Why a message is sent, in the words of Alertmanager; the last four are ours."""

STILL: Final[frozenset[Reason]] = frozenset({"REPEAT", "ESCALATED", "REMINDER"})
"""What tells again of something that lasts."""

Language = Literal["zh", "en", "both"]
"""Of a message: both is Chinese, with the titles in English."""


class AlertKey(NamedTuple):
    """Names a condition: at one time there is at most one alert of a key that has not ended.

    `place` is `region`, `region/school`, `region/school/agent`, `collector/ID`, or empty for all
    that one collector serves.
    """

    rule: str
    place: str
    target: str = ""
    subject: str = ""

    @property
    def school(self) -> str:
        """The school that it belongs to, as `region/school`; empty for what is no school's."""
        region, _, rest = self.place.partition("/")
        school = rest.partition("/")[0]
        return f"{region}/{school}" if school and region != "collector" else ""


class Text(NamedTuple):
    """One text in both languages."""

    zh: str
    en: str


NO_TEXT: Final = Text("", "")


RULE_REMOVED: Final = "rule_removed"
NOT_EXPECTED: Final = "not_expected"


@dataclass(frozen=True, slots=True)
class Because:
    """Another alert of the same school that is likely to be why: its rule, and from when to when.

    `until` is 0 while it goes on (ns).
    """

    rule: str
    since: int
    until: int = 0


@dataclass(frozen=True, slots=True)
class Alert:
    """One condition as it stands; times in ns, 0 where not yet.

    `began_at` is when the condition began, which may be long before anybody could know: then it
    is `late`. `hidden_by` names the rule whose alert says it all; nobody is told of this one.
    `hider` is the number of that alert, 0 where it is not known. `because` names attacks that went
    on at the school while it was open. `muted_by` says why nobody is to be told now:
    `silence:NUMBER`, `maintenance:NAME`, or `calendar`, which waits for lessons. `ended_by` is
    RULE_REMOVED or NOT_EXPECTED where nobody knows whether the condition ended: its rule did, or
    what it is about has said nothing for so long that it is no longer expected.
    """

    key: AlertKey
    severity: Severity
    state: AlertState = "idle"
    began_at: int = 0
    fired_at: int = 0
    ended_at: int = 0
    number: int = 0
    late: bool = False
    hidden_by: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    because: tuple[Because, ...] = ()
    ended_by: str = ""
    muted_by: str = ""
    hider: int = 0

    @property
    def is_quiet(self) -> bool:
        """Whether nobody is told of it: another alert says it all, or something mutes it."""
        return bool(self.hidden_by or self.muted_by)


@dataclass(frozen=True, slots=True)
class Telling:
    """An alert in a message, with what the message says of it.

    `school` is the text for the school's own people, where that may say more: who attacks.
    """

    alert: Alert
    title: Text
    text: Text
    school: Text = NO_TEXT


@dataclass(frozen=True, slots=True)
class Notification:
    """One message; the same number always carries the same content.

    `alerts` are the worst of the `total` that it is about, and `counts` tells how many there are
    of each rule.
    """

    number: int
    reason: Reason
    at: int
    severity: Severity
    title: Text
    alerts: tuple[Telling, ...]
    total: int
    counts: Mapping[str, int]
