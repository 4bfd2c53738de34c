"""Which words a rule may name: kinds of events, of the live picture, and gaps in its texts."""

from collections.abc import Mapping
from typing import Final

from alerts.language.table import RuleTable
from core.alertkinds import OF_ALERTS
from core.kinds import KINDS

ALWAYS: Final = frozenset({"where", "what"})
_DEVICE: Final = frozenset({"which", "why", "try", "kind", "device", "name", "device_cause"})
_SCHOOLS: Final = frozenset({"count", "schools", "concerned"})
TARGETS: Final = (
    *("access", "unconnected", "uptime", "egress", "rooms", "platforms"),
    *("protection", "watching", "clocks", "logs_kept", "logs_whole"),
)
_SHARE: Final = frozenset({"indicator", "value", "target"})
_TARGET: Final = _SHARE | {"met", "not_met", "unproven", "total", "schools"}
_OF_SCHOOL: Final = _SHARE | {"good", "known", "why", "measured_mbps", "target_mbps", "hours"}

LIVE: Final[Mapping[str, frozenset[str]]] = {
    "agent_silent": frozenset({"cause"}),
    "clock_off": frozenset({"offset_ms"}),
    "line_down": frozenset(),
    "region_away": _SCHOOLS,
    "carrier_away": _SCHOOLS,
    "own_line": _SCHOOLS,
    "room_not_ready": _DEVICE,
    "room_limited": _DEVICE,
    "device_fault": _DEVICE,
    "switch_down": _DEVICE,
    "ap_down": _DEVICE,
    "power_lost": _DEVICE,
    "broker_away": _SCHOOLS,
    "school_unknown": frozenset(),
    "room_unknown": frozenset({"count", "rooms"}),
    "device_unknown": frozenset({"count", "devices"}),
    "audit_stopped": frozenset({"reason"}),
    "witness_disagrees": frozenset({"count", "size", "new_size"}),
    "witness_ahead": frozenset({"count", "size", "new_size"}),
    "channel_dead": frozenset({"reason"}),
    "store_refuses": frozenset({"reason"}),
    "canary_missed": frozenset(),
    "attack_spreads": _SCHOOLS | {"category", "grade"},
    "target_away": _SCHOOLS,
    "target_busy": _SCHOOLS,
    "cert_everywhere": _SCHOOLS,
    **{f"target_{one}": _TARGET for one in TARGETS},
    **{f"school_{one}": _OF_SCHOOL for one in TARGETS},
    "report_overdue": frozenset(
        {"number", "step", "to", "to_en", "limit", "grade", "confirmed", "source"}
    ),
    "target_handling": _SHARE | {"good", "known", "late", "grade", "grade_en"},
    "target_retention": frozenset({"days", "target", "gone"}),
}
"""What the collector sees in the live picture, and what it says of it besides."""

_ROOMS_AND_DEVICES: Final = (
    *("room_not_ready", "room_limited"),
    *("device_fault", "switch_down", "ap_down", "power_lost"),
)
MEMBERS: Final[Mapping[str, frozenset[str]]] = {
    "agent_silent": frozenset({"series", "agents", "schools"}),
    "clock_off": frozenset({"series", "agents", "schools"}),
    "line_down": frozenset({"series", "schools"}),
    "school_unknown": frozenset({"series", "schools"}),
    **dict.fromkeys(_ROOMS_AND_DEVICES, frozenset({"series", "schools"})),
    **{f"school_{one}": frozenset({"series", "schools"}) for one in TARGETS},
}
"""Of what the picture says how many may be wrong so, and by what they can be counted."""

_OF_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "too_many_series": frozenset({"limit"}),
    "audit_made_anew": frozenset({"rows"}),
    "audit_altered": frozenset({"file", "record", "reason"}),
    **dict.fromkeys(("audit_inconsistent", "audit_went_back"), frozenset({"size", "new_size"})),
    "audit_given_up": frozenset({"size", "new_size", "set_back_to"}),
    "witness_acknowledged": frozenset({"by", "because"}),
    "person_data_removed": frozenset({"count"}),
}
_SAID: Final[Mapping[str, frozenset[str]]] = {
    "http_response": frozenset({"why", "advice", "phase", "seconds"}),
    "dns_query": frozenset({"why"}),
    "x509_cert": frozenset({"why"}),
}
"""Sentences that are made of the words of a reading (alerts/verdictwords.py)."""


def event_kinds() -> frozenset[str]:
    """Return the kinds of events that a rule may ask for."""
    return frozenset(KINDS) - OF_ALERTS


def gaps_of(table: RuleTable) -> frozenset[str]:
    """Return the gaps that the texts of a rule may have."""
    on = table.on
    if not on.reading and (table.share.of or table.flaps.over):
        count = {"count", "total"} if table.share.of else set()
        more = {"now"} if table.usual.weeks or table.change.since else set()
        return ALWAYS | {"value"} | count | more | ({"usual"} if table.usual.weeks else set())
    if on.live:
        return ALWAYS | LIVE.get(on.live, frozenset())
    if on.event:
        return ALWAYS | _OF_EVENTS.get(on.event, frozenset())
    share = {"count", "total"} if table.share.of else set()
    usual = {"usual"} if table.usual.weeks else set()
    now = {"now"} if table.usual.weeks or table.change.since or table.rate.over else set()
    return (
        ALWAYS
        | {"value", on.field, *table.tells}
        | _SAID.get(on.reading, frozenset())
        | (share | usual | now)
    )
