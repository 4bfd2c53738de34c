"""The tables of what follows of an alert: acknowledged, followed, told in a digest."""

from typing import Final

SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS alert_follow (
        number INTEGER PRIMARY KEY,              -- of the alert
        since INTEGER NOT NULL,                  -- when people were told first
        remind_at INTEGER NOT NULL, due_at INTEGER NOT NULL, repeat_at INTEGER NOT NULL,
        escalated INTEGER NOT NULL,              -- steps
        reminded INTEGER NOT NULL,               -- 1: reminder, 2: told that it is overdue
        reminders INTEGER NOT NULL, supervised_at INTEGER NOT NULL, next_at INTEGER NOT NULL,
        closed_at INTEGER NOT NULL DEFAULT 0, closed_by TEXT NOT NULL DEFAULT ''
    )""",
    """CREATE INDEX IF NOT EXISTS alert_follow_next ON alert_follow (next_at)
        WHERE closed_at = 0 AND next_at > 0""",
    """CREATE INDEX IF NOT EXISTS alert_follow_supervised ON alert_follow (supervised_at)
        WHERE supervised_at > 0""",
    """CREATE TABLE IF NOT EXISTS alert_digest (
        channel TEXT PRIMARY KEY, slot INTEGER NOT NULL, at INTEGER NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS alert_digested (
        channel TEXT NOT NULL, alert INTEGER NOT NULL, over INTEGER NOT NULL,
        PRIMARY KEY (channel, alert)
    ) WITHOUT ROWID""",
)
