"""Web servers on real sockets: those that answer, and each way in which they do not."""

import socket
from pathlib import Path
from typing import Any

import pytest

from agent.clients.http import Answer, Url
from agent.clients.httpverdict import is_elsewhere
from agent.probes import probes
from agent.probes.http import HttpProbe
from agent.readings import mistake
from core.errors import ConfigError
from core.names import Names
from core.registry import OptionMistakes
from tests.real.certificates import issued, roots_file
from tests.real.leaks import left_after
from tests.real.webserver import (
    Handler,
    answers,
    byte_by_byte,
    closed_port,
    deaf_port,
    farewell,
    page,
    reset_after,
    silence,
    web_server,
    without_end,
)

PHASES = ("resolve_ms", "connect_ms", "tls_ms", "first_byte_ms", "total_ms")


async def told(url: str, **options: Any) -> dict[str, Any]:
    (reading,) = await HttpProbe(
        (url,), **{"timeout_s": 5.0, "slow_after_s": 60.0} | options
    ).measure()
    assert mistake(reading) == ""
    return dict(reading.fields)


async def told_of(handler: Handler, **options: Any) -> dict[str, Any]:
    async with web_server(handler) as port:
        return await told(f"http://127.0.0.1:{port}/", **options)


async def test_a_page_has_the_time_of_each_phase_and_they_add_up() -> None:
    fields = await told_of(answers(page(b"hello")))
    assert (fields["verdict"], fields["success"], fields["result_code"]) == ("ok", 1, 0)
    assert (fields["http_response_code"], fields["content_length"]) == (200, 5)
    times = {name: fields[name] for name in PHASES if name in fields}
    assert set(times) == set(PHASES) - {"tls_ms"}
    total = times.pop("total_ms")
    assert 0 < sum(times.values()) <= total + 0.01
    assert times["first_byte_ms"] / 1000 <= fields["response_time"] <= total / 1000 + 0.001


async def test_the_question_says_who_asks_and_nothing_of_who_sits_there() -> None:
    asked = bytearray()

    async def handler(reader: Any, writer: Any) -> None:
        asked.extend(await reader.readuntil(b"\r\n\r\n"))
        writer.write(page())

    async with web_server(handler) as port:
        await told(f"http://127.0.0.1:{port}/a%20b/ü")
    lines = asked.decode().split("\r\n")
    assert lines[0] == "GET /a%20b/%C3%BC HTTP/1.1"
    assert sorted(line for line in lines[1:] if line) == [
        "Accept-Encoding: identity",
        "Accept: */*",
        "Connection: close",
        f"Host: 127.0.0.1:{port}",
        "User-Agent: schoolwatch",
    ]


