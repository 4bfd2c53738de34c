"""A running collector: what came by MQTT is in hours and days, and what it says of itself too."""

from contextlib import closing
from pathlib import Path

import pytest

from collector.rollups import chores, marks
from collector.rollups.times import HOUR, hour_of
from collector.store.sqlite import SqliteStore
from core import clock
from core.types import Identity
from tests.collector.making import A, batch, readings
from tests.collector.played import Played, config, playing, running
from tests.collector.rollups.place import points
from tests.real.brokers import RealBroker
from tests.waiting import until


async def test_what_came_late_over_a_broker_is_rolled_up_and_the_present_waits(
    mosquitto: RealBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "EVERY_S", 0.05)
    monkeypatch.setattr(marks, "LATENESS", 0)
    then = hour_of(clock.now()) - 30 * HOUR
    async with (
        running(config(tmp_path, mosquitto.port)) as collector,
        playing(Played(mosquitto.port)) as agent,
    ):
        for seq, at in enumerate((then, clock.now()), 1):
            agent.publish(readings(batch(A, seq, [b"mem used=%di %d" % (seq, at)]), agent.who))
        await until(lambda: collector.counts().get(("rollups", "day"), 0) > 0, 60)
        with closing(SqliteStore(tmp_path / "store_1h.db")) as store:
            hours = {at: fields for (_, _, at), fields in points(store, agent.who).items()}
        assert (hours[then]["used_last"], hours[then]["used_known"]) == (1, 600.0)
        with closing(SqliteStore(tmp_path / "store_1d.db")) as store:
            assert len(points(store, agent.who)) == 1

        # Its own reading is marked, for when the hour is over.
        await until(lambda: Identity("", "", "") in collector.books.marks.everybody(), 30)
        await until(lambda: collector.rollups().hours == 0, 30)
        assert collector.ready()[0]
