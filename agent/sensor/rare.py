"""Link layers that only captures from elsewhere have: wireless frames, PPP. Scapy reads them.

The only module that loads scapy, and only for such a capture: it is an extra (`sensor`), slow, and
takes 40 MB. Whatever a live interface meets is read by `agent.sensor.frames` and
`agent.sensor.protocols`, rare or not: a foreign packet must not be able to make the sensor of a
school load and run a large library (docs/decisions/016).
"""

from collections.abc import Callable
from typing import Any, Final

from agent.sensor.frames import PPP_PROTOCOLS

NAMES: Final = {
    9: "PPP",
    50: "PPP as HDLC",
    51: "PPPoE",
    105: "IEEE 802.11",
    119: "IEEE 802.11 with a Prism header",
    127: "IEEE 802.11 with radiotap",
}
"""What is read here, by LINKTYPE_ of tcpdump.org."""

NOBODY: Final = bytes(6)
NOTHING: Final = NOBODY * 2 + b"\0\0"
"""A frame that carries no packet."""
ADDRESSES: Final = ((1, 2), (3, 2), (1, 3), (3, 4))
"""Which of the four addresses is the receiver's and which the sender's, by to-DS and from-DS."""

AsEthernet = Callable[[bytes], bytes]


def reader(link: int) -> AsEthernet | None:
    """Return what makes an Ethernet frame of one of *link*, None where nobody can.

    That function never raises; a frame without a packet (a beacon, encrypted data) becomes one
    whose ethertype is 0. Raises ModuleNotFoundError where scapy is missing.
    """
    if link not in NAMES:
        return None
    from scapy.config import conf  # noqa: PLC0415 — see above
    from scapy.layers import dot11, l2, ppp  # noqa: PLC0415

    # Nothing is dissected behind what is named here: the packet itself is read by our own.
    wireless = (dot11.PrismHeader, dot11.RadioTap, dot11.Dot11, dot11.Dot11FCS, dot11.Dot11QoS)
    lines = (ppp.HDLC, ppp.PPPoE, ppp.PPP)
    if conf.layers.filtered:
        conf.layers.unfilter()  # or it refuses
    conf.layers.filter([*wireless, l2.LLC, l2.SNAP, *lines])
    kind = conf.l2types.num2layer[link]

    def as_ethernet(frame: bytes) -> bytes:
        try:
            found = kind(frame)
            if l2.SNAP in found and dot11.Dot11 in found:
                snap = found[l2.SNAP]
                ends = _ends(found[dot11.Dot11])
                wireless_packet: bytes = ends + snap.code.to_bytes(2) + snap.payload.original
                return wireless_packet
            if ppp.PPP in found and (ethertype := PPP_PROTOCOLS.get(found[ppp.PPP].proto)):
                packet: bytes = found[ppp.PPP].payload.original
                return NOBODY * 2 + ethertype.to_bytes(2) + packet
        except Exception:  # noqa: BLE001 — what a dissector of scapy raises is not bounded
            return NOTHING
        return NOTHING

    return as_ethernet


def _ends(header: Any) -> bytes:
    """Return receiver and sender of a wireless frame."""
    receiver, sender = ADDRESSES[int(header.FCfield) & 3]
    texts = (getattr(header, f"addr{which}") for which in (receiver, sender))
    return b"".join(bytes.fromhex(text.replace(":", "")) for text in texts)
