"""Opens sessions: by version and credentials. What is not asked is not loaded."""

import importlib
from pathlib import Path
from typing import Any, Final, Literal

from agent.devices.snmp import message
from agent.devices.snmp.datagrams import Community
from agent.devices.snmp.session import Session
from agent.devices.snmp.user import AuthProtocol, PrivProtocol, User
from agent.devices.snmp.walking import Walker
from core.errors import ConfigError
from core.secrets import secret

Version = Literal["1", "2c", "3"]

TIMEOUT_S: Final = 1.5
RETRIES: Final = 1

COMMUNITY_ENV: Final = "SCHOOLWATCH_SNMP_COMMUNITY"
AUTH_ENV: Final = "SCHOOLWATCH_SNMP_AUTH_PASSWORD"
PRIV_ENV: Final = "SCHOOLWATCH_SNMP_PRIV_PASSWORD"

NUMBERS: Final = {"1": message.V1, "2c": message.V2C}


def open_session(
    *,
    host: str,
    port: int = 161,
    version: Version = "2c",
    community_file: Path | None = None,
    user: str = "",
    auth_protocol: AuthProtocol = "",
    auth_password_file: Path | None = None,
    priv_protocol: PrivProtocol = "",
    priv_password_file: Path | None = None,
    timeout_s: float = TIMEOUT_S,
    retries: int = RETRIES,
) -> Session:
    """Return a session; cheap, nothing is sent yet, and nothing has to be closed.

    Raises ConfigError for what does not fit together, a secret that is not to be had, or a
    package that is not installed.
    """
    if version != "3":
        community = secret(community_file, COMMUNITY_ENV)
        if not community:
            raise ConfigError(
                f"SNMP version {version} needs community_file, or the variable {COMMUNITY_ENV}"
            )
        return by_community(
            host,
            community,
            port=port,
            version=version,
            timeout_s=timeout_s,
            retries=retries,
        )
    who = User(
        user,
        auth_protocol,
        secret(auth_password_file, AUTH_ENV) if auth_protocol else "",
        priv_protocol,
        secret(priv_password_file, PRIV_ENV) if priv_protocol else "",
    )
    asking = _asuser(encrypted=bool(priv_protocol))
    return Walker(asking.AsUser(host, port, who, timeout_s, retries))


def by_community(
    host: str,
    community: str,
    *,
    port: int = 161,
    version: Literal["1", "2c"] = "2c",
    timeout_s: float = TIMEOUT_S,
    retries: int = RETRIES,
) -> Walker:
    """Return a session with *community*, by version 1 or 2c."""
    said = community.encode()
    return Walker(Community(host, port, NUMBERS[version], said, timeout_s, retries))


def _asuser(*, encrypted: bool) -> Any:
    """Return what asks by version 3, which takes 28 MB; raises ConfigError without its packages."""
    try:
        if encrypted:  # pysnmp does not ask for it, and says so only at the first question
            importlib.import_module("cryptography")
        return importlib.import_module("agent.devices.snmp.asuser")
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"SNMP version 3 needs the Python package {error.name}: pip install schoolwatch[snmp]"
        ) from error
