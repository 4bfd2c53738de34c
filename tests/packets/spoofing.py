"""What tools that spoof addresses send, frame by frame, as their sources have it.

dsniff 2.4 arpspoof.c, ettercap 0.8.3 ec_arp_poisoning.c (etter.conf: 1 s five times, then 10 s),
bettercap 2 modules/arp_spoof (each second), netcut (a MAC that nobody has), thc-ipv6 parasite6.
"""

from collections.abc import Iterator

from tests.packets import ndp
from tests.packets.frames import BROADCAST, arp

Frames = Iterator[tuple[float, bytes]]
NOBODY = "00:00:00:00:00:00"


def repeated(at: float, frame: bytes, times: int, each_s: float) -> Frames:
    for number in range(times):
        yield at + number * each_s, frame


def arpspoof(
    at: float, attacker: str, posed: str, victim_mac: str, victim: str, *, times: int = 15
) -> Frames:
    """`arpspoof -t victim posed`: an answer each 2 s."""
    return repeated(at, arp(2, attacker, posed, victim_mac, victim), times, 2.0)


def arpspoof_all(at: float, attacker: str, posed: str, times: int = 15) -> Frames:
    """`arpspoof posed`: to everybody."""
    frame = arp(2, attacker, posed, BROADCAST, "0.0.0.0", dst=BROADCAST)
    return repeated(at, frame, times, 2.0)


def arpspoof_ends(
    at: float, posed_mac: str, posed: str, victim_mac: str, victim: str, *, src: str
) -> Frames:
    """Its end: the true MAC five times; *src* is its own (`-c own`) or the true one (`-c host`)."""
    return repeated(at, arp(2, posed_mac, posed, victim_mac, victim, src=src), 5, 1.0)


def ettercap(
    at: float, attacker: str, one: tuple[str, str], other: tuple[str, str], times: int = 8
) -> Frames:
    """`ettercap -T -M arp:remote /one// /other//`; a pair is MAC and address."""
    for number in range(times):
        when = at + min(number, 5) + max(0, number - 5) * 10.0
        yield when, arp(2, attacker, one[1], other[0], other[1])
        yield when + 0.01, arp(2, attacker, other[1], one[0], one[1])


def bettercap(at: float, attacker: str, posed: str, victim_mac: str, victim: str) -> Frames:
    return repeated(at, arp(2, attacker, posed, victim_mac, victim), 20, 1.0)


def netcut(at: float, src: str, fake: str, posed: str, *victim: str) -> Frames:
    return repeated(at, arp(2, fake, posed, *victim, src=src), 20, 0.5)


def neighbour_spoof(at: float, attacker: str, posed: str, victim_mac: str, victim: str) -> Frames:
    """Adverts with override for the router's address, each 2 s, to one machine."""
    frame = ndp.neighbour_advert(attacker, posed, target=victim, dst=victim_mac, solicited=True)
    return repeated(at, frame, 15, 2.0)


def asked(at: float, mac: str, address: str, target: str) -> tuple[float, bytes]:
    """A question to everybody."""
    return at, arp(1, mac, address, NOBODY, target)


def answered(at: float, mac: str, address: str, to_mac: str, to: str) -> tuple[float, bytes]:
    return at, arp(2, mac, address, to_mac, to)


def announced(at: float, mac: str, address: str, operation: int = 1) -> tuple[float, bytes]:
    """RFC 5227 §2.3, or the gratuitous ARP of RFC 5944 §4.6."""
    return at, arp(operation, mac, address, NOBODY, address, dst=BROADCAST)


def probed(at: float, mac: str, address: str) -> tuple[float, bytes]:
    return at, arp(1, mac, "0.0.0.0", NOBODY, address)


def talk(
    at: float, one: tuple[str, str], other: tuple[str, str], times: int = 1, each_s: float = 20.0
) -> Frames:
    """*one* asks for *other*, who answers."""
    for number in range(times):
        when = at + number * each_s
        yield asked(when, *one, other[1])
        yield answered(when + 0.001, *other, *one)


def merged(*many: Frames | list[tuple[float, bytes]]) -> list[tuple[float, bytes]]:
    return sorted((one for frames in many for one in frames), key=lambda pair: pair[0])
