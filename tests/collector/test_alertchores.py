"""Alerts as points: what Grafana lists is what the page shows, also after a restart."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from alerts import acks
from alerts.history import History, Story
from alerts.texts import Words
from collector.alertchores import AlertChores
from collector.store.base import Store
from core import lineprotocol
from core.catalog import CATALOG, type_of
from core.clock import SECOND
from core.errors import StoreError
from tests.alerts.stage import SHANGHAI
from tests.alerts.test_mute import HOUR, SCHOOL, Quiet
from tests.collector.making import REGION, WHO

MINUTE = 60 * SECOND


@dataclass
class Kept:
    """A store that keeps what it is given, unless it is away."""

    points: list[Any] = field(default_factory=list)
    away: bool = False

    def write(self, lines: bytes) -> list[Any]:
        if self.away:
            raise StoreError("it is away")
        for line in lines.splitlines():
            point = lineprotocol.parse(line)
            known = CATALOG[point.measurement]
            assert set(point.tags) <= {*known.tags, "region", "school"}
            for name, value in point.fields.items():
                assert known.fields[name].type == type_of(value), name
            self.points.append(point)
        return []


@dataclass
class Listed:
    """Alerts of one collector after another, and the two stores that they write to."""

    folder: Path
    raw: Kept = field(default_factory=Kept)
    daily: Kept = field(default_factory=Kept)
    asks: bool = False

    def __post_init__(self) -> None:
        self.quiet = Quiet(self.folder)
        self.start()

    def start(self) -> None:
        stage = self.quiet.stage
        words = Words(lambda place: f"在 {place}", SHANGHAI)
        path = stage.folder / "ledger.db"
        history = History(path, words, times=self.quiet.times, now=stage.clock)
        stores = cast(tuple[Store, Store], (self.raw, self.daily))
        self.chores = AlertChores(
            *(stage.ledger, stores, history, words.name_of, stage.clock), revision=self.revision
        )

    def revision(self) -> object:
        """Return another thing each time, but where a test has the engine's own asked."""
        return self.quiet.stage.engine.revision if self.asks else object()

    def passes(self, time: int) -> None:
        self.quiet.until(self.quiet.stage.clock.at + time)

    async def tells(self) -> list[Any]:
        """Return the points of a tick."""
        before = len(self.raw.points)
        await self.chores.tick()
        return self.raw.points[before:]

    async def states(self) -> list[tuple[int, str]]:
        return [(one.fields["number"], one.fields["state"]) for one in await self.tells()]


@pytest.fixture
def listed(tmp_path: Path) -> Iterator[Listed]:
    listed = Listed(tmp_path)
    yield listed
    listed.quiet.stage.ledger.close()


async def test_an_alert_is_told_when_it_opens_is_taken_silenced_and_ends(listed: Listed) -> None:
    quiet = listed.quiet
    assert await listed.tells() == []
    quiet.sees("line_down", "")
    listed.passes(2 * MINUTE)
    (one,) = await listed.tells()
    assert one.tags == {
        "region": REGION,
        "school": WHO.school,
        "rule": "line_down",
        "severity": one.tags["severity"],
    }
    assert (one.fields["state"], one.fields["acked"], one.fields["acked_by"]) == ("open", False, "")
    assert one.fields["place"] == f"在 {SCHOOL}"
    assert one.fields["title_zh"]
    assert one.fields["title_en"]
    assert "ended" not in one.fields
    assert await listed.tells() == []

    with quiet.stage.ledger.transaction() as db:
        number, at = one.fields["number"], quiet.stage.clock.at
        acks.acknowledge(db, number, "zhang", "school:330106/s1", "page", "去看看", at)
    (one,) = await listed.tells()
    assert (one.fields["acked"], one.fields["acked_by"]) == (True, "school")
    assert "zhang" not in str(one)

    silence = quiet.silence(HOUR, rule="line_down")
    listed.passes(15 * SECOND)
    (one,) = await listed.tells()
    assert one.fields["state"] == "silenced"
    assert one.fields["kept_en"] == f"silence {silence}"
    assert "zhang" not in str(one)

    quiet.ends("line_down")
    listed.passes(30 * MINUTE)
    assert await listed.states() == [(number, "ended")]
    assert await listed.states() == []
    (past,) = listed.daily.points
    (alert,) = (story.telling.alert for story in quiet.stories().over)
    assert past.fields["ended"] == alert.ended_at // SECOND
    assert past.at // 10**6 == alert.ended_at // 10**6
    assert past.fields["kept_zh"] == f"静默 {silence}"


