"""The OpenAPI document against the standard, the routes, the parameters and real answers."""

from collections.abc import Iterator
from copy import deepcopy
from http import HTTPStatus
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate

from alerts.history import MOST
from collector.canary import Canary
from collector.web import alerts, apiparams, ledger, openapi, params, rooms, scope, security
from collector.web.app import make_app
from core.errors import StoreBusy
from tests.collector.web.conftest import Client
from tests.collector.web.districts import furnish
from tests.collector.web.fakes import HERE, NOW, SHANGHAI, FakeSource, MoodyStore, agent, school
from tests.collector.web.test_ledger import missing

PAGES = (
    *(
        "/",
        "/schools/",
        "/alerts",
        "/security",
        "/unconnected",
        "/supervision",
        "/ledger",
        "/evidence",
    ),
    "/static",
    *("/sign-in", "/sign-out", "/ack/", "/silences", "/incidents"),
)
WHO = f"region={HERE.region}&school={HERE.school}&agent={HERE.agent}"
CPU = f"{WHO}&measurement=cpu&field=usage_idle"
NET = f"{WHO}&measurement=net&field=bytes_recv&aggregate=rate&group_by=interface"


def closed(schema: Any) -> Any:
    """Return *schema* so strict that a key that it does not name is a mistake."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: closed(value) for key, value in schema.items()}
    if "properties" in strict and "type" in strict:
        strict["additionalProperties"] = False
    return strict


def checked(path: str, status: int, body: Any) -> None:
    """Hold an answer against what the document says of it."""
    document = deepcopy(openapi.document())
    found = document["paths"][path]["get"]["responses"][str(status)]
    schema = closed(found["content"]["application/json"]["schema"])
    schema["components"] = closed(document["components"])
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    assert [error.message for error in validator.iter_errors(body)] == []


def routes(app: Any) -> Iterator[str]:
    for resource in app.router.resources():
        path = resource.canonical
        if path != "/" and not path.startswith(PAGES[1:]):
            yield path


def test_the_document_is_one_of_openapi_3_1() -> None:
    validate(openapi.document())


def test_every_route_is_in_the_document_and_the_other_way_round(source: FakeSource) -> None:
    assert set(routes(make_app(source, "zh", SHANGHAI))) == set(openapi.document()["paths"])


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (apiparams.SCHOOLS, scope.PARAMETERS),
        (apiparams.AGENT, params.ALWAYS),
        (apiparams.LEDGER, ledger.PARAMETERS),
        (apiparams.ROOMS, rooms.PARAMETERS),
        (apiparams.ALERTS, alerts.PARAMETERS),
        (apiparams.SECURITY, security.PARAMETERS),
        ([one for one in apiparams.SERIES if not one.name.startswith("tag.")], params.SERIES),
    ],
)
def test_every_parameter_is_in_the_document_and_the_other_way_round(told: Any, known: Any) -> None:
    assert sorted(one.name for one in told) == sorted(known)


@pytest.mark.parametrize("count", [0, 1, 50, 1000])
@pytest.mark.parametrize(
    "name",
    [
        *("live", "agents", "rooms", "alerts", "security", "incidents", "unconnected"),
        *("supervision", "ledger", "targets"),
    ],
)
async def test_answers_about_districts_of_any_size_are_as_documented(
    client: Client, source: FakeSource, name: str, count: int
) -> None:
    if count:
        furnish(source, count)
    else:
        source.schools = ()
    answer = await client.get(f"/api/v1/{name}")
    assert answer.status == HTTPStatus.OK
    checked(f"/api/v1/{name}", 200, await answer.json())


@pytest.mark.parametrize(
    "asked",
    [
        f"series?{CPU}",
        f"series?{CPU}&window=1m&aggregate=max",
        f"series?{NET}",
        f"series?{WHO}&measurement=agent&field=version",
        f"latest?{WHO}",
        f"latest?{WHO}x",
        "canary",
        "live?state=not_up&area=rural&q=小学&owners_missing=1&teaching_point=0",
        "agents?state=unknown&region=330105",
        "rooms?state=limited&region=330102&limit=1",
        "alerts?number=1",
        "alerts?region=330105&school=3300000010&rule=line_down&limit=1&before=9",
        "security?region=330102&school=3300000000",
        "ledger?missing=1&limit=1",
    ],
)
async def test_answers_to_narrower_questions_are_as_documented(
    client: Client, source: FakeSource, asked: str
) -> None:
    furnish(source, 50)
    source.canaried = Canary(5, NOW)
    answer = await client.get(f"/api/v1/{asked}")
    assert answer.status == HTTPStatus.OK, await answer.text()
    checked(f"/api/v1/{asked.partition('?')[0]}", 200, await answer.json())


@pytest.mark.parametrize("reason", ["refused", "dropped", "expected", "unexplained"])
async def test_what_the_ledger_misses_is_as_documented(
    client: Client, source: FakeSource, reason: Any
) -> None:
    source.agents = (missing(reason, "full" if reason == "dropped" else ""),)
    body = await (await client.get("/api/v1/ledger")).json()
    assert body["agents"][0]["lanes"][0]["missing"]
    checked("/api/v1/ledger", 200, body)


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ("live?state=fine", "state"),
        ("live?area=moon", "area"),
        ("live?teaching_point=yes", "teaching_point"),
        ("agents?q=" + "x" * 201, "q"),
        ("agents?colour=red", "colour"),
        (f"alerts?limit={MOST + 1}", "limit"),
        ("alerts?number=x", "number"),
        ("alerts?school=s", "school"),
        ("ledger?missing=2", "missing"),
        ("latest?region=1", "school"),
        (f"series?{WHO}", "measurement"),
    ],
)
async def test_a_wrong_parameter_is_refused_as_documented(
    client: Client, asked: str, parameter: str
) -> None:
    answer = await client.get(f"/api/v1/{asked}")
    body = await answer.json()
    assert (answer.status, body["parameter"]) == (HTTPStatus.BAD_REQUEST, parameter)
    checked(f"/api/v1/{asked.partition('?')[0]}", 400, body)


@pytest.mark.parametrize("name", ["series", "latest", "ledger", "alerts", "unconnected"])
async def test_a_database_that_fails_is_told_as_documented_until_it_works(
    client: Client, source: FakeSource, store: MoodyStore, name: str
) -> None:
    asked = f"/api/v1/{name}?{CPU}" if name == "series" else f"/api/v1/{name}"
    asked += f"?{WHO}" if name == "latest" else ""
    store.trouble = source.list_trouble = StoreBusy("asleep")
    source.ledger_trouble = source.alert_trouble = store.trouble
    answer = await client.get(asked)
    assert (answer.status, await answer.json()) == (503, {"error": "asleep"})
    checked(f"/api/v1/{name}", 503, {"error": "asleep"})
    store.trouble = source.list_trouble = None
    source.ledger_trouble = source.alert_trouble = None
    assert (await client.get(asked)).status == HTTPStatus.OK


async def test_what_was_not_let_in_is_told_by_name_the_most_frequent_first(
    client: Client, source: FakeSource
) -> None:
    source.counted = {
        ("dropped_fields", "mem.owner"): 2,
        ("dropped_persons", "device.model"): 3,
        ("dropped_fields", "others"): 2,
        ("dropped", ""): 9,
        ("messages", ""): 7,
    }
    body = await (await client.get("/api/v1/dropped")).json()
    checked("/api/v1/dropped", 200, body)
    assert [(one["what"], one["name"], one["count"]) for one in body["dropped"]] == [
        ("person", "device.model", 3),
        ("field", "mem.owner", 2),
        ("field", "others", 2),
    ]
    assert (body["total"], body["persons"]) == (7, 3)


async def test_a_canary_whose_store_fails_is_an_answer_all_the_same(
    client: Client, store: MoodyStore
) -> None:
    store.trouble = StoreBusy("asleep")
    body = await (await client.get("/api/v1/canary")).json()
    assert body["problem"] == "asleep"
    checked("/api/v1/canary", 200, body)


@pytest.mark.parametrize("name", [one.name for one in openapi.QUESTIONS])
async def test_other_methods_and_defects_are_refused_as_documented(
    client: Client, source: FakeSource, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    refused = await client.post(f"/api/v1/{name}")
    checked(f"/api/v1/{name}", refused.status, await refused.json())
    if name in ("live", "agents"):
        good, bad = source.schools, school(agent())
        source.schools = (bad, None)  # type: ignore[assignment]
        failed = await client.get(f"/api/v1/{name}")
        assert failed.status == HTTPStatus.INTERNAL_SERVER_ERROR
        checked(f"/api/v1/{name}", 500, await failed.json())
        assert "Traceback" in caplog.text
        source.schools = good
        assert (await client.get(f"/api/v1/{name}")).status == HTTPStatus.OK


async def test_what_is_not_there_is_refused_in_the_same_words(client: Client) -> None:
    answer = await client.get("/api/v1/nothing")
    assert answer.status == HTTPStatus.NOT_FOUND
    checked("/api/v1/live", 404, await answer.json())


async def test_the_collector_serves_the_document(client: Client) -> None:
    answer = await client.get("/api/v1/openapi.json")
    body = await answer.json()
    assert body == openapi.document()
    checked(openapi.SELF, 200, {})
    for path, (_says, statuses) in openapi.TEXTS.items():
        answer = await client.get(path)
        assert str(answer.status) in statuses
        assert answer.content_type == "text/plain"


def test_a_check_notices_an_answer_that_is_not_as_documented() -> None:
    for wrong in ({"error": 5}, {"error": "x", "colour": "red"}, {}):
        with pytest.raises(AssertionError):
            checked("/api/v1/live", 404, wrong)


async def test_agents_are_those_of_the_live_picture(client: Client, source: FakeSource) -> None:
    furnish(source, 50)
    live = await (await client.get("/api/v1/live?area=rural")).json()
    found = await (await client.get("/api/v1/agents?area=rural")).json()
    assert found["agents"] == [one for school in live["schools"] for one in school["agents"]]
    assert {one["area"]: sum(one["counts"].values()) for one in live["areas"]} == {
        "urban": 16, "town": 17, "rural": 16, "unstated": 1,
    }  # fmt: skip
    assert sum(live["counts"].values()) == 16
    unknown = await (await client.get("/api/v1/agents?state=unknown")).json()
    assert {one["state"] for one in unknown["agents"]} == {"unknown"}
