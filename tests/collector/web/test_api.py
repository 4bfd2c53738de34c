"""The API: what it says, and how it refuses."""

import asyncio
import json
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.web import params
from core.clock import SECOND
from core.errors import StoreBusy
from core.types import Identity
from tests.chance import examples
from tests.collector.web.conftest import Client
from tests.collector.web.fakes import (
    HERE,
    MINUTE,
    NOW,
    FakeSource,
    MoodyStore,
    agent,
    school,
    tagged,
)

WHO = {"region": HERE.region, "school": HERE.school, "agent": HERE.agent}
CPU = WHO | {"measurement": "cpu", "field": "usage_idle"}
NET = WHO | {"measurement": "net", "field": "bytes_recv"}


async def ask(client: Client, path: str, **words: str) -> tuple[int, Any]:
    answer = await client.get(f"/api/v1/{path}", params=words)
    assert answer.content_type == "application/json"
    return answer.status, await answer.json()


async def test_live_names_every_school_and_agent_with_state_cause_and_times(
    client: Client, source: FakeSource
) -> None:
    source.schools = (school(agent(state="unknown", cause="silent", since=NOW - MINUTE)),)
    status, found = await ask(client, "live")
    one = found["schools"][0]
    assert status == HTTPStatus.OK
    assert (found["at"], found["at_ns"], found["ready"]) == ("2026-11-22T07:23:05Z", NOW, True)
    assert (one["name"], one["state"], one["line"]["state"]) == ("试点学校", "unknown", "unknown")
    assert one["agents"] == [
        WHO
        | {
            "state": "unknown",
            "cause": "silent",
            "since": "2026-11-22T07:22:05Z",
            "since_ns": NOW - MINUTE,
            "last_seen": "2026-11-22T07:22:05Z",
            "last_seen_ns": NOW - MINUTE,
            "version": "0.1.0",
            "started": "2026-11-21T23:58:02Z",
            "held_batches": 0,
            "clock": {
                "offset_ms": 0.0,
                "checked": False,
                "state": "unknown",
                "since": None,
                "since_ns": 0,
            },
            "unaccounted": False,
        }
    ]


async def test_live_gives_no_time_for_what_never_was(client: Client, source: FakeSource) -> None:
    source.schools = (school(agent(state="never_seen")),)
    _, found = await ask(client, "live")
    one = found["schools"][0]["agents"][0]
    assert (one["since"], one["last_seen"], one["last_seen_ns"]) == (None, None, 0)


async def test_a_series_has_every_sample_of_the_time_asked_for(client: Client) -> None:
    _, found = await ask(client, "series", **CPU, start=str(NOW - MINUTE), stop=str(NOW))
    points = found["series"][0]["points"]
    assert [at for at, _ in points] == [NOW - MINUTE + n * 10 * SECOND for n in range(6)]
    assert found["unit"] == "%"


async def test_times_may_be_written_as_people_write_them(client: Client) -> None:
    words = {"start": "2026-11-22T15:22:05+08:00", "stop": "2026-11-22T07:23:05Z"}
    _, found = await ask(client, "series", **CPU, **words)
    assert (found["start_ns"], found["stop_ns"]) == (NOW - MINUTE, NOW)


async def test_a_window_gives_one_value_per_window(client: Client) -> None:
    words = {"start": str(NOW - 10 * MINUTE), "stop": str(NOW), "window": "5m", "aggregate": "max"}
    _, found = await ask(client, "series", **CPU, **words)
    points = found["series"][0]["points"]
    assert [at % (5 * MINUTE) for at, _ in points] == [0] * len(points)


async def test_a_window_in_which_nothing_travelled_has_the_value_that_held(
    client: Client, source: FakeSource
) -> None:
    who = Identity("000000", "trial", "filtered")
    points = ((-800, 10.0), (-290, 20.0), (-120, 100.0), (-110, 20.0))
    lines = [tagged(f"mem used_percent={v} {NOW + s * SECOND}", who) for s, v in points]
    assert source.store.write("".join(lines).encode()) == []
    words = {"measurement": "mem", "field": "used_percent", "window": "1m", "agent": "filtered"}
    words |= {"start": str(NOW - 5 * MINUTE), "stop": str(NOW)}

    async def asked(how: str, heard: int) -> dict[float, float]:
        source.schools = (school(replace(agent(who), last_arrival=NOW - heard * SECOND)),)
        _, found = await ask(client, "series", **(WHO | words), aggregate=how)
        (one,) = found["series"]
        return {(at - NOW) / SECOND: round(value, 3) for at, value in one["points"]}

    quiet = {-245: 20.0, -185: 20.0, -65: 20.0, -5: 20.0}
    assert await asked("max", 2) == quiet | {-305: 20.0, -125: 100.0}
    assert await asked("min", 2) == quiet | {-305: 10.0, -125: 20.0}
    assert await asked("last", 2) == quiet | {-305: 20.0, -125: 20.0}
    # Weighted by time: a spike of ten seconds is not half of its minute.
    assert await asked("mean", 2) == quiet | {-305: 18.182, -125: 33.333}
    # Of an agent that fell silent nobody knows what holds now.
    assert max(await asked("mean", 66)) == -125
    assert max(await asked("mean", 2)) == -5


