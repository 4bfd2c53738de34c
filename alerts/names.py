"""Names of shipped rules that code calls by name; what they say stands in alerts/shipped/*.toml."""

from typing import Final

PACKET_LOSS: Final = "packet_loss"
TARGET_UNREACHABLE: Final = "target_unreachable"
TARGET_SLOW: Final = "target_slow"
CERT_INVALID: Final = "cert_invalid"
CERT_EXPIRING: Final = "cert_expiring"
TARGET_AWAY: Final = "target_away"
TARGET_BUSY: Final = "target_busy"
CERT_EVERYWHERE: Final = "cert_everywhere"
ATTACK_SPREADS: Final = "attack_spreads"

EXPLAINING: Final = frozenset(
    {
        *("gateway_spoof", "arp_spoof", "rogue_dhcp", "rogue_ra", "dhcp_starvation"),
        *("broadcast_storm", "network_loop", "syn_flood", "firewall_flood"),
    }
)
"""Rules whose alerts say why a school's network fails."""

EXPLAINED: Final = frozenset(
    {
        *("line_down", "packet_loss", "agent_silent", "bandwidth_high"),
        *("target_unreachable", "target_slow", "resolver_fails", "resolver_lies"),
        *("address_lost", "address_duplicate", "gateway_lost", "gateway_mac_changed"),
        *("room_not_ready", "room_limited", "device_fault", "switch_down", "ap_down"),
    }
)
"""Rules whose alerts such an attack may be behind."""
