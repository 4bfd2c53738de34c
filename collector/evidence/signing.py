"""The key of the log, and the checkpoints that were signed with it.

`audit-key.pem` is PKCS #8 (Ed25519) and only for the collector's user; `audit-key.pub.pem` beside
it is for everybody. `audit/checkpoints` has every checkpoint over rows that are still there, an
empty line behind each; `audit/checkpoint` the newest. `audit/keys` names every key that ever signed
one, a verifier key and the time of its first use a line; a row `audit_key` announces each in the
log itself.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core import clock, disk
from core.errors import LogDamaged, StartError
from core.merkle import note
from core.merkle.note import Checkpoint, Note, NoteError
from core.merkle.notes import notes_in
from core.merkle.witnessing import TIME

CHECKPOINT: Final = "checkpoint"
CHECKPOINTS: Final = "checkpoints"
KEYS: Final = "keys"
_TAIL_BYTES: Final = 2 * note.MOST_BYTES


def origin_of(collector: str) -> str:
    """Return the name of a collector's log, which is its key's too."""
    return f"schoolwatch/{collector}"


class Signer:
    """The private key in *path*, made where there is none; raises StartError."""

    def __init__(self, origin: str, path: Path) -> None:
        self.origin, self.path = origin, path
        try:
            self._key = _load(path) if path.exists() else _make(path)
            _publish(path, self._key)
        except OSError as error:
            raise StartError(f"the audit log's key {path} cannot be used: {error}") from error
        self.public = self._key.public_key().public_bytes_raw()

    @property
    def verifier_key(self) -> str:
        """The public key as it is handed on."""
        return note.verifier_key(self.origin, self.public)

    def sign(self, size: int, root: bytes, at: int) -> Note:
        """Return the checkpoint of a log of *size* rows, signed at that time (ns)."""
        said = Checkpoint(self.origin, size, root, (f"{TIME} {clock.rfc3339(at)}",))
        return self.state(said.text())

    def state(self, text: str) -> Note:
        """Return *text*, what is said of the log itself (core/merkle/statements.py), signed."""
        return note.signed(text, self.origin, self.public, self._key.sign)


def public_file(path: Path) -> Path:
    """Return where the public key of the private one in *path* is."""
    return path.with_name(f"{path.stem}.pub.pem")


def rotate(path: Path) -> Path:
    """Set the key in *path* aside and make another; return where the old public key is.

    The next start announces the new one. The old private key is deleted: what it signed stays good
    by its public key, and nobody can sign with it any more. Raises StartError, OSError.
    """
    old = _load(path)
    shown = public_file(path).with_name(f"{path.stem}.{_short(old)}.pub.pem")
    disk.replace(shown, _public_pem(old), 0o644)
    new = Ed25519PrivateKey.generate()
    disk.replace(path, _private_pem(new), 0o600)
    _publish(path, new)
    return shown


def _short(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw()[:4].hex()


def _load(path: Path) -> Ed25519PrivateKey:
    mode = path.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and not _is_credential(path):
        shown = f"{stat.S_IMODE(mode):04o}"
        raise StartError(
            f"the audit log's key {path} may be read by others (mode {shown}): they "
            f"could sign as this collector. chmod 600 {path}; where somebody may have read it, "
            "then also: schoolwatch audit rotate-key"
        )
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise StartError(f"the audit log's key {path} is no private key: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise StartError(f"the audit log's key {path} is no Ed25519 key")
    return key


def _is_credential(path: Path) -> bool:
    """Return whether the service manager made the file for this service alone.

    It is mode 0440 or 0400 there, of root, in a folder that only this user may enter.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and path.resolve().is_relative_to(Path(folder or "").resolve())