async def test_of_a_target_that_does_not_answer_no_answer_time_holds(
    client: Client, source: FakeSource
) -> None:
    who = Identity("000000", "trial", "filtered")
    source.schools = (school(agent(who)),)
    for s, fields in (
        (-180, "average_response_ms=8,percent_packet_loss=0,result_code=0i"),
        (-120, "percent_packet_loss=100,result_code=2i"),
    ):
        line = tagged(f"ping,url=gw {fields} {NOW + s * SECOND}", who)
        assert source.store.write(line.encode()) == []
    words = {"measurement": "ping", "window": "1m", "group_by": "url", "agent": "filtered"}
    words |= {"start": str(NOW - 5 * MINUTE), "stop": str(NOW)}

    async def asked(field: str) -> list[float]:
        _, found = await ask(client, "series", **(WHO | words), field=field, aggregate="max")
        assert [one["tags"] for one in found["series"]] == [{"url": "gw"}]
        return [(at - NOW) / SECOND for at, _ in found["series"][0]["points"]]

    assert await asked("average_response_ms") == [-185, -125]
    assert await asked("percent_packet_loss") == [-185, -125, -65, -5]


async def test_a_counter_asked_for_as_a_rate_is_bytes_per_second(
    client: Client, source: FakeSource
) -> None:
    counts = [(0, 0), (10, 5_000), (20, 40), (30, 140)]
    lines = [tagged(f"net,interface=e bytes_recv={n}i {NOW + s * SECOND}") for s, n in counts]
    source.store.write("".join(lines).encode())
    words = {"aggregate": "rate", "tag.interface": "e", "stop": str(NOW + MINUTE)}
    _, found = await ask(client, "series", **NET, **words)
    assert found["series"] == [
        {"tags": {}, "points": [[NOW + 10 * SECOND, 500.0], [NOW + 30 * SECOND, 10.0]]}
    ]
    assert found["unit"] == "B/s"


async def test_each_value_of_a_tag_gets_a_series(client: Client) -> None:
    _, found = await ask(client, "series", **NET, group_by="interface", aggregate="rate")
    assert [one["tags"] for one in found["series"]] == [{"interface": "eth0"}, {"interface": "lo"}]


async def test_an_agent_that_nobody_knows_has_no_values(client: Client) -> None:
    assert (await ask(client, "series", **(CPU | {"agent": "x"})))[1]["series"] == []
    assert (await ask(client, "latest", **(WHO | {"agent": "x"})))[1]["values"] == []


async def test_the_latest_values_come_with_the_state_of_each_target(
    client: Client, source: FakeSource
) -> None:
    dead = tagged(f"ping,url=dead percent_packet_loss=100,result_code=2i {NOW}")
    assert source.store.write(dead.encode()) == []

    async def said() -> dict[str, tuple[str, str]]:
        found = (await ask(client, "latest", **WHO))[1]["targets"]
        assert {one["seen_ns"] for one in found} == {NOW}
        return {one["target"]: (one["state"], one["cause"]) for one in found}

    up = ("up", "")
    assert await said() == {"dead": ("down", "no_answer"), "223.5.5.5": up, "gateway": up}
    source.schools = (school(agent(state="unknown", cause="silent")),)
    assert set((await said()).values()) == {("unknown", "silent")}
    source.schools = ()
    assert set((await said()).values()) == {("unknown", "never_seen")}
    source.schools = (school(agent()),)
    assert (await said())["gateway"] == up


async def test_the_latest_values_carry_unit_and_time(client: Client) -> None:
    _, found = await ask(client, "latest", **WHO)
    idle = next(one for one in found["values"] if one["field"] == "usage_idle")
    assert idle | {"value": 0} == {
        "measurement": "cpu",
        "tags": {"cpu": "cpu-total"},
        "field": "usage_idle",
        "value": 0,
        "unit": "%",
        "at": "2026-11-22T07:23:05Z",
        "at_ns": NOW,
    }


