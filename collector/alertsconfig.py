"""The table [alerts] of collector.toml: whom to tell, and how much at most."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from collector.channelsconfig import (
    AlertmanagerConfig,
    AppriseConfig,
    ChannelConfig,
    DingtalkConfig,
    EmailConfig,
    FeishuConfig,
    WebhookConfig,
    WecomConfig,
    mistakes_between,
)
from core.addressclass import is_loopback
from core.alerts import CONSOLE, FEWEST_MESSAGES
from core.errors import ConfigError
from core.fields import Days, EditedFile, File, file_mistake, url_mistake
from core.options import CHECK
from core.tomllines import KeyPath

KINDS: Final = ("webhook", "wecom", "dingtalk", "feishu", "email", "apprise", "alertmanager")
"""The tables of channels, in the order of the sample."""


def base_url_mistake(url: str) -> str:
    """Return what is wrong with the address of our pages, "" where nothing is."""
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


BaseUrl = Annotated[str, Meta(extra={CHECK: base_url_mistake})]


class AlertsConfig(Struct, frozen=True, kw_only=True):
    """`messages`: in ten minutes at most, to each channel; `keep_days`: how long history stays;
    `rules_file`: the operator's own rules (docs/rules.md); `calendar_file`: when lessons are held
    (docs/calendar.md); `incidents_file`: clocks of the law, and who reports (docs/incidents.md).

    A channel that fails for `fallback_after_min` is dead: its messages go to its fallback, P1
    after `fallback_after_p1_min`. `routing_file` says who hears of what; without one everybody
    hears everything. `base_url` is where people reach the pages, `accounts_file` who may act there.
    """

    messages: Annotated[int, Meta(ge=FEWEST_MESSAGES, le=1_000)] = 20
    keep_days: Days = 400
    fallback_after_min: Annotated[float, Meta(ge=0.1, le=1_440)] = 10
    fallback_after_p1_min: Annotated[float, Meta(ge=0.1, le=1_440)] = 2
    rules_file: EditedFile = None
    routing_file: EditedFile = None
    base_url: BaseUrl = ""
    accounts_file: EditedFile = None
    calendar_file: EditedFile = None
    incidents_file: File = None
    webhook: tuple[WebhookConfig, ...] = ()
    wecom: tuple[WecomConfig, ...] = ()
    dingtalk: tuple[DingtalkConfig, ...] = ()
    feishu: tuple[FeishuConfig, ...] = ()
    email: tuple[EmailConfig, ...] = ()
    apprise: tuple[AppriseConfig, ...] = ()
    alertmanager: tuple[AlertmanagerConfig, ...] = ()

    def tables(self) -> Mapping[str, Sequence[ChannelConfig]]:
        """Return every channel, by the heading of its table."""
        return {kind: getattr(self, kind) for kind in KINDS}

    def all_channels(self) -> list[ChannelConfig]:
        """Return every channel."""
        return [row for table in self.tables().values() for row in table]

    def schools(self) -> dict[str, str]:
        """Return the school of each channel that is for one school alone."""
        return {row.name: row.school for row in self.all_channels() if row.school}


def channels_mistakes(alerts: AlertsConfig) -> Iterator[tuple[KeyPath, str]]:
    """Return what is wrong between channels that are right alone."""
    yield from mistakes_between(alerts.tables())


def alerts_mistakes(alerts: AlertsConfig) -> Iterator[tuple[KeyPath, str]]:
    """Return the same, and what is wrong with the files that a start can do without."""
    yield from channels_mistakes(alerts)
    for key in ("rules_file", "accounts_file", "calendar_file"):
        mistake = file_mistake(getattr(alerts, key))
        if mistake:
            yield (key,), f"[alerts] {key} {mistake}"
    names = {CONSOLE, *(row.name for row in alerts.all_channels())}
    yield from _routing_mistakes(alerts.routing_file, names)


def _routing_mistakes(
    path: Path | None, channels: Collection[str]
) -> Iterator[tuple[KeyPath, str]]:
    """Return whether the routes fit the channels; what else is wrong says their own check."""
    mistake = file_mistake(path)
    if mistake:
        yield ("routing_file",), f"[alerts] routing_file {mistake}"
    if path is None or mistake:
        return
    # Here, so that the trial, which only starts the collector, does not load the rules.
    from alerts.routing.check import read_routing, unknown_channels  # noqa: PLC0415

    try:
        found = list(unknown_channels(read_routing(path), channels))
    except ConfigError:
        found = [f"{path} cannot be used: schoolwatch check-config {path}"]
    for text in found:
        yield ("routing_file",), text