def _make(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    disk.replace(path, _private_pem(key), 0o600)
    return key


def _publish(path: Path, key: Ed25519PrivateKey) -> None:
    """Have the public key beside the private one, where we may write there."""
    shown, data = public_file(path), _public_pem(key)
    if not shown.exists() or shown.read_bytes() != data:
        with suppress(PermissionError):
            disk.replace(shown, data, 0o644)


def _private_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public_pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


class Checkpoints:
    """The files of checkpoints and keys in *folder*; raises OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, signed: Note, verifier_key: str, at: int) -> None:
        """Keep a checkpoint, synced to disk; raises OSError, and can be repeated."""
        if verifier_key not in self.keys():
            line = f"{verifier_key} {clock.rfc3339(at)}\n".encode()
            disk.replace(self._folder / KEYS, self._read(KEYS) + line, 0o644)
        data, path = signed.encode(), self._folder / CHECKPOINTS
        begins = not path.exists()
        with path.open("ab", buffering=0) as file:
            size = file.tell()
            try:
                disk.write_all(file, data + b"\n")
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), size)
                raise
        if begins:
            disk.sync_folder(self._folder)
        disk.replace(self._folder / CHECKPOINT, data, 0o644)

    def cut(self) -> None:
        """Cut what a crash tore at the end of `checkpoints`: nobody saw it."""
        path = self._folder / CHECKPOINTS
        with suppress(FileNotFoundError), path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            begin = max(0, size - _TAIL_BYTES)
            file.seek(begin)
            tail = file.read()
            kept = tail
            while kept and not _is_whole(kept):
                end = kept[:-1].rfind(b"\n\n")
                kept = kept[: end + 2] if end >= 0 else b""
            if len(kept) < len(tail) and (kept or not begin):
                file.truncate(begin + len(kept))
                os.fsync(file.fileno())

    def last(self) -> Note | None:
        """Return the newest checkpoint; raises LogDamaged where it is none."""
        one = self._read(CHECKPOINT)
        tail = self._tail()
        found = [_note(self._folder / CHECKPOINT, one)] if one else []
        if tail:
            found.append(_note(self._folder / CHECKPOINTS, tail))
        # A crash between the two writes leaves one that is one behind.
        return max(found, key=lambda each: note.checkpoint_in(each.text).size, default=None)

    def notes(self) -> Iterator[Note]:
        """Return every checkpoint that was signed, the first first; raises LogDamaged.

        What a crash tore at the end was never one: the next start cuts it.
        """
        path = self._folder / CHECKPOINTS
        with suppress(FileNotFoundError), path.open("rb") as file:
            for one in notes_in(file):
                if one.note is not None:
                    yield _checked(path, one.note)
                elif not one.torn:
                    raise LogDamaged(path, 0, f"line {one.line}: {one.trouble}")

    def before(self, size: int) -> int:
        """Return how many checkpoints of fewer than *size* rows come before one of more."""
        return self._before(size)[0]

    def forget(self, size: int) -> None:
        """Let go the checkpoints that `before` counts: all of them or, where it fails, none."""
        count, end = self._before(size)
        path = self._folder / CHECKPOINTS
        if count:
            with path.open("rb") as old:
                old.seek(end)
                disk.replace_by(path, iter(lambda: old.read(1 << 20), b""), 0o644)

    def _before(self, size: int) -> tuple[int, int]:
        """Return how many there are, and where the first that stays begins.

        One that cannot be read stays, as evidence, and so does what is behind it.
        """
        count = end = 0
        with (
            suppress(FileNotFoundError, NoteError),
            (self._folder / CHECKPOINTS).open("rb") as file,
        ):
            for one in notes_in(file):
                if one.note is None or note.checkpoint_in(one.note.text).size >= size:
                    break
                count, end = count + 1, file.tell()
        return count, end

    def keys(self) -> list[str]:
        """Return the verifier key of every key that signed checkpoints here."""
        lines = self._read(KEYS).decode("utf-8", "replace").splitlines()
        return [line.split(" ")[0] for line in lines if line]

    def check(self, signed: Note, key: str) -> Checkpoint:
        """Return the checkpoint in a note by *key* or by one that signed here before.

        Raises NoteError where it is by none of them.
        """
        known = dict.fromkeys((key, *self.keys()))
        wrong = NoteError("no key is known")
        for one in known:
            try:
                return signed.checkpoint(*note.read_verifier_key(one))
            except NoteError as error:
                wrong = error
        raise wrong

    def _tail(self) -> bytes:
        """Return the last checkpoint in `checkpoints`, b"" without one."""
        path = self._folder / CHECKPOINTS
        with suppress(FileNotFoundError), path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read()
            if not tail.endswith(b"\n\n"):
                tail = tail[: tail.rfind(b"\n\n") + 2]
            blocks = tail.split(b"\n\n")
            return b"\n\n".join(blocks[-3:-1]) + b"\n" if len(blocks) > 2 else b""
        return b""

    def _read(self, name: str) -> bytes:
        with suppress(FileNotFoundError):
            return (self._folder / name).read_bytes()
        return b""


def _is_whole(tail: bytes) -> bool:
    """Return whether *tail* ends with a whole checkpoint and the empty line behind it."""
    blocks = tail.split(b"\n\n")
    if len(blocks) < 3 or blocks[-1]:
        return False
    try:
        note.checkpoint_in(note.read_note(b"\n\n".join(blocks[-3:-1]) + b"\n").text)
    except NoteError:
        return False
    return True


def _note(path: Path, data: bytes) -> Note:
    try:
        return _checked(path, note.read_note(data))
    except NoteError as error:
        raise LogDamaged(path, 0, str(error)) from None


def _checked(path: Path, found: Note) -> Note:
    try:
        note.checkpoint_in(found.text)
    except NoteError as error:
        raise LogDamaged(path, 0, str(error)) from None
    return found
