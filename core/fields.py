"""What the keys of several configuration files may hold, as annotations for `core.config`."""

import ssl
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from msgspec import Meta

from core.options import CHECK
from core.secrets import secret_mistake
from core.topics import LEVEL

LEVEL_WORDS: Final = "1 to 32 letters, digits, '_', '.' or '-', beginning with a letter or digit"

Level = Annotated[str, Meta(pattern=rf"\A(?:{LEVEL.pattern})\Z", description=LEVEL_WORDS)]
"""A name that can stand in a topic."""

AnyLevel = Annotated[
    str, Meta(pattern=rf"\A(?:{LEVEL.pattern})?\Z", description=f'{LEVEL_WORDS}; or ""')
]
"""The same, or nothing, where nothing has a meaning."""

Filled = Annotated[str, Meta(min_length=1)]
FilledList = Annotated[tuple[Filled, ...], Meta(min_length=1)]
Host = Annotated[str, Meta(pattern=r"\A[^\s/]+\Z", description="a host name or an address")]
BareHosts = Annotated[
    tuple[
        Annotated[
            str,
            # One colon alone stands before a port; an IPv6 address has two at least.
            Meta(
                pattern=r"\A(?:[^\s/:]+|[^\s/:]*:[^\s/:]*:[^\s/]*)\Z",
                description="a host name or an address, with no port and no http://",
            ),
        ],
        ...,
    ],
    Meta(min_length=1),
]
Port = Annotated[int, Meta(ge=1, le=65_535)]
Days = Annotated[int, Meta(ge=1, le=36_500)]
MegaBytes = Annotated[int, Meta(ge=1, le=1_000_000_000)]
KiloBytesPerSecond = Annotated[int, Meta(ge=1, le=100_000_000)]


def url_mistake(
    url: str, *, what: str = "address", example: str, secrets: str, query: bool = False
) -> str:
    """Return what is wrong with the web address *url*; never quotes it, it may hold a secret.

    *secrets* names where a name and a password belong; with *query* it may end with one.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 — raises where it is no number
    except ValueError:
        return f"is no address; expected one as {example}"
    if parts.username is not None or parts.password is not None:
        return f"holds a name or a password: put them into {secrets}"
    whole = parts.scheme in {"http", "https"} and parts.hostname and not parts.fragment
    if not whole or (parts.query and not query):
        return f"is no {what}; expected one as {example}"
    return ""


def file_mistake(file: Path | None) -> str:
    """Return what keeps *file* from being there, or an empty string."""
    return "" if file is None or file.is_file() else f"{file} is not there, or is not a file"


def _roots_mistake(file: Path | None) -> str:
    if file is None or not file.is_file():
        return file_mistake(file)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:  # an OSError too
        return f"{file} holds no certificate (PEM) that can be read"
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}"
    return ""


def _secret_mistake(file: Path | None) -> str:
    return "" if file is None else secret_mistake(file)


File = Annotated[Path | None, Meta(extra={CHECK: file_mistake})]
"""A file that has to be there already; "" for none."""

EditedFile = Path | None
"""A file that people edit while its program runs, and that a start can do without; "" for none.

Whether it is there is for the check of its table to say, where that is asked for."""

Roots = Annotated[Path | None, Meta(extra={CHECK: _roots_mistake})]
"""A file with certificates to believe, there already; "" for none."""

SecretFile = Annotated[Path | None, Meta(extra={CHECK: _secret_mistake})]
"""A file for `core.secrets.secret`; "" for none."""

SchoolPlace = Annotated[
    str,
    Meta(
        pattern=rf"\A(?:(?:{LEVEL.pattern})/(?:{LEVEL.pattern}))?\Z",
        description='a school as REGION/SCHOOL, as "330102/3300000001"; or ""',
    ),
]
