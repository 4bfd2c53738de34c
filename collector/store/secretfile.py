"""Files with a secret that a program makes: once, for nobody else to read, and never shown."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from core import disk
from core.errors import ConfigError
from core.secrets import secret

OWNER_ONLY: Final = 0o600
BYTES: Final = 32


def password() -> str:
    """Return 43 characters that nobody guesses, fit for every place that takes a password."""
    return secrets.token_urlsafe(BYTES)


def kept_or_made(path: Path, make: Callable[[], str]) -> tuple[str, bool]:
    """Return the secret in the file at *path*, and whether it was made now; raises ConfigError."""
    if path.exists():
        return secret(path, ""), False
    made = make()
    write_new(path, made)
    return made, True


def write_new(path: Path, content: str) -> None:
    """Have *content* in a file that is not there yet, on the disk on return; raises ConfigError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.replace(path, content.encode() + b"\n", OWNER_ONLY)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
