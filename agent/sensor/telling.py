"""An incident as others hear of it: an event for the collector, an object for `sensor read`."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Final

from agent.sensor import lines
from agent.sensor.facts import Address, Mac
from agent.sensor.incidents import Incident, Party, Stage
from agent.sensor.owners import Owner
from agent.sensor.roles import INSIDE
from core import clock
from core.kinds import kind_of
from core.securitykinds import ATTACKS
from core.types import Event

SUBJECT: Final = 10
"""Hexadecimal digits that name an incident and say nothing of who it is about."""


def as_event(incident: Incident, stage: Stage, target: str, subject: str) -> Event:
    """Return what the agent tells of *incident*; *target* is the interface that saw it.

    Events of an attack name who did it and whom it hit by address and MAC. All others leave out
    what would name a machine that may be a person's (domain.md §11).
    """
    attack = is_attack(incident.kind)
    details: dict[str, Any] = {
        "source": party(incident.source, attack),
        "target": party(incident.target, attack),
        "count": incident.count,
        "confidence": round(incident.confidence, 2),
        "evidence": dict(incident.evidence),
        "began": _ns(incident.start),
        "vlan": incident.vlan,
    }
    at = incident.start if stage == "begin" else incident.last
    return Event(incident.kind, target, subject, stage != "end", _ns(at), details=details)


def subject_of(incident: Incident, secret: bytes) -> str:
    """Return the name of *incident* among those of its kind: the same for the same *secret*."""
    said = repr((incident.kind, incident.key)).encode()
    return hmac.new(secret, said, hashlib.sha256).hexdigest()[:SUBJECT]


def as_owner(owner: Owner) -> lines.Owner:
    """Return in texts whose a gateway's address is."""
    return lines.Owner(address(owner.address), mac(owner.mac), owner.vlan)


def as_json(incident: Incident) -> dict[str, Any]:
    """Return *incident* for who has the capture, with every address that is in it."""
    kind = kind_of(incident.kind)
    told: dict[str, Any] = {
        "code": kind.code,
        "kind": kind.word,
        "category": "/".join(kind.category),
        "severity": kind.severity,
        "start": rfc3339(incident.start),
        "end": rfc3339(incident.last),
        "source": party(incident.source),
        "target": party(incident.target),
        "count": incident.count,
        "confidence": round(incident.confidence, 2),
        "evidence": dict(incident.evidence),
        "packets": list(incident.numbers),
    }
    if incident.vlan:
        told["vlan"] = incident.vlan
    return told


def is_attack(word: str) -> bool:
    """Return whether an event of this kind may name the machine that does it."""
    return kind_of(word).code.startswith(ATTACKS)


def party(who: Party, named: bool = True) -> Mapping[str, str | int]:
    """Return what is known of *who*; unless *named*, of a person's machine only its role."""
    told: dict[str, str | int] = {}
    if named or who.role not in ("", INSIDE):
        told |= {"address": address(who.address)} if who.address else {}
        told |= {"mac": mac(who.mac)} if who.mac else {}
    told |= {"role": who.role} if who.role else {}
    told |= {"port": who.port} if who.port else {}
    return told


def address(packed: Address) -> str:
    """Return an address as people write it."""
    return str(ip_address(packed))


def mac(packed: Mac) -> str:
    """Return a hardware address as people write it."""
    return packed.hex(":")


def rfc3339(at: float) -> str:
    """Return *at* (s since 1970) as `2026-11-22T08:00:00.000000Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _ns(at: float) -> int:
    # Through whole microseconds: what a float holds beyond them is noise.
    return round(at * 1_000_000) * (clock.SECOND // 1_000_000)
