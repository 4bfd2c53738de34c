"""What only the SQLite store can show: its file, its disk, its other users, and `kill -9`."""

import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.store import sqlite_expire, sqlite_file, sqlite_read
from collector.store.base import Aggregate, RangeQuery, Series
from collector.store.sqlite import SqliteStore
from collector.store.sqlite_door import Door
from collector.store.sqlite_expire import BEFORE_ALL, Curve, expire_piece
from collector.store.sqlite_write import Writer
from core.errors import QueryError, StoreBusy, StoreStopped
from tests.waiting import until_sync


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(path, busy_seconds=0.05)) as store:
        yield store


@contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    """Another process's connection to the same file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db


def read(store: SqliteStore, group_by: tuple[str, ...] = (), field: str = "v") -> list[Series]:
    return store.range(RangeQuery("m", field, -(2**63), 2**63 - 1, group_by=group_by))


class Disk:
    """Opens the file as if its disk were what the test says."""

    def __init__(self) -> None:
        self.pages = 0
        self.read_only = False

    def connect(self, path: Path, busy_seconds: float) -> sqlite3.Connection:
        db = sqlite_file.connect(path, busy_seconds)
        if self.pages:
            db.execute(f"PRAGMA max_page_count = {self.pages}")
        db.execute(f"PRAGMA query_only = {int(self.read_only)}")
        return db


# Lines


def test_a_line_without_a_time_is_refused(store: SqliteStore) -> None:
    [refused] = store.write(b"m v=1\nm v=2 7\n")
    assert refused.line == b"m v=1"
    assert "no time" in refused.reason
    assert read(store) == [Series({}, [(7, 2.0)])]


def test_points_older_than_what_is_kept_are_refused(path: Path) -> None:
    with closing(SqliteStore(path, keep_ns=100, now=lambda: 1_000)) as store:
        [refused] = store.write(b"m v=1 899\nm v=2 900\nm v=3 1001\n")
        assert (refused.line, refused.reason) == (b"m v=1 899", "points beyond retention policy")
        assert read(store) == [Series({}, [(900, 2.0), (1001, 3.0)])]


def test_a_line_fixes_types_for_the_lines_after_it(store: SqliteStore) -> None:
    [refused] = store.write(b"m v=1i 1\nm v=1 2\n")
    assert refused.line == b"m v=1 2"


def test_a_refused_line_leaves_no_series_and_fixes_no_type(store: SqliteStore, path: Path) -> None:
    store.write(b"m v=1i 1\n")
    assert len(store.write(b"m,a=1 fresh=1,v=2.5 2\nother v=1 soon\n")) == 2
    assert store.write(b'm fresh="text" 3\n') == []
    with raw(path) as db:
        assert db.execute("SELECT measurement, tags FROM series").fetchall() == [("m", "{}")]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=30) | st.text('m,=v" \\1i#\t\0', max_size=20).map(str.encode)))
def test_no_rubbish_stops_the_good_lines(store: SqliteStore, rubbish: list[bytes]) -> None:
    good = f"good v=1 {time.time_ns()}".encode()
    refused = store.write(b"\n".join([*rubbish, good, b""]))
    assert all(one.reason for one in refused)
    assert good not in [one.line for one in refused]
    [last] = store.last("good", {}, 0)
    assert str(last.at).encode() in good


def test_series_that_were_forgotten_are_found_again(path: Path) -> None:
    with closing(sqlite_file.connect(path, 1)) as db:
        writer = Writer(db, remembered=1)
        for at in range(1, 4):
            lines = b"m,a=1 v=%di %d\nother v=true 1\nm,a=2 v=%di %d\n" % (at, at, at, at)
            assert writer.write(lines, 0) == []
        [refused] = writer.write(b"other v=1 1\n", 0)
        assert "already exists as type boolean" in refused.reason
    with closing(SqliteStore(path)) as store:
        curve = [(1, 1), (2, 2), (3, 3)]
        assert read(store, ("a",)) == [Series({"a": "1"}, curve), Series({"a": "2"}, curve)]


# Reads


def test_windows_before_1970_begin_at_whole_windows_too(store: SqliteStore) -> None:
    store.write(b"m v=1 -11\nm v=2 -10\nm v=3 -1\nm v=4 0\n")
    [one] = store.range(RangeQuery("m", "v", -100, 100, "sum", 10))
    assert one.points == [(-20, 1.0), (-10, 5.0), (0, 4.0)]


def test_a_query_may_ask_from_the_first_to_the_last_time_of_all(store: SqliteStore) -> None:
    store.write(b"m v=1 -9223372036854775806\nm v=2 0\nm v=3 9223372036854775806\n")
    [every] = store.range(RangeQuery("m", "v", -(10**30), 10**30))
    assert [value for _, value in every.points] == [1.0, 2.0, 3.0]
    [hours] = store.range(RangeQuery("m", "v", -(10**30), 10**30, "count", 3600 * 10**9))
    # The window of the very first time begins before all times, so it has no name.
    assert hours.points == [(0, 1), (9223369200000000000, 1)]


@pytest.mark.parametrize("aggregate", ["mean", "min", "max"])
def test_large_counters_have_a_mean_but_a_sum_only_within_64_bits(
    store: SqliteStore, aggregate: Aggregate
) -> None:
    store.write(b"m v=9223372036854775807i 1\nm v=9223372036854775807i 2\n")
    [one] = store.range(RangeQuery("m", "v", 0, 9, aggregate))
    assert dict(one.points) == pytest.approx({0: 2**63 - 1})
    with pytest.raises(QueryError, match="64 bits"):
        store.range(RangeQuery("m", "v", 0, 9, "sum"))
    assert len(read(store)) == 1


def test_a_newest_value_is_found_without_walking_through_the_curve(path: Path) -> None:
    with closing(sqlite_file.connect(path, 1)) as db:
        bound = {"series": "[1, 2]", "since": 0}
        plan = [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + sqlite_read.LAST, bound)]
    steps = [step for step in plan if "point" in step or "newest" in step]
    assert any(
        "SEARCH newest USING PRIMARY KEY (series=? AND field=? AND time>?)" in s for s in steps
    )
    assert all(step.startswith("SEARCH") for step in steps)


def test_pages_are_read_while_somebody_writes(store: SqliteStore, path: Path) -> None:
    store.write(b"m v=1 1\n")
    with raw(path) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("DELETE FROM point")
        assert read(store) == [Series({}, [(1, 1.0)])]
        assert store.counter() == 0


# Expiry


def test_expiry_counts_what_goes_and_forgets_empty_series_and_their_types(
    store: SqliteStore, path: Path
) -> None:
    store.write(b"m,a=1 v=1,w=2 1\nm,a=2 v=3 1\nm,a=2 v=4 5\ngone v=1i 1\n")
    assert store.expire(5) == 4
    assert store.expire(5) == 0
    with raw(path) as db:
        assert db.execute("SELECT tags FROM series").fetchall() == [('{"a":"2"}',)]
    assert store.write(b"gone v=1.5 6\nm,a=3 v=7 7\nm,a=1 v=6 6\n") == []
    assert read(store, ("a",)) == [
        Series({"a": "1"}, [(6, 6.0)]),
        Series({"a": "2"}, [(5, 4.0)]),
        Series({"a": "3"}, [(7, 7.0)]),
    ]


@pytest.mark.parametrize("piece", [1, 2, 7, 1000])
def test_expiry_in_pieces_of_any_size_deletes_the_same(path: Path, piece: int) -> None:
    with closing(sqlite_file.connect(path, 1)) as db:
        for n in range(30):
            Writer(db).write(b"m,a=%d v=1,w=2 %d\n" % (n % 3, n), -9)
        place: Curve | None = BEFORE_ALL
        gone = 0
        while place is not None:
            count, place = expire_piece(db, 20, place, piece)
            assert count <= piece
            gone += count
        assert gone == 40
        assert db.execute("SELECT min(time), count(*) FROM point").fetchall() == [(20, 20)]


def test_the_next_curve_is_found_without_walking_through_this_one(path: Path) -> None:
    with closing(sqlite_file.connect(path, 1)) as db:
        plan = db.execute("EXPLAIN QUERY PLAN " + sqlite_expire.NEXT_CURVE, BEFORE_ALL).fetchall()
    assert [row[3] for row in plan] == [
        "SEARCH point USING PRIMARY KEY ((series,field,time)>(?,?,?))"
    ]


def test_who_comes_back_at_once_stands_behind_those_who_wait(path: Path) -> None:
    door = Door(path, lambda: sqlite_file.connect(path, 1), lambda db: db, "BEGIN IMMEDIATE")
    order = []

    def wait_and_enter() -> None:
        with door.transaction():
            order.append("who waited")

    with ThreadPoolExecutor(1) as pool:
        with door.transaction():
            waiting = pool.submit(wait_and_enter)
            until_sync(door._waiting.locked)
        with door.transaction():
            order.append("who came back")
        waiting.result()
    door.close()
    assert order == ["who waited", "who came back"]


# Trouble


def test_a_file_in_use_is_busy_and_then_takes_the_same_write(
    store: SqliteStore, path: Path
) -> None:
    with raw(path) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match=str(path)):
            store.write(b"m,a=1 v=1 1\n")
        db.execute("ROLLBACK")
        assert store.write(b"m,a=1 v=1 1\n") == []
    assert read(store, ("a",)) == [Series({"a": "1"}, [(1, 1.0)])]


def test_a_full_disk_stops_takes_nothing_by_halves_and_goes_on_once_there_is_room(
    path: Path,
) -> None:
    disk = Disk()
    with closing(SqliteStore(path)) as store:
        store.write(b"m,a=0 v=0 0\n")
    disk.pages = 20
    with closing(SqliteStore(path, connect=disk.connect)) as store:
        text = b"x" * 1_000
        lines = [b'm,a=%d v=1,w=2i,text="%b" %d\n' % (n, text, n) for n in range(1, 200)]
        with pytest.raises(StoreStopped, match=f"{path}: the disk is full"):
            store.write(b"".join(lines))
        assert read(store, ("a",)) == [Series({"a": "0"}, [(0, 0.0)])]

        disk.pages = 0
        # Numbers of series and fields given in the write that failed are given again, to others.
        assert store.write(b'm,a=new w="now a text" 1\n') == []
        assert store.write(b"m,a=1 v=1 1\n") == []
        assert read(store, ("a",)) == [
            Series({"a": "0"}, [(0, 0.0)]),
            Series({"a": "1"}, [(1, 1.0)]),
        ]
        assert read(store, ("a",), "w") == [Series({"a": "new"}, [(1, "now a text")])]


def test_a_file_that_cannot_be_written_stops_until_it_can(path: Path) -> None:
    disk = Disk()
    with closing(SqliteStore(path, connect=disk.connect)) as store:
        store.write(b"m v=0 0\n")
    disk.read_only = True
    with pytest.raises(StoreStopped, match=f"{path}: cannot be written"):
        SqliteStore(path, connect=disk.connect)
    disk.read_only = False
    with closing(SqliteStore(path, connect=disk.connect)) as store:
        assert store.write(b"m v=1 1\n") == []
        assert read(store) == [Series({}, [(0, 0.0), (1, 1.0)])]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreStopped, match="cannot be opened: the folder has to exist"):
        SqliteStore(tmp_path / "none" / "store.db")


def test_a_file_of_something_else_is_left_alone(path: Path) -> None:
    path.write_bytes(b"# a letter to the district\n" * 400)
    with pytest.raises(StoreStopped, match=f"{path}: is not a database"):
        SqliteStore(path)
    path.unlink()
    with raw(path) as db:
        db.execute("CREATE TABLE batch (seq)")
    with pytest.raises(StoreStopped, match=f"{path}: is an SQLite file, but not this program's"):
        SqliteStore(path)
    with raw(path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_file_of_a_newer_version_is_left_alone(store: SqliteStore, path: Path) -> None:
    store.close()
    with raw(path) as db:
        db.execute("PRAGMA user_version = 2")
    with pytest.raises(StoreStopped, match=r"newer schoolwatch \(format 2"):
        SqliteStore(path)


def test_a_damaged_file_stops_until_a_copy_is_brought_back(store: SqliteStore, path: Path) -> None:
    store.write(b"".join(b"m,a=%d v=%d 1\n" % (n, n) for n in range(2_000)))
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(StoreStopped, match=f"{path}: is damaged"):
        SqliteStore(path).write(b"m,a=5 v=6 2\n")
    path.write_bytes(whole)
    with closing(SqliteStore(path)) as again:
        assert again.write(b"m,a=5 v=6 2\n") == []
        assert again.last("m", {"a": "5"}, 0)[0].value == 6.0


def test_a_file_taken_away_while_in_use_is_noticed(store: SqliteStore, path: Path) -> None:
    store.write(b"m v=1 1\n")
    store.set_counter(7)
    assert store.counter() == 7
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        name.unlink()
    with pytest.raises(StoreStopped, match=f"{path}: was taken away"):
        store.write(b"m v=2 2\n")
    assert store.write(b"m v=3 3\n") == []
    with pytest.raises(StoreStopped, match=f"{path}: was taken away"):
        store.counter()
    assert store.counter() == 0
    assert read(store) == [Series({}, [(3, 3.0)])]


def test_what_another_process_deletes_is_not_remembered(store: SqliteStore, path: Path) -> None:
    store.write(b"m,a=1 v=1i 1\nm,a=2 v=1i 1\n")
    with closing(SqliteStore(path)) as other:
        assert other.expire(10) == 2
        assert other.write(b'm,a=3 v="text" 11\n') == []
    [refused] = store.write(b'm,a=2 v=1i 12\nm,a=1 v="text" 12\n')
    assert "already exists as type string" in refused.reason
    assert read(store, ("a",)) == [
        Series({"a": "1"}, [(12, "text")]),
        Series({"a": "3"}, [(11, "text")]),
    ]


def test_a_commit_waits_for_the_disk(path: Path) -> None:
    with closing(sqlite_file.connect(path, 1)) as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_closed_store_says_so(store: SqliteStore) -> None:
    store.close()
    for call in (store.counter, lambda: store.write(b"m v=1 1\n")):
        with pytest.raises(StoreStopped, match="was closed"):
            call()


WRITES_UNTIL_KILLED = """
import sys
from pathlib import Path
from collector.store.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
number = int(sys.argv[2])
while True:
    lines = (b"m,line=%d,number=%d v=%di,w=true %d\\n" % (n, number % 7, number, number)
             for n in range(50))
    assert not store.write(b"".join(lines))
    print(number, flush=True)
    number += 1
"""


def test_every_write_that_returned_outlives_kill_9(path: Path) -> None:
    rng, acknowledged = random.Random(7), 0
    for _ in range(6):
        acknowledged = write_until_killed(path, acknowledged + 1, rng)
        with closing(SqliteStore(path)) as store:
            query = RangeQuery("m", "v", 0, 2**62, "count", 1)
            [whole] = store.range(query)
        # The last write may have reached the disk without its word; none is there by halves.
        assert [count for _, count in whole.points] == [50] * len(whole.points)
        assert [at for at, _ in whole.points[:acknowledged]] == list(range(1, acknowledged + 1))
        assert len(whole.points) - acknowledged in (0, 1)


def write_until_killed(path: Path, first: int, rng: random.Random) -> int:
    """Return the number of the last write that was acknowledged."""
    command = [sys.executable, "-c", WRITES_UNTIL_KILLED, str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        numbers = [writer.stdout.readline() for _ in range(rng.randint(1, 60))]
        assert numbers[-1], "the writer ended by itself"
        # Not to wait for anything: to hit another moment of a write each time.
        time.sleep(rng.random() / 200)
        writer.kill()
        return int([*numbers, *writer.stdout.readlines()][-1])
