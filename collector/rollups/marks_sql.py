"""The table of the windows that are to be rolled up, and what is asked of it."""

from typing import Final

SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS rollup_who (
        id INTEGER PRIMARY KEY,
        region TEXT NOT NULL, school TEXT NOT NULL, agent TEXT NOT NULL, -- '' is none
        UNIQUE (region, school, agent)
    )""",
    """CREATE TABLE IF NOT EXISTS rollup_due (
        width TEXT NOT NULL,                 -- hour or day
        who INTEGER NOT NULL REFERENCES rollup_who (id),
        start INTEGER NOT NULL,              -- of the window, ns
        due_at INTEGER NOT NULL,             -- ns
        version INTEGER NOT NULL,            -- grows when it is marked again
        carried INTEGER NOT NULL,            -- 1: nothing new in it, but a value from before
        PRIMARY KEY (width, who, start)
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS rollup_due_start ON rollup_due (width, start, who)",
)
MARK: Final = """INSERT INTO rollup_due VALUES (?, ?, ?, ?, 1, ?)
    ON CONFLICT DO UPDATE SET version = version + 1, carried = min(carried, excluded.carried),
        due_at = min(due_at, excluded.due_at)"""

FIRST_HOUR: Final = """SELECT start FROM rollup_due
    WHERE width = 'hour' AND start >= ? AND start < ? AND due_at <= ? ORDER BY start LIMIT 1"""
HOUR_OF: Final = """SELECT version, carried, region, school, agent
    FROM rollup_due INDEXED BY rollup_due_start CROSS JOIN rollup_who ON who = id
    WHERE width = 'hour' AND start = ? AND due_at <= ? ORDER BY who LIMIT ?"""
DAYS: Final = """SELECT DISTINCT start FROM rollup_due
    WHERE width = 'day' AND due_at <= ? ORDER BY start"""
DAY_OF: Final = """SELECT version, carried, region, school, agent
    FROM rollup_due AS day INDEXED BY rollup_due_start CROSS JOIN rollup_who ON who = id
    WHERE width = 'day' AND start = ? AND due_at <= ? AND NOT EXISTS (
        SELECT * FROM rollup_due AS hour WHERE hour.width = 'hour' AND hour.who = day.who
            AND hour.start >= ? AND hour.start < ?)
    ORDER BY who LIMIT ?"""
DONE: Final = "DELETE FROM rollup_due WHERE width = ? AND who = ? AND start = ? AND version = ?"
LATER: Final = "UPDATE rollup_due SET due_at = ? WHERE width = ? AND who = ? AND start = ?"
TOO_OLD: Final = "DELETE FROM rollup_due WHERE width = 'hour' AND start < ?"
WAITING: Final = """SELECT width, count(*), min(due_at) FROM rollup_due
    WHERE due_at <= ? GROUP BY width"""
LAST: Final = 2**63 - 1
