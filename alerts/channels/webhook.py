"""Alerts posted to an address as JSON (alerts/channels/body.py).

Watch it work: nc -l 127.0.0.1 9000, and url = "http://127.0.0.1:9000/"
"""

from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import msgspec

from alerts.channels.body import body, key_of
from alerts.channels.poster import Poster
from alerts.outbox import Parcel
from core.addressclass import is_loopback
from core.proxy import Proxy


@dataclass(slots=True)
class Webhook:
    """`headers` hold the secret, if there is one; `sender` is the collector's id."""

    name: str
    url: str = field(repr=False)
    sender: str
    timeout_s: float = 5.0
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    proxy: Proxy | None = None
    _poster: Poster = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._poster = Poster(self.timeout_s, self.proxy)

    async def send(self, parcel: Parcel) -> None:
        """Post the message; raises RetryLater, DeliveryError."""
        key = key_of(parcel.notification, self.sender)
        if not _is_private(self.url, self.proxy):
            parcel = replace(parcel, links={})
        data = msgspec.json.encode(body(parcel, self.sender))
        headers = {"Idempotency-Key": key, **self.headers}
        (await self._poster.post(self.url, data, headers)).judge()

    async def close(self) -> None:
        """Close what is open."""
        await self._poster.close()


def _is_private(url: str, proxy: Proxy | None) -> bool:
    """Return whether a link that acts may go to *url*: nobody reads it on the way."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (not proxy and is_loopback(parts.hostname or ""))
