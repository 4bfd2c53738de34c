"""What a running collector has to say of one publisher."""

import sqlite3

from collector.app import Collector
from core.types import Identity


def states(collector: Collector, who: Identity) -> list[str]:
    """Return the state of *who* in the picture; nothing where it was never heard of."""
    agents = [agent for school in collector.picture().schools for agent in school.agents]
    return [agent.verdict.state for agent in agents if agent.who == who]


def lanes(collector: Collector) -> int:
    """Return how many lanes of any agent the ledger accounts for."""
    with sqlite3.connect(collector.config.collector.folder / "ledger.db") as ledger:
        count: int = ledger.execute("SELECT count(*) FROM lane").fetchone()[0]
        return count


def watched(collector: Collector) -> list[str]:
    """Return the schools that are watched, or listed, because nothing proves them connected."""
    with sqlite3.connect(collector.config.collector.folder / "ledger.db") as ledger:
        query = "SELECT school FROM unconnected WHERE closed = 0 ORDER BY school"
        return [school for (school,) in ledger.execute(query)]
