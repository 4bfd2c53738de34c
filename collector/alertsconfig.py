"""The table [alerts] of collector.toml: whom to tell, and how much at most."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final

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
from core.alerts import FEWEST_MESSAGES
from core.fields import Days, File
from core.tomllines import KeyPath

KINDS: Final = ("webhook", "wecom", "dingtalk", "feishu", "email", "apprise", "alertmanager")
"""The tables of channels, in the order of the sample."""


class AlertsConfig(Struct, frozen=True, kw_only=True):
    """`messages`: in ten minutes at most, to each channel; `keep_days`: how long history stays;
    `rules_file`: the operator's own rules (docs/rules.md); `calendar_file`: when lessons are held
    (docs/calendar.md).

    A channel that fails for `fallback_after_min` is dead: its messages go to its fallback, P1
    after `fallback_after_p1_min`.
    """

    messages: Annotated[int, Meta(ge=FEWEST_MESSAGES, le=1_000)] = 20
    keep_days: Days = 400
    fallback_after_min: Annotated[float, Meta(ge=0.1, le=1_440)] = 10
    fallback_after_p1_min: Annotated[float, Meta(ge=0.1, le=1_440)] = 2
    rules_file: File = None
    calendar_file: File = None
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


def alerts_mistakes(alerts: AlertsConfig) -> Iterator[tuple[KeyPath, str]]:
    """Return what is wrong between channels that are right alone."""
    yield from mistakes_between(alerts.tables())
