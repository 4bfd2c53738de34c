"""Alerts posted to an address as JSON (alerts/channels/body.py).

A redirect is not followed: the secret would go where nobody meant it to. Nothing here logs the
address or the secret; some addresses are secrets themselves.
Watch it work: nc -l 127.0.0.1 9000, and url = "http://127.0.0.1:9000/"
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final

import aiohttp
import msgspec

from alerts.channels.body import body, key_of
from alerts.outbox import Parcel
from core.errors import DeliveryError, RetryLater

LATER: Final = frozenset({408, 425, 429})
"""Answers of 4xx that mean not now; all others of them mean never."""
LONGEST_WAIT_S: Final = 600.0
"""That a receiver may ask for."""


@dataclass(slots=True)
class Webhook:
    """`headers` hold the secret, if there is one; `sender` is the collector's id."""

    name: str
    url: str
    sender: str
    timeout_s: float = 5.0
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    _session: aiohttp.ClientSession | None = None

    async def send(self, parcel: Parcel) -> None:
        """Post the message; raises RetryLater, DeliveryError."""
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key_of(parcel.notification, self.sender),
            "User-Agent": "schoolwatch",
            **self.headers,
        }
        data = msgspec.json.encode(body(parcel, self.sender))
        try:
            post = self._open().post(self.url, data=data, headers=headers, allow_redirects=False)
            async with post as answer:
                status, after = answer.status, answer.headers.get("Retry-After", "")
        except aiohttp.ClientConnectorError as error:
            reason = error.os_error.strerror or type(error.os_error).__name__
            raise RetryLater(f"cannot connect: {reason}", perhaps=False) from None
        except TimeoutError:
            text = f"no answer within {self.timeout_s:g} s"
            raise RetryLater(text, perhaps=True) from None
        except (aiohttp.InvalidURL, ValueError):
            raise DeliveryError("the address cannot be asked") from None
        except (aiohttp.ClientError, OSError) as error:
            text = f"the answer broke off: {type(error).__name__}"
            raise RetryLater(text, perhaps=True) from None
        _judge(status, after)

    async def close(self) -> None:
        """Close what is open."""
        if self._session:
            await self._session.close()
            await asyncio.sleep(0)  # lets transports end that are being closed

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # A connection for each message: one that the receiver has closed meanwhile would
            # leave in doubt whether it has the message.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),
                timeout=aiohttp.ClientTimeout(total=self.timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _judge(status: int, after: str) -> None:
    if 200 <= status < 300:
        return
    text = f"answered {status}"
    if status in LATER or status >= 500:
        wait = min(float(after), LONGEST_WAIT_S) if after.isdecimal() else 0.0
        raise RetryLater(text, perhaps=status >= 500, wait=wait)
    if 300 <= status < 400:
        raise DeliveryError(f"{text}: a redirect is not followed; give the address it leads to")
    raise DeliveryError(text)
