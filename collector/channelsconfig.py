"""The tables [[alerts.…]] of collector.toml: the ways to people, one kind of table for each.

Secrets stand in files, or in a variable of the environment that is called after the channel.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from core.alerts import CONSOLE, Language
from core.errors import ConfigError
from core.fields import Filled, Host, Level, Port, SchoolPlace, SecretFile, url_mistake
from core.options import CHECK
from core.proxy import Proxy
from core.secrets import secret
from core.tomllines import KeyPath

NO_VARIABLE: Final = ""
"""There may be several webhooks, so no one variable could hold their secrets."""


def _url_mistake(url: str) -> str:
    example, what = "https://example.org/alerts", "address that can be posted to"
    return url_mistake(url, what=what, example=example, secrets="secret_file", query=True)


def _proxy_mistake(url: str) -> str:
    if not url:
        return ""
    example = "http://proxy.example.org:3128"
    mistake = url_mistake(
        url, what="address of a proxy", example=example, secrets="proxy_auth_file"
    )
    if not mistake and urlsplit(url).path not in ("", "/"):
        return f"is no address of a proxy; expected one as {example}"
    return mistake


ProxyUrl = Annotated[str, Meta(extra={CHECK: _proxy_mistake})]
Url = Annotated[str, Meta(extra={CHECK: _url_mistake})]
HeaderName = Annotated[
    str, Meta(pattern=r"\A[A-Za-z0-9-]{1,64}\Z", description="letters, digits and '-'")
]
Timeout = Annotated[float, Meta(ge=0.1, le=60)]
MailAddress = Annotated[
    str,
    Meta(
        pattern=r"\A[^\s@<>,;:\"]+@[^\s@<>,;:\"]+\Z",
        description='an address as "duty@example.org", without a name',
    ),
]


class ChannelConfig(Struct, frozen=True, kw_only=True):
    """What every channel may have.

    The readers of a channel with a `school` are that school's own people: they get its alerts
    alone, and may see who attacks it.
    """

    name: Level
    school: SchoolPlace = ""
    fallback: str = ""
    test_every_h: Annotated[float, Meta(ge=0, le=8_784)] = 0

    @property
    def variable(self) -> str:
        """The variable that holds the secret where no file does."""
        return "SCHOOLWATCH_CHANNEL_" + re.sub(r"[^A-Z0-9]", "_", self.name.upper())


class HttpConfig(ChannelConfig, frozen=True, kw_only=True):
    """What is reached by HTTP, where need be through a proxy."""

    proxy: ProxyUrl = ""
    proxy_auth_file: SecretFile = None

    def way(self) -> Proxy | None:
        """Return the proxy, if there is one; raises ConfigError."""
        auth = secret(self.proxy_auth_file, NO_VARIABLE).strip()
        if auth and not self.proxy:
            raise ConfigError(f'channel "{self.name}": proxy_auth_file stands there without proxy')
        if auth and (":" not in auth or not auth.isprintable()):
            raise ConfigError(f"{self.proxy_auth_file} holds no NAME:PASSWORD in one line")
        return Proxy(self.proxy, auth) if self.proxy else None


class WebhookConfig(HttpConfig, frozen=True, kw_only=True):
    """One address that alerts are posted to."""

    url: Url
    secret_file: SecretFile = None
    secret_header: HeaderName = "Authorization"  # noqa: S105 — names the header
    timeout_s: Timeout = 5

    def headers(self) -> dict[str, str]:
        """Return the header that carries the secret, if there is one; raises ConfigError."""
        found = secret(self.secret_file, NO_VARIABLE)
        if not found.isascii() or not found.isprintable():
            raise ConfigError(f"{self.secret_file} holds characters that no header has: one line")
        return {self.secret_header: found} if found else {}


class AlertmanagerConfig(WebhookConfig, frozen=True, kw_only=True):
    """One Alertmanager."""

    resend_s: Annotated[float, Meta(ge=1, le=3_600)] = 60


class RobotConfig(HttpConfig, frozen=True, kw_only=True):
    """One robot in a group chat; its address is a secret."""

    key_file: SecretFile = None
    language: Language = "both"
    timeout_s: Timeout = 5

    def key(self) -> str:
        """Return the robot's key, or its whole address; raises ConfigError."""
        found = secret(self.key_file, self.variable).strip()
        where = self.key_file or self.variable
        if not found:
            raise ConfigError(
                f'[[alerts.…]] name = "{self.name}": key_file is not set, and the variable '
                f"{self.variable} is empty; one of them holds the robot's address or key"
            )
        return robot_key(found, str(where))


