"""The channels of [alerts], made: what collector, watchdog and `notify` tell through."""

from collections.abc import Iterator

from alerts.channels.alertmanager import Alertmanager
from alerts.channels.base import Channel
from alerts.channels.console import Console
from alerts.channels.dingtalk import Dingtalk
from alerts.channels.fallback import MINUTE, Fallback
from alerts.channels.feishu import Feishu
from alerts.channels.longtail import LongTail, apprise_of
from alerts.channels.mail import Mail, Server
from alerts.channels.probing import Probing
from alerts.channels.robot import Robot
from alerts.channels.webhook import Webhook
from alerts.channels.wecom import Wecom
from collector.alertsconfig import AlertsConfig
from collector.channelsconfig import EmailConfig
from core import clock


def channels_of(config: AlertsConfig, sender: str, now: clock.Clock = clock.now) -> list[Channel]:
    """Return every channel, the console first; *sender* is the collector's id.

    Raises ConfigError where a secret cannot be read.
    """
    return [Console(), *_made(config, sender, now)]


def _made(config: AlertsConfig, sender: str, now: clock.Clock) -> Iterator[Channel]:
    for hook in config.webhook:
        yield Webhook(hook.name, hook.url, sender, hook.timeout_s, hook.headers(), hook.way())
    for one in config.wecom:
        wecom = Wecom(one.key(), one.language, one.format, one.mentioned)
        yield Robot(one.name, wecom, sender, one.timeout_s, now, proxy=one.way())
    for ding in config.dingtalk:
        dingtalk = Dingtalk(ding.key(), ding.signing(), ding.language)
        yield Robot(ding.name, dingtalk, sender, ding.timeout_s, now, proxy=ding.way())
    for card in config.feishu:
        feishu = Feishu(card.key(), card.signing(), card.language)
        yield Robot(card.name, feishu, sender, card.timeout_s, now, proxy=card.way())
    for mail in config.email:
        yield Mail(mail.name, _server(mail), mail.sender, mail.to, sender, mail.language)
    for tail in config.apprise:
        yield LongTail(tail.name, apprise_of(tail.url()), sender, tail.language, tail.timeout_s)
    for am in config.alertmanager:
        yield Alertmanager(
            *(am.name, am.url, am.resend_s, am.timeout_s, am.headers(), am.school, now),
            proxy=am.way(),
        )


def _server(mail: EmailConfig) -> Server:
    password = mail.password() if mail.user else ""
    return Server(mail.host, mail.port, mail.tls, mail.user, password, mail.timeout_s)


def fallback_of(config: AlertsConfig) -> Fallback:
    """Return where messages go whose channel does not take them."""
    return Fallback(
        {row.name: row.fallback for row in config.all_channels() if row.fallback},
        int(config.fallback_after_min * MINUTE),
        int(min(config.fallback_after_p1_min, config.fallback_after_min) * MINUTE),
    )


def probing_of(config: AlertsConfig, sender: str) -> Probing:
    """Return what tests the channels from time to time."""
    return Probing(sender, {row.name: row.test_every_h for row in config.all_channels()})
