"""Reading the ledger beside the collector that writes it: what is missing, since when and why.

A connection of its own for each question, read-only: a page never holds up a commit.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from collector import ledgerfile
from collector.births import AgentState, two_machines
from collector.lanerow import LaneRow
from collector.ledger import LaneKey
from collector.ranges import Ranges
from collector.reasons import LastWord, Missing, Reason, is_gone, missing
from collector.verdicts import Known
from core.errors import StoreBusy
from core.messages import Birth
from core.readonly import read_only
from core.types import Identity, Lane

MAX_AGENTS: Final = 200
MAX_LANES: Final = 200
"""Listed of an agent that was asked for by its name: what lost something first."""
MAX_RANGES: Final = 200
"""Listed of one of its lanes; the rest is counted."""
FEW: Final = 20
"""Listed lanes, and ranges of each, where the question is about many agents."""
MAX_READ: Final = 1_000
"""Lanes that are looked at, of one agent."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whose account is wanted; an empty word means all. `after` is where the last page ended."""

    region: str = ""
    school: str = ""
    agent: str = ""
    only_missing: bool = False
    after: int = 0
    agents: int = MAX_AGENTS


@dataclass(frozen=True, slots=True)
class LaneAccount:
    """One lane of one epoch; `more` counts the ranges that are not listed."""

    epoch: str
    lane: Lane
    row: LaneRow
    missing: tuple[Missing, ...]
    more: int = 0

    @property
    def lost(self) -> bool:
        """Whether more is missing than what may still come."""
        return any(gap.reason != "expected" for gap in self.missing)

    def cut(self, ranges: int) -> "LaneAccount":
        """Return it with so many *ranges* listed, those that may still come last."""
        chosen = sorted(self.missing, key=lambda gap: gap.reason == "expected")[:ranges]
        shown = tuple(sorted(chosen, key=lambda gap: gap.first))
        return replace(self, missing=shown, more=len(self.missing) - len(shown))


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all lanes of an agent."""

    epochs: int = 0
    received: int = 0
    repeats: int = 0
    refused_lines: int = 0
    conflicts: int = 0


@dataclass(frozen=True, slots=True)
class Cause:
    """How many batches are missing for one reason, the first since `since` (ns) at the latest."""

    reason: Reason
    why: str
    n: int
    since: int


@dataclass(frozen=True, slots=True)
class AgentAccount:
    """One agent; `totals` and `causes` are over all its lanes, also those that are not listed.

    `cut` tells that more lanes than are listed have lost something.
    """

    who: Identity
    last_arrival: int = 0
    awaiting: bool = False
    two_machines: tuple[str, ...] = ()
    lanes: tuple[LaneAccount, ...] = ()
    causes: tuple[Cause, ...] = ()
    cut: bool = False
    totals: Totals = Totals()


@dataclass(frozen=True, slots=True)
class Restore:
    """That ledger or store went back, or that the ledger was begun anew, and when (ns)."""

    at: int
    what: str


@dataclass(frozen=True, slots=True)
class Account:
    """The answer; `next` is the `after` of the next page, 0 where this is the last."""

    agents: tuple[AgentAccount, ...]
    restores: tuple[Restore, ...]
    next: int


@dataclass(frozen=True, slots=True)
class LedgerReader:
    """Every method blocks and raises StoreBusy where the file cannot be read."""

    path: Path

    def account(self, question: Question, now: int, taking_in_since: int) -> Account:
        """Return the account of every agent that *question* names."""
        with self._open() as db:
            found = _agents(db, question)
            page = found[: question.agents]
            agents = tuple(
                replace(_agent(db, row, question, now, taking_in_since), totals=_totals(db, row[0]))
                for row in page
            )
            restores = db.execute("SELECT at, what FROM restore ORDER BY at DESC LIMIT 20")
            after = int(page[-1][0]) if len(found) > len(page) else 0
            return Account(agents, tuple(Restore(*row) for row in restores), after)

    def expected(self, now: int, taking_in_since: int) -> dict[LaneKey, Ranges]:
        """Return what is missing and only *expected*, of everybody."""
        found: dict[LaneKey, Ranges] = {}
        everybody = Question(only_missing=True, agents=-2)  # a LIMIT below 0 is none
        with self._open() as db:
            for row in _agents(db, everybody):
                who = Identity(*row[1:4])
                for lane in _lanes(db, row[0], _word(row, now, taking_in_since), everybody):
                    waits = ((g.first, g.last) for g in lane.missing if g.reason == "expected")
                    ranges = Ranges.of(waits)
                    if ranges:
                        found[LaneKey(who, lane.epoch, lane.lane)] = ranges
        return found

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(read_only(self.path)) as db:
                # One transaction: rows and births of the same moment.
                db.execute("BEGIN")
                yield db
        except sqlite3.Error as error:
            raise StoreBusy(f"the ledger cannot be read now: {error}") from error


_AGENTS: Final = """SELECT id, region, school, agent,
    max(last_arrival, coalesce((SELECT max(last_at) FROM lane WHERE agent = id), 0)),
    birth, born_at, awaiting, turns FROM agent
    WHERE id > :after AND (:region = '' OR region = :region)
    AND (:school = '' OR school = :school) AND (:agent = '' OR agent.agent = :agent)
    AND (NOT :only_missing
         OR EXISTS (SELECT 1 FROM lane WHERE agent = id AND marks != '[]')
         OR (json_extract(turns, '$[0]') = json_extract(turns, '$[2]')
             AND json_extract(turns, '$[1]') = json_extract(turns, '$[3]')))
    ORDER BY id LIMIT :agents + 1"""
_LANES: Final = f"""SELECT epoch, lane, {ledgerfile.COLUMNS} FROM lane WHERE agent = :id
    AND (NOT :only_missing OR marks != '[]')
    ORDER BY marks = '[]', last_at DESC LIMIT {MAX_READ + 1}"""  # noqa: S608 — our own words
_TOTALS: Final = """SELECT epoch, received, repeats, refused_lines, conflicts
    FROM lane WHERE agent = ?"""


def _agents(db: sqlite3.Connection, question: Question) -> list[tuple[Any, ...]]:
    words = {name: getattr(question, name) for name in Question.__slots__}
    return db.execute(_AGENTS, words).fetchall()


def _agent(
    db: sqlite3.Connection, found: tuple[Any, ...], question: Question, now: int, open_since: int
) -> AgentAccount:
    number, region, school, agent, last_arrival, *_, turns = found
    word = _word(found, now, open_since)
    lanes = _lanes(db, number, word, question)
    listed, ranges = (MAX_LANES, MAX_RANGES) if question.agent else (FEW, FEW)
    lanes.sort(key=lambda lane: not lane.lost)
    taken = msgspec.json.decode(turns, type=tuple[str, ...])
    return AgentAccount(
        who=Identity(region, school, agent),
        last_arrival=last_arrival,
        awaiting=word.awaiting,
        two_machines=two_machines(AgentState(awaiting=word.awaiting, turns=taken)),
        lanes=tuple(lane.cut(ranges) for lane in lanes[:listed]),
        causes=causes(gap for lane in lanes for gap in lane.missing),
        cut=len(lanes) > MAX_READ or any(lane.lost for lane in lanes[listed:]),
    )


def _word(found: tuple[Any, ...], now: int, open_since: int) -> LastWord:
    last_arrival, birth_json, born_at, awaiting, _ = found[4:]
    birth = birth_json and msgspec.json.decode(birth_json, type=Birth)
    gone = is_gone(Known(last_arrival), now, open_since)
    return LastWord(birth, born_at, bool(awaiting), gone)


def _lanes(
    db: sqlite3.Connection, number: int, word: LastWord, question: Question
) -> list[LaneAccount]:
    rows = db.execute(_LANES, {"id": number, "only_missing": question.only_missing})
    return [_lane(row, word) for row in rows]


def _lane(found: tuple[Any, ...], word: LastWord) -> LaneAccount:
    epoch, lane, *columns = found
    row = ledgerfile.lane_row(columns)
    return LaneAccount(epoch, lane, row, tuple(missing(row, epoch, lane, word)))


def causes(gaps: Iterable[Missing]) -> tuple[Cause, ...]:
    """Return each reason for which something is missing, with how much."""
    found: dict[tuple[Reason, str], Cause] = {}
    for gap in gaps:
        key, n = (gap.reason, gap.why), gap.last - gap.first + 1
        before = found.get(key, Cause(*key, 0, gap.since))
        found[key] = Cause(*key, before.n + n, min(before.since, gap.since))
    return tuple(found.values())


def _totals(db: sqlite3.Connection, number: int) -> Totals:
    rows = db.execute(_TOTALS, (number,)).fetchall()
    return Totals(
        epochs=len({row[0] for row in rows}),
        received=sum(len(Ranges.decode(row[1])) for row in rows),
        repeats=sum(row[2] for row in rows),
        refused_lines=sum(row[3] for row in rows),
        conflicts=sum(row[4] for row in rows),
    )
