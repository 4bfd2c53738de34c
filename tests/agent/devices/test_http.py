"""Devices with a page, over real connections."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.devices.base import Sighting, drivers
from core.errors import ConfigError, TargetUnreachable
from tests.real.certificates import issued, roots_file
from tests.real.leaks import left_after
from tests.real.webdevice import Asked, responding
from tests.real.webserver import (
    Handler,
    answers,
    byte_by_byte,
    closed_port,
    farewell,
    page,
    reset_after,
    silence,
    web_server,
    without_end,
)

STATUS = {
    "power": {"state": "on"},
    "sensors": [{"celsius": 41.5}],
    "lamp": "1234",
    "name": "功放",
    "muted": False,
}
POWER = {"on": "ready", "off": "standby", "hot": "fault temperature"}
OPTIONS: dict[str, Any] = {
    "captures": {
        "power": "/power/state",
        "heat": "/sensors/0/celsius",
        "lamp": "/lamp",
        "muted": "/muted",
        "name": "/name",
        "missing": "/sensors/7/celsius",
    },
    "meanings": [
        {"of": "power", "field": "state", "map": POWER},
        {"of": "power", "field": "on", "map": {"on": True, "off": False}},
        {"of": "heat", "field": "temperature_c"},
        {"of": "lamp", "field": "lamp_h"},
        {"of": "muted", "field": "muted"},
        {"of": "name", "field": "model"},
        {"of": "missing", "field": "cpu_percent"},
    ],
}  # fmt: skip


async def look(port: int, path: str = "/status", **options: Any) -> Sighting:
    table = {"url": f"http://127.0.0.1:{port}{path}", "timeout_s": 3.0} | OPTIONS | options
    return await drivers.build("http", table).look()


async def seen_of(handler: Handler, **options: Any) -> Sighting:
    async with web_server(handler) as port:
        return await look(port, **options)


def half(seen: Sighting) -> tuple[str, str]:
    return seen.state, seen.cause


def status(**changes: Any) -> bytes:
    return page(json.dumps(STATUS | changes, ensure_ascii=False).encode())


async def test_a_page_of_json_becomes_state_and_fields() -> None:
    seen = await seen_of(answers(status()))
    fields = dict(seen.fields)
    assert float(fields.pop("answer_ms")) > 0
    assert half(seen) == ("ready", "")
    assert fields == {
        "on": True,
        "temperature_c": 41.5,
        "lamp_h": 1234,
        "muted": False,
        "model": "功放",
    }


@pytest.mark.parametrize(
    ("power", "expected"),
    [
        ("off", ("standby", "")),
        ("hot", ("fault", "temperature")),
        ("no such", ("unknown", "unlisted")),
        (None, ("unknown", "unlisted")),
        ({"deeper": 1}, ("unknown", "unlisted")),
    ],
)
async def test_a_state_is_what_the_table_says(power: object, expected: tuple[str, str]) -> None:
    assert half(await seen_of(answers(status(power={"state": power})))) == expected


async def test_numbers_and_truths_are_looked_up_as_a_file_writes_them() -> None:
    for value, text in ((1, "1"), (1.0, "1"), (True, "true"), (None, "null"), ("1", "1")):
        meanings = [{"of": "power", "field": "state", "map": {text: "standby"}}]
        seen = await seen_of(answers(status(power={"state": value})), meanings=meanings)
        assert half(seen) == ("standby", ""), value


async def test_values_that_are_none_of_the_field_are_left_out() -> None:
    odd = {"sensors": [{"celsius": "--"}], "lamp": 1e300, "muted": "no", "name": "\x07"}
    fields = (await seen_of(answers(status(**odd)))).fields
    assert set(fields) == {"on", "answer_ms"}


async def test_a_page_of_gb18030_is_read_by_expressions() -> None:
    body = "状态：开机 温度：41.5".encode("gb18030")
    seen = await seen_of(
        answers(page(body)),
        captures={},
        texts={"power": "状态：(\\w+)", "heat": "温度：([\\d.]+)"},
        meanings=[
            {"of": "power", "field": "state", "map": {"开机": "ready"}},
            {"of": "heat", "field": "temperature_c"},
        ],
    )
    assert (half(seen), seen.fields["temperature_c"]) == (("ready", ""), 41.5)


async def test_without_meanings_a_page_with_the_right_status_is_ready() -> None:
    nothing: dict[str, Any] = {"captures": {}, "meanings": []}
    assert half(await seen_of(answers(page()), **nothing)) == ("ready", "")
    assert half(await seen_of(answers(page(b"", "503 Busy")), **nothing)) == ("unknown", "garbage")
    assert half(await seen_of(answers(page(b"", "204 No")), status=204, **nothing))[0] == "ready"


WRONG: dict[str, Handler] = {
    "no JSON": answers(page(b"<html>")),
    "JSON without end": answers(page(b"[" * 60_000)),
    "another status": answers(page(b"", "404 Not Found")),
    "no HTTP": answers(b"SSH-2.0-dropbear\r\n"),
    "half a page": answers(status()[:-5]),
    "a reset within the page": reset_after(status()[:-5]),
    "one byte at a time": byte_by_byte(status(), 0.05),
    "a page without end": without_end(b"HTTP/1.1 200 OK\r\n\r\n", b'{"power":"'),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_no_page_is_garbage_and_the_next_look_is_well(case: str) -> None:
    await _recovers(WRONG[case], lambda seen: half(seen) == ("unknown", "garbage"))


@pytest.mark.parametrize("first", [silence, farewell, reset_after(b"")])
async def test_a_device_that_says_nothing_is_not_reached_and_the_next_look_is_well(
    first: Handler,
) -> None:
    await _recovers(first, None)


async def _recovers(first: Handler, fits: Callable[[Sighting], bool] | None) -> None:
    turns = iter([first])

    async def handler(reader: Any, writer: Any) -> None:
        await next(turns, answers(status()))(reader, writer)

    async with web_server(handler) as port:
        if fits is None:
            with pytest.raises(TargetUnreachable):
                await look(port)
        else:
            assert fits(await look(port))
        assert half(await look(port)) == ("ready", "")


async def test_a_port_where_nobody_listens_refuses() -> None:
    with pytest.raises(ConnectionRefusedError, match="refused"):
        await look(closed_port())


async def test_a_redirect_is_followed_on_the_same_host_and_nowhere_else() -> None:
    def leading(to: str) -> Handler:
        def respond(asked: Asked) -> bytes:
            if asked.line.startswith("GET /status "):
                return page(b"", "302 Found", f"Location: {to}")
            return status()

        return responding(respond)

    assert half(await seen_of(leading("/now"))) == ("ready", "")
    reached: list[Asked] = []

    def elsewhere(asked: Asked) -> bytes:
        reached.append(asked)
        return status()

    async with web_server(responding(elsewhere), host="127.0.0.2") as other:
        seen = await seen_of(leading(f"http://127.0.0.2:{other}/now"))
    assert (half(seen), reached) == (("unknown", "garbage"), [])
    assert half(await seen_of(leading("/status"))) == ("unknown", "garbage")  # in a circle
    assert half(await seen_of(leading("/snapshot.jpg"))) == ("unknown", "garbage")
    assert half(await seen_of(leading("http://[/"))) == ("unknown", "garbage")


async def test_a_password_is_sent_where_it_is_asked_for_and_a_wrong_one_is_the_cause(
    tmp_path: Path,
) -> None:
    file = tmp_path / "password"
    file.write_text("wrong")
    file.chmod(0o600)
    sent: list[str] = []

    def respond(asked: Asked) -> bytes:
        sent.append(asked.header("authorization"))
        if sent[-1] == "Basic bW9uaXRvcjpyaWdodA==":
            return status()
        return page(b"", "401 No", 'WWW-Authenticate: Basic realm="a"')

    async with web_server(responding(respond)) as port:
        account = {"user": "monitor", "password_file": str(file)}
        assert half(await look(port)) == ("unknown", "credentials")
        assert half(await look(port, **account)) == ("unknown", "credentials")
        file.write_text("right")
        assert half(await look(port, **account)) == ("ready", "")
    assert [bool(one) for one in sent] == [False, False, True, False, True]


async def test_a_certificate_is_believed_only_with_its_root_or_by_the_files_will(
    tmp_path: Path,
) -> None:
    root = issued("district", ca=True)
    leaf = issued("127.0.0.1", root)
    wanted = 'WWW-Authenticate: Basic realm="a"'
    password = tmp_path / "password"
    password.write_text("right")
    password.chmod(0o600)
    sent: list[str] = []

    def respond(asked: Asked) -> bytes:
        sent.append(asked.header("authorization"))
        return status() if sent[-1] else page(b"", "401 No", wanted)

    async with web_server(responding(respond), leaf.server_context(tmp_path)) as port:
        table = OPTIONS | {"url": f"https://127.0.0.1:{port}/", "user": "a"}
        table |= {"password_file": str(password), "timeout_s": 5.0}

        async def seen(**options: Any) -> Sighting:
            return await drivers.build("http", table | options).look()

        assert half(await seen()) == ("unknown", "certificate")
        assert sent == []
        assert half(await seen(verify=False)) == ("unknown", "credentials")
        assert sent == [""]  # nobody vouches for who asks for it
        assert half(await seen(ca_file=str(roots_file(tmp_path, root)))) == ("ready", "")


async def test_looks_leave_nothing_behind() -> None:
    async with web_server(answers(status())) as port:
        driver = drivers.build("http", {"url": f"http://127.0.0.1:{port}/"} | OPTIONS)
        assert await left_after(5, driver.look) == (0, 0)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"url": "http://a:b@192.0.2.1/"}, "user and password_file"),
        ({"url": "ftp://192.0.2.1/"}, "expected one as"),
        ({"url": "http://192.0.2.1/ISAPI/Streaming/channels/1/picture"}, "never asked for"),
        ({"url": "http://192.0.2.1/cgi-bin/snapshot.cgi?channel=1"}, "never asked for"),
        ({"url": "http://192.0.2.1/last.JPG"}, "never asked for"),
        ({"captures": {"power": "power"}}, "no JSON pointer"),
        ({"texts": {"power": "("}}, "no regular expression"),
        ({"texts": {"power": "a"}}, "expected one group"),
        ({"meanings": [{"of": "power", "field": "state", "map": {"a": "ready"}}]}, "captures"),
        ({"meanings": [{"of": "power"}]}, "expected a table as { of = "),
        ({"captures": {"a": ""}, "meanings": [{"of": "a", "field": "lamp"}]}, "lamp_h"),
    ],
)
def test_a_table_that_is_wrong_is_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        drivers.build("http", {"url": "http://192.0.2.1/"} | options)
