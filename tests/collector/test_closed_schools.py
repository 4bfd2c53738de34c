"""What the broker still keeps of schools that the roster has closed."""

from pathlib import Path

import msgspec

from collector.app import Collector
from collector.config import RosterConfig
from core import topics
from core.types import Identity
from tests.collector.making import REGION, B, birth, state
from tests.collector.played import Played, config, playing, publish_any, running
from tests.real.brokers import RealBroker
from tests.waiting import until


def last_epoch(collector: Collector, who: Identity) -> str:
    birth = collector.books.live.state(who).birth
    return birth.epoch if birth else ""


async def test_the_retained_state_of_a_closed_school_is_emptied_and_of_no_other(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    gone, merged, open_one = (Identity(REGION, f"school-{n}", "host") for n in (1, 2, 3))
    roster = tmp_path / "roster.csv"
    rows = [(gone, "停办"), (merged, "merged"), (open_one, "open")]
    lines = [f"{who.region},{who.school},{who.school},{status}" for who, status in rows]
    roster.write_text("\n".join(["region,school,name,status", *lines]))
    await publish_any(mosquitto.port, [state(birth(), who, retain=True) for who, _ in rows])
    plain = config(tmp_path, mosquitto.port)
    where = msgspec.structs.replace(plain, roster=RosterConfig(file=roster))
    async with running(where) as collector:
        await until(lambda: collector.counts().get(("states_emptied", "")) == 2)
        await until(lambda: len(collector.books.live.agents()) == 3)
        # Who still reports from a closed school is heard, as from any school of no roster.
        await publish_any(mosquitto.port, [state(birth(B, no=2), gone)])
        await until(lambda: last_epoch(collector, gone) == B)
    listens = (f"{topics.ROOT}/+/+/+/state",)
    async with playing(Played(mosquitto.port, listens=listens)) as listener:
        await until(lambda: listener.heard)
        assert {message.topic for message in listener.heard} == {topics.topic(open_one, "state")}
