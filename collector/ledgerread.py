"""Reading the ledger beside the collector that writes it: what is missing, since when and why.

A connection of its own for each question, read-only: a page never holds up a commit.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from collector import ledgerfile
from collector.births import ALTERNATION, AgentState, two_machines
from collector.lanerow import LaneRow
from collector.ledger import LaneKey, lane_row
from collector.picture import Known
from collector.ranges import Ranges
from collector.reasons import LastWord, Missing, is_gone, missing
from core.errors import StoreBusy
from core.messages import Birth
from core.types import Identity, Lane

MAX_AGENTS: Final = 200
MAX_LANES: Final = 200
"""Of one agent, those with something missing first, then the newest."""
MAX_RANGES: Final = 200
"""Of one lane; what comes after them is counted."""
_BUSY_S: Final = 2.0


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
    more: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all lanes of an agent."""

    epochs: int = 0
    received: int = 0
    repeats: int = 0
    refused_lines: int = 0
    conflicts: int = 0


@dataclass(frozen=True, slots=True)
class AgentAccount:
    """One agent; `totals` are over all its lanes, also those that are not listed.

    `cut` tells that more lanes than are listed miss something.
    """

    who: Identity
    last_arrival: int = 0
    awaiting: bool = False
    two_machines: tuple[str, ...] = ()
    lanes: tuple[LaneAccount, ...] = ()
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
                agent = _agent(db, row, everybody, now, taking_in_since)
                for lane in agent.lanes:
                    waits = ((g.first, g.last) for g in lane.missing if g.reason == "expected")
                    ranges = Ranges.of(waits)
                    if ranges:
                        found[LaneKey(agent.who, lane.epoch, lane.lane)] = ranges
        return found

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            address = f"{self.path.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(address, _BUSY_S, uri=True)) as db:
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
    ORDER BY marks = '[]', last_at DESC LIMIT {MAX_LANES + 1}"""  # noqa: S608 — our own words
_TOTALS: Final = """SELECT epoch, received, repeats, refused_lines, conflicts
    FROM lane WHERE agent = ?"""


def _agents(db: sqlite3.Connection, question: Question) -> list[tuple[Any, ...]]:
    words = {name: getattr(question, name) for name in Question.__slots__}
    return db.execute(_AGENTS, words).fetchall()


def _agent(
    db: sqlite3.Connection, found: tuple[Any, ...], question: Question, now: int, open_since: int
) -> AgentAccount:
    number, region, school, agent, last_arrival, birth_json, born_at, awaiting, turns = found
    gone = is_gone(Known(last_arrival), now, open_since)
    birth = birth_json and msgspec.json.decode(birth_json, type=Birth)
    word = LastWord(birth, born_at, bool(awaiting), gone)
    rows = db.execute(_LANES, {"id": number, "only_missing": question.only_missing})
    lanes = tuple(_lane(row, word) for row in rows)
    cut = len(lanes) > MAX_LANES and bool(lanes[-1].missing)
    taken = msgspec.json.decode(turns, type=tuple[str, ...])[-ALTERNATION:]
    pair = two_machines(AgentState(awaiting=bool(awaiting), turns=taken))
    who = Identity(region, school, agent)
    return AgentAccount(who, last_arrival, bool(awaiting), pair, lanes[:MAX_LANES], cut)


def _lane(found: tuple[Any, ...], word: LastWord) -> LaneAccount:
    epoch, lane, *columns = found
    row = lane_row(columns)
    gaps = missing(row, epoch, lane, word)
    # What is final or ours comes before what is only waited for, if not all fits.
    shown = sorted(gaps, key=lambda gap: gap.reason == "expected")[:MAX_RANGES]
    shown.sort(key=lambda gap: gap.first)
    return LaneAccount(epoch, lane, row, tuple(shown), len(gaps) - len(shown))


def _totals(db: sqlite3.Connection, number: int) -> Totals:
    rows = db.execute(_TOTALS, (number,)).fetchall()
    return Totals(
        epochs=len({row[0] for row in rows}),
        received=sum(len(Ranges.decode(row[1])) for row in rows),
        repeats=sum(row[2] for row in rows),
        refused_lines=sum(row[3] for row in rows),
        conflicts=sum(row[4] for row in rows),
    )