class WecomConfig(RobotConfig, frozen=True, kw_only=True):
    """One robot of WeCom (企业微信)."""

    format: Literal["markdown", "text"] = "markdown"
    mentioned: tuple[Filled, ...] = ()


class SigningConfig(RobotConfig, frozen=True, kw_only=True):
    """One robot that wants messages signed, where its settings say so."""

    secret_file: SecretFile = None

    def signing(self) -> str:
        """Return the secret of its signature, an empty text for none; raises ConfigError."""
        return secret(self.secret_file, NO_VARIABLE).strip()


class DingtalkConfig(SigningConfig, frozen=True, kw_only=True):
    """One robot of DingTalk (钉钉)."""


class FeishuConfig(SigningConfig, frozen=True, kw_only=True):
    """One robot of Feishu (飞书)."""


class EmailConfig(ChannelConfig, frozen=True, kw_only=True):
    """One list of recipients, and the server that takes the mail."""

    host: Host
    sender: MailAddress
    to: Annotated[tuple[MailAddress, ...], Meta(min_length=1)]
    port: Port = 587
    tls: Literal["starttls", "ssl", "none"] = "starttls"
    user: str = ""
    password_file: SecretFile = None
    language: Language = "both"
    timeout_s: Timeout = 20

    def password(self) -> str:
        """Return the password, an empty text for none; raises ConfigError."""
        return secret(self.password_file, self.variable)


class AppriseConfig(ChannelConfig, frozen=True, kw_only=True):
    """One address of anything that apprise knows."""

    url_file: SecretFile = None
    language: Language = "both"
    timeout_s: Timeout = 30

    def url(self) -> str:
        """Return the address; raises ConfigError."""
        found = secret(self.url_file, self.variable).strip()
        if not found:
            raise ConfigError(
                f'[[alerts.apprise]] name = "{self.name}": url_file is not set, and the variable '
                f"{self.variable} is empty; one of them holds apprise's address"
            )
        return found


def robot_key(text: str, where: str) -> str:
    """Return *text* where it may be a key or an https address; raises ConfigError without it."""
    plain = text.isascii() and text.isprintable() and not re.search(r"[\s\"<>\\^`{}|]", text)
    if not plain:
        raise ConfigError(f"{where} holds characters that no address has: one line, nothing else")
    scheme, there, rest = text.partition("://")
    if not there:
        if re.search(r"[/?#&=%]", text):
            raise ConfigError(f"{where} holds neither a key nor an address that begins with https")
        return text
    host = re.split(r"[/:?#]", rest, maxsplit=1)[0]
    if scheme != "https" and not (scheme == "http" and host in ("127.0.0.1", "localhost")):
        raise ConfigError(f"{where} holds no https address: anybody on the way could read the key")
    return text


def mistakes_between(
    tables: Mapping[str, Sequence[ChannelConfig]],
) -> Iterator[tuple[KeyPath, str]]:
    """Return what is wrong between channels that are right alone; *tables* by their headings."""
    seen: dict[str, ChannelConfig] = {}
    rows = [(kind, n, row) for kind, table in tables.items() for n, row in enumerate(table)]
    for kind, number, row in rows:
        if row.name in seen or row.name == CONSOLE:
            text = f'{kind} name "{row.name}" is taken; a channel needs a name of its own'
            yield (kind, number, "name"), text
        seen.setdefault(row.name, row)
    for kind, number, row in rows:
        mistake = _fallback_mistake(row, seen)
        if mistake:
            yield (kind, number, "fallback"), f"[alerts.{kind}] fallback {mistake}"


def _fallback_mistake(row: ChannelConfig, known: Mapping[str, ChannelConfig]) -> str:
    if not row.fallback:
        return ""
    to = known.get(row.fallback)
    if to is None:
        names = ", ".join(f'"{name}"' for name in sorted(known) if name != row.name)
        return (
            f'is "{row.fallback}"; expected the name of another channel: {names or "none is there"}'
        )
    if to.school not in ("", row.school):
        return f'"{to.name}" is for the school {to.school} alone, and would get nothing of this'
    chain, at = [row.name], row
    while at.fallback and at.fallback in known:
        at = known[at.fallback]
        chain.append(at.name)
        if at.name == row.name:
            return f"leads back to itself: {' → '.join(chain)}"
        if at.name in chain[:-1]:
            return ""  # said of those that are in the circle
    return ""
