"""Which address a host outside sees, whatever it answers with."""

import dataclasses
import ipaddress
from typing import Any

import pytest

from agent.clients.http import Answer, Url
from agent.probes.public_address import PublicAddressProbe, address_in, line_of
from agent.readings import mistake
from tests.real.webserver import Handler, answers, page, silence, web_server


async def told(probe: PublicAddressProbe) -> dict[str, Any]:
    (reading,) = await probe.measure()
    assert mistake(reading) == ""
    return dict(reading.fields)


async def test_the_address_is_told_and_when_it_changes_over_a_host_that_was_silent() -> None:
    handlers: list[Handler] = [answers(page(b"203.0.113.7\n"))]

    async def serve(reader: Any, writer: Any) -> None:
        await handlers[-1](reader, writer)

    async with web_server(serve) as port:
        probe = PublicAddressProbe(f"http://127.0.0.1:{port}/", timeout_s=5.0)
        first = {"verdict": "ok", "success": 1, "ip_version": 4, "address_class": "reserved"}
        assert await told(probe) == first | {"address": "203.0.113.7"}
        assert (await told(probe))["changed"] is False

        handlers.append(silence)
        hasty = dataclasses.replace(probe, timeout_s=0.2)
        assert await told(hasty) == {"verdict": "no_first_byte", "success": 0}

        handlers.append(answers(page(b'{"ip": "203.0.113.8"}')))
        after = await told(probe)
        assert (after["address"], after["changed"]) == ("203.0.113.8", True)
        assert (await told(probe))["changed"] is False


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (page(b"<html>login</html>"), "no_address"),
        (page(b"", "302 Found", "Location: http://portal.lan/"), "captive_portal"),
        (page(b"203.0.113.7", "503 Service Unavailable"), "http_error"),
        (page(b"203.0.113.7" + b" " * 2000), "no_address"),
        (page(b"127.0.0.1"), "no_address"),
        (page(b"::"), "no_address"),
        (page(b"fe80::1"), "no_address"),
    ],
)
async def test_what_is_no_address_is_no_address(answer: bytes, verdict: str) -> None:
    async with web_server(answers(answer)) as port:
        probe = PublicAddressProbe(f"http://127.0.0.1:{port}/", timeout_s=5.0)
        assert await told(probe) == {"verdict": verdict, "success": 0}


async def test_each_family_has_an_address_of_its_own_and_changes_by_itself() -> None:
    addresses = {"ipv4": ["8.8.8.8", "8.8.8.8"], "ipv6": ["2001:db8::1", "2001:db8:0:1::1"]}

    async def get(_: Url, how: Any) -> Answer:
        body = bytearray(addresses[how.family].pop(0).encode())
        return Answer(status=200, body=body)

    probe = PublicAddressProbe("http://a.example/", families=("ipv4", "ipv6"), get=get)
    await probe.measure()
    second = {r.tags["family"]: r.fields for r in await probe.measure()}
    assert [second[f]["changed"] for f in ("ipv4", "ipv6")] == [False, True]
    assert second["ipv6"]["address"] == "2001:db8:0:1::/64"


@pytest.mark.parametrize(
    ("body", "address"),
    [
        (b" 8.8.8.8\r\n", "8.8.8.8"),
        (b'"8.8.8.8"', "8.8.8.8"),
        (b"\xef\xbb\xbf8.8.8.8", "8.8.8.8"),
        (b'{"ip": "2400:3200::1", "city": "x"}', "2400:3200::1"),
        (b"::ffff:8.8.8.8", "8.8.8.8"),
        (b'{"address": "8.8.8.8"}', None),
        (b'{"ip": 134744072}', None),
        (b"134744072", None),
        (b"[" * 1000, None),
        (b"{" * 1000, None),
        (b'{"ip":' * 150, None),
        (b"\xff\xfe", None),
        (b"", None),
        (b"8.8.8.8 8.8.4.4", None),
    ],
)
def test_an_address_is_found_in_text_and_in_json(body: bytes, address: str | None) -> None:
    found = address_in(body, "ip")
    assert (str(found) if found else None) == address


def test_of_ipv6_only_the_network_is_told_since_the_rest_is_one_machine() -> None:
    machine = ipaddress.ip_address("2001:db8:1:2:a1b2:c3d4:e5f6:789a")
    assert line_of(machine) == "2001:db8:1:2::/64"
    assert line_of(ipaddress.ip_address("8.8.8.8")) == "8.8.8.8"
