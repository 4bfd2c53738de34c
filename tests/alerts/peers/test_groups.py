"""`group_wait` and `repeat` mean what they mean in Alertmanager: both live through the same."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pytest

from core import clock
from core.alerts import Notification
from core.clock import SECOND
from tests.alerts.receiver import receiving
from tests.alerts.routing.play import begin, school, staged
from tests.alerts.stage import Stage
from tests.real import alertmanager

pytestmark = [pytest.mark.real("alertmanager"), pytest.mark.slow]

STORY = ((0, "+1"), (2, "+2"), (5, "+3"), (26, "-1"))
"""Seconds of Alertmanager, and which school's alert begins or ends."""
LASTS = 34
SLOWER = 20
"""Ours lives through it in so many times the time, which costs nothing there."""
CONFIGURATION = """\
route:
  receiver: test
  group_wait: 4s
  group_interval: 4s
  repeat_interval: 12s
receivers:
- name: test
  webhook_configs:
  - url: {webhook}
"""
ROUTES = """
kind = "routing"
[[receiver]]
name = "us"
channels = ["duty"]
[[route]]
name = "all"
to = ["receiver:us"]
group_wait = "80s"
repeat = "4m"
"""

Heard = list[tuple[bool, str]]
"""What one message says: whether an alert goes on, and which."""


def ours(folder: Path) -> list[Heard]:
    stage, at = staged(folder, ROUTES), 0
    for second, what in STORY:
        stage.wait((second - at) * SLOWER)
        at = second
        begin(stage, "P3", school(int(what[1])), active=what[0] == "+")
    stage.wait((LASTS - at) * SLOWER)
    return list(_messages(stage))


def _messages(stage: Stage) -> Iterator[Heard]:
    query = """SELECT body FROM alert_outbox JOIN alert_message ON number = message
        WHERE channel = 'duty' ORDER BY number"""
    with stage.ledger.transaction() as db:
        bodies = [body for (body,) in db.execute(query)]
    for body in bodies:
        said = msgspec.json.decode(body, type=Notification)
        yield [
            (one.alert.state != "ended", one.alert.key.school.rpartition("-")[2])
            for one in said.alerts
        ]


async def theirs(folder: Path) -> list[Heard]:
    now = clock.now()
    began = dict[str, int]()
    async with receiving() as receiver:
        with alertmanager.running(folder, receiver.url, CONFIGURATION) as server:
            at = 0
            for second, what in STORY:
                await asyncio.sleep(second - at)
                at, now = second, clock.now()
                began.setdefault(what[1], now)
                ends = now if what[0] == "-" else now + 3600 * SECOND
                alert = {
                    "labels": {"alertname": "address_lost", "school": what[1]},
                    "startsAt": clock.rfc3339(began[what[1]]),
                    "endsAt": clock.rfc3339(ends),
                }
                await asyncio.to_thread(server.post, [alert])
            await asyncio.sleep(LASTS - at)
        return [
            [(one["status"] == "firing", one["labels"]["school"]) for one in post.body["alerts"]]
            for post in receiver.posts
        ]


def first_heard(messages: Iterable[Heard]) -> list[set[str]]:
    """Return what people heard of for the first time, message by message."""
    known, found = set[str](), []
    for said in messages:
        new = {which for goes_on, which in said if goes_on} - known
        known |= new
        found += [new] if new else []
    return found


def times_heard(messages: Iterable[Heard], which: str) -> int:
    return sum((True, which) in said for said in messages)


async def test_a_group_waits_for_what_begins_with_it_and_what_lasts_is_told_again(
    tmp_path: Path,
) -> None:
    mine, other = ours(tmp_path / "ours"), await theirs(tmp_path / "am")
    for messages in (mine, other):
        assert first_heard(messages) == [{"1", "2"}, {"3"}], messages
        assert all(times_heard(messages, which) >= 2 for which in "123"), messages
        assert [which for said in messages for goes_on, which in said if not goes_on] == ["1"]
    # Of a group that grew Alertmanager tells all anew; we tell what is new.
    assert {"1", "2", "3"} in [{which for _, which in said} for said in other]
    assert {"3"} in [{which for _, which in said} for said in mine]
