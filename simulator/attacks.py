"""Attacks that are played: what the sensor of a school tells of each (docs/events.md).

Who attacks is a machine of the school, made up by its seed. The details are as the sensor's own:
address and MAC of who does it and whom it hits, figures, and how sure it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from core.clock import SECOND
from core.kinds import kind_of
from core.securitykinds import ATTACKS as ATTACK_CODES
from core.types import Event
from simulator.chance import mix
from simulator.conditions import ATTACKS, AttackKind, Attacks
from simulator.district import School
from simulator.sensors import has_sensor
from simulator.series import INTERFACE

Figures = Callable[[int], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Attack:
    """Whom it hits, how sure the sensor is, and what it counts after so many seconds."""

    hits: Literal["gateway", "device", "inside", "nobody"]
    confidence: float
    per_s: float
    figures: Figures


_ATTACKS: Final[dict[AttackKind, _Attack]] = {
    "gateway_spoof": _Attack("gateway", 0.95, 0.5, lambda s: {"frames": 1 + s // 2, "per_s": 0.5}),
    "rogue_dhcp": _Attack("nobody", 0.9, 0.05, lambda s: {"frames": 1 + s // 20}),
    "port_scan": _Attack("inside", 0.95, 10.0, lambda s: {"ports": min(1000, 15 + 10 * s)}),
    "password_guessing": _Attack("device", 0.9, 0.4, lambda s: {"tries": 10 + int(0.4 * s)}),
    "worm_sweep": _Attack("nobody", 0.9, 8.0, lambda s: {"targets": 30 + 8 * s, "ports": 1}),
    "broadcast_storm": _Attack("nobody", 0.9, 4_000.0, lambda _: {"per_s": 4_000}),
    "mining_pool": _Attack("nobody", 0.95, 0.05, lambda s: {"frames": 1 + s // 20}),
    "syn_flood": _Attack("device", 0.9, 900.0, lambda s: {"sources": 900 * (1 + s), "per_s": 900}),
}


def told(school: School, kind: AttackKind, began: int, at: int, *, active: bool) -> Event:
    """Return what the sensor of *school* tells of an attack that *began*, at *at* (both s)."""
    attack, lasted = _ATTACKS[kind], max(0, at - began)
    details = {
        "source": _source(school, kind),
        "target": _target(school, attack),
        "count": 1 + int(attack.per_s * lasted),
        "confidence": attack.confidence,
        "evidence": attack.figures(lasted),
        "began": began * SECOND,
    }
    subject = subject_of(school, kind, began)
    return Event(kind, INTERFACE, subject, active, at * SECOND, details=details)


def confidence_of(kind: AttackKind) -> float:
    """Return how sure the sensor is of it, from 0 to 1."""
    return _ATTACKS[kind].confidence


def subject_of(school: School, kind: AttackKind, began: int) -> str:
    """Return what tells an attack that *began* (s) from others: it names nobody."""
    return f"{mix(school.seed, 70, ATTACKS.index(kind), began) & 0xFF_FFFF_FFFF:010x}"


def news(school: School, before: Attacks, now: Attacks, at: int) -> Iterator[Event]:
    """Yield what begins and ends when the attacks *before* become those of *now*, at *at* (s).

    Nothing where *school* has no sensor: then nobody sees it.
    """
    if not has_sensor(school):
        return
    for kind, began in before:
        if (kind, began) not in now:
            yield told(school, kind, began, at, active=False)
    for kind, began in now:
        if (kind, began) not in before:
            yield told(school, kind, began, began, active=True)


def _source(school: School, kind: AttackKind) -> dict[str, Any]:
    """Return who attacks: named only where the event is of an attack (domain.md, its head)."""
    if not kind_of(kind).code.startswith(ATTACK_CODES) or kind == "syn_flood":
        return {}
    own = mix(school.seed, 71, ATTACKS.index(kind))
    mac = (own & 0xFFFF_FFFF | 0x025A << 32).to_bytes(6).hex(":")
    return {"address": _address(school, 100 + own % 100), "mac": mac, "role": "inside"}


def _target(school: School, attack: _Attack) -> dict[str, Any]:
    host = {"gateway": 1, "device": 20, "inside": 50}.get(attack.hits)
    return {} if host is None else {"address": _address(school, host), "role": attack.hits}


def _address(school: School, host: int) -> str:
    return f"10.{school.number >> 8 & 0xFF}.{school.number & 0xFF}.{host}"
