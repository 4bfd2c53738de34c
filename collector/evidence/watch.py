"""Looks each minute at the audit log's health, and writes `audit_log` (docs/schema.md)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from collector.books import Books
from collector.district.points import encoded
from collector.evidence.health import LogHealth
from collector.evidence.view import Evidence, heard_of, sources_of
from collector.store.base import Store
from core import clock
from core.alerts import Alert
from core.clock import SECOND
from core.errors import MonitorError
from core.types import Value

EVERY_S: Final = 60.0


@dataclass(slots=True)
class EvidenceWatch:
    """`view` and `write` block, for any thread; `see` is for the event loop."""

    collector: str
    books: Books
    store: Store
    now: clock.Clock = clock.now
    health: LogHealth | None = None
    """As it was when it was looked at last; None while the log cannot be read."""
    _sources: Mapping[str, int] = field(default_factory=lambda: sources_of(()))

    def see(self, alerts: Iterable[Alert]) -> None:
        """Hear which alerts are open."""
        self._sources = sources_of(alerts)

    def view(self, writing: str) -> Evidence:
        """Return what is known now; *writing* is why the log cannot be written."""
        witnesses, live, at = self.books.witnesses, self.books.live, self.now()
        standings = witnesses.standings if witnesses else {}
        counts = heard_of(standings, lambda who: live.state(who).known.last_arrival, at)
        try:
            log, trouble = self.books.journal.log.health(), ""
        except (MonitorError, OSError) as error:
            log, trouble = None, str(error) or type(error).__name__
        self.health = log
        return Evidence(at, log, counts, self._sources, trouble, writing)

    def write(self, view: Evidence) -> None:
        """Write the line of *view*; raises StoreError."""
        self.store.write(
            encoded("audit_log", {"collector": self.collector}, fields_of(view), view.at)
        )


def fields_of(view: Evidence) -> dict[str, Value]:
    """Return what a point of `audit_log` says; what is not known is absent."""
    fields: dict[str, Value] = {
        "written": not view.writing,
        "witnesses_agree": view.agreeing,
        "witnesses_differ": view.disagreeing,
        "sources_wrong": sum(view.sources.values()),
        "sources_silent": view.sources.get("firewall_silent", 0),
    }
    if log := view.log:
        fields |= {
            "rows": log.rows,
            "signed_rows": log.checkpoint_size,
            "checkpoint_age_s": int(log.checkpoint_age_s(view.at)),
            "sealed": log.sealed_segments,
            "signs": not log.stopped,
        }
        if log.oldest_at:
            fields["oldest_age_s"] = max(0, view.at - log.oldest_at) // SECOND
    return fields
