"""The spool: what is committed stays until a receipt, and what is dropped is told."""

import sqlite3
from pathlib import Path

import pytest

from agent.spool import DAY, Limits, Spool, Waiting
from agent.spoolfile import open_spool_file
from agent.spoolrows import Part
from core import wire
from core.clock import SECOND
from core.types import BatchKey

EPOCHS = ["A" * 16, "B" * 16, "C" * 16, "D" * 16]
NOW = 1_795_374_585 * SECOND


class Clock:
    """Time that a test sets."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def epochs() -> list[str]:
    return list(EPOCHS)


def opened(folder: Path, epochs: list[str], clock: Clock | None = None, **limits: int) -> Spool:
    return Spool(folder / "spool.db", Limits(**limits), clock or Clock(), lambda: epochs.pop(0))


def sealed(spool: Spool, *lines: bytes) -> Waiting:
    spool.take(lines or (b"cpu usage_idle=1 1",))
    waiting = spool.seal()
    assert waiting is not None
    return waiting


def keys(spool: Spool, part: Part = "all") -> list[tuple[str, int]]:
    rows = spool.waiting("readings", part, since=0, besides=(), limit=1000)
    return [(row.key.epoch, row.key.seq) for row in rows]


def with_crc(*batches: Waiting) -> list[tuple[BatchKey, int]]:
    return [(batch.key, batch.crc) for batch in batches]


def test_a_sealed_batch_says_in_its_first_line_what_it_is(
    tmp_path: Path, epochs: list[str]
) -> None:
    spool = opened(tmp_path, epochs)
    waiting = sealed(spool, b"cpu usage_idle=1 1", b"mem used=2i 1")

    batch = spool.read(waiting.key)
    assert batch is not None
    assert batch.body == (
        b"# schoolwatch/1 epoch=AAAAAAAAAAAAAAAA seq=1 n=2 clock=unchecked\n"
        b"cpu usage_idle=1 1\nmem used=2i 1\n"
    )
    assert batch.crc == wire.crc(batch.body) == waiting.crc


def test_what_was_taken_before_a_crash_is_sealed_under_the_next_epoch(
    tmp_path: Path, epochs: list[str]
) -> None:
    before = opened(tmp_path, epochs)
    sealed(before, b"cpu usage_idle=1 1")
    before.take([b"cpu usage_idle=2 2"])

    after = opened(tmp_path, epochs)
    assert after.seal() is not None
    assert keys(after) == [("A" * 16, 1), ("B" * 16, 1)]


def test_only_a_receipt_with_the_right_crc_deletes(tmp_path: Path, epochs: list[str]) -> None:
    spool = opened(tmp_path, epochs)
    first, second = sealed(spool), sealed(spool)

    wrong = (first.key, first.crc ^ 1)
    assert spool.received([wrong, (second.key, second.crc)]) == [second.key]
    assert spool.drop([wrong], "refused") == []
    assert not spool.recommit(*wrong)
    assert keys(spool) == [("A" * 16, 1)]


def test_a_full_spool_drops_the_oldest_and_tells_it_as_one_range(
    tmp_path: Path, epochs: list[str]
) -> None:
    spool = opened(tmp_path, epochs, max_bytes=300)
    for _ in range(5):
        sealed(spool)

    reports, more = spool.report()
    assert not more
    assert [(r.high, r.held, r.dropped) for r in reports if r.lane == "readings"] == [
        (5, [3, 5], [(1, 2, "full")])
    ]
    assert spool.dropped_batches == 2


def test_what_is_older_than_the_limit_is_dropped_as_old(tmp_path: Path, epochs: list[str]) -> None:
    clock = Clock()
    spool = opened(tmp_path, epochs, clock)
    sealed(spool)
    clock.at += 8 * DAY
    sealed(spool)

    assert spool.drop_old() == 1
    assert keys(spool) == [("A" * 16, 2)]
    assert spool.report()[0][-1].dropped == [(1, 1, "old")]


def test_ranges_of_drops_grow_together_only_for_the_same_reason(
    tmp_path: Path, epochs: list[str]
) -> None:
    spool = opened(tmp_path, epochs)
    batches = [sealed(spool) for _ in range(5)]
    for index, why in ((0, "full"), (2, "full"), (1, "full"), (3, "refused")):
        spool.drop(with_crc(batches[index]), why)

    assert spool.report()[0][-1].dropped == [(1, 3, "full"), (4, 4, "refused")]


def test_a_batch_that_cannot_be_read_back_is_dropped_as_corrupt_and_the_next_is_sent(
    tmp_path: Path, epochs: list[str]
) -> None:
    spool = opened(tmp_path, epochs)
    bad, good = sealed(spool), sealed(spool)
    with sqlite3.connect(tmp_path / "spool.db") as db:
        db.execute("UPDATE batch SET body = 'rotten' WHERE seq = 1")

    assert spool.read(bad.key) is None
    assert spool.read(good.key) is not None
    assert spool.report()[0][-1].dropped == [(1, 1, "corrupt")]


def test_a_conflict_gets_a_new_key_under_the_new_epoch(tmp_path: Path, epochs: list[str]) -> None:
    spool = opened(tmp_path, epochs)
    old = sealed(spool, b"cpu usage_idle=1 1")
    spool.renew_epoch()
    assert spool.recommit(old.key, old.crc)

    assert keys(spool) == [("B" * 16, 1)]
    batch = spool.read(BatchKey("B" * 16, "readings", 1))
    assert batch is not None
    assert batch.body.endswith(b"clock=unchecked\ncpu usage_idle=1 1\n")


def test_an_epoch_is_forgotten_when_closed_but_never_while_a_batch_of_it_is_held(
    tmp_path: Path, epochs: list[str]
) -> None:
    first = sealed(opened(tmp_path, epochs))
    spool = opened(tmp_path, epochs)
    spool.closed(["A" * 16, "B" * 16])
    assert {report.epoch for report in spool.report()[0]} == {"A" * 16, "B" * 16}

    spool.received(with_crc(first))
    spool.closed(["A" * 16, "B" * 16])
    assert {report.epoch for report in spool.report()[0]} == {"B" * 16}


def test_a_closed_epoch_is_kept_while_a_birth_has_not_told_each_of_its_drops(
    tmp_path: Path, epochs: list[str]
) -> None:
    before = opened(tmp_path, epochs)
    first, second = sealed(before), sealed(before)
    spool = opened(tmp_path, epochs)
    spool.drop(with_crc(first), "full")
    told, _ = spool.report()
    spool.drop(with_crc(second), "full")
    spool.closed(["A" * 16], told)
    spool.closed(["A" * 16])
    kept = spool.report()[0]
    assert (kept[0].epoch, kept[0].dropped) == ("A" * 16, [(1, 2, "full")])

    spool.closed(["A" * 16], kept)
    assert {report.epoch for report in spool.report()[0]} == {"B" * 16}


def test_a_birth_names_the_oldest_epochs_and_always_the_current_one(tmp_path: Path) -> None:
    epochs = list(EPOCHS)
    for _ in range(3):
        sealed(opened(tmp_path, epochs))
    reports, more = opened(tmp_path, epochs).report(max_epochs=2)
    assert more
    assert list(dict.fromkeys(report.epoch for report in reports)) == ["A" * 16, "D" * 16]


def test_fresh_is_what_this_process_sealed_lately_and_backlog_is_the_rest(
    tmp_path: Path, epochs: list[str]
) -> None:
    clock = Clock()
    sealed(opened(tmp_path, epochs, clock))
    spool = opened(tmp_path, epochs, clock)
    sealed(spool)
    clock.at += 200 * SECOND
    sealed(spool)

    def part(name: Part) -> list[tuple[str, int]]:
        rows = spool.waiting(
            "readings",
            name,
            since=clock.at - 120 * SECOND,
            besides=(),
            limit=9,
        )
        return [(row.key.epoch, row.key.seq) for row in rows]

    assert part("fresh") == [("B" * 16, 2)]
    assert part("backlog") == [("A" * 16, 1), ("B" * 16, 1)]


def test_a_spool_that_cannot_be_read_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, epochs: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    before = opened(tmp_path, epochs)
    before.close()
    (tmp_path / "spool.db").write_bytes(b"not a database, but somebody's only copy" * 100)

    after = opened(tmp_path, epochs)
    assert after.id != before.id
    assert (tmp_path / "spool.db.broken-1").read_bytes().startswith(b"not a database")
    assert "kept as" in caplog.text
    assert sealed(after).key.seq == 1


def test_a_spool_that_lost_its_id_is_set_aside(tmp_path: Path, epochs: list[str]) -> None:
    opened(tmp_path, epochs).close()
    with sqlite3.connect(tmp_path / "spool.db") as db:
        db.execute("DELETE FROM meta")
    assert opened(tmp_path, epochs).id
    assert (tmp_path / "spool.db.broken-1").exists()


def test_taken_means_that_the_disk_was_told_to_sync(tmp_path: Path) -> None:
    db = open_spool_file(tmp_path / "spool.db")
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_batch_stays_under_the_limit_for_what_is_sent(tmp_path: Path, epochs: list[str]) -> None:
    spool = opened(tmp_path, epochs)
    spool.take([b"m f=%d 1" % number for number in range(60_000)])
    sizes = []
    while (batch := spool.seal(max_lines=100_000)) is not None:
        sizes.append(batch.size)
    assert len(sizes) > 1
    assert max(sizes) < wire.MAX_SENT_BYTES
