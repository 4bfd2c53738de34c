"""As much of SOAP and WS-Security as a status needs; answers come from strangers.

Python's ElementTree would unpack entities without end; here a document type is refused where it
begins, and no more is kept than the first text of each name.
"""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Final
from xml.parsers.expat import ExpatError, ParserCreate
from xml.sax.saxutils import escape

from agent.clients.httpauth import Account
from agent.devices.texts import decoded

ENVELOPE: Final = "http://www.w3.org/2003/05/soap-envelope"
_WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_PROFILE: Final = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
)
DEEPEST: Final = 50
MOST_ELEMENTS: Final = 2000
LONGEST: Final = 200
"""Characters of one text that are kept."""


class NotSoap(ValueError):
    """Bytes that are no answer of SOAP, or one that nobody should read on."""


@dataclass(slots=True)
class _Names:
    """Collects the first text of each path of local names below the body."""

    path: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    elements: int = 0

    def start(self, name: str, _: Mapping[str, str]) -> None:
        self.elements += 1
        self.path.append(name.rpartition(" ")[2])
        if len(self.path) > DEEPEST or self.elements > MOST_ELEMENTS:
            raise NotSoap("nested too deeply, or of too many parts")
        self.texts.setdefault("/".join(self.path), "")

    def end(self, _: str) -> None:
        self.path.pop()

    def text(self, data: str) -> None:
        if self.path:
            key = "/".join(self.path)
            self.texts[key] = (self.texts[key] + data)[:LONGEST]


def texts_of(data: bytes) -> dict[str, str]:
    """Return the texts of an envelope by their path of names, as `Envelope/Body/Fault/Reason/Text`.

    Raises NotSoap for anything else, and for what has a document type.
    """
    names = _Names()
    # What it is written in is found out here: devices name one encoding and use another.
    parser = ParserCreate("utf-8", " ")
    parser.StartElementHandler, parser.EndElementHandler = names.start, names.end
    parser.CharacterDataHandler = names.text
    parser.StartDoctypeDeclHandler = _refused
    try:
        parser.Parse(decoded(data).encode("utf-8", "replace"), True)
    except (ExpatError, ValueError) as error:
        raise NotSoap(str(error)) from None
    if "Envelope/Body" not in names.texts:
        raise NotSoap("no envelope with a body")
    return {path: text.strip() for path, text in names.texts.items()}


def _refused(*_: object) -> None:
    raise NotSoap("a document type, which no answer needs")


def envelope(body: str, header: str = "") -> bytes:
    """Return the message with *body*, XML, and *header*."""
    head = f"<s:Header>{header}</s:Header>" if header else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="{ENVELOPE}">{head}<s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def token(account: Account, created: str, nonce: bytes = b"") -> str:
    """Return the header that proves who we are (UsernameToken Profile 1.0, digest).

    *created* is the device's own time, as `2026-11-22T08:00:00Z`: one that is minutes off is
    refused.
    """
    nonce = nonce or secrets.token_bytes(16)
    digest = sha1(  # the profile knows no other
        nonce + created.encode() + account.password.encode(), usedforsecurity=False
    ).digest()
    return (
        f'<w:Security s:mustUnderstand="1" xmlns:w="{_WSSE}" xmlns:u="{_WSU}"><w:UsernameToken>'
        f"<w:Username>{escape(account.user)}</w:Username>"
        f'<w:Password Type="{_PROFILE}#PasswordDigest">{b64encode(digest).decode()}</w:Password>'
        f'<w:Nonce EncodingType="{_WSSE.replace("wssecurity-secext", "soap-message-security")}'
        f'#Base64Binary">{b64encode(nonce).decode()}</w:Nonce>'
        f"<u:Created>{created}</u:Created></w:UsernameToken></w:Security>"
    )
