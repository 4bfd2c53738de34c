"""Whether the audit log can be believed at this moment, for page, API and series: pure.

Each figure has a word of its own: `good`, `young` (nothing is wrong, but half a year is not over),
`bad`, and `unknown` where nobody can tell. No witness is no good sign.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from collector.evidence.health import LogHealth
from collector.evidence.holding import VERDICTS, Standing, Verdict
from collector.retention import DAY, Oldest, retention
from core.alerts import Alert
from core.clock import SECOND
from core.law import LOG_DAYS
from core.types import Identity

State = Literal["good", "young", "bad", "unknown"]
SIGNED_WITHIN: Final = 600 * SECOND
"""A checkpoint is signed each minute, since a row comes each minute."""
SOURCES: Final = ("firewall_silent", "log_rows_lost", "log_keep_short", "log_day_damaged")
"""Alerts about logs that other devices keep."""
SILENT: Final = "silent"
SILENT_AFTER: Final = 7 * DAY
"""A weekend is not silence. What a witness holds proves nothing while nobody hears it."""
_AGREE: Final[tuple[Verdict, ...]] = ("agrees", "restored")
_WRONG: Final[tuple[Verdict, ...]] = ("ahead", "differs")
_OPEN: Final = ("firing", "keeping")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known; `trouble` is why the log cannot be read, `writing` why not written.

    `witnesses` counts them by verdict, or as `silent` where they agreed when they were heard last,
    over a week ago; `sources` counts open alerts about foreign logs by rule.
    """

    at: int
    log: LogHealth | None
    witnesses: Mapping[str, int]
    sources: Mapping[str, int]
    trouble: str = ""
    writing: str = ""

    @property
    def agreeing(self) -> int:
        """How many witnesses hold what is the beginning of the log."""
        return sum(self.witnesses.get(one, 0) for one in _AGREE)

    @property
    def disagreeing(self) -> int:
        """How many hold something else, or more than there is."""
        return sum(self.witnesses.get(one, 0) for one in _WRONG)

    @property
    def oldest_days(self) -> int | None:
        """How many whole days the log goes back; None where it cannot be read."""
        return (self.at - self.log.oldest_at) // DAY if self.log and self.log.oldest_at else None

    @property
    def doubted(self) -> bool:
        """Whether anything says that it cannot be promised that no record is missing."""
        wrong = "bad" in (self._checkpoint(), self._witnesses())
        return wrong or self.log is None or bool(self.writing or self.trouble)

    def states(self) -> Mapping[str, State]:
        """Return the word for each figure."""
        return {
            "writing": "bad" if self.writing else "good",
            "oldest": self._oldest(),
            "checkpoint": self._checkpoint(),
            "witnesses": self._witnesses(),
            "sources": "bad" if any(self.sources.values()) else "good",
        }

    def _oldest(self) -> State:
        if self.log is None or not self.log.oldest_at:
            return "unknown"
        if retention(Oldest(self.log.oldest_row, self.log.oldest_at), self.at).wrong:
            return "bad"
        return "good" if (self.oldest_days or 0) >= LOG_DAYS else "young"

    def _checkpoint(self) -> State:
        if self.log is None:
            return "unknown"
        late = self.log.checkpoint_age_s(self.at) * SECOND > SIGNED_WITHIN
        return "bad" if self.log.stopped or late else "good"

    def _witnesses(self) -> State:
        if self.disagreeing:
            return "bad"
        return "good" if self.agreeing else "unknown"


def heard_of(
    standings: Mapping[Identity, Standing], arrival: Callable[[Identity], int], at: int
) -> Mapping[str, int]:
    """Return how many witnesses stand how; *arrival* is when one was heard of last (ns)."""
    counted = Counter[str](
        SILENT if one.verdict in _AGREE and at - arrival(who) > SILENT_AFTER else one.verdict
        for who, one in standings.items()
    )
    return {word: counted[word] for word in (*VERDICTS, SILENT)}


def sources_of(alerts: Iterable[Alert]) -> Mapping[str, int]:
    """Return how many of the open *alerts* are about which trouble of foreign logs."""
    found = dict.fromkeys(SOURCES, 0)
    for alert in alerts:
        if alert.key.rule in found and alert.state in _OPEN:
            found[alert.key.rule] += 1
    return found
