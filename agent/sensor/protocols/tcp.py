"""TCP (RFC 9293): connections that begin, are refused or end, and what miners say first.

Nearly all segments of a capture only carry data or acknowledge it; those are left at once.
"""

import re
import struct
from typing import Final

from agent.sensor.facts import ACK, FLAGS, Tcp, made
from agent.sensor.frames import Malformed
from agent.sensor.protocols.head import Ends

BRACE: Final = ord("{")
_BEGIN: Final = struct.Struct("!HHI")
LOOKED_AT: Final = 512
"""Bytes of a payload that are searched; what is kept of them is one word."""

STRATUM: Final = re.compile(
    rb'"method"\s*:\s*"(?:mining\.[a-z_]{4,24}|eth_(?:submitLogin|submitWork|getWork)'
    rb"|submitLogin)\""
    # Monero's dialect has plain words for methods, so more of it is asked for.
    rb'|"method"\s*:\s*"login".{0,64}"(?:login|agent|pass)"\s*:'
    rb'|"(?:job_id|seed_hash)"\s*:.{0,400}"(?:target|blob|seed_hash|height)"\s*:'
    rb'|"(?:target|blob)"\s*:.{0,400}"job_id"\s*:',
    re.DOTALL,
)
"""Questions and answers between a miner and its pool; the words of xmrig, cpuminer, ethminer."""


def is_silent(frame: bytes, start: int, end: int) -> bool:
    """Return whether a segment stands in the middle of a connection and does not begin with {."""
    if frame[start + 13] & FLAGS != ACK:
        return False
    payload = start + (frame[start + 12] >> 4) * 4
    return payload >= end or payload >= len(frame) or frame[payload] != BRACE


def read_tcp(ends: Ends, frame: bytes, start: int, end: int) -> Tcp | None:
    """Return a segment that is not silent; None where its { is that of nobody we know."""
    flags = frame[start + 13]
    payload = start + (frame[start + 12] >> 4) * 4
    if payload < start + 20 or payload > end:
        raise Malformed("tcp_offset")
    word = word_of(frame[payload : min(end, payload + LOOKED_AT)]) if payload < end else ""
    if not word and flags & FLAGS == ACK:
        return None
    source_port, target_port, sequence = _BEGIN.unpack_from(frame, start)
    size = end - payload
    return made(Tcp, (*ends, source_port, target_port, flags, sequence, size, word))


def word_of(payload: bytes) -> str:
    """Return what a payload is recognised as by its first bytes, "" for nothing."""
    return "stratum" if payload.startswith(b"{") and STRATUM.search(payload) else ""
