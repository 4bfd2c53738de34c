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
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from msgspec import UnsetType
from msgspec.structs import replace

from agent.witnesskept import Held, Kept, shown
from core import clock
from core.kind import Severity
from core.merkle.note import (
    Checkpoint,
    Note,
    NoteError,
    checkpoint_in,
    read_note,
    read_verifier_key,
    verifier_key,
)
from core.merkle.proofs import MOST_HASHES
from core.merkle.statements import MOST_KEYS, GivenUp, statement_in
from core.merkle.trust import followed, given_up, introduced
from core.merkle.witnessing import GIVEN_UP, INCONSISTENT, WENT_BACK, Refused, continues
from core.messages import Receipt, Witnessed
from core.types import Event, Value

UNPROVED: Final = 3
"""Checkpoints in a row whose proof begins elsewhere, although the collector was told: then it
cannot prove, or will not."""
TELL_EVERY: Final = 6 * 3_600 * clock.SECOND
"""A birth tells what is held at least so often, so that the district knows who witnesses."""
NOTE_CHARACTERS: Final = 10_000
_log = logging.getLogger(__name__)


Tell = Callable[[Iterable[Event]], object]
"""Takes events, durably; raises SpoolError."""


def _nobody(_events: Iterable[Event]) -> None:
    """Tell nobody."""


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
    _kept: Kept = field(init=False)
    _unproved: int = 0
    _stale: int = 0
    _was_told: bool = False
    _told_at: int = 0
    _bad_said: str = ""
    _tell: Tell = _nobody

    def __post_init__(self) -> None:
        self._kept = Kept(self.folder)

    def told(self) -> list[Witnessed]:
        """Return what the next birth says."""
        self._was_told, self._told_at = True, self.now()
        return [held.told() for held in self._kept.logs.values()]

    def hear(self, receipt: Receipt, tell: Tell = _nobody) -> Heard:
        """Take the checkpoint of a receipt that is from our collector, if it brings one.

        Events go to *tell* before anything is kept, so that a crash between the two tells them
        again; what it raises passes.
        """
        self._tell = tell
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
        held = self._kept.logs.get(new.origin)
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
            said = given_up(held.checkpoint(), public, notes)
            if said is not None:
                return self._follow_restored(held, note, key, said)
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
        if events:
            self._tell(events)
        is_first = held.checkpoint().origin not in self._kept.logs
        self._kept.write(replace(held, at=self.now(), trouble="", why="", pinned=pinned))
        is_old = abs(self.now() - self._told_at) >= TELL_EVERY
        return Heard(events, tell=bool(events) or is_first or is_old)

    def _refuse(self, held: Held, note: Note, new: Checkpoint, refused: Refused) -> Heard:
        """Stay with what is held; the first time it is evidence and an event."""
        if held.trouble == refused.kind:
            return Heard()
        before, old = held.checkpoint(), held.note.encode()
        self._kept.write_evidence(refused.reason, (old, note.encode()), self.now())
        _log.error(
            "the audit log %s is not what it was: %d rows are held here, %d are told (%s). What is "
            "held stays; both are kept in %s",
            *(new.origin, before.size, new.size, refused.reason, self.folder),
        )
        details = {**_both(before, new), "reason": refused.reason}
        events = (*self._ended(held), self._event(refused.kind, new.origin, True, details))
        self._tell(events)
        why = refused.reason
        self._kept.write(replace(held, trouble=refused.kind, why=why, refused=held.refused + 1))
        self._unproved = self._stale = 0
        return Heard(events, tell=True)

    def _follow_restored(self, held: Held, note: Note, key: str, said: Note) -> Heard:
        """Follow a log of which a person says that it was restored; never without evidence.

        Whoever has the key can say so too, without a row of the log: so it is an event as well.
        """
        notes = (held.note.encode(), said.encode(), note.encode())
        self._kept.write_evidence("given up", notes, self.now())
        _log.warning("the audit log was set back, as a person says: %s", said.text.split("\n"))
        kept = replace(held, note=note.encode().decode(), key=key, refused=held.refused + 1)
        before, new, stated = held.checkpoint(), kept.checkpoint(), statement_in(said)
        details = _both(before, new)
        if isinstance(stated, GivenUp):
            details["set_back_to"] = stated.size
        followed_it = self._event(GIVEN_UP, before.origin, True, details, "P2")
        return self._keep(kept, (*self._ended(held), followed_it))

    def _trusted(self, held: Held | None, note: Note, origin: str, notes: Iterable[Note]) -> bytes:
        """Return the key to believe, which the keys before it have named; raises NoteError."""
        start = self._start(held, origin)
        if start is None:
            return introduced(note, origin, notes)
        return followed(note, origin, start, notes)

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

    def _event(
        self,
        kind: str,
        target: str,
        active: bool,
        details: dict[str, Value],
        severity: Severity = "P1",
    ) -> Event:
        at = self.now()
        return Event(kind, target, "", active=active, severity=severity, at=at, details=details)


def _both(held: Checkpoint, new: Checkpoint) -> dict[str, Value]:
    """Return the details that name two checkpoints which do not agree."""
    return {
        "size": held.size,
        "root": shown(held.root),
        "new_size": new.size,
        "new_root": shown(new.root),
    }


def _notes(statements: list[str] | UnsetType) -> list[Note]:
    """Return the statements that can be read, of those that a receipt may bring."""
    found = []
    for text in statements[: 2 * MOST_KEYS] if isinstance(statements, list) else ():
        try:
            found.append(read_note(text.encode("utf-8", "surrogatepass")))
        except NoteError as error:
            _log.warning("a statement about the audit log was left out: %s", error)
    return found


def _hashes(proof: list[str] | UnsetType) -> list[bytes]:
    """Return the hashes of a proof; raises Refused for what is none."""
    given = proof if isinstance(proof, list) else []
    if len(given) > MOST_HASHES:
        raise Refused(INCONSISTENT, f"the proof has over {MOST_HASHES} hashes")
    try:
        return [base64.b64decode(one, validate=True) for one in given]
    except (binascii.Error, ValueError):
        raise Refused(INCONSISTENT, "the proof is no base64") from None