LONG_HEADER = page(b"", "200 OK", "X: " + "x" * 1000)
WRONG: dict[str, tuple[Handler, str, int]] = {
    "silence after the connection": (silence, "no_first_byte", 4),
    "the end instead of an answer": (farewell, "no_first_byte", 4),
    "a reset instead of an answer": (reset_after(b""), "no_first_byte", 4),
    "a reset within the headers": (reset_after(b"HTTP/1.1 200 OK\r\nCont"), "truncated", 2),
    "a reset within the page": (reset_after(page(b"hello")[:-2]), "truncated", 2),
    "the end within the headers": (answers(b"HTTP/1.1 200 OK\r\nCont"), "truncated", 2),
    "the end within the page": (answers(page(b"hello")[:-2]), "truncated", 2),
    "another protocol": (answers(b"SSH-2.0-OpenSSH_9.2\r\n"), "not_http", 3),
    "headers that are none": (answers(b"HTTP/1.1 200 OK\r\n:\r\n\r\n"), "not_http", 3),
    "one byte at a time": (byte_by_byte(page(b"h" * 1000), 0.05), "unfinished", 2),
    "headers one byte at a time": (byte_by_byte(LONG_HEADER, 0.05), "unfinished", 2),
    "headers without end": (without_end(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 9), "not_http", 3),
    "a beginning, and silence": (byte_by_byte(b"HTTP", 60), "unfinished", 2),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
async def test_an_answer_that_does_not_come_whole_is_told_by_its_phase(case: str) -> None:
    handler, verdict, result_code = WRONG[case]
    fields = await told_of(handler, timeout_s=1.0)
    assert (fields["verdict"], fields["result_code"]) == (verdict, result_code)
    assert fields["success"] == 0
    assert {"resolve_ms", "connect_ms"} <= fields.keys()
    assert "total_ms" not in fields
    assert ("first_byte_ms" in fields) == (
        verdict in ("truncated", "unfinished") or "headers" in case
    )


async def test_interim_answers_without_end_are_not_read_without_end() -> None:
    fields = await told_of(without_end(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50))
    assert (fields["verdict"], fields["result_code"]) == ("not_http", 3)


async def test_a_page_without_end_is_read_to_its_limit_and_no_further() -> None:
    fields = await told_of(without_end(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000))
    assert fields["verdict"] == "ok"
    assert "content_length" not in fields


@pytest.mark.parametrize(
    ("where", "verdict"),
    [
        ("http://127.0.0.1:{closed}/", "connect_refused"),
        ("http://127.0.0.1:{deaf}/", "connect_timeout"),
        ("http://no.such.host.invalid/", "no_such_host"),
    ],
)
async def test_a_server_that_cannot_be_reached_is_told_with_the_phases_before(
    where: str, verdict: str
) -> None:
    with deaf_port() as deaf:
        url = where.format(closed=closed_port(), deaf=deaf)
        fields = await told(url, timeout_s=1.0 if "deaf" in where else 5.0)
    assert fields["verdict"] in (
        verdict,
        "resolve_failed" if verdict == "no_such_host" else verdict,
    )
    assert not {"connect_ms", "first_byte_ms", "http_response_code"} & fields.keys()
    assert ("resolve_ms" in fields) == (verdict != "no_such_host")


CHINESE = "国家智慧教育"
PORTAL = page(b"", "302 Found", "Location: http://portal.lan/login")
AUTHENTICATE = page(b"", "511 Network Authentication Required")
PORTALS: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "a redirect to another host": (PORTAL, {}, "captive_portal"),
    "a redirect on the same host": (page(b"", "302 Found", "Location: /zh/"), {}, "ok"),
    "a redirect to https": (page(b"", "301 Moved", "Location: https://127.0.0.1/"), {}, "ok"),
    "a portal that says so": (AUTHENTICATE, {}, "captive_portal"),
    "a page where there should be none": (page(b"<html>"), {"status": 204}, "captive_portal"),
    "none, as there should be": (page(b"", "204 No Content"), {"status": 204}, "ok"),
    "another page": (page("请登录".encode()), {"text": "智慧教育"}, "captive_portal"),
    "the right page": (page(CHINESE.encode()), {"text": "智慧教育"}, "ok"),
    "the right page in GB18030": (page(CHINESE.encode("gb18030")), {"text": CHINESE}, "ok"),
    "a server that fails": (page(b"", "503 Service Unavailable"), {}, "http_error"),
    "one that fails where a page is expected": (page(b"", "502 No"), {"status": 200}, "http_error"),
    "a status that is expected": (page(b"", "404 Not Found"), {"status": 404}, "ok"),
}  # fmt: skip


@pytest.mark.parametrize("case", PORTALS)
async def test_somebody_else_who_answers_is_told_from_the_server(case: str) -> None:
    answer, wanted, verdict = PORTALS[case]
    async with web_server(answers(answer)) as port:
        url = f"http://127.0.0.1:{port}/"
        options = {f"expect_{name}": {url: value} for name, value in wanted.items()}
        fields = await told(url, **options)
    assert fields["verdict"] == verdict
    mismatch = {"status": 6, "text": 1}[next(iter(wanted))] if wanted else 0
    assert fields["result_code"] == (0 if verdict == "ok" else mismatch)


async def test_a_page_that_takes_long_is_slow_and_counts_as_reached() -> None:
    fields = await told_of(byte_by_byte(page(b"hello"), 0.005), slow_after_s=0.1)
    assert (fields["verdict"], fields["success"], fields["content_length"]) == ("slow", 1, 5)


async def test_a_server_that_fell_silent_is_well_when_it_answers_again() -> None:
    handler: list[Handler] = [silence]

    async def serve(reader: Any, writer: Any) -> None:
        await handler[0](reader, writer)

    async with web_server(serve) as port:
        asking = HttpProbe((f"http://127.0.0.1:{port}/",), timeout_s=0.3)
        verdicts = []
        for handler[0] in (silence, answers(page())):
            (reading,) = await asking.measure()
            verdicts.append(reading.fields["verdict"])
            asking = HttpProbe(asking.urls, timeout_s=5.0)
    assert verdicts == ["no_first_byte", "ok"]


async def test_each_family_is_asked_by_itself() -> None:
    async with web_server(answers(page()), host="::1") as port:
        url = f"http://localhost:{port}/"
        asking = HttpProbe((url, f"http://[::1]:{port}/"), families=("ipv4", "ipv6"), timeout_s=5)
        told = {
            (r.tags["server"].split(":")[1], r.tags["family"]): r.fields["verdict"]
            for r in await asking.measure()
        }
    assert told["//[", "ipv4"] == "no_such_host"
    assert told["//[", "ipv6"] == "ok"
    assert told["//localhost", "ipv4"] == "connect_refused"


@pytest.fixture(scope="module")
def ca() -> Any:
    return issued("root.school.example", ca=True)


