"""Incidents and attacks, made for tests."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from alerts.incidents import rows
from alerts.incidents.incident import Incident
from collector.auditrecord import By
from core.clock import SECOND
from core.types import Event, Identity
from tests.alerts.stage import Stage
from tests.collector.making import NOW, REGION

ZONE = ZoneInfo("Asia/Shanghai")
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
WORM = "EV-MAL-WORM"


@dataclass(frozen=True)
class Somebody:
    """Who is signed in."""

    name: str
    role: str

    @property
    def by(self) -> By:
        """Who it is for the audit log."""
        return By("wang", self.name, self.role)


def made(**known: Any) -> Incident:
    """An incident at one school that was discovered NOW."""
    said: dict[str, Any] = {
        "number": 7,
        "kind": "worm_sweep",
        "code": WORM,
        "place": f"{REGION}/school-1/host",
        "began_at": NOW - 60 * SECOND,
        "discovered_at": NOW,
        "proposed": "一般",
    }
    return Incident(**(said | known))


def attack(stage: Stage, kind: str = "worm_sweep", school: str = "school-1", **said: Any) -> None:
    """Have an agent tell of an attack that begins now, or with active=False is over."""
    active = said.pop("active", True)
    event = Event(kind, "eth0", "1", active, stage.clock.at, None, {"confidence": 0.9, **said})
    stage.say(event, who=Identity(REGION, school, "host"), epoch=(school[-1] * 16).upper())


def found(stage: Stage) -> list[Incident]:
    with stage.ledger.transaction() as db:
        return sorted(rows.newest(db, 100), key=lambda one: one.number)
