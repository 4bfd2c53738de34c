"""Answers to a web server that asks who we are: Digest (RFC 7616) and Basic (RFC 7617)."""

import re
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import md5, sha256
from typing import Final

HASHES: Final[Mapping[str, Callable[[bytes], str]]] = {
    "SHA-256": lambda data: sha256(data).hexdigest(),
    "MD5": lambda data: md5(data, usedforsecurity=False).hexdigest(),
}
"""By the word of the server, best first; devices in schools know only the second one."""

_PART: Final = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME: Final = re.compile(r"(?:^|,)\s*(Digest|Basic)(?=[\s,]|$)", re.IGNORECASE)
MOST_CHARACTERS: Final = 4096


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are to a device."""

    user: str
    password: str

    def __repr__(self) -> str:
        """Return the name only: an account may be logged with what holds it."""
        return f"Account({self.user!r})"


def authorization(
    challenges: Iterable[str],
    account: Account,
    method: str,
    target: str,
    *,
    basic: bool = True,
    cnonce: Callable[[], str] = lambda: secrets.token_hex(16),
) -> str:
    """Return the header `Authorization` for *challenges* (WWW-Authenticate), "" for none we know.

    Digest before Basic, which sends the password as it is: never without *basic*.
    """
    found = [part for text in challenges for part in _challenges(text[:MOST_CHARACTERS])]
    for algorithm, hashed in HASHES.items():
        for scheme, parts in found:
            named = parts.get("algorithm", "MD5").upper()
            if scheme == "digest" and named.removesuffix("-SESS") == algorithm:
                qops = [one.strip() for one in parts.get("qop", "").split(",")]
                if "nonce" in parts and ("auth" in qops or not parts.get("qop")):
                    asked = (method, target)
                    return _digest(parts, hashed, account, asked, cnonce())
    if basic and any(scheme == "basic" for scheme, _ in found):
        return f"Basic {b64encode(f'{account.user}:{account.password}'.encode()).decode()}"
    return ""


def _challenges(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    starts = list(_SCHEME.finditer(text))
    ends = [start.start() for start in starts[1:]] + [len(text)]
    for start, end in zip(starts, ends):
        yield (
            start[1].lower(),
            {
                match[1].lower(): re.sub(r"\\(.)", r"\1", match[2] or "") or match[3] or ""
                for match in _PART.finditer(text, start.end(), end)
            },
        )


def _digest(
    parts: Mapping[str, str],
    hashed: Callable[[bytes], str],
    account: Account,
    asked: tuple[str, str],
    cnonce: str,
) -> str:
    def h(*texts: str) -> str:
        return hashed(":".join(texts).encode())

    realm, nonce, count = parts.get("realm", ""), parts["nonce"], "00000001"
    secret = h(account.user, realm, account.password)
    if parts.get("algorithm", "").upper().endswith("-SESS"):
        secret = h(secret, nonce, cnonce)
    what = h(*asked)
    qop = bool(parts.get("qop"))
    response = h(secret, nonce, count, cnonce, "auth", what) if qop else h(secret, nonce, what)
    said = {
        "username": account.user,
        "realm": realm,
        "nonce": nonce,
        "uri": asked[1],
        "response": response,
        "cnonce": cnonce,
    }
    quoted = [f'{name}="{_escaped(value)}"' for name, value in said.items()]
    if "opaque" in parts:
        quoted.append(f'opaque="{_escaped(parts["opaque"])}"')
    if "algorithm" in parts:
        quoted.append(f"algorithm={parts['algorithm']}")
    return "Digest " + ", ".join([*quoted, *(["qop=auth", f"nc={count}"] if qop else [])])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
