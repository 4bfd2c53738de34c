"""Cameras over real connections: status, and nothing of what they see."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import md5, sha1
from pathlib import Path
from typing import Any

import pytest

from agent.devices.base import Sighting, drivers
from agent.devices.drivers.onvif import OnvifDriver
from agent.devices.soap import NotSoap, texts_of
from core.errors import ConfigError, TargetUnreachable
from tests.real.leaks import left_after
from tests.real.webdevice import Asked, responding
from tests.real.webserver import (
    Handler,
    answers,
    byte_by_byte,
    closed_port,
    farewell,
    page,
    silence,
    web_server,
    without_end,
)

CASES = Path(__file__).parents[2] / "cases/onvif"
TIME, INFORMATION, DENIED = (
    (CASES / f"{name}.xml").read_bytes() for name in ("time", "information", "not_authorized")
)
KNOWN = {"GetSystemDateAndTime", "GetDeviceInformation"}


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "camera.password"
    path.write_text("school302\n")
    path.chmod(0o600)
    return path


class Camera:
    """Plays a camera, and holds every question to what may be asked."""

    def __init__(self, password: str = "school302", digest: bool = False) -> None:
        self.password, self.digest, self.asked = password, digest, list[Asked]()

    def respond(self, asked: Asked) -> bytes:
        self.asked.append(asked)
        assert asked.line == "POST /onvif/device_service HTTP/1.1"
        assert set(re.findall(r"<(Get\w+)", asked.body)) <= KNOWN
        assert "media" not in (asked.head + asked.body).lower()
        assert "school302" not in asked.head + asked.body
        if "GetSystemDateAndTime" in asked.body:
            return page(TIME)
        if self.digest and not self._digest_is_right(asked):
            challenge = 'Digest realm="IP Camera", qop="auth", nonce="6f3b", opaque="5c"'
            return page(b"", "401 Unauthorized", f"WWW-Authenticate: {challenge}")
        if not self._token_is_right(asked.body):
            return page(DENIED, "400 Bad Request")
        return page(INFORMATION)

    def _token_is_right(self, body: str) -> bool:
        found = re.search(
            r"<w:Username>monitor<.*Digest\">(.*?)</w:Password>.*>(.*?)</w:Nonce>.*<u:Created>(.*?)<",
            body,
        )
        assert found, body
        digest, nonce, created = found.groups()
        assert created == "2026-03-02T00:05:09Z"  # the camera's own time
        own = sha1(b64decode(nonce) + created.encode() + self.password.encode()).digest()
        return bool(digest == b64encode(own).decode())

    def _digest_is_right(self, asked: Asked) -> bool:
        said = dict(re.findall(r'(\w+)="?([^",]+)"?', asked.header("authorization")))
        if not said:
            return False

        def h(*texts: str) -> str:
            return md5(":".join(texts).encode()).hexdigest()

        ours = h("monitor", "IP Camera", self.password), h("POST", "/onvif/device_service")
        assert (said["nonce"], said["opaque"], said["nc"]) == ("6f3b", "5c", "00000001")
        response: str = said["response"]
        return response == h(ours[0], "6f3b", "00000001", said["cnonce"], "auth", ours[1])


async def seen_by(handler: Handler, **options: Any) -> Sighting:
    async with web_server(handler) as port:
        return await OnvifDriver("127.0.0.1", port, **{"timeout_s": 3.0} | options).look()


async def test_a_camera_without_an_account_is_asked_for_the_time_and_no_more() -> None:
    camera = Camera()
    seen = await seen_by(responding(camera.respond))
    assert (seen.state, seen.cause, set(seen.fields)) == ("ready", "", {"answer_ms"})
    assert len(camera.asked) == 1
    assert "Security" not in camera.asked[0].body


@pytest.mark.parametrize("digest", [False, True])
async def test_a_camera_tells_model_and_firmware_to_who_has_an_account(
    digest: bool, secret_file: Path
) -> None:
    camera = Camera(digest=digest)
    seen = await seen_by(responding(camera.respond), user="monitor", password_file=secret_file)
    assert (seen.state, seen.cause) == ("ready", "")
    fields = dict(seen.fields)
    fields.pop("answer_ms")
    assert fields == {"model": "海康威视 DS-2CD3T46", "firmware": "V5.7.3 build 220112"}
    assert "AAWR" not in str(seen)  # its serial number is nobody's business


@pytest.mark.parametrize("digest", [False, True])
async def test_a_wrong_password_is_the_cause_and_the_right_one_heals_it(
    digest: bool, secret_file: Path
) -> None:
    camera = Camera(digest=digest)
    async with web_server(responding(camera.respond)) as port:
        driver = drivers.build(
            "onvif",
            {
                "host": "127.0.0.1",
                "port": port,
                "user": "monitor",
                "password_file": str(secret_file),
            },
        )
        secret_file.write_text("wrong")
        seen = await driver.look()
        assert (seen.state, seen.cause) == ("unknown", "credentials")
        secret_file.chmod(0o644)  # no secret any more: never sent
        with pytest.raises(ConfigError, match="chmod 600"):
            await driver.look()
        secret_file.chmod(0o600)
        secret_file.write_text("school302")
        assert (await driver.look()).state == "ready"


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>&b;</s:Body></s:Envelope>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<Envelope><Body>&a;</Body></Envelope>"""
DEEP = b"<Envelope><Body>" + b"<a>" * 10_000 + b"</a>" * 10_000 + b"</Body></Envelope>"
WRONG: dict[str, Handler] = {
    "a page for people": answers(page(b"<html><body>login</body></html>")),
    "another answer of SOAP": answers(page(INFORMATION)),
    "a fault of its own": answers(page(DENIED.replace(b"Authorized", b"Supported"), "500 No")),
    "entities that grow": answers(page(BOMB)),
    "an entity from outside": answers(page(OUTSIDE)),
    "a depth without reason": answers(page(DEEP)),
    "no HTTP": answers(b"RTSP/1.0 200 OK\r\n\r\n"),
    "half a page": answers(page(TIME)[:-20]),
    "one byte at a time": byte_by_byte(page(TIME), 0.05),
    "a page without end": without_end(b"HTTP/1.1 200 OK\r\n\r\n", TIME),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_no_answer_is_garbage_and_the_next_look_is_well(case: str) -> None:
    await _recovers(WRONG[case], lambda seen: (seen.state, seen.cause) == ("unknown", "garbage"))


@pytest.mark.parametrize("first", [silence, farewell])
async def test_a_camera_that_says_nothing_is_not_reached_and_the_next_look_is_well(
    first: Handler,
) -> None:
    await _recovers(first, None)


async def _recovers(first: Handler, fits: Callable[[Sighting], bool] | None) -> None:
    turns = iter([first])

    async def handler(reader: Any, writer: Any) -> None:
        await next(turns, responding(Camera().respond))(reader, writer)

    async with web_server(handler) as port:
        driver = OnvifDriver("127.0.0.1", port, timeout_s=3.0)
        if fits is None:
            with pytest.raises(TargetUnreachable):
                await driver.look()
        else:
            assert fits(await driver.look())
        assert (await driver.look()).state == "ready"


async def test_a_port_where_nobody_listens_refuses() -> None:
    with pytest.raises(ConnectionRefusedError, match="refused"):
        await OnvifDriver("127.0.0.1", closed_port()).look()


async def test_looks_leave_nothing_behind() -> None:
    async with web_server(responding(Camera().respond)) as port:
        driver = OnvifDriver("127.0.0.1", port)
        assert await left_after(5, driver.look) == (0, 0)


@pytest.mark.parametrize("path", ["/onvif/media_service", "/onvif/Media", "/onvif/snapshot"])
def test_the_address_of_another_service_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="never asked for"):
        drivers.build("onvif", {"host": "192.0.2.1", "path": path})


def test_chinese_texts_are_read_in_either_encoding() -> None:
    path = "Envelope/Body/GetDeviceInformationResponse/Manufacturer"
    for encoding in ("utf-8", "gb18030"):
        assert texts_of(INFORMATION.decode().encode(encoding))[path] == "海康威视"
    with pytest.raises(NotSoap):
        texts_of(b"")


def test_no_word_of_media_stands_in_what_asks_cameras() -> None:
    """PIPL 26 and 28, domain.md 11: pictures and sound are not even asked for."""
    agent = Path(__file__).parents[3] / "agent/devices"
    for path in (agent / "onvif.py", agent / "soap.py", agent / "drivers/onvif.py"):
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"ver10/(\w+)|ver20/(\w+)|Get\w*(?:Uri|Profile|Service|Capab)\w*", text)
        assert set(found) <= {("device", "")}, path
