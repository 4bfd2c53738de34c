"""Whatever bytes a device answers, its driver says a state or that it was not reached."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from xml.sax.saxutils import escape

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.clients.http import Answer, Url
from agent.clients.httpauth import Account, authorization
from agent.clients.stream import Stream
from agent.devices.base import Sighting, drivers
from agent.devices.bytepattern import pattern
from agent.devices.bytetemplate import Template
from agent.devices.drivers.bytes import BytesDriver
from agent.devices.drivers.http import HttpDriver
from agent.devices.drivers.onvif import OnvifDriver
from agent.devices.onvif import told
from agent.devices.soap import NotSoap
from agent.devices.templates import SHIPPED, read_template, shipped
from agent.devices.web import redirected
from agent.readings import mistake
from core.causes import CAUSES
from core.devices import HEALTHY, STATES
from core.errors import TargetUnreachable
from core.types import Reading
from tests.chance import examples

FRAMES = [
    pattern(one.answer, {k: bytes.fromhex(v) for k, v in file.parameters.items()})
    for file in (read_template(SHIPPED / f"{word}.toml") for word in shipped())
    for one in file.questions
    if one.answer
]
NEAR = st.builds(
    lambda frame, hole: frame.frame(dict.fromkeys(frame.names, hole)),
    st.sampled_from(FRAMES),
    st.binary(max_size=4),
)
LINES = st.text("0123E\r\n=!ampnorl protectionChLogin:Pasword ", max_size=60).map(str.encode)
ANSWERS = st.lists(st.one_of(st.binary(max_size=40), NEAR, LINES), max_size=4).map(b"".join)


class Playing:
    """A writer that takes anything, over a reader that has everything already."""

    def write(self, data: bytes) -> None:
        del data

    async def drain(self) -> None:
        pass


def right(seen: Sighting) -> None:
    assert seen.state in STATES
    assert (seen.cause in CAUSES) != (seen.state in HEALTHY)
    assert mistake(Reading("device", {"state": seen.state} | dict(seen.fields), 1)) == ""


@pytest.mark.parametrize("word", shipped())
def test_a_template_takes_any_bytes(word: str) -> None:
    driver = BytesDriver("127.0.0.1", word, 1, timeout_s=0.001)
    file = driver.made.file
    login = msgspec.structs.replace(file.login, wait_s=0.001)
    quick = msgspec.structs.replace(file, gap_s=0.0, login=login)
    object.__setattr__(driver, "made", Template(quick, driver.made.questions))

    @settings(max_examples=examples(60), deadline=None)
    @given(came=ANSWERS, ended=st.booleans())
    def answers(came: bytes, ended: bool) -> None:
        @asynccontextmanager
        async def opened(*_: object, **__: object) -> AsyncIterator[Stream]:
            reader = asyncio.StreamReader()
            reader.feed_data(came)
            if ended:
                reader.feed_eof()
            yield Stream(reader, Playing())  # type: ignore[arg-type]

        object.__setattr__(driver, "open", opened)
        with suppress(TargetUnreachable):
            right(runner.run(driver.look()))

    with asyncio.Runner() as runner:
        answers()


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("gb18030")))
def test_an_answer_of_soap_may_be_anything(body: bytes) -> None:
    driver = OnvifDriver("192.0.2.1")
    for wrapped in (body, b"<Envelope><Body>" + body + b"</Body></Envelope>"):
        wrong, _ = driver._read(Answer(status=200, body=bytearray(wrapped)))
        if wrong:
            right(wrong)
        try:
            said = told(wrapped)
        except NotSoap:
            continue
        assert isinstance(said.time, str)


FIELDS = st.sampled_from(["Year", "Month", "Day", "Hour", "Minute", "Second"])


@settings(max_examples=examples(100), deadline=None)
@given(st.dictionaries(FIELDS, st.text(max_size=6).map(escape)))
def test_a_time_of_a_camera_may_be_anything(parts: dict[str, str]) -> None:
    driver = OnvifDriver("192.0.2.1")
    values = "".join(
        f"<{half}>" + "".join(f"<{k}>{v}</{k}>" for k, v in parts.items()) + f"</{half}>"
        for half in ("Date", "Time")
    )
    inner = f"<SystemDateAndTime><UTCDateTime>{values}</UTCDateTime></SystemDateAndTime>"
    body = f"<Envelope><Body><GetSystemDateAndTimeResponse>{inner}</GetSystemDateAndTimeResponse>"
    body += "</Body></Envelope>"
    _, said = driver._read(Answer(status=200, body=bytearray(body.encode())))
    assert said is None or isinstance(said.time, str)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
OPTIONS: dict[str, Any] = {
    "url": "http://192.0.2.1/",
    "captures": {"whole": "", "a": "/a", "first": "/0/1"},
    "texts": {"number": r"(-?[\d.e]+)"},
    "meanings": [
        {"of": "whole", "field": "state", "map": {"1": "ready", "true": "fault lamp"}},
        {"of": "whole", "field": "temperature_c", "scale": 1e300},
        {"of": "a", "field": "lamp_h"},
        {"of": "a", "field": "model"},
        {"of": "first", "field": "muted"},
        {"of": "number", "field": "cpu_percent"},
    ],
}
BODIES = (
    st.binary(max_size=200)
    | JSON.map(msgspec.json.encode)
    | JSON.map(lambda value: msgspec.json.encode({"a": value}))
    | JSON.map(lambda value: msgspec.json.encode([[0, value]]))
)


@settings(max_examples=examples(150), deadline=None)
@given(BODIES, st.integers(100, 599))
def test_a_page_may_be_anything(body: bytes, status: int) -> None:
    driver = drivers.build("http", OPTIONS)
    assert isinstance(driver, HttpDriver)
    right(driver._read(Answer(status=status, body=bytearray(body))))
    right(driver._read(Answer(status=200, body=bytearray(body))))


@settings(max_examples=examples(100), deadline=None)
@given(
    st.lists(st.text(max_size=80) | st.text('DigestBasic nonce="\\,=auth qop realm', max_size=80))
)
def test_a_challenge_may_be_anything(challenges: list[str]) -> None:
    authorization(challenges, Account("a", "b"), "GET", "/")


@settings(max_examples=examples(100), deadline=None)
@given(st.text(max_size=30) | st.text("http:/[]@.19%#?\t ", max_size=30))
def test_a_redirect_may_be_anything(location: str) -> None:
    url = Url("http://192.0.2.1/a")
    to = redirected(url, Answer(status=302, location=location))
    assert to is None or to.host == url.host
