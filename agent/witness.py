"""What this agent holds of the collector's audit log, so that nobody can change the log unseen.

A checkpoint (C2SP) comes with a receipt now and then. It is kept only if it is signed by the key
that is trusted for that log, and if its proof shows that the log it tells of continues the one that
is held already: otherwise rows were cut off or rewritten, whoever did it and with whatever key.
Then the held one stays, both are kept as evidence, and an event says so. Delivery never waits for
any of it.

Look: schoolwatch agent witness --config agent.toml
"""

import base64
import binascii
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from msgspec import UnsetType
from msgspec.structs import replace

from core import clock
from core.disk import replace as replace_file
from core.merkle.note import (
    Checkpoint,
    Note,
    NoteError,
    checkpoint_in,
    key_id,
    read_note,
    read_verifier_key,
    verifier_key,
)
from core.merkle.notes import framed
from core.merkle.proofs import MOST_HASHES
from core.merkle.statements import MOST_KEYS, GivenUp, NewKey, statement_in
from core.merkle.witnessing import INCONSISTENT, TIME, WENT_BACK, Refused, continues
from core.messages import Receipt, Witnessed
from core.types import Event, Value

FOLDER: Final = "witness"
"""In the folder of the spool."""
HELD: Final = "held.json"
MOST_REFUSED: Final = 20
"""Files of evidence that are kept: the oldest ones, since what came first tells the most."""
MOST_LOGS: Final = 4
"""Collectors whose logs are held at once; the one that was heard last is never dropped."""
UNPROVED: Final = 3
"""Checkpoints in a row whose proof begins elsewhere, although the collector was told: then it
cannot prove, or will not."""
TELL_EVERY: Final = 6 * 3_600 * clock.SECOND
"""A birth tells what is held at least so often, so that the district knows who witnesses."""
NOTE_CHARACTERS: Final = 10_000
_log = logging.getLogger(__name__)


