"""kill -9 of the collector while alerts begin and end: of each the receiver hears once unmarked."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from core import clock, wire
from core.alertkinds import DELIVERED, RAISED, TOLD
from core.types import Event
from tests.alerts.receiver import Post, receiving
from tests.alerts.test_recorded import recorded
from tests.collector.making import A, event_batch, state
from tests.collector.making import birth as born
from tests.collector.played import Played, playing
from tests.e2e.keeper import WHO, Keeper
from tests.e2e.programs import Program, collector_toml, wait_until_served
from tests.real.brokers import RealBroker, free_port
from tests.waiting import until

KILLS = 6
ALERTS = """
[alerts]
messages = 1000
[[alerts.webhook]]
name = "duty"
url = "{url}"
timeout_s = 2
"""


@dataclass
class Moody(Keeper):
    """An agent whose spool drops and recovers, again and again; each time is another subject."""

    most: int = 40

    def make(self) -> None:
        waiting = {seq for seq, _ in self.kept}
        # Nobody is told of a beginning that comes after its end.
        if self.made == self.most or (self.made % 2 == 1 and self.made in waiting):
            return
        self.made += 1
        begins, now = self.made % 2 == 1, clock.now()
        subject = f"spell-{(self.made + 1) // 2}"
        said = Event("spool_dropping", "host", subject, begins, now)
        body = event_batch(A, self.made, said)
        self.kept[self.made, f"{wire.crc(body):08x}"] = body


@pytest.mark.slow
async def test_every_alert_reaches_the_receiver_and_a_copy_is_marked(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    http_port, rng = free_port(), random.Random(1)
    async with receiving() as receiver, playing(Played(mosquitto.port, WHO)) as played:
        played.publish(state(born(), WHO, retain=True))
        toml = ALERTS.format(url=receiver.url)
        path = collector_toml(tmp_path, mosquitto, http_port, toml)
        collector = Program(["collector", "run", "--config", str(path)], tmp_path / "log")
        keeper = Moody(played)
        sending = asyncio.create_task(keeper.run())
        for _ in range(KILLS):
            collector.start()
            heard = len(receiver.posts)
            await until(lambda: len(receiver.posts) > heard + 1, 60)  # noqa: B023 — used at once
            await asyncio.sleep(rng.uniform(0, 0.2))
            collector.kill()
        collector.start()
        await asyncio.to_thread(wait_until_served, http_port)
        await until(lambda: keeper.made == keeper.most, 60)
        keeper.stopped = True
        await asyncio.wait_for(sending, 60)
        await until(lambda: len(unique(receiver.posts)) == keeper.most, 60)
        assert collector.stop() == 0
    check(receiver.posts, keeper.most // 2)
    check_recorded(tmp_path / "collector", keeper.most)


def check_recorded(folder: Path, most: int) -> None:
    """Hold that the audit log has each begin, end and message once, whatever was killed."""
    lines = [one for one in recorded(folder) if one["target"] != "console"]
    for kind in (RAISED, TOLD, DELIVERED):
        named = Counter((one["subject"], one["active"]) for one in lines if one["kind"] == kind)
        assert (len(named), set(named.values())) == (most, {1})


def unique(posts: Sequence[Post]) -> set[str]:
    return {post.body["id"] for post in posts}


def check(posts: Sequence[Post], spells: int) -> None:
    """Hold that each spell was told to begin and to end, and that only marked copies came twice."""
    unmarked = Counter(post.body["id"] for post in posts if not post.body["repeat"])
    assert set(unmarked.values()) <= {1}
    told: dict[str, list[str]] = {}
    seen: set[str] = set()
    for post in posts:
        if post.body["id"] in seen:
            assert post.body["repeat"]
            continue
        seen.add(post.body["id"])
        subject = post.body["alerts"][0]["labels"]["subject"]
        told.setdefault(subject, []).append(post.body["reason"])
    assert told == {f"spell-{n}": ["FIRST", "ALL_RESOLVED"] for n in range(1, spells + 1)}
