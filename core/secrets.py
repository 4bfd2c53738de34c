"""Passwords and tokens: from a file that others cannot read, else from the environment.

They never stand in a configuration file, which is copied and shown, and nothing here logs them.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from core.errors import ConfigError

MAX_BYTES: Final = 65_536


def secret(file: Path | None, env: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the secret in *file*, without its last newline; without a file, the variable *env*.

    Empty where neither is given. Raises ConfigError, which never quotes the content.
    """
    if file is None:
        return environ.get(env, "")
    mistake = secret_mistake(file)
    if mistake:
        raise ConfigError(mistake)
    text = _text(file)
    if not text:
        raise ConfigError(f"{file} is empty; it should hold the secret")
    return text


def secret_mistake(file: Path) -> str:
    """Return what keeps *file* from being a secret, or an empty string; does not open it."""
    try:
        mode = file.stat().st_mode
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}"
    if not stat.S_ISREG(mode):
        return f"{file} is not a file"
    if mode & stat.S_IRWXO:
        return f"{file} can be read by everybody on this machine; run:  chmod 600 {file}"
    return ""


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ConfigError(f"{file} has more than {MAX_BYTES} bytes: not a secret")
        return content.decode().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not UTF-8 text") from None
