"""Which message a collector dies of, as timelines of starts and deaths, on real files."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from collector import careful
from collector.careful import Careful, Watch, digest_of
from collector.crashes import DEATHS, FIRST, WITHIN_S, Crashes, History, Refused, begun
from collector.intake import Arrival
from collector.patience import Patience
from core.clock import SECOND
from core.errors import StartError
from core.mqtt import Message
from core.types import BatchKey
from tests.collector.desk import Desk, open_desk
from tests.collector.making import NOW, REGION, A, Clock, batch, readings
from tests.waiting import until

M, N = "a" * 64, "b" * 64


def deaths(*left: str) -> History:
    """Return what the start knows that follows deaths at which *left* were under way."""
    history = begun(History(), "", NOW)
    for under_way in left:
        history = begun(history, under_way, NOW)
    return history


def test_a_clean_end_is_no_crash_and_a_death_is_one() -> None:
    assert begun(History(), "", NOW).crashes == []
    assert deaths("").crashes == [NOW]


def test_only_crashes_of_the_last_ten_minutes_count() -> None:
    times = [NOW - (WITHIN_S + 1) * SECOND, NOW - 5, NOW + 5 * SECOND]
    assert begun(History(crashes=times), "", NOW).crashes == [NOW - 5], "nor those of a wrong clock"


@pytest.mark.parametrize(
    ("left", "suspect", "count"),
    [
        ([M], M, 1),
        ([M, M], M, 2),
        ([M, M, M], M, 3),
        ([M, N], N, 1),
        ([M, "", M], M, 1),
        ([M, M, N, M], M, 1),
        ([M, M, ""], "", 0),
    ],
)
def test_only_deaths_one_after_the_other_count_against_a_message(
    left: list[str], suspect: str, count: int
) -> None:
    found = deaths(*left)
    assert (found.suspect, found.deaths) == (suspect, count)


def test_a_later_version_tries_what_an_earlier_one_refused() -> None:
    before = History(refused=[Refused(M, True), Refused(N, True, "0.0.1")])
    assert [one.digest for one in begun(before, "", NOW).refused] == [M]


def died(folder: Path, under_way: str = "") -> None:
    """Leave *folder* as a process does that dies while it handles *under_way*."""
    died = Crashes(folder, lambda: NOW)
    died._begin()
    if under_way:
        died.note(under_way)
    died._close()


def test_the_files_tell_the_next_process_how_the_one_before_ended(tmp_path: Path) -> None:
    for _ in range(2):
        died(tmp_path, M)
    with Crashes(tmp_path, lambda: NOW).watching() as third:
        assert (third.history.suspect, third.history.deaths) == (M, 2)
        third.note(M)
        third.clear()
    with Crashes(tmp_path, lambda: NOW).watching() as fourth:
        assert (fourth.history.deaths, len(fourth.history.crashes)) == (0, 2)


@pytest.mark.parametrize(
    ("error", "count"), [(StartError("taken"), 0), (KeyboardInterrupt(), 0), (ValueError(), 1)]
)
def test_an_end_that_is_told_is_no_crash_and_an_error_that_nobody_expected_is(
    tmp_path: Path, error: BaseException, count: int
) -> None:
    with pytest.raises(type(error)), Crashes(tmp_path, lambda: NOW).watching():
        raise error
    with Crashes(tmp_path, lambda: NOW).watching() as after:
        assert len(after.history.crashes) == count


@pytest.mark.parametrize("content", [b"", b"{", b'{"crashes":"x"}'])
def test_files_that_cannot_be_read_are_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "crashes.json").write_bytes(content)
    (tmp_path / "under-way").write_bytes(b"\xff torn")
    with Crashes(tmp_path, lambda: NOW).watching() as begun_anew:
        assert begun_anew.history == History(running=True)
    with Crashes(tmp_path, lambda: NOW).watching() as after:
        assert after.history == History(running=True)


def test_a_folder_that_cannot_be_written_does_not_keep_the_collector_from_starting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Crashes(tmp_path / "missing").watching() as watched:
        watched.note(M)
        watched.clear()
    assert "crashes will not be counted" in caplog.text


@dataclass
class Inner:
    """Handles what it gets; holds back while `open` is not set."""

    groups: list[int] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: int = 0
    most: int = 0

    async def handle(self, arrivals: Sequence[Arrival]) -> int:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.open.wait()
        self.under_way -= 1
        self.groups.append(len(arrivals))
        return len(arrivals)

    async def refuse(self, arrival: Arrival, reason: str) -> None:
        raise AssertionError(reason)


@dataclass
class Careds:
    """Both lanes of one collector, as its app puts them together."""

    desk: Desk
    inner: Inner
    watch: Watch
    lanes: dict[str, Careful]
    clock: Clock


def cared(folder: Path, watched: Crashes) -> Careds:
    desk, inner, clock = open_desk(folder), Inner(), Clock()
    watch = Watch(watched, clock.monotonic)
    patience = Patience(asyncio.Event(), lambda _: None, first_wait_s=0.001)
    lanes = {
        lane: Careful(lane, inner, watch, {REGION}, desk.books, patience)
        for lane in ("readings", "state")
    }
    inner.open.set()
    return Careds(desk, inner, watch, lanes, clock)


def arrivals(desk: Desk, *seqs: int) -> list[Arrival]:
    return [desk.arrived(readings(batch(seq=seq))) for seq in seqs]


async def test_without_a_crash_groups_are_handled_whole(tmp_path: Path) -> None:
    with Crashes(tmp_path, lambda: NOW).watching() as watched:
        made = cared(tmp_path, watched)
        assert await made.lanes["readings"].handle(arrivals(made.desk, 1, 2, 3)) == 3


async def test_after_one_crash_the_first_messages_are_handled_alone(tmp_path: Path) -> None:
    died(tmp_path)
    with Crashes(tmp_path, lambda: NOW).watching() as watched:
        made = cared(tmp_path, watched)
        group = arrivals(made.desk, 1, 2)
        for _ in range(FIRST):
            assert await made.lanes["readings"].handle(group) == 1
        assert await made.lanes["readings"].handle(group) == 2


async def test_after_three_crashes_every_message_is_handled_alone_for_ten_minutes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        died(tmp_path)
    with Crashes(tmp_path, lambda: NOW).watching() as watched:
        made = cared(tmp_path, watched)
        assert "3 times within ten minutes" in caplog.text
        group = arrivals(made.desk, 1, 2)
        for _ in range(FIRST + 1):
            assert await made.lanes["readings"].handle(group) == 1
        made.clock.at += WITHIN_S * SECOND
        assert await made.lanes["readings"].handle(group) == 2


async def test_of_both_connections_one_message_is_under_way(tmp_path: Path) -> None:
    died(tmp_path)
    with Crashes(tmp_path, lambda: NOW).watching() as watched:
        made = cared(tmp_path, watched)
        one, two = arrivals(made.desk, 1, 2)
        made.inner.open.clear()
        tasks = [
            asyncio.ensure_future(made.lanes[lane].handle([what]))
            for lane, what in (("readings", one), ("state", two))
        ]
        await until(lambda: made.inner.under_way)
        assert (tmp_path / "under-way").read_text().strip() == digest_of(one)
        made.inner.open.set()
        assert list(await asyncio.gather(*tasks)) == [1, 1]
        assert made.inner.most == 1
        assert (tmp_path / "under-way").read_text().strip() == ""


async def test_a_message_that_waits_for_a_database_is_no_suspect_and_holds_up_nobody(
    tmp_path: Path,
) -> None:
    died(tmp_path)
    with Crashes(tmp_path, lambda: NOW).watching() as watched:
        made = cared(tmp_path, watched)
        one, two = arrivals(made.desk, 1, 2)
        made.inner.open.clear()
        waits = asyncio.ensure_future(made.lanes["readings"].handle([one]))
        await until(lambda: made.inner.under_way)
        made.watch.let_go("readings")
        assert (tmp_path / "under-way").read_text().strip() == ""
        goes_on = asyncio.ensure_future(made.lanes["state"].handle([two]))
        await until(lambda: made.inner.under_way == 2)
        assert (tmp_path / "under-way").read_text().strip() == digest_of(two)
        made.inner.open.set()
        assert list(await asyncio.gather(waits, goes_on)) == [1, 1]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(careful, "PAUSE_S", (0.0, 0.001))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("times", range(1, DEATHS + 2))
async def test_a_message_is_refused_after_as_many_deaths_and_its_key_read_only_once(
    tmp_path: Path, times: int
) -> None:
    message = readings(batch(seq=1))
    (tmp_path / "books").mkdir()
    desk = open_desk(tmp_path / "books")
    for _ in range(times):
        died(tmp_path, digest_of(desk.arrived(message)))
    with Crashes(tmp_path, lambda: NOW).watching() as watched:
        made = cared(tmp_path / "books", watched)
        assert await made.lanes["readings"].handle([made.desk.arrived(message)]) == 1
        made.desk.books.receipts.flush()
    refused = times >= DEATHS
    assert made.inner.groups == ([] if refused else [1])
    assert [letter["kind"] for letter in made.desk.letters()] == ["killer"] * refused
    assert [r["details"]["deaths"] for r in made.desk.audited("killer_refused")] == [
        times
    ] * refused
    told = made.desk.got(part="refused")
    assert [key for key, _ in told] == [BatchKey(A, "readings", 1)] * (times == DEATHS)


@pytest.mark.usefixtures("quick")
async def test_what_was_refused_is_refused_again_and_what_came_beside_it_is_not(
    tmp_path: Path,
) -> None:
    poison, other = readings(batch(seq=1)), readings(batch(seq=2))
    for _ in range(DEATHS):
        died(tmp_path, digest_of(open_desk(tmp_path).arrived(poison)))
    with Crashes(tmp_path, lambda: NOW).watching() as watched:
        made = cared(tmp_path, watched)
        assert await made.lanes["readings"].handle([made.desk.arrived(poison)]) == 1
    later = NOW + (WITHIN_S + 1) * SECOND
    with Crashes(tmp_path, lambda: later).watching() as watched:
        made = cared(tmp_path, watched)
        group = [made.desk.arrived(m) for m in (other, other, poison, other)]
        handled = [await made.lanes["readings"].handle(group[at:]) for at in (0, 2, 3)]
        made.desk.books.receipts.flush()
    assert (handled, made.inner.groups) == ([2, 1, 1], [2, 1])
    assert made.desk.seqs(part="refused") == [1]
    assert len(made.desk.audited("killer_refused")) == len(made.desk.letters()) == 1


@pytest.mark.usefixtures("quick")
async def test_a_suspect_that_can_be_handled_is_acquitted(tmp_path: Path) -> None:
    message = readings(batch(seq=1))
    digest = digest_of(open_desk(tmp_path).arrived(message))
    for _ in range(2):
        died(tmp_path, digest)
    running = Crashes(tmp_path, lambda: NOW)
    running._begin()
    assert running.history.deaths == 2
    made = cared(tmp_path, running)
    await made.lanes["readings"].handle([made.desk.arrived(message)])
    running.note(digest)  # it comes once more, and this time the process dies
    running._close()
    with Crashes(tmp_path, lambda: NOW).watching() as after:
        assert after.history.deaths == 1


@pytest.mark.usefixtures("quick")
async def test_what_nobody_can_have_sent_is_refused_without_a_receipt(tmp_path: Path) -> None:
    odd = Message("schoolwatch/v1/學校", b"bytes", False, 1, 1)
    for _ in range(DEATHS):
        died(tmp_path, digest_of(open_desk(tmp_path).arrived(odd)))
    with Crashes(tmp_path, lambda: NOW).watching() as watched:
        made = cared(tmp_path, watched)
        assert await made.lanes["state"].handle([made.desk.arrived(odd)]) == 1
    (row,) = made.desk.audited("killer_refused")
    assert (row["target"], row["details"]["told"]) == ("", False)
    assert [letter["kind"] for letter in made.desk.letters()] == ["killer"]
