"""Checkpoints as signed notes (C2SP signed-note, tlog-checkpoint): what a log says it holds.

    schoolwatch/district
    1234
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — schoolwatch/district wvwBUTtJIxQ…

A note's text ends with its newline; an empty line follows, then the signatures. `openssl pkeyutl
-verify -pubin -inkey KEY -rawin -in TEXT -sigfile SIG` checks one, with the text and the last 64
bytes of the signature in files.
"""

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from core.merkle import ed25519
from core.merkle.hashing import HASH_BYTES

MOST_BYTES: Final = 10_000
_DASH: Final = "\u2014"
_ED25519: Final = b"\x01"
_ID_BYTES: Final = 4


class NoteError(ValueError):
    """A note is malformed, or no signature on it is by the key that is asked for."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log holds: *size* entries with this root; `extensions` are further lines."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the text that is signed."""
        root = base64.b64encode(self.root).decode()
        return "".join(f"{line}\n" for line in (self.origin, self.size, root, *self.extensions))

    def extension(self, name: str) -> str:
        """Return what stands behind *name* and a space in a further line, "" without one."""
        begin = f"{name} "
        return next((one[len(begin) :] for one in self.extensions if one.startswith(begin)), "")


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures: name and key id of the signer, and the bytes that follow."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    def encode(self) -> bytes:
        """Return the note as it is written."""
        lines = [
            f"{_DASH} {name} {base64.b64encode(key_id + signature).decode()}\n"
            for name, key_id, signature in self.signatures
        ]
        return f"{self.text}\n{''.join(lines)}".encode()

    def checkpoint(self, name: str, public: bytes) -> Checkpoint:
        """Return the checkpoint in the note; raises NoteError where this key did not sign it."""
        self.check(name, public)
        return checkpoint_in(self.text)

    def check(self, name: str, public: bytes) -> None:
        """Raise NoteError unless the Ed25519 key *public* (32 bytes) signed it by this name."""
        wanted = key_id(name, public)
        ours = [sig for who, known, sig in self.signatures if (who, known) == (name, wanted)]
        if not ours:
            raise NoteError(f"no signature by {name}+{wanted.hex()}")
        if not all(ed25519.verify(public, self.text.encode(), one) for one in ours):
            raise NoteError(f"the signature by {name}+{wanted.hex()} does not hold")

    def is_by(self, keys: Iterable[str]) -> bool:
        """Return whether one of the verifier keys *keys* signed it; one that is none did not."""
        for key in keys:
            try:
                self.check(*read_verifier_key(key))
            except NoteError:
                continue
            return True
        return False


def key_id(name: str, public: bytes) -> bytes:
    """Return the four bytes that name an Ed25519 key (signed-note, "Signature types")."""
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:_ID_BYTES]


def verifier_key(name: str, public: bytes) -> str:
    """Return the key as people hand it on: `NAME+ID+BASE64` (signed-note, "Verifier keys")."""
    shown = base64.b64encode(_ED25519 + public).decode()
    return f"{name}+{key_id(name, public).hex()}+{shown}"


def read_verifier_key(text: str) -> tuple[str, bytes]:
    """Return name and 32 bytes of a verifier key; raises NoteError."""
    name, _, rest = text.strip().partition("+")
    shown, _, data = rest.partition("+")
    kind_and_key = _base64(data, "the key")
    public = kind_and_key[1:]
    if kind_and_key[:1] != _ED25519 or len(public) != HASH_BYTES:
        raise NoteError("the key is no Ed25519 key")
    if shown != key_id(name, public).hex():
        raise NoteError("the key is not the one that its id names")
    return name, public


def signed(text: str, name: str, public: bytes, sign: Callable[[bytes], bytes]) -> Note:
    """Return *text* with the one signature that *sign* makes of its bytes."""
    return Note(text, ((name, key_id(name, public), sign(text.encode())),))


def read_note(data: bytes) -> Note:
    """Return the note in *data*; raises NoteError."""
    if len(data) > MOST_BYTES:
        raise NoteError(f"the note has over {MOST_BYTES} bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise NoteError("the note is no UTF-8") from None
    if any(ord(char) < ord(" ") and char != "\n" for char in whole):
        raise NoteError("the note has control characters")
    # The last empty line: a text may have others.
    text, found, rest = whole.rpartition("\n\n")
    if not found or not rest.endswith("\n"):
        raise NoteError("the note has no signature")
    return Note(text + "\n", tuple(map(_signature, rest[:-1].split("\n"))))


def _signature(line: str) -> tuple[str, bytes, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, shown = rest.partition(" ")
    if dash != _DASH or not name or "+" in name:
        raise NoteError("a line of signatures is none")
    data = _base64(shown, "a signature")
    if len(data) <= _ID_BYTES:
        raise NoteError("a signature is too short")
    return name, data[:_ID_BYTES], data[_ID_BYTES:]


def checkpoint_in(text: str) -> Checkpoint:
    """Return the checkpoint that a note's *text* is, signed or not; raises NoteError."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1]:
        raise NoteError("the checkpoint has not three lines")
    origin, size, shown, *extensions = lines[:-1]
    if not origin or not all(extensions):
        raise NoteError("the checkpoint has an empty line")
    if not (size.isascii() and size.isdecimal()) or size != str(int(size[:20])):
        raise NoteError(f"the checkpoint's size is no number: {size[:40]!r}")
    root = _base64(shown, "the root")
    if len(root) != HASH_BYTES:
        raise NoteError(f"the root has not {HASH_BYTES} bytes")
    return Checkpoint(origin, int(size), root, tuple(extensions))


def _base64(text: str, what: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError(f"{what} is no base64") from None
    # The one way to write these bytes: else two notes that differ say the same.
    if base64.b64encode(found).decode() != text:
        raise NoteError(f"{what} is no base64")
    return found
