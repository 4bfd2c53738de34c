"""JSON posted to an address, and what came back: the part that webhook and robots share.

A redirect is not followed: the secret would go where nobody meant it to. Nothing here logs the
address or a header; some addresses are secrets themselves.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import msgspec
from yarl import URL

from core.errors import DeliveryError, RetryLater
from core.proxy import Proxy

LATER: Final = frozenset({408, 425, 429})
"""Answers of 4xx that mean not now; all others of them mean never."""
PROXY_ASKS: Final = 407
"""For a name and a password; only a proxy says that."""
LONGEST_WAIT_S: Final = 600.0
"""That a receiver may ask for."""
MOST_BYTES: Final = 65_536
"""Of an answer; what a robot says has some hundred."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is empty where it was longer than MOST_BYTES."""

    status: int
    retry_after: str = ""
    body: bytes = b""

    def fields(self) -> Mapping[str, Any] | None:
        """Return the body as a JSON object, None where it is none."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def judge(self) -> None:
        """Raise RetryLater or DeliveryError where the status is no 2xx."""
        if 200 <= self.status < 300:
            return
        text = f"answered {self.status}"
        if self.status in LATER or self.status >= 500:
            asked = self.retry_after
            wait = min(float(asked), LONGEST_WAIT_S) if asked.isdecimal() else 0.0
            raise RetryLater(text, perhaps=self.status >= 500, wait=wait)
        if 300 <= self.status < 400:
            raise DeliveryError(f"{text}: a redirect is not followed; give the address it leads to")
        raise DeliveryError(text)


class Poster:
    """Used in the event loop; one for each channel."""

    def __init__(self, timeout_s: float, proxy: Proxy | None = None) -> None:
        self._timeout_s = timeout_s
        self._way = _way(proxy) if proxy else {}
        self._session: aiohttp.ClientSession | None = None

    async def post(
        self, url: str | URL, data: bytes, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Post JSON; raises RetryLater, DeliveryError where nothing came back."""
        sent = {"Content-Type": "application/json", "User-Agent": "schoolwatch", **(headers or {})}
        try:
            post = self._open().post(
                url, data=data, headers=sent, allow_redirects=False, **self._way
            )
            async with post as answer:
                status, after = answer.status, answer.headers.get("Retry-After", "")
                if self._way and status == PROXY_ASKS:
                    raise RetryLater(f"the proxy answered {status}", perhaps=False)
                return Answer(status, after, await _beginning(answer.content))
        except aiohttp.ClientConnectorCertificateError as error:
            reason = getattr(error.certificate_error, "verify_message", "") or "not valid"
            text = f"the server's certificate is refused: {reason}"
            raise RetryLater(text, perhaps=False) from None
        except aiohttp.ClientHttpProxyError as error:
            # It did not let us through, so nothing of the message went on.
            raise RetryLater(f"the proxy answered {error.status}", perhaps=False) from None
        except aiohttp.ClientProxyConnectionError as error:
            reason = error.os_error.strerror or type(error.os_error).__name__
            raise RetryLater(f"cannot connect to the proxy: {reason}", perhaps=False) from None
        except aiohttp.ClientConnectorError as error:
            reason = error.os_error.strerror or type(error.os_error).__name__
            raise RetryLater(f"cannot connect: {reason}", perhaps=False) from None
        except TimeoutError:
            text = f"no answer within {self._timeout_s:g} s"
            raise RetryLater(text, perhaps=True) from None
        except (aiohttp.InvalidURL, ValueError):
            raise DeliveryError("the address cannot be asked") from None
        except (aiohttp.ClientError, OSError) as error:
            text = f"the answer broke off: {type(error).__name__}"
            raise RetryLater(text, perhaps=True) from None

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
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _way(proxy: Proxy) -> dict[str, Any]:
    """Return how a request goes by *proxy*: https through a tunnel, so that it reads nothing."""
    if not proxy.auth:
        return {"proxy": proxy.url}
    name, _, password = proxy.auth.partition(":")
    return {"proxy": proxy.url, "proxy_auth": aiohttp.BasicAuth(name, password, "utf-8")}


async def _beginning(content: aiohttp.StreamReader) -> bytes:
    """Return what was answered, of a long answer only as much as nobody takes for a whole one."""
    found = bytearray()
    while len(found) <= MOST_BYTES and (chunk := await content.read(MOST_BYTES)):
        found += chunk
    return bytes(found) if len(found) <= MOST_BYTES else b""
