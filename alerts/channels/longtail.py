"""Everything else that apprise knows, from SMS gateways to Telegram, in a thread.

apprise says only yes or no, and yes to each answer of 200: programs with an adapter of our own are
refused here. What it logs holds addresses and, at DEBUG, whole messages, so none of it is passed
on. Installed with the extra `apprise`; nothing is imported without it.
Watch it work: schoolwatch notify test --channel NAME
"""

import asyncio
import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from alerts.channels.markdown import lines_of
from alerts.channels.said import said_of
from alerts.outbox import Parcel
from core.alerts import Language
from core.errors import ConfigError, RetryLater

OURS: Final = frozenset({"dingtalk", "feishu", "lark", "wecombot"})
"""Schemas whose refusals apprise takes for success (libraries.md 12.1)."""
_NUMBER: Final = re.compile(r"\berror=(\d{3})\b")
_TALKATIVE: Final = ("apprise", "requests", "urllib3", "urllib3.connectionpool")

Notify = Callable[..., bool | None]


class _Hush(logging.Filter):
    """Keeps what is logged in a thread that sends, and lets nobody else have it."""

    def __init__(self) -> None:
        super().__init__()
        self._threads: dict[int, list[str]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        said = self._threads.get(record.thread or 0)
        if said is not None:
            said.append(record.getMessage())
            return False
        return record.name != "apprise"

    def begin(self) -> list[str]:
        """Return the list into which this thread's words go."""
        return self._threads.setdefault(threading.get_ident(), [])

    def end(self) -> None:
        """Let this thread speak again."""
        self._threads.pop(threading.get_ident(), None)


_hush = _Hush()


@dataclass(slots=True)
class LongTail:
    """A channel; `notify` is apprise's, `collector` the collector's id."""

    name: str
    notify: Notify = field(repr=False)
    collector: str
    language: Language = "both"
    timeout_s: float = 30.0
    _running: "asyncio.Future[str] | None" = field(default=None, repr=False)

    async def send(self, parcel: Parcel) -> None:
        """Hand the message to apprise; raises RetryLater."""
        if self._running and not self._running.done():
            raise RetryLater("the last attempt has not come back yet", perhaps=False)
        said = said_of(parcel, self.language, self.collector)
        body = "\n".join([*said.notes, *lines_of(said, marked=False), said.foot])
        running = asyncio.ensure_future(asyncio.to_thread(self._send, said.headline, body))
        self._running = running
        # A thread cannot be stopped: what comes after the time is up is left to itself.
        done, _ = await asyncio.wait([running], timeout=self.timeout_s)
        if not done:
            raise RetryLater(f"no answer within {self.timeout_s:g} s", perhaps=True)
        why = running.result()
        if why:
            raise RetryLater(why, perhaps=True)

    async def close(self) -> None:
        """Nothing is open."""

    def _send(self, title: str, body: str) -> str:
        """Return why it was not sent, an empty text where it was; blocks."""
        said = _hush.begin()
        try:
            if self.notify(title=title, body=body):
                return ""
        except Exception as error:  # noqa: BLE001 — a plugin of many; its text may hold the secret
            return f"apprise failed: {type(error).__name__}"
        finally:
            _hush.end()
        found = [number for line in said for number in _NUMBER.findall(line)]
        return (
            f"apprise could not send it (answered {found[-1]})"
            if found
            else ("apprise could not send it: see whether the address in url_file is right")
        )


def apprise_of(url: str) -> Notify:
    """Return what sends to *url*; raises ConfigError, which never quotes it."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if _hush not in logger.filters:
            logger.addFilter(_hush)
    try:
        # Only where it is used.
        import apprise  # noqa: PLC0415
        from apprise.conversion.format import convert_between  # noqa: PLC0415
    except ModuleNotFoundError:
        raise ConfigError(
            "[[alerts.apprise]] needs apprise; install it with:  pip install 'schoolwatch[apprise]'"
        ) from None
    schema = url.partition("://")[0].lower()
    if schema in OURS:
        raise ConfigError(
            f"apprise takes refusals of {schema}:// for success; use [[alerts.wecom]], "
            "[[alerts.dingtalk]] or [[alerts.feishu]]"
        )
    plugin = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if not isinstance(plugin, apprise.NotifyBase):
        raise ConfigError("url_file holds no address that apprise knows")

    def notify(title: str, body: str) -> bool:
        # Not by apprise.Apprise, which has threads of its own: what is said there belongs to none
        # of ours.
        text = apprise.NotifyFormat.TEXT
        said = convert_between(text, plugin.notify_format, body)  # type: ignore[no-untyped-call]
        return bool(plugin.notify(title=title, body=said))

    return notify
