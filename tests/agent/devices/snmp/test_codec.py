"""Our codec beside that of pysnmp, and beside bytes that nobody meant."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder
from pyasn1.type import univ
from pysnmp.proto.api import v2c

from agent.devices.snmp import ber, message
from agent.devices.snmp.ber import Garbled
from agent.devices.snmp.message import Answer, Question, is_trap
from tests.agent.devices.snmp.responder import Asked, asked

PARTS = st.integers(0, 2**32 - 1)
OIDS = st.builds(
    lambda first, second, parts: ".".join(map(str, (first, second, *parts))),
    st.integers(0, 1),
    st.integers(0, 39),
    st.lists(PARTS, max_size=20),
) | st.builds(lambda second: f"2.{second}.1", st.integers(0, 2**32 - 81))
VALUES: st.SearchStrategy[tuple[Any, Any]] = st.one_of(
    st.integers(-(2**31), 2**31 - 1).map(lambda one: (v2c.Integer32(one), one)),
    st.integers(0, 2**32 - 1).map(lambda one: (v2c.Gauge32(one), one)),
    st.integers(0, 2**64 - 1).map(lambda one: (v2c.Counter64(one), one)),
    st.binary(max_size=300).map(lambda one: (v2c.OctetString(one), one)),
    OIDS.map(lambda one: (v2c.ObjectIdentifier(one), one)),
)


@given(st.lists(st.tuples(OIDS, VALUES), max_size=5), st.integers(1, 2**31 - 1))
def test_what_another_codec_writes_is_read(pairs: list[Any], number: int) -> None:
    data = Asked(1, "get", number, (), 0).reply([(oid, coded) for oid, (coded, _) in pairs])
    found = message.answered(data, 1, number)
    assert found == Answer(0, 0, [(oid, plain) for oid, (_, plain) in pairs])
    assert message.answered(data, 1, number - 1) is None


@given(
    st.sampled_from(["get", "next", "bulk"]),
    st.lists(OIDS, min_size=1, max_size=5),
    st.integers(0, 2**31 - 1),
    st.integers(0, 300),
)
def test_what_we_write_another_codec_reads(
    kind: Any, oids: list[str], number: int, rows: int
) -> None:
    rows = rows if kind == "bulk" else 0
    data = message.asked(1, b"sesam", number, Question(kind, tuple(oids), rows))
    assert asked(data, None) == Asked(1, kind, number, tuple(oids), rows)


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_are_written_as_others_read_them(whole: int) -> None:
    assert decoder.decode(ber.integer(whole)) == (univ.Integer(whole), b"")


@given(st.binary(max_size=80))
@example(b"\x30\x82")
@example(b"\x30\x00")
def test_any_bytes_are_an_answer_or_garbled(data: bytes) -> None:
    assert isinstance(is_trap(data), bool)
    with pytest.raises(Garbled):
        message.answered(data, 1, 7)


@given(st.data())
def test_an_answer_with_wrong_bytes_is_read_or_garbled(data: st.DataObject) -> None:
    pairs = [("1.3.6.1.2.1.1.5.0", v2c.OctetString("x")), ("1.3.6.1.2.1.1.3.0", v2c.TimeTicks(9))]
    whole = bytearray(Asked(1, "get", 7, (), 0).reply(pairs))
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=3)):
        whole[at] = data.draw(st.integers(0, 255))
    try:
        found = message.answered(bytes(whole), 1, 7)
    except Garbled:
        return
    assert found is None or all(isinstance(oid, str) for oid, _ in found.found)


@pytest.mark.parametrize(
    ("content", "means"),
    [
        (b"\x41\x04\xff\xff\xff\xff", 2**32 - 1),  # Counter32 without the zero before it
        (b"\x41\x05\x00\xff\xff\xff\xff", 2**32 - 1),
        (b"\x46\x08" + b"\xff" * 8, 2**64 - 1),
        (b"\x02\x01\xff", -1),
        (b"\x05\x00", None),
        (b"\x99\x01\x00", None),
    ],
)
def test_what_devices_write_carelessly_is_what_they_mean(content: bytes, means: object) -> None:
    assert message.plain(content, ber.item(content, 0, len(content))) == means


@pytest.mark.parametrize(
    "content",
    [
        b"\x02\x00",
        b"\x02\x09" + bytes(9),
        b"\x41\x06" + bytes(6),
        b"\x40\x03" + bytes(3),
        b"\x06\x01\x80",
        b"\x06\x00",
        b"\x06\x06\xff\xff\xff\xff\xff\x7f",
    ],
)
def test_what_a_type_cannot_hold_is_garbled(content: bytes) -> None:
    with pytest.raises(Garbled):
        message.plain(content, ber.item(content, 0, len(content)))


@pytest.mark.parametrize("oid", ["1", "1.3.-6", "1.3.x", "1.3.4294967296", ""])
def test_what_is_no_object_identifier_is_not_sent(oid: str) -> None:
    with pytest.raises(ValueError, match=r"object identifier|invalid literal"):
        ber.oid_bytes(oid)
