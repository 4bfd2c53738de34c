"""Whether each database is there, keeps what it has for as long as promised, and can be written
and read.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

from collector.store import provision1, provision2
from collector.store.config import Database, StoreConfig
from collector.store.influx import InfluxStore
from collector.store.influx_admin import Admin, Server, error_of
from core import clock, lineprotocol
from core.clock import SECOND
from core.errors import StoreError
from core.findings import Finding
from core.types import Reading

PROBE: Final = "schoolwatch_check"
"""Measurement of the points that a check writes: one series for each collector."""
INIT: Final = "schoolwatch store init  makes it so"
DAY: Final = 86_400 * SECOND
BEYOND: Final = 2 * DAY
_DURATION: Final = re.compile(r"outside retention policy of duration (\w+)")


@dataclass(slots=True)
class Look:
    """One check, and what its credentials let it see: databases by name, and buckets (2)."""

    admin: Admin
    server: Server
    store: StoreConfig
    collector: str
    names: set[str] | None = None
    buckets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def databases(look: Look) -> Iterator[Finding]:
    """Yield a finding for each of the three."""
    for database in look.store.databases():
        part = f"database {database.name}"
        if look.names is not None and database.name not in look.names:
            text = "is not there, or these credentials have no right to it"
            yield Finding(part, "broken", text, INIT)
            continue
        with closing(_store(look, database)) as opened:
            try:
                took = _write_and_read(opened, look.collector)
                days = _kept(look, opened, database)
            except StoreError as error:
                yield Finding(part, "broken", str(error), INIT)
                continue
        yield judged(part, database, took, days)
    if look.server.version == 1:
        yield from _queries(look)


def _queries(look: Look) -> Iterator[Finding]:
    """Yield a finding where somebody has InfluxDB 1.8 write into our databases by itself."""
    reply = look.admin.query("SHOW CONTINUOUS QUERIES", look.store.bucket)
    if error_of(reply):
        return
    ours = {database.name for database in look.store.databases()}
    found = [
        f"{query[0]} on {series['name']}"
        for series in reply.data()["results"][0].get("series", ())
        for query in series.get("values", ())
        if series["name"] in ours
    ]
    if found:
        yield Finding(
            *("continuous queries", "look", f"nobody here made {', '.join(found)}"),
            "see SHOW CONTINUOUS QUERIES, drop what nobody needs, and set  enabled = false  in the "
            "part [continuous_queries] of influxdb.conf: who may read can make one, and it writes",
        )


def judged(part: str, database: Database, took: str, days: float | None) -> Finding:
    """Return the finding about a database that keeps what it has for *days*, if that is known."""
    if took.startswith("!"):
        return Finding(part, "broken", took[1:], "see what InfluxDB writes into its log")
    if days is None:
        return Finding(part, "note", f"{took}; how long it keeps that cannot be asked")
    if 0 < days < database.keep_days:
        text = (
            f"keeps its readings for {days:g} days, and {database.keep_days} are promised: what is "
            "older is gone for good"
        )
        return Finding(part, "broken", text, "schoolwatch store init  lengthens it")
    return Finding(part, "works", f"{took}; {kept(days)}")


def kept(days: float) -> str:
    """Return for how long something is kept, in words."""
    if days == 0:
        return "kept for ever"
    return "kept for longer than promised" if days < 0 else f"kept for {days:g} days"


def _store(look: Look, database: Database) -> InfluxStore:
    store = look.store
    return InfluxStore(
        store.url,
        store.token(),
        bucket=database.name,
        org=store.org,
        name=look.collector,
        timeout_s=store.timeout_s,
    )


def _line(collector: str, at: int) -> bytes:
    reading = Reading(PROBE, {"number": at}, at, {"collector": collector})
    return lineprotocol.encode(reading) + b"\n"


def _write_and_read(store: InfluxStore, collector: str) -> str:
    at, began = clock.now(), time.monotonic()
    refused = store.write(_line(collector, at))
    if refused:
        return f"!a reading was refused: {refused[0].reason}"
    found = store.last(PROBE, {"collector": collector}, at)
    if [one.value for one in found] != [at]:
        return "!a reading was taken, and was not there when it was asked for"
    return f"written and read in {(time.monotonic() - began) * 1_000:.0f} ms"


def _kept(look: Look, store: InfluxStore, database: Database) -> float | None:
    """Return the days of retention; 0 for ever, below 0 for more than promised."""
    if look.server.version == 1:
        policy = provision1.default_policy(look.admin, database.name)
        return policy[1] if policy else None
    if database.name in look.buckets:
        return provision2.days_of(look.buckets[database.name])
    return _tried(look, store, database) if look.server.version == 2 else None


def _tried(look: Look, store: InfluxStore, database: Database) -> float | None:
    """Learn the retention by a reading that is a little older than what is promised.

    A user that may only write and read cannot ask 2 for it; but what is refused is refused with
    the retention's length. What is taken is deleted again: it shows that more is kept.
    """
    old = clock.now() - database.keep_days * DAY - BEYOND
    refused = store.write(_line(look.collector, old))
    if not refused:
        gone = f"DELETE FROM {PROBE} WHERE time <= {clock.now() - DAY}"  # noqa: S608 — no text
        look.admin.query(gone, database.name)
        return -1
    found = _DURATION.search(refused[0].reason)
    return provision1.days_of(found[1]) if found else None
