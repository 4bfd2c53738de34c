"""What is done with births, wills and stops (wire.md, "Wills and conflicts").

They come by a connection of their own, so a database that refuses readings does not hold them up.
"""

import logging
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from collector import alarms, births, refusals
from collector.births import AgentState
from collector.books import Books
from collector.deadletters import Letter
from collector.intake import Arrival, Bad, BadKind, sender, too_large
from collector.journal import Note
from collector.live import was_up
from collector.patience import Patience
from core import messages, wire
from core.errors import HeaderError
from core.messages import Birth, Death
from core.types import Identity

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Word:
    """A birth or death, and who sent it."""

    who: Identity
    said: Birth | Death
    at: int
    retained: bool = False


class BadState(Exception):
    """A message for the dead letters; `kind` is what it is counted under."""

    def __init__(self, kind: BadKind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class States:
    """Handles the messages of the `state` channel; see `collector.inbox.Handler`."""

    regions: Collection[str]
    books: Books
    patience: Patience

    async def handle(self, arrivals: Sequence[Arrival]) -> int:
        """Take in the first of *arrivals*, together as large as one of them may be."""
        words: list[Word] = []
        letters: list[Letter] = []
        sizes = accumulate(len(arrival.payload) for arrival in arrivals)
        # Taken apart, a birth is many times its size; a thousand small ones are nothing.
        fit = max(1, sum(size <= wire.MAX_SENT_BYTES for size in sizes))
        for arrival in arrivals[:fit]:
            try:
                word = read_word(arrival, self.regions)
            except BadState as error:
                letters.append(refusals.whole(arrival, error.kind, str(error)))
            else:
                words += [word] if word else []
        await self.books.keep(letters, self.patience)
        await self._note_drops(words)
        async with self.books.gate:
            await self._take(words)
        return fit

    async def refuse(self, arrival: Arrival, reason: str) -> None:
        """Keep a message that made the handling fail."""
        await self.books.keep([refusals.whole(arrival, "crash", reason)], self.patience)

    async def _note_drops(self, words: Sequence[Word]) -> None:
        """Have in the audit log the drops on which a `closed` will rest, before the birth counts.

        Not under the gate: an audit log that cannot be written must not hold up readings.
        """
        said = [(word.who, word.said) for word in words if isinstance(word.said, Birth)]
        notes = [note for who, birth in said for note in alarms.drops(who, birth)]
        if notes:
            await self.books.note(notes, self.patience)
            await self.patience.persist(self.books.journal.sync)

    async def _take(self, words: Sequence[Word]) -> None:
        changed, born = dict[Identity, AgentState](), set[Identity]()
        for word in words:
            if word.who in born and self._is_new_birth(word, changed[word.who]):
                # What the birth before it reports has to reach the ledger too.
                await self._keep(changed, born)
                changed, born = {}, set()
            self._witnessed(word)
            before = changed.get(word.who) or self.books.live.state(word.who)
            after = self._after(word, before)
            if after is None:
                self.books.counters.add("states_repeated")
                continue
            changed[word.who] = after
            if isinstance(word.said, Birth):
                born.add(word.who)
        await self._keep(changed, born)

    async def _keep(
        self, changed: Mapping[Identity, AgentState], born: Collection[Identity]
    ) -> None:
        if changed:
            ledger, live = self.books.ledger, self.books.live
            before = {who: live.state(who) for who in changed}

            def note(db: sqlite3.Connection, kept: Mapping[Identity, AgentState]) -> None:
                # In one transaction: afterwards a crash would leave nothing that is news.
                found = [note for who in kept for note in _news(who, before[who], kept[who])]
                self.books.journal.add(db, found)

            self._tell(await self.patience.persist(lambda: ledger.take(changed, note)), born)

    def _is_new_birth(self, word: Word, before: AgentState) -> bool:
        asked = self.books.asking.number(word.who)
        return isinstance(word.said, Birth) and not births.is_repeat(before, word.said, asked)

    def _witnessed(self, word: Word) -> None:
        """Hear what the sender of a birth holds of the audit log, also of one that comes again."""
        if self.books.witnesses and isinstance(word.said, Birth):
            asked = self.books.asking.number(word.who)
            before = self.books.live.state(word.who)
            is_new = not births.is_repeat(before, word.said, asked)
            self.books.witnesses.hear(word.who, word.said, is_new=is_new)

    def _after(self, word: Word, before: AgentState) -> AgentState | None:
        """Return the agent after *word*; None where that changes nothing."""
        if isinstance(word.said, Death):
            self.books.counters.add("deaths", reason=word.said.state)
            return births.after_death(before, word.said, word.at)
        if not self._is_new_birth(word, before):
            return None
        asked = self.books.asking.number(word.who)
        self.books.counters.add("births")
        up = was_up(before.known, word.at, self.books.door.opening())
        answers = bool(asked) and word.said.asked == asked
        return births.after_birth(
            before, word.said, word.at, was_up=up, answers=answers, retained=word.retained
        )

    def _tell(self, kept: Mapping[Identity, AgentState], born: Collection[Identity]) -> None:
        for who, state in kept.items():
            self._warn(who, self.books.live.state(who), state)
            self.books.live.put(who, state)
            if who in born:
                if state.awaiting:
                    self.books.asking.unanswered(who)
                else:
                    self.books.asking.answered(who)
                self.books.receipts.closed(who, births.closed(state))

    def _warn(self, who: Identity, before: AgentState, after: AgentState) -> None:
        """Say what has newly become wrong with an agent's account."""
        if alarms.unexplained(who, before, after):
            self.books.counters.add("unexplained", after.unexplained - before.unexplained)
            _log.error(
                "%s: %d batches are missing and nothing explains it, which is a fault of ours: "
                "see docs/ledger.md, and `schoolwatch ledger --agent %s`",
                *(who, after.unexplained, who),
            )
        if alarms.two_machines(who, before, after):
            self.books.counters.add("identity_twice")
            _log.error(
                "%s: two machines use this identity at once (epochs %s and %s, the last started "
                "%s): give one of them another name in [identity] of its configuration",
                *(
                    who,
                    *births.two_machines(after),
                    after.birth.started if after.birth else "at an unknown time",
                ),
            )


def _news(who: Identity, before: AgentState, after: AgentState) -> Iterator[Note]:
    for look in (alarms.unexplained, alarms.two_machines):
        note = look(who, before, after)
        if note:
            yield note


def read_word(arrival: Arrival, regions: Collection[str]) -> Word | None:
    """Return what was said; None for a retained state that somebody emptied. Raises BadState."""
    who = sender(arrival.topic, regions, "state")
    if isinstance(who, Bad):
        raise BadState(who.kind, who.reason)
    if not arrival.size:
        return None
    if problem := too_large(arrival):
        raise BadState("payload", problem)
    try:
        said = messages.read_state(arrival.payload)
    except (HeaderError, RecursionError) as error:
        raise BadState("state", str(error)) from None
    mistake = births.mistake(said) if isinstance(said, Birth) else ""
    if mistake:
        raise BadState("state", mistake)
    return Word(who, said, arrival.at, arrival.message.retain)
