"""The table [broker], the same in every program that speaks MQTT."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from core.fields import File, Host, Port, Roots, SecretFile
from core.secrets import secret
from core.tomllines import KeyPath

PASSWORD_ENV: Final = "SCHOOLWATCH_MQTT_PASSWORD"  # noqa: S105  # names the variable


class BrokerConfig(Struct, frozen=True, kw_only=True):
    """Where the broker is and who we are to it; durations in seconds. TLS is on with `ca_file`."""

    host: Host = "127.0.0.1"
    port: Port = 1883
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    keepalive_s: Annotated[int, Meta(ge=1, le=65_535)] = 60
    reconnect_within_s: Annotated[float, Meta(ge=0, le=3600)] = 60
    username: str = ""
    password_file: SecretFile = None
    ca_file: Roots = None
    cert_file: File = None
    key_file: File = None
    embedded: bool = False

    def password(self) -> str:
        """Return the password, empty where none is given; raises ConfigError."""
        return secret(self.password_file, PASSWORD_ENV)


def broker_mistakes(broker: BrokerConfig) -> Iterator[tuple[KeyPath, str]]:
    """Return what is wrong between options that are right alone."""
    if broker.password_file is not None and not broker.username:
        yield ("password_file",), "[broker] password_file is of no use without username"
    for name, other in (
        ("cert_file", "key_file"),
        ("key_file", "cert_file"),
        ("cert_file", "ca_file"),
    ):
        if getattr(broker, name) is not None and getattr(broker, other) is None:
            yield (name,), f"[broker] {name} needs {other} beside it"
    if broker.cert_file is not None and broker.key_file is not None:
        mistake = _pair_mistake(broker.cert_file, broker.key_file)
        if mistake:
            yield ("cert_file",), f"[broker] cert_file {mistake}"


def _pair_mistake(certificate: Path, key: Path) -> str:
    """Return why nobody could be shown *certificate*; of a missing file another check tells."""
    if not (certificate.is_file() and key.is_file()):
        return ""
    try:
        # With a password, since OpenSSL else asks for one on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:  # an OSError too
        why = (error.reason or "no PEM that can be read").replace("_", " ").lower()
        return f"{certificate} and key_file {key} cannot be used together: {why}"
    except OSError as error:
        return f"{certificate} or key_file {key} cannot be read: {error.strerror}"
    return ""
