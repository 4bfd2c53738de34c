"""Who holds checkpoints of the audit log, and whether they agree with it (docs/witnesses.md).

    birth ─▶ what an agent holds ─▶ judged against the tiles ─▶ table, audit log, alert
    receipt ◀─ newest checkpoint, with the proof from there

Proofs and roots are made in a worker thread, each once for all agents that hold the same; a receipt
takes what is ready, and never waits.
Look: sqlite3 var/collector/ledger.db 'SELECT who, size, verdict FROM witness'
"""

import asyncio
import base64
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from msgspec.structs import replace

from alerts.facts import Sight, Wrong
from collector.evidence.holding import KIND_OF, VERDICTS, Standing, Told, judged, told_of
from collector.evidence.statements import Statements, given_up_in, keys_in
from collector.evidence.witnessrows import WitnessRows
from collector.journal import Journal, Note
from collector.receipts import Offer
from core import clock
from core.errors import StartError
from core.merkle.note import Note as SignedNote
from core.merkle.note import NoteError, checkpoint_in, key_id
from core.merkle.statements import GivenUp, key_text
from core.merkle.witnessing import TIME
from core.messages import Birth
from core.types import Identity

LEAST_S: Final = 60.0
MOST_S: Final = 600.0
"""Between two checkpoints for one agent: the more agents there are, the rarer, since a minute's
checkpoint then has other witnesses."""
PER_MINUTE: Final = 10
"""So many agents at least get each minute's checkpoint."""
MOST_PROOFS: Final = 300
"""Made in one turn: sizes that agents hold, a few besides those that were offline."""
MOST_NAMED: Final = 10
_log = logging.getLogger(__name__)


class Log(Protocol):
    """What is read of the log (evidence/reader.py); raises OSError, LogDamaged, NoteError."""

    folder: Path

    def note(self) -> SignedNote | None:
        """Return the newest checkpoint."""

    def root(self, size: int) -> bytes:
        """Return the root over so many rows."""

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that so many rows continue those."""


class Signs(Protocol):
    """The key of the log (evidence/signing.py)."""

    @property
    def public(self) -> bytes:
        """The key's 32 bytes."""

    @property
    def verifier_key(self) -> str:
        """The key as it is handed on."""

    def state(self, text: str) -> SignedNote:
        """Return *text* signed."""


class _Newest(NamedTuple):
    text: str
    size: int
    root: str
    made: str
    key: str
    proofs: Mapping[int, list[str]]
    keys: list[str]
    given_up: list[tuple[GivenUp, str]]


