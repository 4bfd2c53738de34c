"""The rules that the system comes with (defaults.md, "Figures").

Each says what happened, what that means for teaching, and what to try first, for somebody who is
no network engineer. Figures without a source are ours, and may be changed.
"""

from typing import Final

from alerts.rules import Rule
from alerts.shipped import (
    attacks,
    everywhere,
    guards,
    measured,
    rooms,
    schools,
    servers,
    spreading,
    system,
    unknown,
    watched,
)

RULES: Final[tuple[Rule, ...]] = (
    schools.LINK_DOWN,
    schools.DISK_FULL,
    watched.DISK_READONLY,
    schools.PACKET_LOSS,
    servers.TARGET_UNREACHABLE,
    servers.TARGET_SLOW,
    servers.RESOLVER_FAILS,
    servers.RESOLVER_LIES,
    servers.CERT_INVALID,
    servers.CERT_EXPIRING,
    measured.BANDWIDTH_HIGH,
    watched.ADDRESS_LOST,
    watched.ADDRESS_DUPLICATE,
    watched.GATEWAY_LOST,
    watched.GATEWAY_MAC,
    watched.UPLINK_FAILOVER,
    schools.AGENT_SILENT,
    schools.CLOCK_OFF,
    measured.CLOCK_DRIFTS,
    schools.LINE_DOWN,
    schools.REGION_AWAY,
    schools.CARRIER_AWAY,
    schools.OWN_LINE,
    *rooms.ROOMS,
    system.BROKER_AWAY,
    system.AUDIT_STOPPED,
    system.STORE_REFUSES,
    system.CANARY_MISSED,
    system.SPOOL_DROPPING,
    system.SPOOL_SET_ASIDE,
    system.IDENTITY_TWICE,
    system.UNEXPLAINED_GAP,
    system.FORGED_BATCH,
    system.TOO_MANY_SERIES,
    system.REPLAY,
    system.STORE_WENT_BACK,
    *attacks.ATTACKS,
    *guards.GUARDS,
    spreading.ATTACK_SPREADS,
    *unknown.UNKNOWN,
    # Last, since of what hides a thing the first one is named: a line that is down says more.
    everywhere.TARGET_AWAY,
    everywhere.TARGET_BUSY,
    everywhere.CERT_EVERYWHERE,
)
