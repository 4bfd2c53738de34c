"""Opens sessions: by version, and for version 3 by user and keys."""

from pathlib import Path
from typing import Literal

from agent.devices.snmp.session import Session

Version = Literal["1", "2c", "3"]
AuthProtocol = Literal["", "MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"]
PrivProtocol = Literal["", "DES", "AES", "AES-192", "AES-256"]


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
    timeout_s: float = 1.5,
    retries: int = 1,
) -> Session:
    """Return a session; cheap, nothing is sent or loaded yet, and nothing has to be closed.

    Raises ConfigError for what does not fit together, a secret that is not to be had, or a
    package that is not installed.
    """
    raise NotImplementedError
