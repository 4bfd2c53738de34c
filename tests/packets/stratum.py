"""What miners and pools write: lines of JSON, as cpuminer, xmrig, ethminer and pools send them."""

import itertools
import json

from tests.packets.frames import ACK, PSH, SYN, over, tcp

WALLET = "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VB"

BITCOIN = (
    {"id": 1, "method": "mining.subscribe", "params": ["cpuminer/2.5.1"]},
    {"id": 2, "method": "mining.authorize", "params": ["worker.1", "x"]},
    {"id": 4, "method": "mining.submit", "params": ["worker.1", "bf", "00000001", "504e86ed"]},
)
BITCOIN_POOL = (
    {"id": None, "method": "mining.set_difficulty", "params": [2]},
    {"id": None, "method": "mining.notify", "params": ["bf", "4d16b6f85af6e219", "01000000"]},
)
MONERO = (
    {
        "id": 1,
        "jsonrpc": "2.0",
        "method": "login",
        "params": {"login": WALLET, "pass": "x", "agent": "XMRig/6.20.0", "algo": ["rx/0"]},
    },
    {"id": 2, "jsonrpc": "2.0", "method": "submit", "params": {"id": "a", "job_id": "b"}},
)
MONERO_POOL = (
    {
        "jsonrpc": "2.0",
        "method": "job",
        "params": {"blob": "0e0e" * 38, "job_id": "q7PLUPL25UV0z5Ij", "target": "b88d0600"},
    },
)
ETHEREUM = (
    {"id": 1, "jsonrpc": "2.0", "method": "eth_submitLogin", "params": ["0x1234", "x"]},
    {"id": 2, "jsonrpc": "2.0", "method": "eth_getWork", "params": []},
)


PLACES = itertools.count(1000, 200)


def line(words: object, *, loose: bool = False) -> bytes:
    """One message; *loose* with the blanks that Python and some pools put in."""
    return json.dumps(words, separators=None if loose else (",", ":")).encode() + b"\n"


def said(
    words: object,
    *,
    source: tuple[str, str, int],
    target: tuple[str, str, int],
    loose: bool = False,
    sequence: int | None = None,
) -> bytes:
    """A segment in its frame; ends are MAC, address and port. Each stands elsewhere in a stream."""
    (src, one, port), (dst, other, other_port) = source, target
    place = next(PLACES) if sequence is None else sequence
    payload = line(words, loose=loose)
    packet = tcp(one, port, other, other_port, PSH | ACK, payload=payload, sequence=place)
    return over(src, dst, packet)


def knocks(source: tuple[str, str, int], target: tuple[str, str, int], flags: int = SYN) -> bytes:
    """A connection begins, or with SYN and ACK is taken."""
    (src, one, port), (dst, other, other_port) = source, target
    return over(src, dst, tcp(one, port, other, other_port, flags))
