"""How many batches of each agent arrived and are missing, for the series `ledger`."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from collector.ledgerread import LedgerReader, Question
from collector.ranges import Ranges
from core.errors import StoreBusy
from core.readonly import read_only
from core.types import Identity

_ARRIVED: Final = """SELECT region, school, agent.agent, received
    FROM lane JOIN agent ON agent.id = lane.agent"""
_DROPPED: Final = "dropped"


@dataclass(frozen=True, slots=True)
class Sums:
    """Batches of one agent over all its epochs; `dropped` are some of the `explained`."""

    batches: int = 0
    missing: int = 0
    explained: int = 0
    dropped: int = 0


def sums(reader: LedgerReader, now: int, taking_in_since: int) -> Mapping[Identity, Sums]:
    """Return the sums of every agent; blocks, raises StoreBusy."""
    arrived = _arrived(reader)
    missing: dict[Identity, tuple[int, int, int]] = {}
    after, more = 0, True
    while more:
        # Only those of whom something is missing: of all others the count is enough.
        account = reader.account(Question(only_missing=True, after=after), now, taking_in_since)
        for one in account.agents:
            counts = {"unexplained": 0, "explained": 0, _DROPPED: 0}
            for cause in one.causes:
                if cause.reason == "expected":
                    continue
                counts["unexplained" if cause.reason == "unexplained" else "explained"] += cause.n
                counts[_DROPPED] += cause.n if cause.reason == _DROPPED else 0
            missing[one.who] = (counts["unexplained"], counts["explained"], counts[_DROPPED])
        after, more = account.next, bool(account.next)
    return {
        who: Sums(arrived.get(who, 0), *missing.get(who, (0, 0, 0)))
        for who in {**arrived, **missing}
    }


def _arrived(reader: LedgerReader) -> dict[Identity, int]:
    found: dict[Identity, int] = {}
    try:
        with closing(read_only(reader.path)) as db:
            for *who, received in db.execute(_ARRIVED):
                name = Identity(*who)
                found[name] = found.get(name, 0) + len(Ranges.decode(received))
    except sqlite3.Error as error:
        raise StoreBusy(f"the ledger cannot be read now: {error}") from error
    return found
