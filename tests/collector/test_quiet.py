"""What is kept back in the real collector: a silence, and a calendar that is taken over."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from alerts.silences import Matchers
from collector.config import CollectorConfig
from collector.web.app import serve
from core import clock
from core.clock import SECOND
from tests.alerts.receiver import Receiver, receiving
from tests.collector.making import WHO, birth, events_of, state
from tests.collector.played import Played, playing, running
from tests.collector.test_alerting import alerting, asked, dropping
from tests.real.brokers import RealBroker
from tests.waiting import until

EMPTY = 'kind = "calendar"\n'
MAINTENANCE = """[[maintenance]]
name = "spool"
reason = "they know"
begins = 2026-01-01T00:00:00
ends = 2200-01-01T00:00:00
rule = "spool_dropping"
"""


def with_calendar(folder: Path, port: int, receiver: Receiver) -> CollectorConfig:
    file = folder / "calendar.toml"
    file.write_text(EMPTY, encoding="utf-8")
    made = alerting(folder, port, receiver)
    table = msgspec.structs.replace(made.alerts, calendar_file=file)
    return msgspec.structs.replace(made, alerts=table)


async def test_what_is_silenced_and_maintained_is_told_when_both_are_over(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    async with receiving() as receiver:
        config = with_calendar(tmp_path, mosquitto.port, receiver)
        async with (
            running(config) as collector,
            playing(Played(mosquitto.port)) as agent,
        ):
            runner = await serve(
                collector, "127.0.0.1", 0, language="zh", zone=config.collector.tz()
            )
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v1/alerts"
            try:
                quiet = collector.alerting
                words = Matchers(school=WHO.school, region=WHO.region)
                ends_at = clock.now() + 3_600 * SECOND
                make = partial(quiet.silencing.silence, "zhang", "更换中", words, ends_at)
                silence = await asyncio.to_thread(make)
                agent.publish(state(birth(), retain=True))
                agent.publish(events_of(dropping()))
                held = await found(url, by=f"silence:{silence.number}")
                assert held["open_by_severity"] == {}
                file = tmp_path / "calendar.toml"
                file.write_text(EMPTY + MAINTENANCE, encoding="utf-8")
                await until(lambda: bool(quiet.times.calendar.maintenance), 30)
                assert await asyncio.to_thread(quiet.silencing.end_silence, silence.number, "li")
                held = await found(url, by="maintenance:spool")
                assert [one["by"] for one in held["open"][0]["mutes"]] == [
                    *(f"silence:{silence.number}", "maintenance:spool"),
                ]
                assert receiver.posts == []
                file.write_text(EMPTY, encoding="utf-8")
                await until(lambda: len(receiver.posts) == 1, 30)
                held = await found(url, by="")
                assert held["open_by_severity"] == {"P2": 1}
                assert all(one["until"] for one in held["open"][0]["mutes"])
            finally:
                await runner.cleanup()
            kinds = [row.body for row in collector.books.journal.rows.after(0, 100)]
            for kind in (b"silence_made", b"silence_ended", b"config_taken"):
                assert any(kind in bytes(body) for body in kinds)


async def found(url: str, *, by: str) -> dict[str, Any]:
    """Return the alerts once there is one that *by* mutes."""
    for _ in range(300):
        said = await asked(url)
        if [one["muted_by"] for one in said["open"]] == [by]:
            return said
        await asyncio.sleep(0.1)
    raise AssertionError(f"no alert is muted by {by!r}: {said['open']}")
