"""Who we are to a device: the account that its options name."""

from pathlib import Path
from typing import Final

from agent.clients.httpauth import Account
from core.secrets import secret

PASSWORD_ENV: Final = "SCHOOLWATCH_DEVICE_PASSWORD"  # noqa: S105  # names the variable
"""Where no `password_file` is named: one password for all devices."""


def password_of(file: Path | None) -> str:
    """Return the password in *file*, else of the environment; "" where there is none.

    Raises ConfigError for a file that is no secret.
    """
    return secret(file, PASSWORD_ENV)


def account_of(user: str, file: Path | None) -> Account | None:
    """Return the account, None without a user or a password; raises ConfigError."""
    password = password_of(file) if user else ""
    return Account(user, password) if password else None
