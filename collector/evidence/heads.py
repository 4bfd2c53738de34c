"""Signed heads of the log, wherever they are kept: `checkpoints`, `checkpoint`, a witness's files.

One at a time, since a year has half a million. What cannot be read is said with its line.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.errors import ConfigError
from core.merkle.note import (
    Checkpoint,
    Note,
    NoteError,
    checkpoint_in,
    key_id,
    read_verifier_key,
)
from core.merkle.notes import Framed, framed_note, notes_in
from core.merkle.witnessing import TIME

_PEM: Final = b"-----BEGIN"
_DER_HEAD: Final = bytes.fromhex("302a300506032b6570032100")
"""SubjectPublicKeyInfo of an Ed25519 key, before its 32 bytes (RFC 8410)."""


@dataclass(frozen=True, slots=True)
class Head:
    """A signed checkpoint, a witness's or our own; `trouble` says why there is none."""

    file: str
    line: int
    note: Note | None = None
    checkpoint: Checkpoint | None = None
    trouble: str = ""
    witness: bool = False
    torn: bool = False
    """It is the begin of one that was never finished."""

    @property
    def size(self) -> int:
        """The rows that it covers."""
        return self.checkpoint.size if self.checkpoint else 0

    @property
    def time(self) -> str:
        """When it says that it was signed."""
        return self.checkpoint.extension(TIME) if self.checkpoint else ""

    @property
    def name(self) -> str:
        """What people call it."""
        return f"the checkpoint of {self.time or 'an unknown time'} over {self.size} rows"


def heads_in(path: Path, upto: int | None = None, *, witness: bool = False) -> Iterator[Head]:
    """Return the heads in a file of signed notes, the first *upto* bytes of it; raises OSError.

    Lines that begin with `#` are for people.
    """
    with path.open("rb") as file:
        for one in notes_in(file, upto):
            yield _head(path.name, one, witness=witness)


def _head(name: str, one: Framed, *, witness: bool) -> Head:
    trouble, found = one.trouble, None
    if one.note is not None:
        try:
            found = checkpoint_in(one.note.text)
        except NoteError as error:
            trouble = str(error)
    note = one.note if found else None
    return Head(name, one.line, note, found, trouble, witness, one.torn)


def witnessed(path: Path) -> list[Head]:
    """Return what a witness holds: a file of notes, or an agent's held.json; raises ConfigError."""
    try:
        data = path.read_bytes()
        if data.lstrip().startswith((b"[", b"{")):
            held: Any = msgspec.json.decode(data)
            texts = [one["note"].encode() for one in (held if isinstance(held, list) else [held])]
            found = [_head(path.name, framed_note(text), witness=True) for text in texts]
        else:
            found = list(heads_in(path, witness=True))
    except (OSError, msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} holds no checkpoints of a witness: {error}") from None
    if not any(one.checkpoint for one in found):
        raise ConfigError(f"{path} holds no checkpoint")
    return found


def read_public(path: Path) -> bytes:
    """Return the 32 bytes of a public key, PEM or a verifier key; raises ConfigError."""
    try:
        data = path.read_bytes()
        if not data.lstrip().startswith(_PEM):
            return read_verifier_key(data.decode())[1]
        key = serialization.load_pem_public_key(data)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no public key: {error}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"{path} is no Ed25519 key")
    return key.public_bytes_raw()


def pem_of(public: bytes) -> bytes:
    """Return a public key as PEM."""
    shown = base64.b64encode(_DER_HEAD + public).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{shown}\n-----END PUBLIC KEY-----\n".encode()


def signer_in(note: Note, origin: str, keys: Mapping[bytes, bytes]) -> bytes | None:
    """Return the key, of *keys* by id, that signed *note*; None where none of them is named.

    Raises NoteError where one is named and its signature does not hold.
    """
    for name, known, signature in note.signatures:
        public = keys.get(known) if name == origin else None
        if public is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, note.text.encode())
        except (InvalidSignature, ValueError):
            raise NoteError(f"the signature by {name}+{known.hex()} does not hold") from None
        return public
    return None


def keys_of(origin: str, publics: list[bytes]) -> dict[bytes, bytes]:
    """Return keys by their id."""
    return {key_id(origin, one): one for one in publics}


def announced(details: Any, origin: str) -> list[bytes]:
    """Return the keys that a row `audit_key` names."""
    found = []
    for value in details.values() if isinstance(details, dict) else ():
        try:
            name, public = read_verifier_key(value) if isinstance(value, str) else ("", b"")
        except (NoteError, binascii.Error, ValueError):
            continue
        if name == origin:
            found.append(public)
    return found
