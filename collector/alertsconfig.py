"""The table [alerts] of collector.toml: whom to tell, and how much at most."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from core.addressclass import is_loopback
from core.alerts import CONSOLE, FEWEST_MESSAGES
from core.errors import ConfigError
from core.fields import Days, File, Level, SchoolPlace, SecretFile, url_mistake
from core.options import CHECK
from core.secrets import secret
from core.tomllines import KeyPath

NO_VARIABLE: Final = ""
"""There may be several webhooks, so no one variable could hold their secrets."""


def _url_mistake(url: str) -> str:
    example, what = "https://example.org/alerts", "address that can be posted to"
    return url_mistake(url, what=what, example=example, secrets="secret_file", query=True)


def _base_url_mistake(url: str) -> str:
    if not url:
        return ""
    example = "https://monitor.example.org"
    mistake = url_mistake(url, what="address of our pages", example=example, secrets="no address")
    if mistake:
        return mistake
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        return (
            "begins with http://: passwords and links that act would travel unprotected; put a "
            f"server for https before the collector (docs/accounts.md), as in {example}"
        )
    return ""


BaseUrl = Annotated[str, Meta(extra={CHECK: _base_url_mistake})]
Url = Annotated[str, Meta(extra={CHECK: _url_mistake})]
HeaderName = Annotated[
    str, Meta(pattern=r"\A[A-Za-z0-9-]{1,64}\Z", description="letters, digits and '-'")
]


class WebhookConfig(Struct, frozen=True, kw_only=True):
    """One address that alerts are posted to."""

    name: Level
    url: Url
    secret_file: SecretFile = None
    secret_header: HeaderName = "Authorization"  # noqa: S105 — names the header
    timeout_s: Annotated[float, Meta(ge=0.1, le=60)] = 5
    school: SchoolPlace = ""
    """Its readers are that school's own people: they get its alerts alone, and may see who
    attacks it."""

    def headers(self) -> dict[str, str]:
        """Return the header that carries the secret, if there is one; raises ConfigError."""
        found = secret(self.secret_file, NO_VARIABLE)
        if not found.isascii() or not found.isprintable():
            raise ConfigError(f"{self.secret_file} holds characters that no header has: one line")
        return {self.secret_header: found} if found else {}


class AlertsConfig(Struct, frozen=True, kw_only=True):
    """`messages`: in ten minutes at most, to each channel; `keep_days`: how long history stays.

    `routing_file` says who hears of what; without one everybody hears everything.
    `base_url` is where people reach the pages, `accounts_file` who may act there, and
    `calendar_file` says when lessons are held (alerts/calendar/file.py).
    """

    messages: Annotated[int, Meta(ge=FEWEST_MESSAGES, le=1_000)] = 20
    keep_days: Days = 400
    routing_file: File = None
    base_url: BaseUrl = ""
    accounts_file: File = None
    calendar_file: File = None
    webhook: tuple[WebhookConfig, ...] = ()


def alerts_mistakes(alerts: AlertsConfig) -> Iterator[tuple[KeyPath, str]]:
    """Return what is wrong between webhooks that are right alone."""
    seen = {CONSOLE}
    for number, webhook in enumerate(alerts.webhook):
        if webhook.name in seen:
            text = f'webhook name "{webhook.name}" is taken; a channel needs a name of its own'
            yield ("webhook", number, "name"), text
        seen.add(webhook.name)
    yield from _routing_mistakes(alerts.routing_file, seen)


def _routing_mistakes(
    path: Path | None, channels: Collection[str]
) -> Iterator[tuple[KeyPath, str]]:
    """Return whether the routes fit the channels; what else is wrong says their own check."""
    if path is None:
        return
    # Here, so that the trial, which only starts the collector, does not load the rules.
    from alerts.routing.check import read_routing, unknown_channels  # noqa: PLC0415

    try:
        found = list(unknown_channels(read_routing(path), channels))
    except ConfigError:
        found = [f"{path} cannot be used: schoolwatch check-config {path}"]
    for text in found:
        yield ("routing_file",), text