@dataclass(slots=True)
class Witnesses:
    """`hear` and `offer` are for the event loop; `turn` works in a thread."""

    origin: str
    log: Log
    signs: Signs
    statements: Statements
    rows: WitnessRows
    journal: Journal
    now: clock.Clock = clock.now
    monotonic: clock.Monotonic = time.monotonic
    standings: dict[Identity, Standing] = field(default_factory=dict)
    """The last word of every witness."""
    _held: dict[Identity, Told] = field(default_factory=dict)
    """Those that were heard since our start, and what they hold by now, if receipts arrive."""
    _unjudged: dict[Identity, Told] = field(default_factory=dict)
    _due: dict[Identity, float] = field(default_factory=dict)
    _wanted: set[int] = field(default_factory=set)
    _newest: _Newest | None = None
    _said: dict[str, int] = field(default_factory=dict)
    """Of which kinds it was recorded that they began."""
    _itself: str = ""
    _trouble: str = ""

    def __post_init__(self) -> None:
        self.standings = self.rows.read(self.origin)
        counted = Counter(one.verdict for one in self.standings.values())
        self._said = {kind: counted[verdict] for verdict, kind in KIND_OF.items()}

    @property
    def folder(self) -> Path:
        """Where the log lies."""
        return self.log.folder

    # In the event loop.

    def hear(self, who: Identity, birth: Birth, *, is_new: bool) -> None:
        """Hear what *who* holds; a birth that is not new is judged too, but answered by none."""
        told = told_of(birth, self.origin)
        if told is None:
            self._held.pop(who, None)
            return
        self._unjudged[who] = told
        if is_new:
            self._held[who] = told
            self._due.pop(who, None)
            self._wanted.add(told.size)

    def offer(self, who: Identity) -> Offer | None:
        """Return what the next receipt of *who* brings, None where nothing is due or ready."""
        held, newest = self._held.get(who), self._newest
        if held is None or newest is None or self.monotonic() < self._due.get(who, 0.0):
            return None
        if (held.size, held.root) == (newest.size, newest.root) and not held.trouble:
            return None
        begin = held.size if held.size <= newest.size else 0
        proof = newest.proofs.get(begin)
        if proof is None:
            self._wanted.add(begin)
            return None
        standing = self.standings.get(who)
        verdict = standing.verdict if standing else "nothing"
        self._due[who] = self.monotonic() + self._interval()
        said = [] if held.key == newest.key else [*newest.keys, self._itself]
        said += [text for one, text in newest.given_up if one.gives_up(held.size, held.made)]
        if verdict in ("agrees", "nothing", "restored"):
            # As if it had come; if not, the next proof begins elsewhere, and a birth tells.
            self._held[who] = replace(
                held, size=newest.size, root=newest.root, key=newest.key, made=newest.made
            )
        return Offer(newest.text, proof, begin, said)

    def counts(self) -> Mapping[str, int]:
        """Return how many witnesses stand how; for any thread."""
        counted = Counter(one.verdict for one in self.standings.values())
        return {verdict: counted[verdict] for verdict in VERDICTS}

    def wrong(self) -> list[tuple[str, dict[str, Any], int]]:
        """Return what is not to live with: its kind, details, and since when it is known."""
        found = []
        for verdict, kind in KIND_OF.items():
            those = {who: one for who, one in self.standings.items() if one.verdict == verdict}
            if those:
                details = self._details(those)
                found.append((kind, details, min(one.seen for one in those.values())))
        return found

    async def turn(self) -> None:
        """Judge what was heard, and make ready what receipts will bring; raises sqlite3.Error."""
        unjudged, self._unjudged = self._unjudged, {}
        wanted, self._wanted = self._wanted, set()
        try:
            self._newest = await asyncio.to_thread(self._read, wanted)
            changed = await asyncio.to_thread(self._judge, unjudged)
            self._trouble = ""
        except (OSError, StartError, NoteError) as error:
            self._unjudged = unjudged | self._unjudged
            if str(error) != self._trouble:
                _log.error("witnesses of the audit log get nothing for now: %s", error)
            self._trouble = str(error)
            return
        except sqlite3.Error:
            self._unjudged = unjudged | self._unjudged
            raise
        if changed:  # another one: threads count what is in this one
            self.standings = self.standings | changed

    # In a worker thread.

    def _read(self, wanted: Iterable[int]) -> _Newest | None:
        note = self.log.note()
        if note is None:
            return None
        before, checkpoint = self._newest, checkpoint_in(note.text)
        text, notes = note.encode().decode(), self.statements.notes()
        same = before is not None and before.text == text
        sizes = {one.size for one in self._held.copy().values()} | set(wanted) | {0}
        proofs = dict(before.proofs) if before and same else {}
        for size in sorted(sizes - proofs.keys())[:MOST_PROOFS]:
            if size <= checkpoint.size:
                proof = self.log.consistency(size, checkpoint.size)
                proofs[size] = [base64.b64encode(one).decode() for one in proof]
        made = checkpoint.extension(TIME)
        key = key_id(self.origin, self.signs.public).hex()
        self._itself = self._itself or self._own_key()
        return _Newest(
            *(text, checkpoint.size, base64.b64encode(checkpoint.root).decode(), made, key, proofs),
            [one.encode().decode() for one in keys_in(notes)],
            [(said, one.encode().decode()) for said, one in given_up_in(notes)],
        )

    def _own_key(self) -> str:
        text = key_text(self.origin, self.signs.verifier_key)
        return self.signs.state(text).encode().decode()

    def _judge(self, heard: Mapping[Identity, Told]) -> dict[Identity, Standing]:
        """Return the standings that changed, which are kept and recorded by then."""
        at, size = self.now(), self._newest.size if self._newest else 0
        given_up = [said for said, _ in self._newest.given_up] if self._newest else []
        roots = dict[int, str | None]()
        if self._newest:
            roots[size] = self._newest.root

        def root(of: int) -> str | None:
            if of not in roots:
                roots[of] = self._root(of)
            return roots[of]

        changed = dict[Identity, Standing]()
        for who, told in heard.items():
            changed[who] = Standing(told, judged(told, size, root, given_up), at)
        # What was not well may be: the log was put back, or a person said that it was restored.
        for who, one in self.standings.copy().items():
            if who not in changed and one.verdict in ("ahead", "differs", "unknown", "restored"):
                verdict = judged(one.told, size, root, given_up)
                if verdict != one.verdict:
                    changed[who] = Standing(one.told, verdict, one.seen)
        if changed:
            self.rows.keep(self.origin, changed)
            self._record(self.standings | changed)
        return changed

    def _root(self, size: int) -> str | None:
        try:
            return base64.b64encode(self.log.root(size)).decode()
        except (OSError, StartError, ValueError) as error:
            _log.error("the root of %d rows cannot be made: %s", size, error)
            return None

    def _record(self, standings: Mapping[Identity, Standing]) -> None:
        """Have in the audit log what began, grew, and ended."""
        notes, said = [], dict[str, int]()
        for verdict, kind in KIND_OF.items():
            those = {who: one for who, one in standings.items() if one.verdict == verdict}
            before = self._said.get(kind, 0)
            if len(those) > before or (before and not those):
                details = self._details(those) if those else {}
                notes.append(Note(kind, self.origin, "", details, active=bool(those)))
                if those:
                    _log.error(
                        "%d witnesses hold another audit log than there is (%s, first %s): see "
                        "docs/witnesses.md",
                        *(len(those), verdict, next(iter(details["agents"]))),
                    )
            said[kind] = len(those)
        if notes:
            self.journal.note(*notes)
        self._said = said
        if notes:
            self.journal.sync_or_later()

    def _details(self, those: Mapping[Identity, Standing]) -> dict[str, Any]:
        first = min(those.values(), key=lambda one: one.told.size)
        return {
            "count": len(those),
            "agents": sorted(map(str, those))[:MOST_NAMED],
            "size": first.told.size,
            "root": first.told.root,
            "new_size": self._newest.size if self._newest else 0,
        }

    def _interval(self) -> float:
        return min(MOST_S, max(LEAST_S, LEAST_S * len(self._held) / PER_MINUTE))


COVERS: Final = frozenset(KIND_OF.values())


def witness_sight(witnesses: Witnesses, at: int) -> Sight:
    """Return what is wrong between the log and its witnesses, for the rules."""
    return Sight(
        at,
        COVERS,
        tuple(
            Wrong(kind, "", since, witnesses.origin, details)
            for kind, details, since in witnesses.wrong()
        ),
    )
