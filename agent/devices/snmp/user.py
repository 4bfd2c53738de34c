"""Who asks by SNMP version 3: the user and its keys, as RFC 3414 wants them."""

from dataclasses import dataclass, field
from typing import Final, Literal

from core.errors import ConfigError

AuthProtocol = Literal["", "MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"]
PrivProtocol = Literal["", "DES", "AES", "AES-192", "AES-256"]

SHORTEST: Final = 8
"""Characters of a password (RFC 3414 section 11.2); devices refuse shorter ones."""
LONGEST_NAME: Final = 32


@dataclass(frozen=True, slots=True)
class User:
    """A user; without `auth_protocol` it proves nothing, without `priv_protocol` all can read."""

    name: str
    auth_protocol: AuthProtocol = ""
    auth_password: str = field(default="", repr=False)
    priv_protocol: PrivProtocol = ""
    priv_password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Raise ConfigError for what does not fit together; quotes no password."""
        if not 1 <= len(self.name.encode()) <= LONGEST_NAME:
            raise ConfigError(f"version 3 needs user: up to {LONGEST_NAME} bytes")
        if self.priv_protocol and not self.auth_protocol:
            raise ConfigError("priv_protocol needs auth_protocol beside it (RFC 3414)")
        for what, protocol, password in (
            ("auth", self.auth_protocol, self.auth_password),
            ("priv", self.priv_protocol, self.priv_password),
        ):
            if protocol and len(password) < SHORTEST:
                raise ConfigError(
                    f"{what}_protocol {protocol} needs {what}_password_file with a password of "
                    f"{SHORTEST} characters or more"
                )
