"""A room in the real collector, over a real broker: from a line of an agent to the API and back."""

from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from collector.app import Collector
from collector.web.app import serve
from core import clock
from core.clock import SECOND
from core.lineprotocol_encode import encode
from core.types import Reading, Value
from tests.collector.making import WHO, A, batch, birth, readings, state
from tests.collector.played import Played, config, playing, running
from tests.collector.rooms.play import COMPUTER, PROJECTOR, ZONE
from tests.real.brokers import RealBroker
from tests.waiting import until

SOON = 20


async def rooms(url: str) -> Any:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/api/v1/rooms") as answer:
        assert answer.status == 200
        return await answer.json()


async def test_a_device_that_fails_makes_its_room_not_ready_within_seconds_and_ready_again(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    seq = 0

    def say(agent: Played, device: dict[str, str], *, ago: int = 0, **fields: Value) -> None:
        nonlocal seq
        seq += 1
        line = encode(Reading("device", fields, clock.now() - ago * SECOND, device))
        agent.publish(readings(batch(A, seq, [line])))

    def word(collector: Collector) -> tuple[str, str]:
        found = [room for school in collector.rooms() for room in school.rooms]
        return (found[0].verdict.state, found[0].verdict.device) if found else ("", "")

    settings = config(tmp_path, mosquitto.port)
    async with playing(Played(mosquitto.port)) as agent:
        async with running(settings) as collector:
            runner = await serve(collector, "127.0.0.1", 0, language="zh", zone=ZONE)
            url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            agent.publish(state(birth(), retain=True))
            say(agent, PROJECTOR, state="ready", cause="", on=True, answer_ms=2.0)
            say(agent, COMPUTER, state="ready", cause="")
            await until(lambda: word(collector) == ("ready", ""), SOON)
            say(agent, PROJECTOR, state="unreachable", cause="no_answer")
            await until(lambda: word(collector) == ("not_ready", "projector-302"), SOON)
            (room,) = (await rooms(url))["rooms"]
            assert (room["school"], room["cause"]) == (WHO.school, "no_answer")
            assert room["first"]["zh"] == "检查设备的电源和网线"
            # What the spool held is stored, and changes nothing.
            say(agent, PROJECTOR, ago=3_600, state="ready", cause="")
            await until(lambda: len(agent.got()) == seq, SOON)
            await runner.cleanup()
        async with running(settings) as collector:
            await until(lambda: word(collector) == ("not_ready", "projector-302"), SOON)
            say(agent, PROJECTOR, state="ready", cause="", on=True)
            await until(lambda: word(collector) == ("ready", ""), SOON)
            found = collector.store.last("room", {"school": WHO.school}, 0)
            assert {one.field for one in found} >= {"state", "ready", "known", "on", "devices"}
    kinds = [one for one in audited(tmp_path) if one[0].startswith("room")]
    assert kinds == [("room_not_ready", "302", True), ("room_not_ready", "302", False)]


def audited(folder: Path) -> list[tuple[str, str, bool]]:
    files = sorted((folder / "audit").glob("*.jsonl"))
    lines = (line for file in files for line in file.read_bytes().splitlines())
    found = (msgspec.json.decode(line, type=dict[str, Any]) for line in lines)
    return [(one["kind"], one["subject"], one["active"]) for one in found]
