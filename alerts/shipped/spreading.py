"""The rule about one attack at many schools, and which attacks explain that a network fails."""

from typing import Final

from alerts.rules import Rule, RuleTexts, Sighted
from core.alerts import Text

ATTACK_SPREADS: Final = Rule(
    "attack_spreads",
    Sighted("attack_spreads"),
    "P2",
    RuleTexts(
        title=Text(
            "多所学校出现同类攻击：{category}（{what}，{count} 所学校）",
            "The same kind of attack at many schools: {what} ({count} schools)",
        ),
        meaning=Text(
            "一小时内多校出现同类攻击，可能在蔓延；建议定级提高一级：{grade}（由人确认）。涉及：{schools}",
            "It began at many schools within an hour and may be spreading; one grade higher is "
            "proposed, and a person confirms it. Concerned: {schools}",
        ),
        first=Text(
            "请由区信息中心统一处置：核对各校来源是否相同，通知各校先隔离来源设备，并按预案判断是否上报。",
            "Let the district act for all: compare the sources, have the schools take them off "
            "the network, and decide by the plan whether to report it.",
        ),
        ended=Text("同类攻击不再蔓延：{category}（{what}）", "It spreads no more: {what}"),
    ),
    # The cases of one batch come in together; a source that was wrong ends within a minute.
    hold_s=15,
    keep_s=600,
)

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