async def test_tls_has_its_phase_and_a_certificate_that_is_not_believed_its_word(
    ca: Any, tmp_path: Path
) -> None:
    roots = roots_file(tmp_path, ca)
    for name, believed, verdict in (
        ("127.0.0.1", roots, "ok"),
        ("192.0.2.1", roots, "certificate_wrong_host"),
        ("127.0.0.1", None, "certificate_unknown_issuer"),
    ):
        context = issued(name, ca).server_context(tmp_path)
        async with web_server(answers(page()), context) as port:
            fields = await told(f"https://127.0.0.1:{port}/", ca_file=believed)
        assert fields["verdict"] == verdict
        assert ("tls_ms" in fields) == (verdict == "ok")
        assert fields["result_code"] == (0 if verdict == "ok" else 3)


async def test_what_a_server_itself_says_over_tls_is_no_portal(ca: Any, tmp_path: Path) -> None:
    roots = roots_file(tmp_path, ca)
    context = issued("127.0.0.1", ca).server_context(tmp_path)
    async with web_server(answers(page(b"moved in")), context) as port:
        url = f"https://127.0.0.1:{port}/"
        fields = await told(url, ca_file=roots, expect_text={url: "welcome"})
    assert (fields["verdict"], fields["result_code"]) == ("unexpected", 1)

    async with web_server(answers(PORTAL), context) as port:
        fields = await told(f"https://127.0.0.1:{port}/", ca_file=roots)
    assert (fields["verdict"], fields["http_response_code"]) == ("ok", 302)


async def another_protocol(reader: Any, writer: Any) -> None:
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await writer.drain()
    await reader.read()


@pytest.mark.parametrize(
    ("handler", "verdict"),
    [(silence, "tls_timeout"), (farewell, "tls_failed"), (another_protocol, "tls_failed")],
)
async def test_a_handshake_that_fails_is_no_failed_connection(
    handler: Handler, verdict: str
) -> None:
    async with web_server(handler) as port:
        fields = await told(f"https://127.0.0.1:{port}/", timeout_s=1.0)
    assert fields["verdict"] == verdict
    assert "connect_ms" in fields
    assert "tls_ms" not in fields


@pytest.mark.parametrize("rounds", [30, pytest.param(300, marks=pytest.mark.slow)])
async def test_many_rounds_leave_no_socket_and_no_task(
    rounds: int, ca: Any, tmp_path: Path
) -> None:
    context = issued("127.0.0.1", ca).server_context(tmp_path)
    async with (
        web_server(answers(page())) as good,
        web_server(silence) as silent,
        web_server(reset_after(b"HTTP/1.1 2")) as reset,
        web_server(silence, context) as silent_tls,
        web_server(answers(page()), context) as good_tls,
        web_server(byte_by_byte(page(), 0.01)) as slow,
    ):
        with deaf_port() as deaf:
            plain = [good, silent, reset, slow, deaf, closed_port()]
            urls = [f"http://127.0.0.1:{port}/" for port in plain]
            urls += [f"https://127.0.0.1:{port}/" for port in (silent, silent_tls, good_tls, good)]
            asking = HttpProbe(tuple(urls), timeout_s=0.05, ca_file=roots_file(tmp_path, ca))
            assert await left_after(rounds, asking.measure) == (0, 0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"urls": ["ftp://a/"]}, "urls: 'ftp://a/' is no address of a page"),
        ({"urls": ["http://a:x/"]}, "urls: 'http://a:x/' is no address"),
        ({"urls": ["http:// a/"]}, "is no address"),
        ({"urls": ["http://a/?key=1"]}, "is no address of a page (nor with ? or #"),
        ({"urls": ["http://a/"], "expect_status": {"http://b/": 200}}, "is not among urls"),
        ({"urls": ["http://a/"], "expect_status": {"http://a/": 99}}, "a status from 200 to 599"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_when_the_file_is_read(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(OptionMistakes) as raised:
        probes.build("http", options)
    assert said in str(raised.value)


def test_a_name_or_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError) as raised:
        HttpProbe(("http://me:secret@a/",))
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("to", "elsewhere"),
    [
        ("https://www.a.example/", False),
        ("//a.example/x", False),
        ("https://ba.example/", True),
        ("http://[bad", True),
        ("", False),
    ],
)
def test_only_another_host_is_elsewhere(to: str, elsewhere: bool) -> None:
    assert is_elsewhere(Url("http://a.example/"), Answer(status=302, location=to)) == elsewhere


def test_a_host_in_chinese_travels_as_ascii() -> None:
    url = Url("http://教育.中国:8080/首页")
    assert (url.host, url.authority) == ("xn--wcvs22d.xn--fiqs8s", "xn--wcvs22d.xn--fiqs8s:8080")
    assert url.target == "/%E9%A6%96%E9%A1%B5"


async def test_a_link_local_address_is_asked_through_its_interface_which_nobody_else_hears_of() -> (
    None
):
    url = Url("http://[fe80::1%25eth0]:8080/")
    assert (url.host, url.authority) == ("fe80::1%eth0", "[fe80::1]:8080")
    _, (_, _, _, scope) = await Names().resolve("fe80::1%lo", 5)
    assert scope == socket.if_nametoindex("lo")