async def test_two_of_one_rule_at_one_school_do_not_replace_each_other(listed: Listed) -> None:
    listed.quiet.sees("line_down", "")
    listed.quiet.stage.read("disk", {"path": "/"}, used_percent=99.0)
    listed.quiet.stage.read("disk", {"path": "/home"}, used_percent=99.0)
    listed.passes(20 * MINUTE)
    found = [one for one in await listed.tells() if one.tags["rule"] == "disk_full"]
    assert len(found) == 2
    assert found[0].tags == found[1].tags
    assert len({one.at for one in found}) == 2


async def test_while_one_is_open_it_is_told_each_five_minutes(listed: Listed) -> None:
    listed.quiet.sees("line_down", "")
    listed.passes(2 * MINUTE)
    told = 0
    for _ in range(60):
        told += len(await listed.tells())
        listed.quiet.stage.clock.at += 10 * SECOND
    assert told == 3


async def test_while_the_engine_changes_nothing_the_ledger_is_read_each_minute_only(
    listed: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet, reads, standing = listed.quiet, list[int](), History.standing

    def counted(history: History) -> list[Story]:
        reads.append(quiet.stage.clock.at)
        return list(standing(history))

    monkeypatch.setattr(History, "standing", counted)
    listed.asks = True
    quiet.sees("line_down", "")
    listed.passes(2 * MINUTE)
    ((number, state),) = await listed.states()
    assert state == "open"
    before, heartbeats = len(reads), 0
    for _ in range(60):
        quiet.stage.clock.at += 10 * SECOND
        heartbeats += len(await listed.tells())
    assert len(reads) - before == 10
    assert heartbeats == 2, "it is told as often as ever"

    with quiet.stage.ledger.transaction() as db:
        acks.acknowledge(db, number, "zhang", "district", "page", "", quiet.stage.clock.at)
    quiet.stage.clock.at += MINUTE
    (one,) = await listed.tells()
    assert one.fields["acked"] is True

    quiet.ends("line_down")
    listed.passes(30 * MINUTE)
    assert await listed.states() == [(number, "ended")]


async def test_a_restart_leaves_none_open_that_ended_meanwhile(listed: Listed) -> None:
    quiet = listed.quiet
    quiet.sees("line_down", "")
    listed.passes(2 * MINUTE)
    ((number, state),) = await listed.states()
    assert state == "open"
    quiet.ends("line_down")
    listed.passes(30 * MINUTE)
    listed.start()
    assert await listed.states() == [(number, "ended")]
    first = list(listed.daily.points)
    listed.start()
    await listed.tells()
    assert listed.daily.points == first * 2, "written again it is the same point"


async def test_what_a_store_that_is_away_does_not_take_comes_when_it_is_back(
    listed: Listed,
) -> None:
    quiet = listed.quiet
    listed.raw.away = listed.daily.away = True
    quiet.sees("line_down", "")
    listed.passes(2 * MINUTE)
    with pytest.raises(StoreError):
        await listed.tells()
    quiet.ends("line_down")
    listed.passes(30 * MINUTE)
    with pytest.raises(StoreError):
        await listed.tells()
    listed.start()  # as by kill -9
    listed.raw.away = listed.daily.away = False
    states = [state for _, state in await listed.states()]
    assert states[0] == "open"
    assert states[-1] == "ended"
    assert [one.fields["state"] for one in listed.daily.points] == ["ended"]
