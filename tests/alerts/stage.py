"""The engine on the collector's real database and audit log, driven by a clock that tests move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from alerts.engine import Engine
from alerts.facts import Members, ReadingFact, Sight, Wrong
from alerts.language.file import read_rules
from alerts.language.scene import NOBODY, in_short, listed
from alerts.routing.plan import Routing
from alerts.rules import Rule
from alerts.schooltime import SchoolTime
from alerts.shipped import RULES
from alerts.texts import Words
from collector.alertground import AlertGround
from collector.audit import AuditLog
from collector.births import AgentState
from collector.eventbatch import Taken, read_events
from collector.eventrows import EventBatch, EventRows
from collector.intake import arrive
from collector.journal import Journal, Note
from collector.ledger import Ledger
from collector.live import Live
from collector.ranges import Ranges
from collector.restore import restore
from core import events
from core.alerts import Notification
from core.clock import SECOND
from core.events import Header
from core.types import Event, Identity, Value
from tests.collector.making import NOW, REGION, WHO, A, Clock, birth, events_of

RULE_FILES = Path(__file__).parent / "rules"
CHANNELS = ("duty",)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass
class Stage:
    """One process after another on one folder; `clock` is what all of them read."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    rules: Sequence[Rule] = RULES
    messages: int = 20
    channels: tuple[str, ...] = CHANNELS
    routing: Routing | None = None
    times: SchoolTime | None = None
    seq: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.start()

    def start(self) -> None:
        self.ledger = Ledger(self.folder / "ledger.db")
        rows, log = EventRows(self.ledger), AuditLog(self.folder / "audit")
        self.journal = Journal("d1", rows, log, self.clock)
        self.live = Live("d1", {REGION}, [], {})
        self.ground = self.make_ground()
        words = Words(lambda place: place, SHANGHAI)
        self.engine = Engine(
            self.ground,
            words,
            channels=self.channels,
            rules=self.rules,
            messages=self.messages,
            routing=self.routing,
            times=self.times,
            now=self.clock,
        )

    def make_ground(self) -> AlertGround:
        return AlertGround(self.journal, self.live, self.clock())

    def now(self) -> float:
        return (self.clock.at - NOW) / SECOND

    def at(self, seconds: float) -> int:
        return NOW + int(seconds * SECOND)

    def take(self, name: str) -> None:
        self.rules = read_rules(RULE_FILES / name).rules
        self.engine.take_rules(self.rules)

    def heard(self, who: Identity = WHO) -> None:
        self.engine.heard(str(who))

    def restart(self) -> None:
        """End as by kill -9, and start anew."""
        self.ledger.close()
        self.start()

    def restored(self) -> None:
        """Start on a database that is behind the audit log, as after a backup was put back."""
        ledger = Ledger(self.folder / "ledger.db")
        journal = Journal("d1", EventRows(ledger), AuditLog(self.folder / "audit"), self.clock)
        restore(journal)
        journal.sync()
        ledger.close()
        self.start()
        self.rows()

    # What happens.

    def say(
        self,
        *found: Event,
        who: Identity = WHO,
        epoch: str = A,
        full: int | None = None,
        seq: int = 0,
    ) -> None:
        """Have an agent's batch arrive now; *full* is since when it is the list of everything."""
        self.arrive(self.batch(found, who, epoch, full, seq))

    def arrive(self, *batches: EventBatch) -> None:
        """Have batches arrive at once."""
        self.journal.take(batches)
        self.journal.sync()
        self.rows()

    def batch(
        self,
        found: Sequence[Event],
        who: Identity = WHO,
        epoch: str = A,
        full: int | None = None,
        seq: int = 0,
    ) -> EventBatch:
        """Return a batch as the collector reads it; the next of its agent where *seq* is 0."""
        key = (str(who), epoch)
        self.seq[key] = seq or self.seq.get(key, 0) + 1
        header = Header(epoch, self.seq[key], 0, full=full is not None, at=full or 0)
        arrival = arrive(events_of(events.seal(header, found), who), self.clock())
        taken = read_events(arrival, {who.region})
        assert isinstance(taken, Taken)
        return taken.batch

    def note(self, kind: str, target: str, **details: Any) -> None:
        """Have the collector itself say something."""
        self.note_of(kind, target, "", **details)

    def note_of(
        self, kind: str, target: str, subject: str, *, active: bool = True, **details: Any
    ) -> None:
        """Have it say that something of a *subject* begins or is over."""
        self.journal.note(Note(kind, target, subject, details, active=active))
        self.journal.sync()
        self.rows()

    def rows(self) -> None:
        while self.engine.rows():
            pass

    def read(
        self, measurement: str, tags: Mapping[str, str], who: Identity = WHO, **fields: Value
    ) -> None:
        self.engine.readings([ReadingFact(str(who), measurement, tags, fields, self.clock())])

    def see(
        self,
        *wrong: Wrong,
        covers: Sequence[str],
        unknown: Sequence[str] = (),
        members: Mapping[str, Members] = NOBODY,
    ) -> None:
        places = frozenset(unknown)
        self.engine.see(Sight(self.clock(), frozenset(covers), wrong, places, members=members))

    def born(self, who: Identity = WHO, holds: int = 0) -> None:
        """Have a birth arrive that says how many batches of events the agent holds back."""
        waiting = Ranges.of([(1, holds)] if holds else [])
        state = AgentState(birth=birth(), born_at=self.clock(), expected={(A, "events"): waiting})
        self.live.put(who, state)

    def wait(self, seconds: float, step: float = 1) -> None:
        """Let time pass, a second at a time."""
        end = self.clock.at + int(seconds * SECOND)
        while self.clock.at < end:
            self.clock.at = min(end, self.clock.at + int(step * SECOND))
            self.engine.tick()

    # What came of it.

    def messages_made(self) -> list[Notification]:
        with self.ledger.transaction() as db:
            found = db.execute("SELECT body FROM alert_message ORDER BY number").fetchall()
        return [msgspec.json.decode(body, type=Notification) for (body,) in found]

    def outbox(self) -> list[tuple[int, str, str, int]]:
        with self.ledger.transaction() as db:
            query = "SELECT message, channel, state, repeat FROM alert_outbox ORDER BY 1, 2"
            return db.execute(query).fetchall()

    def told(self) -> list[str]:
        """Each message in short: seconds since the beginning, begins or ends, and of what."""
        return [in_short(message, NOW) for message in self.messages_made()]

    def listed(self) -> list[str]:
        with self.ledger.transaction() as db:
            return listed(db, NOW)

    def titles(self) -> list[str]:
        return [message.title.zh for message in self.messages_made()]

    def severities(self) -> list[str]:
        return [message.severity for message in self.messages_made()]