@pytest.mark.parametrize(
    ("change", "parameter", "said"),
    [
        ({"measurement": "cpux"}, "measurement", "did you mean 'cpu'"),
        ({"measurement": ""}, "measurement", "is missing"),
        ({"field": "usage_idel"}, "field", "did you mean 'usage_idle'"),
        ({"agent": "a b"}, "agent", "letters, digits"),
        ({"school": "é"}, "school", "letters, digits"),
        ({"group_by": "cpu,host"}, "group_by", "no tag 'host'; it has cpu"),
        ({"tag.host": "x"}, "tag.host", "no tag 'host'"),
        ({"start": "yesterday"}, "start", "2026-11-22T08:00:00Z"),
        ({"start": "2026-11-22T08:00:00"}, "start", "with its zone"),
        ({"start": "9" * 19}, "start", "2262"),
        ({"start": "9" * 100}, "start", "neither"),
        ({"stop": "0001-01-01T00:00:00Z"}, "stop", "1970"),
        ({"start": "٣"}, "start", "neither"),
        ({"start": str(NOW + SECOND)}, "start", "not before stop"),
        ({"window": "1"}, "window", "duration like 10s"),
        ({"window": "1s", "start": "0"}, "window", "more than 2000 windows"),
        ({"window": "9" * 5_000 + "s"}, "window", "longer than 200"),
        ({"aggregate": "median"}, "aggregate", "none of mean, min"),
        ({"aggregate": "rate"}, "aggregate", "usage_idle is a float"),
        ({"measurement": "agent", "field": "version", "aggregate": "mean"}, "aggregate", "string"),
        ({"measurement": "net", "field": "bytes_recv", "aggregate": "rate"}, "group_by", "interf"),
        ({"measurment": "cpu"}, "measurment", "did you mean 'measurement'"),
    ],
)
async def test_a_wrong_question_is_refused_by_the_name_of_what_is_wrong(
    client: Client, change: dict[str, str], parameter: str, said: str
) -> None:
    status, found = await ask(client, "series", **(CPU | change))
    assert (status, found["parameter"]) == (HTTPStatus.BAD_REQUEST, parameter)
    assert said in found["error"]


async def test_a_parameter_given_twice_is_refused(client: Client) -> None:
    answer = await client.get("/api/v1/series?window=1m&window=2m")
    assert (await answer.json())["error"] == "window: given twice"


async def test_more_points_than_fit_are_refused_with_what_to_do(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(params, "MAX_POINTS", 100)
    status, found = await ask(client, "series", **CPU)
    assert (status, found["parameter"]) == (HTTPStatus.BAD_REQUEST, "window")
    assert "longer window" in found["error"]
    assert (await ask(client, "series", **CPU, window="1m"))[0] == HTTPStatus.OK


async def test_more_points_than_may_be_read_are_refused_too(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of a minute, what held when it began is read too: 11 minutes of two interfaces.
    monkeypatch.setattr(params, "MAX_READ", 140)
    words = {"aggregate": "rate", "window": "1m", "group_by": "interface"}
    status, found = await ask(client, "series", **NET, **words)
    assert (status, found["parameter"]) == (HTTPStatus.BAD_REQUEST, "start")
    assert (await ask(client, "series", **NET, **words, start=str(NOW - MINUTE)))[0] == 200


async def test_a_store_that_fails_is_named_and_answers_again_once_it_works(
    client: Client, store: MoodyStore
) -> None:
    store.trouble = StoreBusy("the disk is asleep")
    status, found = await ask(client, "series", **CPU)
    assert (status, found) == (HTTPStatus.SERVICE_UNAVAILABLE, {"error": "the disk is asleep"})

    store.trouble = None
    assert (await ask(client, "series", **CPU))[0] == HTTPStatus.OK


async def test_a_store_that_hangs_is_not_waited_for(client: Client, store: MoodyStore) -> None:
    store.awake.clear()
    # More questions than there are threads to ask them.
    found = await asyncio.gather(*(ask(client, "latest", **WHO) for _ in range(6)))
    assert {status for status, _ in found} == {HTTPStatus.SERVICE_UNAVAILABLE}
    assert found[0][1] == {"error": "no answer from the database in 0.3 s"}

    store.awake.set()
    assert (await ask(client, "latest", **WHO))[0] == HTTPStatus.OK


WORDS = st.sampled_from(["", "1h", "10s", "rate", "mean", "cpu", "net", "now", "-1", "1e9", "\x00"])
ANY = st.one_of(WORDS, st.text(max_size=300), st.integers().map(str))


@settings(deadline=None, max_examples=examples(200))
@given(st.dictionaries(st.sampled_from(params.SERIES), ANY))
def test_no_question_is_answered_with_anything_but_a_question_or_a_reason(
    change: dict[str, str],
) -> None:
    try:
        params.series((CPU | change).items(), NOW)
    except params.ParameterError as error:
        json.dumps(str(error))


@pytest.mark.parametrize("path", ["series?%ff=%00", "latest?region=%zz", "live/../x", quote("ſ")])
async def test_garbage_is_no_server_error(client: Client, path: str) -> None:
    answer = await client.get(f"/api/v1/{path}")
    assert HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
    assert (await answer.json())["error"]


async def test_another_method_is_refused_as_json_and_head_has_no_body(client: Client) -> None:
    refused = await client.post("/api/v1/live")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET,HEAD")
    assert (await refused.json())["error"] == "Method Not Allowed"
    head = await client.head("/api/v1/live")
    assert (head.status, await head.read()) == (HTTPStatus.OK, b"")
