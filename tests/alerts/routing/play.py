"""A stage with routes: what each channel is told, and what the audit log has of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from alerts.routing.check import parse_routing
from alerts.routing.plan import Contacts, Routing, no_contacts
from alerts.shipped import RULES
from core.alerts import Notification
from core.clock import SECOND
from core.kind import Severity
from core.types import Event, Identity
from tests.alerts.stage import SHANGHAI, Stage
from tests.collector.making import NOW, REGION, WHO, Clock

MINUTE, HOUR, DAY = 60, 3_600, 86_400
OF_SEVERITY: Mapping[Severity, str] = {
    "P1": "spool_dropping",
    "P2": "spool_set_aside",
    "P3": "address_lost",
    "P4": "address_duplicate",
}
"""Rules of the tests, one for each severity; each begins and ends at once."""
TEST_RULES = [
    replace(rule, severity=severity, hold_s=0, keep_s=0, in_school_time=None, hides=())
    for severity, name in OF_SEVERITY.items()
    for rule in RULES
    if rule.name == name
]
CHANNELS = ("authority", "operator", "user", "duty", "console")

OWNERS = """
kind = "routing"
[[receiver]]
name = "wang"
owner = "authority"
channels = ["authority"]
[[receiver]]
name = "li"
owner = "operator"
channels = ["operator"]
[[receiver]]
name = "zhao"
owner = "user"
channels = ["user"]
"""


def at(text: str) -> int:
    """Return a moment by the clock of the district (ns)."""
    there = datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    return int(there.timestamp()) * SECOND


def routing(
    text: str,
    *,
    schools: Mapping[str, str] | None = None,
    contacts: Contacts = no_contacts,
    channels: tuple[str, ...] = CHANNELS,
) -> Routing:
    config = parse_routing(Path("routing.toml"), text.encode())
    return Routing(config, channels, SHANGHAI, schools=schools, contacts=contacts)


def staged(folder: Path, text: str, now: int = NOW, **more: Any) -> Stage:
    """Return a stage on which the file *text* is in force."""
    channels = more.pop("channels", CHANNELS)
    routes = routing(text, channels=channels) if text else None
    stage = Stage(*(folder, Clock(now), TEST_RULES), channels=channels, routing=routes, **more)
    stage.wait(1)
    return stage


def begin(stage: Stage, severity: Severity, who: Identity = WHO, *, active: bool = True) -> None:
    """Have something begin (or end) that is as bad as *severity*."""
    kind = OF_SEVERITY[severity]
    stage.say(Event(kind, "host", kind, active, stage.clock.at), who=who)


def school(number: int) -> Identity:
    return Identity(REGION, f"school-{number}", "host")


def told(stage: Stage, since: int = NOW) -> dict[str, list[str]]:
    """Return what each channel but the log was told: after how many minutes, why, and of what."""
    query = """SELECT channel, body FROM alert_outbox JOIN alert_message ON number = message
        WHERE channel != 'console' ORDER BY number"""
    with stage.ledger.transaction() as db:
        rows = db.execute(query).fetchall()
    found: dict[str, list[str]] = {}
    for channel, body in rows:
        found.setdefault(channel, []).append(_short(body, since))
    return found


def _short(body: bytes, since: int) -> str:
    said = msgspec.json.decode(body, type=Notification)
    minutes = (said.at - since) // (MINUTE * SECOND)
    what = " ".join(f"{n} {rule}" for rule, n in sorted(said.counts.items()))
    return f"{minutes}m {said.reason} {what}"


def recorded(stage: Stage) -> list[str]:
    """Return the steps that the audit log has."""
    stage.journal.sync()
    kinds = ("escalated", "reminded", "supervised", "follow_up_closed")
    with stage.ledger.transaction() as db:
        rows = db.execute("SELECT body FROM event ORDER BY row").fetchall()
    found = [msgspec.json.decode(body)["kind"] for (body,) in rows]
    return [kind for kind in found if kind in kinds]
