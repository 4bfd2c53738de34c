"""A robot in a chat group: what WeCom, DingTalk and Feishu have in common.

    parcel ─▶ words ─▶ pieces ─▶ (its pace) ─▶ post ─▶ what the answer's code means

An answer of 200 says nothing: only the code inside does. What the vendors differ in is pure, and
stands in a file for each.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import msgspec
from yarl import URL

from alerts.channels.pace import Limit, Pace
from alerts.channels.poster import Answer, Poster
from alerts.channels.said import Said, said_of
from alerts.outbox import Parcel
from alerts.texts import plain
from core import clock
from core.alerts import Language
from core.clock import SECOND
from core.errors import DeliveryError, NotYet, RetryLater
from core.proxy import Proxy

Body = Mapping[str, Any]
MOST_SAID: Final = 160
"""Characters of a vendor's own words."""


@dataclass(frozen=True, slots=True)
class Code:
    """What a code of a vendor means: `again` where the same message may be taken later, then after
    `wait_s`, and until then nothing else goes there."""

    means: str
    again: bool = False
    wait_s: float = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The code in an answer, 0 for success, and the vendor's words."""

    code: int
    words: str = ""


class Vendor(Protocol):
    """What one vendor does in its own way; nothing here touches the network."""

    @property
    def limits(self) -> Sequence[Limit]:
        """How fast it may be spoken to."""

    @property
    def language(self) -> Language:
        """What its readers read."""

    def bodies(self, said: Said) -> list[Body]:
        """Return the message in as many pieces as it takes."""

    def request(self, body: Body, at: int) -> tuple[str, Body]:
        """Return address and body, signed at *at* (ns)."""

    def verdict(self, fields: Mapping[str, Any]) -> Verdict | None:
        """Return what the vendor says in an answer, None where it is no answer of theirs."""

    def code(self, verdict: Verdict) -> Code | None:
        """Return what is known of a verdict that is no success."""

    def rests(self, parcel: Parcel, at: int) -> float:
        """Return for how many seconds the parcel should wait, for a reason of the vendor's."""


@dataclass(slots=True)
class _UnderWay:
    """A message and the pieces of it that are left; `begun`: there were more, which were taken.
    `doubt`: so may the first of them."""

    key: tuple[int, int]
    left: list[Body]
    begun: bool = False
    doubt: bool = False


class Robot:
    """A channel; `sender` is the collector's id."""

    def __init__(
        self,
        name: str,
        vendor: Vendor,
        sender: str,
        timeout_s: float,
        now: clock.Clock = clock.now,
        *,
        proxy: Proxy | None = None,
    ) -> None:
        self.name = name
        self._vendor, self._sender, self._now = vendor, sender, now
        self._poster, self._pace = Poster(timeout_s, proxy), Pace(vendor.limits)
        self._under_way: _UnderWay | None = None

    def sent_before(self, times: Iterable[int]) -> None:
        """Hear when an earlier process sent something."""
        for at in sorted(times):
            self._pace.take(at)

    async def send(self, parcel: Parcel) -> None:
        """Send what of the message is still to be sent; raises RetryLater, DeliveryError."""
        rest = self._vendor.rests(parcel, self._now())
        if rest:
            raise NotYet("the vendor asks for another minute", wait=rest, whole=False)
        message = self._message(parcel)
        wanted = len(message.left)  # room for all of it, so that it does not stop half way
        while message.left:
            wait, wanted = self._pace.wait(self._now(), wanted), 1
            if wait:
                text = "as many messages as the vendor allows were sent"
                raise NotYet(text, wait=wait / SECOND, perhaps=message.begun)
            self._pace.take(self._now())
            try:
                await self._post(message.left[0])
            except RetryLater as error:
                message.doubt = error.perhaps
                perhaps = error.perhaps or message.begun
                raise RetryLater(
                    str(error), perhaps=perhaps, wait=error.wait, whole=error.whole
                ) from None
            message.left.pop(0)
            message.begun, message.doubt = True, False
        self._under_way = None

    async def close(self) -> None:
        """Close what is open."""
        await self._poster.close()

    def _message(self, parcel: Parcel) -> "_UnderWay":
        """Return what is to be sent: of a message that goes on, the pieces nobody has."""
        note = parcel.notification
        key, found = (note.number, note.at), self._under_way
        if found and found.key == key and found.begun:
            if found.doubt:
                # Cut as before, whether it is marked or not.
                marked = self._bodies(replace(parcel, repeat=True))
                found.left[0] = marked[-len(found.left)]
            return found
        self._under_way = _UnderWay(key, self._bodies(parcel))
        return self._under_way

    def _bodies(self, parcel: Parcel) -> list[Body]:
        return self._vendor.bodies(said_of(parcel, self._vendor.language, self._sender))

    async def _post(self, body: Body) -> None:
        url, signed = self._vendor.request(body, self._now())
        data = msgspec.json.encode(signed)
        answer = await self._poster.post(URL(url, encoded=True), data)
        judge(self._vendor, answer)


def judge(vendor: Vendor, answer: Answer) -> None:
    """Return where *answer* says that the message was taken; raises RetryLater, DeliveryError."""
    fields = answer.fields()
    verdict = vendor.verdict(fields) if fields is not None else None
    if verdict is None:
        answer.judge()
        raise RetryLater(
            f"answered {answer.status}, but not as the vendor does: a proxy or a sign-in page may "
            "be between",
            perhaps=True,
        )
    if verdict.code == 0:
        answer.judge()
        return
    known = vendor.code(verdict)
    means = known.means if known else "a code that is not in docs/channels.md"
    text = f"code {verdict.code}: {means}"
    if verdict.words:
        text = f"{text} ({plain(verdict.words)[:MOST_SAID]})"
    if known and not known.again:
        raise DeliveryError(text)
    wait = known.wait_s if known else 0
    raise RetryLater(text, perhaps=False, wait=wait, whole=bool(wait))


def number_of(fields: Mapping[str, Any], *names: str) -> int | None:
    """Return the first of *names* that is a whole number; a bool is none."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def word_of(fields: Mapping[str, Any], *names: str) -> str:
    """Return the first of *names* that is a text, else an empty one."""
    return next((fields[name] for name in names if isinstance(fields.get(name), str)), "")


def address_of(secret: str, template: str) -> str:
    """Return the address of a robot, of which *secret* is all or only the key."""
    return secret if "://" in secret else template.format(key=secret)
