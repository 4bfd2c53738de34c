"""What the web part needs of the collector, and nothing more."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from alerts.channels.health import Health
from alerts.history import Began, Stories, Wanted
from alerts.routing.supervision import Supervision
from collector.canary import Canary
from collector.district.scores import Score
from collector.evidence.health import LogHealth
from collector.evidence.view import Evidence
from collector.evidence.witnesses import Witnesses
from collector.incidents import Incidents, Judged
from collector.ledgerread import Account, Question
from collector.logsheard import SchoolLogs
from collector.people import People
from collector.picture import Picture
from collector.rollups.marks import Waiting
from collector.rooms.past import Orders
from collector.rooms.rows import RoomKey
from collector.rooms.school import School
from collector.security.view import SecurityView
from collector.store.base import Store
from collector.unconnected import Listed
from core.alerts import Alert, Text


class Source(Protocol):
    """The running collector as pages, API and metrics see it.

    Nothing here blocks but the store, `account`, `alerts`, `incidents_listed`, `security_began`,
    `unconnected` and `supervision`.
    """

    store: Store

    def picture(self) -> Picture:
        """Return the state of every school and agent at this moment."""

    def canary(self) -> Canary:
        """Return the last canary that came through the rules."""

    def evidence(self) -> Evidence:
        """Return whether the audit log can be believed; blocks."""

    def witnesses(self) -> Witnesses | None:
        """Return who holds checkpoints of the audit log, with the log; None where none is kept."""

    def scores(self) -> Sequence[Score]:
        """Return the district against its targets, as it was worked out last."""

    def rooms(self) -> Sequence[School]:
        """Return the schools that have devices, with their rooms, as they were judged last."""

    def security(self) -> SecurityView:
        """Return what is known of the security of each school at this moment."""

    def first_step(self, alert: Alert) -> Text:
        """Return what to try first about *alert*."""

    def school_logs(self) -> Sequence[SchoolLogs]:
        """Return how the logs of the devices of each school stand, the bad first."""

    def security_began(self, since: int, place: str) -> Sequence[Began]:
        """Return what of security began after *since* (ns) at *place*, all for an empty one;
        blocks, raises StoreError."""

    def incidents_listed(self) -> Sequence[Judged]:
        """Return what people have to judge, with its clocks; blocks, raises StoreError."""

    @property
    def incidents(self) -> Incidents:
        """What people do with incidents; blocks, raises StoreError."""

    def in_order(self, keys: Iterable[RoomKey]) -> Orders:
        """Return how far rooms were in order in school time: today, this week and this month."""

    def on_today(self, key: RoomKey) -> int | None:
        """Return for how many minutes a room was on today; None where nobody knows."""

    @property
    def region(self) -> str:
        """The first region that is served: the canary's."""

    def ready(self) -> tuple[bool, str]:
        """Return whether batches can be stored, and why not."""

    def audit_problem(self) -> str:
        """Return why the audit log cannot be written, an empty string while it can."""

    def account(self, question: Question) -> Account:
        """Return what is missing, since when and why; raises StoreError."""

    def alerts(self, wanted: Wanted) -> Stories:
        """Return open and past alerts with their stories; blocks, raises StoreError."""

    def channels(self) -> Mapping[str, Health]:
        """Return what is known of each channel of alerts, by name."""

    def people(self) -> People:
        """Return who may act, and what they can do."""

    def unconnected(self) -> Listed:
        """Return the schools without a network, and who was; blocks, raises StoreError."""

    def supervision(self) -> Supervision:
        """Return what is open past its due date, and what was; blocks, raises StoreError."""

    def log_health(self) -> LogHealth | None:
        """Return how the audit log was when it was looked at last; None where it could not be."""

    def rollups(self) -> Waiting:
        """Return which hours and days wait to be rolled up."""

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Return how often each thing happened, by (name, reason or an empty string)."""
