"""Who says that an address is whose: ARP, neighbour discovery and DHCP in one vocabulary.

The claim of a frame need not be the sender's own: `mac` is whom the address is said to belong to,
`by` is the hardware address that sent the frame.
"""

from functools import lru_cache
from typing import Final, Literal, NamedTuple

from agent.sensor.facts import Address, Advert, Arp, Dhcp, Mac, Neighbour

How = Literal["answer", "ask", "announce", "loud", "advert", "lease", "probe", "wanted"]
"""How it was said. `answer`: to one machine. `ask`: by the sender of a question. `announce`: to
everybody, of oneself. `loud`: an answer that goes to everybody. `advert`: by a router's
advertisement; who forges these is told of by `rogue_ra` alone. `lease`: a DHCP server gave it.
No claims, but needed to judge some: `probe` (RFC 5227: is it free?), `wanted` (a question)."""

NOT_OWNED: Final = frozenset((b"", bytes(4), b"\xff" * 4, bytes(16)))
LINK_LOCAL_4: Final = b"\xa9\xfe"
"""169.254/16, where every answer goes to everybody (RFC 3927 §2.5)."""
REQUEST, REPLY, ACK = 1, 2, 5


class Claim(NamedTuple):
    """That *address* belongs to *mac*, or a question for it."""

    at: float
    number: int
    vlan: int
    address: Address
    mac: Mac
    by: Mac
    to: Mac
    """Who is told; b"" for everybody."""
    how: How


@lru_cache(1)  # several detectors ask of the same fact, one after another
def claims_of(fact: Arp | Neighbour | Advert | Dhcp) -> tuple[Claim, ...]:
    """Return what *fact* claims and asks for; nothing for addresses that nobody can own."""
    if isinstance(fact, Arp):
        found = _arp(fact)
    elif isinstance(fact, Neighbour):
        found = _neighbour(fact)
    elif isinstance(fact, Advert):
        found = (_claim(fact, fact.source, fact.link or fact.src, b"", "advert"),)
    else:
        found = _dhcp(fact)
    return tuple([claim for claim in found if _can_be(claim.address, claim.mac)])


def _claim(
    fact: Arp | Neighbour | Advert | Dhcp, address: Address, mac: Mac, to: Mac, how: How
) -> Claim:
    by = mac if how == "lease" else fact.src or mac
    return Claim(fact.at, fact.number, fact.vlan, address, mac, by, to, how)


def _arp(arp: Arp) -> tuple[Claim, ...]:
    mac = arp.sender_mac
    # Cooked captures have no target; what an answer says of it is true of all tools that spoof.
    to = arp.dst or (b"" if arp.operation == REQUEST else arp.target_mac)
    to = b"" if _shared(to) else to
    if arp.operation == REPLY:
        # RFC 5227: an announcement may be an answer too; arping -A and old Cisco do that.
        how: How = "announce" if arp.sender == arp.target else "answer" if to else "loud"
        if how == "loud" and arp.sender.startswith(LINK_LOCAL_4):
            how = "announce"
        return (_claim(arp, arp.sender, mac, to, how),)
    if arp.operation != REQUEST:
        return ()
    if arp.sender == arp.target:
        return (_claim(arp, arp.sender, mac, to, "announce"),)
    if arp.sender == bytes(4):
        return (_claim(arp, arp.target, mac, to, "probe"),)
    asked = _claim(arp, arp.target, mac, to, "wanted")
    return _claim(arp, arp.sender, mac, to, "ask"), asked


def _neighbour(said: Neighbour) -> tuple[Claim, ...]:
    to = b"" if _shared(said.dst) else said.dst
    if said.advert:
        mac = said.link or said.src
        return (_claim(said, said.target, mac, to, "answer" if to else "announce"),)
    if said.source == bytes(16):
        return (_claim(said, said.target, said.src, to, "probe"),)
    asked = _claim(said, said.target, said.src, to, "wanted")
    if not said.link:
        return (asked,)
    return _claim(said, said.source, said.link, to, "ask"), asked


def _dhcp(said: Dhcp) -> tuple[Claim, ...]:
    if said.message != ACK or said.yours in NOT_OWNED:
        return ()
    return (_claim(said, said.yours, said.client, said.src, "lease"),)


def _shared(mac: Mac) -> bool:
    return bool(mac) and bool(mac[0] & 1)


def _can_be(address: Address, mac: Mac) -> bool:
    """Return whether one machine can have *address*, and *mac*."""
    if address in NOT_OWNED or _shared(mac):
        return False
    return address[0] & 0xF0 != 0xE0 if len(address) == 4 else address[0] != 0xFF