class Held(msgspec.Struct, frozen=True):
    """The newest checkpoint of one log that was verified, as the signed note that it came as.

    `key` is the verifier key that is trusted, `pinned` the one that agent.toml named when it began
    to be ("" for one that was trusted because it was the first that came).
    """

    note: str
    key: str
    pinned: str
    at: int
    trouble: str = ""
    why: str = ""
    refused: int = 0

    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint; raises NoteError."""
        return checkpoint_in(read_note(self.note.encode()).text)


@dataclass(frozen=True, slots=True)
class Heard:
    """What follows from a checkpoint: events to tell, and whether the collector needs a birth."""

    events: tuple[Event, ...] = ()
    tell: bool = False


@dataclass(slots=True)
class Witness:
    """Used in one thread at a time; everything here blocks for some milliseconds.

    `pinned` is `[collector] audit_key`, "" where that is not given. What cannot be kept on the disk
    is said in the log and tried with the next checkpoint.
    """

    folder: Path
    pinned: str = ""
    now: clock.Clock = clock.now
    _logs: dict[str, Held] = field(default_factory=dict)
    _unproved: int = 0
    _stale: int = 0
    _was_told: bool = False
    _told_at: int = 0
    _bad_said: str = ""

    def __post_init__(self) -> None:
        try:
            self._logs = read_held(self.folder)
        except (OSError, msgspec.DecodeError, NoteError) as error:
            _log.error("what was held of the audit log cannot be read, and is set aside: %s", error)
            self._set_aside()

    def told(self) -> list[Witnessed]:
        """Return what the next birth says."""
        self._was_told, self._told_at = True, self.now()
        return [_told(held) for held in self._logs.values()]

    def hear(self, receipt: Receipt) -> Heard:
        """Take the checkpoint of a receipt that is from our collector, if it brings one."""
        if not isinstance(receipt.checkpoint, str) or not receipt.checkpoint:
            return Heard()
        try:
            return self._hear(receipt, receipt.checkpoint)
        except NoteError as error:
            if str(error) != self._bad_said:
                _log.error("a checkpoint of the audit log was left out: %s", error)
            self._bad_said = str(error)
            return Heard()
        except OSError as error:
            _log.error("a checkpoint of the audit log cannot be kept: %s", error)
            return Heard()

    def _hear(self, receipt: Receipt, text: str) -> Heard:
        if len(text) > NOTE_CHARACTERS:
            raise NoteError(f"it has over {NOTE_CHARACTERS} characters")
        note = read_note(text.encode("utf-8", "surrogatepass"))
        new = checkpoint_in(note.text)
        if new.origin != f"schoolwatch/{receipt.collector}":
            raise NoteError(f"it is of {new.origin[:100]!r}, and {receipt.collector} sent it")
        held = self._logs.get(new.origin)
        if held is not None and note.text == read_note(held.note.encode()).text:
            return self._again(held)
        notes = _notes(receipt.statements)
        public = self._trusted(held, note, new.origin, notes)
        try:
            note.check(new.origin, public)
        except NoteError as error:
            if held is None:
                raise
            return self._refuse(held, note, new, Refused(INCONSISTENT, str(error)))
        key = verifier_key(new.origin, public)
        if held is None:
            return self._first(note, key, new)
        try:
            return self._judge(held, note, new, key, receipt)
        except Refused as refused:
            given_up = _given_up(held, public, notes)
            if given_up is not None:
                return self._follow_restored(held, note, key, given_up)
            return self._refuse(held, note, new, refused)

    def _judge(self, held: Held, note: Note, new: Checkpoint, key: str, receipt: Receipt) -> Heard:
        """Keep what continues the held one; raises Refused where it does not."""
        before = held.checkpoint()
        proved_from = receipt.proof_from if isinstance(receipt.proof_from, int) else 0
        verdict = continues(before, new, proved_from, _hashes(receipt.proof))
        match verdict:
            case "stale":
                self._stale += 1
                if self._stale >= UNPROVED:
                    raise Refused(WENT_BACK, "an older checkpoint")
                return Heard()
            case "unproved":
                self._unproved += self._was_told
                self._was_told = False
                if self._unproved > UNPROVED:
                    reason = "it was told what is held here, and does not prove from there"
                    raise Refused(INCONSISTENT, reason)
                return Heard(tell=True)
        return self._keep(replace(held, note=note.encode().decode(), key=key), self._ended(held))

    def _again(self, held: Held) -> Heard:
        """Hear the one that is held: the log is, again, what it was."""
        self._unproved = self._stale = 0
        return self._keep(held, self._ended(held)) if held.trouble else Heard()

    def _first(self, note: Note, key: str, new: Checkpoint) -> Heard:
        if not self._pin(new.origin):
            _log.warning(
                "the audit log %s is trusted by the first key that came, %s: to pin it, write it "
                "as audit_key under [collector] of agent.toml",
                *(new.origin, key),
            )
        return self._keep(Held(note.encode().decode(), key, "", 0), ())

    def _keep(self, held: Held, events: tuple[Event, ...]) -> Heard:
        self._unproved = self._stale = 0
        self._bad_said = ""
        pinned = self._pin(held.checkpoint().origin)
        is_first = held.checkpoint().origin not in self._logs
        self._write(replace(held, at=self.now(), trouble="", why="", pinned=pinned))
        is_old = abs(self.now() - self._told_at) >= TELL_EVERY
        return Heard(events, tell=bool(events) or is_first or is_old)

    def _refuse(self, held: Held, note: Note, new: Checkpoint, refused: Refused) -> Heard:
        """Stay with what is held; the first time it is evidence and an event."""
        if held.trouble == refused.kind:
            return Heard()
        before, old = held.checkpoint(), held.note.encode()
        self._write_evidence(refused.reason, (old, note.encode()))
        _log.error(
            "the audit log %s is not what it was: %d rows are held here, %d are told (%s). What is "
            "held stays; both are kept in %s",
            *(new.origin, before.size, new.size, refused.reason, self.folder),
        )
        details: dict[str, Value] = {
            "size": before.size,
            "root": _shown(before.root),
            "new_size": new.size,
            "new_root": _shown(new.root),
            "reason": refused.reason,
        }
        events = (*self._ended(held), self._event(refused.kind, new.origin, True, details))
        why = refused.reason
        self._write(replace(held, trouble=refused.kind, why=why, refused=held.refused + 1))
        self._unproved = self._stale = 0
        return Heard(events, tell=True)

    def _follow_restored(self, held: Held, note: Note, key: str, said: Note) -> Heard:
        """Follow a log of which a person says that it was restored; never without evidence."""
        self._write_evidence("given up", (held.note.encode(), said.encode(), note.encode()))
        _log.warning("the audit log was set back, as a person says: %s", said.text.split("\n"))
        kept = replace(held, note=note.encode().decode(), key=key, refused=held.refused + 1)
        return self._keep(kept, self._ended(held))

    def _trusted(self, held: Held | None, note: Note, origin: str, notes: Iterable[Note]) -> bytes:
        """Return the key to believe, which the keys before it have named; raises NoteError."""
        start = self._start(held, origin)
        if start is None:
            return _only_signer(note, origin, notes)
        public = start
        ids = {key for name, key, _ in note.signatures if name == origin}
        for one in notes:
            if key_id(origin, public) in ids:
                break
            public = _next_key(one, origin, public) or public
        return public

    def _start(self, held: Held | None, origin: str) -> bytes | None:
        """Return the key to begin with: that of agent.toml, once it names another one."""
        pinned = self._pin(origin)
        if pinned and (held is None or held.pinned != pinned):
            return read_verifier_key(pinned)[1]
        return read_verifier_key(held.key)[1] if held else None

    def _pin(self, origin: str) -> str:
        return self.pinned if self.pinned.partition("+")[0] == origin else ""

    def _ended(self, held: Held) -> tuple[Event, ...]:
        if not held.trouble:
            return ()
        return (self._event(held.trouble, held.checkpoint().origin, False, {}),)

    def _event(self, kind: str, target: str, active: bool, details: dict[str, Value]) -> Event:
        at = self.now()
        return Event(kind, target, "", active=active, severity="P1", at=at, details=details)

    def _write(self, held: Held) -> None:
        origin = held.checkpoint().origin
        logs = {name: one for name, one in self._logs.items() if name != origin} | {origin: held}
        self._logs = dict(list(logs.items())[-MOST_LOGS:])
        self.folder.mkdir(parents=True, exist_ok=True)
        data = msgspec.json.format(msgspec.json.encode(list(self._logs.values())))
        replace_file(self.folder / HELD, data, 0o600)

    def _write_evidence(self, reason: str, notes: Sequence[bytes]) -> None:
        if len(evidence(self.folder)) >= MOST_REFUSED:
            _log.error("the evidence has %d files, and takes no more", MOST_REFUSED)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        when = clock.rfc3339(self.now())
        name = f"refused-{when[:19].replace(':', '')}-{len(evidence(self.folder)):02}.txt"
        head = f"# {when}: {reason}\n".encode()
        replace_file(self.folder / name, head + framed(notes), 0o600)

    def _set_aside(self) -> None:
        path = self.folder / HELD
        try:
            path.replace(path.with_suffix(".damaged"))
        except OSError as error:
            _log.error("%s cannot be set aside: %s", path, error)


def read_held(folder: Path) -> dict[str, Held]:
    """Return what is held, by origin; raises OSError, DecodeError, NoteError for what is none."""
    try:
        data = (folder / HELD).read_bytes()
    except FileNotFoundError:
        return {}
    found = msgspec.json.decode(data, type=list[Held])
    for held in found:
        read_verifier_key(held.key)
    return {held.checkpoint().origin: held for held in found}


def evidence(folder: Path) -> list[Path]:
    """Return the files of what was refused, the oldest first."""
    return sorted(folder.glob("refused-*.txt"))


def _told(held: Held) -> Witnessed:
    found = held.checkpoint()
    key = key_id(*read_verifier_key(held.key)).hex()
    return Witnessed(
        *(found.origin[:100], found.size, _shown(found.root), key),
        *(found.extension(TIME)[:100], held.refused, held.trouble),
    )


def _notes(statements: list[str] | UnsetType) -> list[Note]:
    """Return the statements that can be read, of those that a receipt may bring."""
    found = []
    for text in statements[: 2 * MOST_KEYS] if isinstance(statements, list) else ():
        try:
            found.append(read_note(text.encode("utf-8", "surrogatepass")))
        except NoteError as error:
            _log.warning("a statement about the audit log was left out: %s", error)
    return found


def _next_key(note: Note, origin: str, public: bytes) -> bytes | None:
    """Return the key that *public* names as the next one, None where this note does not."""
    try:
        said = statement_in(note)
        note.check(origin, public)
    except NoteError:
        return None
    return said.public if isinstance(said, NewKey) and said.origin == origin else None


def _only_signer(note: Note, origin: str, notes: Iterable[Note]) -> bytes:
    """Return the key of a log that is new to us, which the collector tells of itself."""
    for one in notes:
        try:
            said = statement_in(one)
        except NoteError:
            continue
        if isinstance(said, NewKey) and said.origin == origin:
            ids = {key for name, key, _ in note.signatures if name == origin}
            if key_id(origin, said.public) in ids:
                return said.public
    raise NoteError(f"no key is known for {origin[:100]!r}, and none came with it")


def _given_up(held: Held, public: bytes, notes: Iterable[Note]) -> Note | None:
    """Return the statement by which a person gives up what is held."""
    before = held.checkpoint()
    for note in notes:
        try:
            said = statement_in(note)
            if isinstance(said, GivenUp) and said.origin == before.origin:
                note.check(before.origin, public)
                if said.gives_up(before.size, before.extension(TIME)):
                    return note
        except NoteError:
            continue
    return None


def _hashes(proof: list[str] | UnsetType) -> list[bytes]:
    """Return the hashes of a proof; raises Refused for what is none."""
    given = proof if isinstance(proof, list) else []
    if len(given) > MOST_HASHES:
        raise Refused(INCONSISTENT, f"the proof has over {MOST_HASHES} hashes")
    try:
        return [base64.b64decode(one, validate=True) for one in given]
    except (binascii.Error, ValueError):
        raise Refused(INCONSISTENT, "the proof is no base64") from None


def _shown(root: bytes) -> str:
    return base64.b64encode(root).decode()
