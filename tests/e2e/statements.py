"""The statements of wire.md, "What must hold", checked on files and databases.

Pure: from what the witnesses in the spools have seen, and what the collector's files have. The
fifth statement is about time, and is asked of the running collector (`District.settle`).
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from collector.auditrecord import BATCH, EventRow, line_of
from collector.lanerow import LaneRow
from collector.ledger import LaneKey
from collector.ranges import Ranges
from core import events, wire
from core.types import BatchKey, Event
from tests.e2e.accounts import EVER, Accounts, points_of
from tests.e2e.witness import Sealed, Witnessed

MOST = 10
"""Sentences of one kind that are worth reading."""


def broken(
    before: Sequence[Witnessed], accounts: Accounts, after: Sequence[Witnessed]
) -> list[str]:
    """Return in sentences what does not hold; each begins with the number of its statement.

    What had left a spool *before* the accounts were read has to be in them, and what is in them
    has to have been in a spool *after*.
    """
    found = [
        _few(sentences)
        for one in before
        for sentences in (_in_no_place(one, accounts), _left_too_early(one, accounts))
    ]
    found += [
        _few(sentences)
        for one in after
        for sentences in (
            _taken_is_sealed(one),
            _recorded(one, accounts),
            _two_contents(one, accounts),
        )
    ]
    found += [_few(_points_that_nobody_took(after, accounts)), _few(_log(accounts))]
    return [sentence for sentences in found for sentence in sentences]


def lines_of(sealed: Sealed) -> list[bytes]:
    """Return the lines of a batch of readings."""
    _, rest = wire.split_header(sealed.body)
    return rest.split(b"\n")[:-1]


def events_of(sealed: Sealed) -> dict[int, Event | None]:
    """Return what an event batch must become in the audit log, by index."""
    header, rest = events.split_header(sealed.body)
    found: dict[int, Event | None] = dict(events.parse_lines(rest, EVER).events)
    if header.full or not found:
        found[BATCH] = None
    return found


def _taken_is_sealed(one: Witnessed) -> Iterator[str]:
    """Statement 1 inside the spool: what was committed is open, or in a batch."""
    sealed = Counter(line for s in one.sealed if s.key.lane == "readings" for line in lines_of(s))
    taken = Counter(one.taken)
    for line in taken - sealed - Counter(one.open):
        yield f"1: {one.who} took a reading that is neither open nor in a batch: {line.decode()}"
    for line in sealed - taken:
        yield f"1: {one.who} sealed a reading that it never took: {line.decode()}"


def _in_no_place(one: Witnessed, accounts: Accounts) -> Iterator[str]:
    """Statement 1: what left a spool is in the ledger, or recorded as dropped."""
    for sealed in one.left:
        row = _row(one, sealed.key, accounts)
        if sealed.key.seq not in row.received and not _dropped(one, sealed.key, row):
            yield f"1: {_name(one, sealed)} is in no spool and no ledger, and was not dropped"


def _left_too_early(one: Witnessed, accounts: Accounts) -> Iterator[str]:
    """Statement 2: what left a spool is in the store or in the audit log, or was dropped."""
    audited = {(r.epoch, r.seq, r.index) for r in accounts.records if r.who == str(one.who)}
    for sealed in one.left:
        if _dropped(one, sealed.key, _row(one, sealed.key, accounts)):
            continue
        if sealed.key.lane == "events":
            for index in events_of(sealed):
                if (sealed.key.epoch, sealed.key.seq, index) not in audited:
                    yield f"2: {_name(one, sealed)} left, and {index} is not in the audit log"
            continue
        for line in lines_of(sealed):
            for point in points_of(line, one.who):
                if point not in accounts.stored and line not in accounts.refused:
                    yield f"2: {_name(one, sealed)} left, and the store lacks {_say(point)}"


def _two_contents(one: Witnessed, accounts: Accounts) -> Iterator[str]:
    """Statement 4, by what was sealed and by the crcs that the ledger still has."""
    crcs: defaultdict[BatchKey, set[int]] = defaultdict(set)
    for sealed in one.sealed:
        crcs[sealed.key].add(sealed.crc)
        if wire.crc(sealed.body) != sealed.crc:
            yield f"4: {_name(one, sealed)} has another crc than its bytes"
        row = _row(one, sealed.key, accounts)
        if row.standing(sealed.key.seq, sealed.crc) == "conflict":
            yield f"4: {_name(one, sealed)} is in the ledger with another crc"
    for key, found in crcs.items():
        if len(found) > 1:
            yield f"4: {one.who} gave {key} to {len(found)} contents"
    for lane, row in accounts.lanes.items():
        if lane.who == one.who and row.conflicts:
            yield f"4: {one.who} {lane.epoch} {lane.lane}: {row.conflicts} conflicts"


def _points_that_nobody_took(heard: Sequence[Witnessed], accounts: Accounts) -> Iterator[str]:
    """Statement 4 in the store: no point was replaced, and none comes from nowhere."""
    taken = Counter(
        point for one in heard for line in one.taken for point in points_of(line, one.who)
    )
    places = Counter(point[:4] for point in taken.elements())
    yield from (f"4: two readings for {_say(place)}" for place, n in places.items() if n > 1)
    for point in accounts.stored.keys() - taken.keys():
        yield f"4: nobody took what the store has: {_say(point)}"


def _log(accounts: Accounts) -> Iterator[str]:
    """Statement 3: every event once, in one order; the database and the log agree."""
    rows = {row.row: row for row in accounts.rows}
    for number, record in enumerate(accounts.records, 1):
        if record.row != number:
            yield f"3: line {number} of the audit log is row {record.row}"
        row = rows.get(record.row)
        if row is None or line_of(row) != line_of(record):
            yield f"3: row {record.row} of the audit log is not that of the database"
    names = Counter((r.who, r.epoch, r.seq, r.index) for r in accounts.records)
    yield from (f"3: {name} is {n} times in the audit log" for name, n in names.items() if n > 1)


def _recorded(one: Witnessed, accounts: Accounts) -> Iterator[str]:
    """Statement 3: what the log has of an agent is what that sealed."""
    sealed = {s.key: s for s in one.sealed}
    for record in accounts.records:
        if record.who == str(one.who):
            key = BatchKey(record.epoch, "events", record.seq)
            yield from _record(record, sealed.get(key))


def _record(record: EventRow, sealed: Sealed | None) -> Iterator[str]:
    """Statement 3, of one record: it is what its batch says."""
    name = f"row {record.row} of the audit log"
    if sealed is None:
        yield f"3: {name} is of a batch that nobody sealed"
    elif record.crc != sealed.crc:
        yield f"4: {name} has another crc than {sealed.key}"
    elif record.index not in events_of(sealed):
        yield f"3: {name} has an index that {sealed.key} has not"
    elif event := events_of(sealed)[record.index]:
        said = json.loads(record.body)
        wanted = (*event.key, event.active, event.at, event.details)
        if (
            tuple(said[w] for w in ("kind", "target", "subject", "active", "at", "details"))
            != wanted
        ):
            yield f"3: {name} says something else than {sealed.key}"


def _row(one: Witnessed, key: BatchKey, accounts: Accounts) -> LaneRow:
    return accounts.lanes.get(LaneKey(one.who, key.epoch, key.lane), LaneRow())


def _dropped(one: Witnessed, key: BatchKey, row: LaneRow) -> bool:
    told = Ranges.of((first, last) for first, last, _ in row.dropped)
    return key.seq in one.dropped.get((key.epoch, key.lane), Ranges()) | told


def _name(one: Witnessed, sealed: Sealed) -> str:
    return f"{one.who} {sealed.key.lane} {sealed.key.epoch}/{sealed.key.seq}"


def _say(place: tuple[object, ...]) -> str:
    return " ".join(map(str, place))


def _few(sentences: Iterable[str]) -> list[str]:
    found = list(sentences)
    more = [f"{found[0][:2]} and {len(found) - MOST} more"] if len(found) > MOST else []
    return found[:MOST] + more
