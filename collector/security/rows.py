"""Sensors in the collector's database, so that one that is silent after a restart is still known.

Look: sqlite3 var/collector/ledger.db 'SELECT school, interface, body FROM security_sensor'
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from collector.ledger import Ledger
from collector.security.points import Series
from collector.security.sensors import Sensor, SensorKey
from collector.security.view import RULES

_SCHEMA: Final = """CREATE TABLE IF NOT EXISTS security_sensor (
    region TEXT NOT NULL, school TEXT NOT NULL, agent TEXT NOT NULL, interface TEXT NOT NULL,
    body BLOB NOT NULL,                           -- collector/security/sensors.py
    PRIMARY KEY (region, school, agent, interface)
) WITHOUT ROWID"""
_MARKS: Final = ", ".join("?" * len(RULES))


class SecurityRows:
    """Every method blocks, may be called from any thread, and may raise sqlite3.Error."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        with ledger.transaction() as db:
            db.execute(_SCHEMA)

    def sensors(self) -> dict[SensorKey, Sensor]:
        """Return every sensor as it was last told of."""
        with self._ledger.transaction() as db:
            found = db.execute("SELECT body FROM security_sensor").fetchall()
        sensors = (msgspec.json.decode(body, type=Sensor) for (body,) in found)
        return {one.key: one for one in sensors}

    def keep(self, told: Iterable[Sensor], gone: Iterable[SensorKey]) -> None:
        """Keep what was told, and forget what was taken away."""
        with self._ledger.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO security_sensor VALUES (?, ?, ?, ?, ?)",
                [(*one.key, msgspec.json.encode(one)) for one in told],
            )
            db.executemany(
                "DELETE FROM security_sensor "
                "WHERE region = ? AND school = ? AND agent = ? AND interface = ?",
                list(gone),
            )

    def began(self, since: int) -> list[tuple[str, str, int]]:
        """Return rule, place and beginning of alerts of security that began after *since* (ns)."""
        return self._alerts("rule, place, began_at", "fired_at > 0 AND began_at > ?", since)

    def over(self, since: int) -> set[Series]:
        """Return the series of alerts that ended after *since* (ns)."""
        found = self._alerts("rule, place, ended_at", "state = 'ended' AND ended_at > ?", since)
        places = [(rule, place.split("/")) for rule, place, _ in found]
        return {Series(levels[0], levels[1], rule) for rule, levels in places if len(levels) >= 2}

    def _alerts(self, columns: str, where: str, since: int) -> list[tuple[str, str, int]]:
        query = f"SELECT {columns} FROM alert WHERE rule IN ({_MARKS}) AND {where}"  # noqa: S608
        with self._ledger.transaction() as db:
            return db.execute(query, (*RULES, since)).fetchall()
