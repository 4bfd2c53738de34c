"""The watchdog barks once when the collector stops working, and once when it works again."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from alerts.outbox import Parcel
from collector.watchdog import judge
from collector.watchdog.app import Watchdog, load
from collector.watchdog.judge import ALARM_AFTER, State
from core.clock import SECOND
from core.errors import DeliveryError, RetryLater
from tests.waiting import until

NOW = 1_795_374_585 * SECOND


def test_one_canary_that_is_late_alarms_nobody_and_two_minutes_without_one_do_once() -> None:
    state = judge.begun(State(), NOW)
    state, news = judge.looked(state, "no answer", NOW + ALARM_AFTER - 1)
    assert news == ""
    state, news = judge.looked(state, "no answer", NOW + ALARM_AFTER)
    assert (news, state.since, state.why, state.told) == ("begin", NOW, "no answer", False)
    state, news = judge.looked(state, "no answer", NOW + 10 * ALARM_AFTER)
    assert news == ""
    state, news = judge.came_round(state, NOW + 11 * ALARM_AFTER)
    assert (news, state.since, state.ended_at) == ("end", 0, NOW + 11 * ALARM_AFTER)
    state, news = judge.came_round(state, NOW + 12 * ALARM_AFTER)
    assert news == ""
    state, news = judge.looked(state, "again", NOW + 13 * ALARM_AFTER)
    assert (news, state.number) == ("begin", 2)


def test_time_in_which_there_was_nobody_to_ask_counts_for_nothing() -> None:
    state = judge.not_known(judge.begun(State(), NOW), NOW + 10 * ALARM_AFTER)
    assert judge.looked(state, "full", NOW + 10 * ALARM_AFTER + SECOND)[1] == ""
    state, news = judge.looked(state, "full", NOW + 11 * ALARM_AFTER)
    assert news == "begin"
    assert judge.not_known(state, NOW + 12 * ALARM_AFTER) == state


def test_a_watchdog_that_starts_gives_the_collector_its_two_minutes() -> None:
    state = judge.begun(State(last_ok=NOW - 10 * ALARM_AFTER), NOW)
    assert judge.looked(state, "no answer", NOW + SECOND)[1] == ""


@dataclass
class Ear:
    """A channel that a test listens to."""

    name: str = "ear"
    refuse: list[DeliveryError] = field(default_factory=list)
    heard: list[Parcel] = field(default_factory=list)

    async def send(self, parcel: Parcel) -> None:
        if self.refuse:
            raise self.refuse.pop()
        self.heard.append(parcel)

    async def close(self) -> None:
        pass

    def said(self) -> list[tuple[str, bool]]:
        return [(one.notification.reason, one.repeat) for one in self.heard]


class Played:
    """A watchdog in simulated time: `why` is what each canary meets."""

    def __init__(self, folder: Path, ear: Ear, at: int = NOW) -> None:
        self.at, self.why, self.ear = at, "", ear
        self.dog = Watchdog(
            *("d1", self._failure, [ear], folder / "watchdog.json"),
            now=lambda: self.at, sleep=self._sleep,
        )  # fmt: skip
        self.task = asyncio.ensure_future(self.dog.run())

    async def _failure(self) -> str:
        return self.why

    async def _sleep(self, seconds: float) -> None:
        self.at += int(seconds * SECOND)
        await asyncio.sleep(0.001)

    async def pass_by(self, seconds: float) -> None:
        until_at = self.at + int(seconds * SECOND)
        await until(lambda: self.at >= until_at)

    async def kill(self) -> None:
        self.task.cancel()
        if self.dog._telling:
            self.dog._telling.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def test_it_tells_once_when_it_begins_and_once_when_it_ends(tmp_path: Path) -> None:
    ear = Ear()
    played = Played(tmp_path, ear)
    await played.pass_by(300)
    assert ear.heard == []
    played.why = "the collector does not answer"
    await played.pass_by(900)
    assert ear.said() == [("FIRST", False)]
    assert "the collector does not answer" in ear.heard[0].notification.alerts[0].text.zh
    played.why = ""
    await until(lambda: len(ear.heard) == 2)
    await played.pass_by(600)
    assert ear.said() == [("FIRST", False), ("ALL_RESOLVED", False)]
    assert len({one.notification.number for one in ear.heard}) == 2
    await played.kill()


async def test_a_restart_neither_forgets_an_alarm_nor_gives_it_twice(tmp_path: Path) -> None:
    ear = Ear()
    played = Played(tmp_path, ear)
    played.why = "no answer"
    await until(lambda: ear.heard and load(tmp_path / "watchdog.json").told)
    await played.kill()

    again = Played(tmp_path, ear, played.at)
    again.why = "no answer"
    await again.pass_by(600)
    assert ear.said() == [("FIRST", False)]
    again.why = ""
    await until(lambda: len(ear.heard) == 2)
    assert ear.said()[1] == ("ALL_RESOLVED", False)
    await again.kill()


async def test_a_kill_before_the_message_was_taken_gives_it_again_as_a_repeat(
    tmp_path: Path,
) -> None:
    ear = Ear(refuse=[RetryLater("not now", perhaps=False)] * 100)
    played = Played(tmp_path, ear)
    played.why = "no answer"
    await until(lambda: len(ear.refuse) < 90)
    await played.kill()
    ear.refuse.clear()
    again = Played(tmp_path, ear, played.at)
    again.why = "no answer"
    await until(lambda: bool(ear.heard))
    assert ear.said() == [("FIRST", True)]
    await again.kill()


async def test_a_channel_that_refuses_for_good_holds_up_no_other(tmp_path: Path) -> None:
    deaf, ear = Ear("deaf", [DeliveryError("answered 404")]), Ear()
    played = Played(tmp_path, ear)
    played.dog.channels = [deaf, ear]
    played.why = "no answer"
    await until(lambda: load(tmp_path / "watchdog.json").since and ear.heard)
    await until(lambda: load(tmp_path / "watchdog.json").told)
    assert (len(deaf.heard), len(ear.heard)) == (0, 1)
    await played.kill()


def test_a_state_that_cannot_be_read_is_begun_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "watchdog.json").write_bytes(b"{")
    assert load(tmp_path / "watchdog.json") == State()
    assert "begun anew" in caplog.text
