"""Signed links: who got a message can say "I take care of it" from there, without an account.

    base_url/ack/TOKEN      TOKEN = version, alert, expiry, receiver, and the HMAC-SHA256 of it all

A token is a right of its bearer for one alert and one act, for a week. It names the receiver (the
channel), so what is done by it can be traced to whose message it was. It is a secret: it stands in
the message and nowhere else, in no log and no answer of the API.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core import clock
from core.alerts import CONSOLE, Notification
from core.clock import SECOND

VALID_S: Final = 7 * 86_400
BEGINS: Final = ("FIRST", "NEW_ALERTS", "REPEAT", "ESCALATED", "REMINDER")
"""Messages that ask somebody to act; the others tell that something is over, or sum up."""
MAC_BYTES: Final = 16
"""Half of SHA-256's, which RFC 2104 (5) allows: nobody guesses 128 bits, and a link stays short."""
LONGEST: Final = 400
"""Characters; a longer token is none."""

_VERSION: Final = b"\x01"
_PURPOSE: Final = b"schoolwatch-ack\0"
_HEAD: Final = 1 + 8 + 5


@dataclass(frozen=True, slots=True)
class Right:
    """What a token allows: acknowledging alert `number` for `receiver`, until `until` (ns)."""

    number: int
    receiver: str
    until: int


class NotValid(ValueError):
    """A token that is none of ours, or whose time is over; the text is `forged` or `expired`."""


class AckLinks:
    """Makes links and reads their tokens; pure but for the clock."""

    def __init__(self, base_url: str, key: bytes, now: clock.Clock = clock.now) -> None:
        self._base, self._key, self._now = base_url.rstrip("/"), key, now

    def link(self, number: int, receiver: str) -> str:
        """Return the address to be sent to *receiver*; "" where we have no address."""
        if not self._base:
            return ""
        return f"{self._base}/ack/{self.token(number, receiver)}"

    def token(self, number: int, receiver: str) -> str:
        """Return the token of the link."""
        until = self._now() // SECOND + VALID_S
        body = _VERSION + number.to_bytes(8, "big") + until.to_bytes(5, "big") + receiver.encode()
        return base64.urlsafe_b64encode(body + self._mac(body)).rstrip(b"=").decode()

    def read(self, token: str) -> Right:
        """Return what *token* allows; raises NotValid."""
        if not self._base or not self._key:
            raise NotValid("forged")  # we give none: whatever fits an empty key is not ours
        data = _bytes(token)
        body, mac = data[:-MAC_BYTES], data[-MAC_BYTES:]
        if len(body) <= _HEAD or not hmac.compare_digest(mac, self._mac(body)):
            raise NotValid("forged")
        number, until = int.from_bytes(body[1:9], "big"), int.from_bytes(body[9:_HEAD], "big")
        if body[:1] != _VERSION or until * SECOND <= self._now():
            raise NotValid("expired")
        return Right(number, body[_HEAD:].decode(), until * SECOND)

    def of(self, said: Notification, receiver: str) -> Mapping[int, str]:
        """Return the links for the alerts of a message to *receiver*, by alert.

        None on the console, which is a log, nor where nothing is left to take care of.
        """
        if not self._base or receiver == CONSOLE or said.reason not in BEGINS:
            return {}
        lasting = (one.alert.number for one in said.alerts if one.alert.state != "ended")
        return {number: self.link(number, receiver) for number in lasting}

    def _mac(self, body: bytes) -> bytes:
        return hmac.new(self._key, _PURPOSE + body, hashlib.sha256).digest()[:MAC_BYTES]


NO_LINKS: Final = AckLinks("", b"")


def _bytes(token: str) -> bytes:
    """Return what *token* spells; one byte string has one spelling only."""
    if not token.isascii() or len(token) > LONGEST:
        raise NotValid("forged")
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise NotValid("forged") from None
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != token:
        raise NotValid("forged")
    return data
