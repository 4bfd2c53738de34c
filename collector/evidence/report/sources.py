"""What the report reads, each opened when it is first asked for, and none of it written to.

A source that cannot be read raises Unread with the reason; who asked says so and goes on.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from alerts.people.accounts import Accounts, read_accounts
from collector.config import CollectorConfig
from collector.evidence.report.finding import Counted, Span
from collector.evidence.report.logtally import LogTally, tally
from collector.evidence.report.statements import Statement, Statements
from collector.evidence.report.stored import Newest, open_to_read
from collector.evidence.signing import CHECKPOINT
from collector.roster import Roster, read_roster
from core import clock
from core.alerts import Text
from core.errors import MonitorError
from core.merkle.note import Checkpoint, Note, NoteError, checkpoint_in, read_note
from core.readonly import read_only

T = TypeVar("T")
LEDGER: Final = "ledger.db"


class Unread(Exception):
    """A source that cannot be read; `why` is for people."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


@dataclass
class Sources:
    """Everything of one collector; `path` is its configuration's file. Close it in the end."""

    config: CollectorConfig
    path: Path
    span: Span
    now: int
    statements: Statements = field(default_factory=Statements)
    opened: ExitStack = field(default_factory=ExitStack)
    _failed: dict[str, Unread] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The collector's own."""
        return self.config.collector.folder

    @property
    def audit(self) -> Path:
        """Where the audit log lies."""
        return self.config.collector.audit_folder

    @property
    def today(self) -> date:
        """The day in the district."""
        return clock.local(self.now, self.config.collector.tz()).date()

    def day(self, at: int) -> str:
        """Return the day of a moment in the district."""
        return clock.local(at, self.config.collector.tz()).date().isoformat()

    @cached_property
    def _ledger(self) -> sqlite3.Connection:
        path = self.folder / LEDGER
        if not path.is_file():
            raise Unread(
                Text(f"{path} 不存在：中心尚未运行过", f"{path} is not there: no collector has run")
            )
        try:
            db = read_only(path)
            self.opened.callback(db.close)
            # One moment for the whole report, while the collector goes on writing.
            db.isolation_level = None
            db.execute("BEGIN")
            (state,) = db.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.Error as error:
            raise _damaged(path, error) from error
        if state != "ok":
            raise _damaged(path, state)
        return db

    @property
    def ledger(self) -> sqlite3.Connection:
        """A connection that only reads, as the database is at one moment."""
        return self._once("ledger", lambda: self._ledger)

    @property
    def log(self) -> LogTally:
        """What one walk through the audit log has counted."""
        return self._once("log", self._log)

    @cached_property
    def head_note(self) -> Note | None:
        """The newest signed checkpoint of the log, read before the log is; its signature is not
        looked at here. Raises OSError, NoteError."""
        path = self.audit / CHECKPOINT
        return read_note(path.read_bytes()) if path.is_file() else None

    @property
    def head(self) -> Checkpoint | None:
        """What that note says."""
        return checkpoint_in(self.head_note.text) if self.head_note else None

    @property
    def accounts(self) -> Accounts | None:
        """Who may sign in; None where no file is configured."""
        return self._once("accounts", self._accounts)

    @property
    def roster(self) -> Roster | None:
        """The list of schools; None where no file is configured."""
        return self._once("roster", self._roster)

    @property
    def store(self) -> Newest:
        """The time-series store."""
        return self._once("store", self._store)

    def rows(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Return the rows of the ledger that *query* finds."""
        try:
            # Not `yield from`, which closes the cursor of who stops early, after its database.
            for row in self.ledger.execute(query, values):  # noqa: UP028
                yield row
        except sqlite3.Error as error:
            if str(error).startswith("no such "):
                raise _older(str(error)) from error
            raise _damaged(self.folder / LEDGER, error) from error

    def one(self, query: str, *values: Any) -> tuple[Any, ...]:
        """Return the first row that *query* finds, which there has to be."""
        (found,) = self.rows(f"{query} LIMIT 1", *values)
        return found

    def counted(self, query: str, *values: Any) -> Counted:
        """Count the rows of the ledger that *query* finds, whose first column names them."""
        digest, count, first, last = hashlib.sha256(), 0, "", ""
        for row in self.rows(query, *values):
            digest.update(msgspec.json.encode(row) + b"\n")
            count, last = count + 1, str(row[0])
            first = first or last
        asked = " ".join(query.split())
        for value in values:
            asked = asked.replace("?", repr(value), 1)
        return Counted(LEDGER, asked, count, digest.hexdigest(), _range(first, last))

    def file(self, path: Path) -> Counted:
        """Return a file as evidence: the digest of its bytes."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise Unread(
                Text(
                    f"{path} 无法读取：{error.strerror}", f"{path} cannot be read: {error.strerror}"
                )
            ) from error
        return Counted(str(path), "file", 1, hashlib.sha256(content).hexdigest())

    def stated(self, about: str) -> list[Statement]:
        """Return what people said about something."""
        return [one for one in self.statements.statement if one.about == about]

    def tables(self) -> set[str]:
        """Return the names of the ledger's tables: an older collector has fewer."""
        return {name for (name,) in self.rows("SELECT name FROM sqlite_master")}

    def need(self, *names: str) -> None:
        """Raise Unread where the ledger has not the tables *names*."""
        missing = sorted({*names} - self.tables())
        if missing:
            raise _older("no such table: " + ", ".join(missing))

    def _once(self, name: str, make: Callable[[], T]) -> T:
        """Return what *make* makes, made once; a failure is raised again without a second try."""
        if name in self._failed:
            raise self._failed[name]
        kept = f"_made_{name}"
        if kept not in self.__dict__:
            try:
                self.__dict__[kept] = make()
            except Unread as error:
                self._failed[name] = error
                raise
        found: T = self.__dict__[kept]
        return found

    def _log(self) -> LogTally:
        try:
            return tally(self.audit, self.span, self._signed_size())
        except OSError as error:
            raise Unread(
                Text(f"审计日志无法读取：{error}", f"the audit log cannot be read: {error}")
            ) from error

    def _signed_size(self) -> int:
        try:
            return self.head.size if self.head else 0
        except (OSError, NoteError):
            return 0  # said where the head itself is asked for

    def _accounts(self) -> Accounts | None:
        path = self.config.alerts.accounts_file
        return _read(read_accounts, path) if path else None

    def _roster(self) -> Roster | None:
        path = self.config.roster.file
        return _read(read_roster, path) if path else None

    def _store(self) -> Newest:
        try:
            store, close = open_to_read(self.config)
        except (MonitorError, OSError, sqlite3.Error) as error:
            raise Unread(
                Text(f"时序库无法读取：{error}", f"the store cannot be read: {error}")
            ) from error
        self.opened.callback(close)
        return store


def _range(first: str, last: str) -> str:
    return first if first == last else f"{first}–{last}"


def _older(lacks: str) -> Unread:
    return Unread(
        Text(
            f"数据库由更早的版本建立（{lacks}）：请先用本版本启动一次中心",
            f"the database is of an earlier version ({lacks}): start this collector once",
        )
    )


def _damaged(path: Path, error: object) -> Unread:
    return Unread(
        Text(
            f"数据库 {path.name} 无法读取或已损坏：{error}。请按 docs/backup.md 恢复",
            f"the database {path.name} cannot be read or is damaged: {error}. See docs/backup.md",
        )
    )


def _read(read: Callable[[Path], T], path: Path) -> T:
    try:
        return read(path)
    except (MonitorError, OSError) as error:
        raise Unread(
            Text(f"{path} 无法读取：{error}", f"{path} cannot be read: {error}")
        ) from error


def lines_of(found: Sequence[Counted]) -> int:
    """Return how many records were counted together."""
    return sum(one.count for one in found)
