"""An incident in words for who reads a capture: one line, and why it is thought to be one."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from agent.sensor.incidents import MANY, Evidence, Incident, Party
from agent.sensor.telling import address, mac
from core.kinds import kind_of

WHY: Final[Mapping[str, str]] = {
    "arp_spoof": "A machine says by ARP that it has an address which another machine has.",
    "gateway_spoof": "A machine says by ARP that it has the address of the way out.",
    "ip_conflict": "Two machines both use one address, each for itself and in turn.",
    "arp_sweep": "A machine asks by ARP for far more addresses than it talks to.",
    "mac_flapping": "One hardware address comes and goes between two places.",
    "broadcast_storm": "Far more frames to everybody than machines send by themselves.",
    "network_loop": "The very same frames to everybody come again and again within moments.",
    "rogue_dhcp": "A machine answers DHCP that is not among the servers known, and sends its "
    "clients elsewhere.",
    "dhcp_starvation": "One machine asks for addresses in the name of many that are nowhere seen.",
    "rogue_ra": "A machine says that it is an IPv6 router, and is not among those known.",
    "port_scan": "A machine tries many ports or machines, and few or none answer.",
    "syn_flood": "Connections are begun far faster than they are completed.",
    "worm_sweep": "A machine tries one service, which worms spread by, on many machines.",
    "password_guessing": "A machine connects to a login again and again, each time for a moment.",
    "cleartext_login": "A device is managed by a protocol that hides nothing from who listens.",
    "dns_tunnel": "Questions for names are so many, so long and so unlike words that they carry "
    "something else.",
    "malware_names": "Names are asked for that stand on the list of malware.",
    "mining_names": "Names are asked for that stand on the list of mining pools.",
    "mining_pool": "A machine speaks the protocol of miners with a pool.",
    "new_device": "A network device speaks that was not here before.",
}
"""What shows each kind in packets: the thought behind its detector, without its thresholds."""


def line(incident: Incident) -> str:
    """Return one line: when, how bad, what, who, whom, how often and how sure."""
    kind = kind_of(incident.kind)
    told = [f"{moment(incident.start)} +{lasted(incident)}", kind.severity, kind.code, kind.en]
    said = "  ".join(told)
    source, target = who(incident.source), who(incident.target)
    if source or target:
        said += f": {source or 'somebody'}" + (f" → {target}" if target else "")
    elif incident.key == MANY:
        said += ": many more, which are not told apart"
    times = f"{incident.count} times" if incident.count != 1 else "once"
    said += f"; {times}, {round(100 * incident.confidence)} % sure"
    shown = figures(incident.evidence)
    return said + (f" ({shown})" if shown else "")


def why(incident: Incident) -> str:
    """Return what speaks for it: a sentence, its figures and the packets that show it."""
    said = [WHY[incident.kind]] if incident.kind in WHY else []
    if shown := figures(incident.evidence):
        said.append(f"Here: {shown}.")
    *first, last = incident.numbers
    if first:
        said.append(f"Packets {', '.join(_runs(first, '–'))} and at last {last} show it.")
    else:
        said.append(f"Packet {last} shows it.")
    return " ".join(said)


def display_filter(incident: Incident) -> str:
    """Return what shows these packets in tshark and Wireshark."""
    return f"frame.number in {{{', '.join(_runs(incident.numbers, '..'))}}}"


def _runs(numbers: Sequence[int], to: str) -> list[str]:
    """Return `12–19` for numbers that follow each other."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [f"{run[0]}{to}{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]


def who(party: Party) -> str:
    """Return what is known of a machine, "" for nothing."""
    names = [address(party.address)] if party.address else []
    if party.port:
        names.append(f"port {party.port}")
    beside = [mac(party.mac)] if party.mac else []
    beside += [party.role] if party.role else []
    said = " ".join(names)
    if not said:
        return " ".join(beside)
    return f"{said} ({', '.join(beside)})" if beside else said


def figures(evidence: Evidence) -> str:
    """Return the evidence as `ports 120, per s 2.5`."""
    return ", ".join(
        f"{name.replace('_', ' ')} {_short(value)}" for name, value in evidence.items()
    )


def moment(at: float) -> str:
    """Return *at* for people, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def lasted(incident: Incident) -> str:
    """Return how long it went on."""
    return span(incident.last - incident.start)


def span(seconds: float) -> str:
    """Return so many seconds as `3 min 12 s`."""
    whole = round(max(0.0, seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {left} s" if minutes else f"{left} s"


def _short(value: int | float | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
