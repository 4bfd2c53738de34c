"""An Alertmanager: alerts go where Prometheus' go, and it does the telling.

It forgets what it does not hear of, so what is firing is posted again each minute, and ends by
itself when we are gone for four (as Prometheus does, which gives `endsAt` four times its interval).
What begins and ends goes through the outbox as every message does.
Watch it work: curl http://127.0.0.1:9093/api/v2/alerts
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import msgspec

from alerts.channels.body import annotations_of, labels_of
from alerts.channels.poster import Poster
from alerts.outbox import Parcel
from core import clock
from core.alerts import Telling
from core.clock import SECOND
from core.proxy import Proxy

PATH: Final = "/api/v2/alerts"
LIVES: Final = 4
"""Times that an alert may be left out before it counts as over."""
MOST: Final = 500
"""Alerts in one request."""


@dataclass(slots=True)
class Alertmanager:
    """A channel; `url` is Alertmanager's own address, `headers` hold the secret if there is one."""

    name: str
    url: str = field(repr=False)
    resend_s: float = 60.0
    timeout_s: float = 5.0
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    school: str = ""
    now: clock.Clock = clock.now
    proxy: Proxy | None = None
    _poster: Poster = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._poster = Poster(self.timeout_s, self.proxy)

    async def send(self, parcel: Parcel) -> None:
        """Post the alerts of a message; raises RetryLater, DeliveryError."""
        await self.post(parcel.notification.alerts)

    async def post(self, tellings: Iterable[Telling]) -> None:
        """Post alerts as they stand; raises RetryLater, DeliveryError."""
        until = self.now() + int(LIVES * self.resend_s * SECOND)
        waiting = (posted(one, until) for one in tellings)
        while some := list(islice(waiting, MOST)):
            data = msgspec.json.encode(some)
            url = self.url.rstrip("/") + PATH
            (await self._poster.post(url, data, self.headers)).judge()

    def theirs(self, tellings: Sequence[Telling]) -> Iterator[Telling]:
        """Yield the alerts that this channel is for."""
        return (one for one in tellings if self.school in ("", one.alert.key.school))

    async def close(self) -> None:
        """Close what is open."""
        await self._poster.close()


def posted(telling: Telling, until: int) -> Mapping[str, Any]:
    """Return an alert as Alertmanager takes it; one that goes on lives *until* then (ns)."""
    alert = telling.alert
    ends = alert.ended_at if alert.state == "ended" else until
    return {
        "labels": labels_of(alert),
        "annotations": annotations_of(telling),
        "startsAt": clock.rfc3339(alert.began_at),
        "endsAt": clock.rfc3339(max(ends, alert.began_at)),
    }
