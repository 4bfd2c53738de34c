"""Devices that answer wrongly: each ends in a value, in none, or in a sentence."""

import asyncio
import re
from collections.abc import Iterable
from itertools import count
from typing import Any

import pytest
from pysnmp.proto.api import v2c

from agent.devices.snmp.session import MOST_ROWS, Unreadable, WrongCredentials
from core.errors import TargetUnreachable
from tests.agent.devices.snmp.responder import (
    GEN_ERR,
    NO_SUCH_NAME,
    TOO_BIG,
    Asked,
    Table,
    responding,
)

NAME, ROW = "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.2.2.1.2"
SHORT_S = 0.3
"""For an answer that never comes."""
PORTS = {f"{ROW}.{number}": v2c.OctetString(f"port{number}") for number in range(1, 61)}
NEXT = {"1.3.6.1.2.1.2.2.1.3.1": v2c.Integer32(6)}
ALL = {str(number): f"port{number}".encode() for number in range(1, 61)}


@pytest.mark.parametrize(
    ("value", "arrives"),
    [
        (v2c.Integer32(-5), -5),
        (v2c.Integer32(-(2**31)), -(2**31)),
        (v2c.Counter32(2**32 - 1), 2**32 - 1),
        (v2c.Counter64(2**64 - 1), 2**64 - 1),
        (v2c.Gauge32(0), 0),
        (v2c.TimeTicks(128), 128),
        (v2c.OctetString(b"\xc8\xfd\xc4\xea"), b"\xc8\xfd\xc4\xea"),
        (v2c.OctetString(b"x" * 3000), b"x" * 3000),
        (v2c.ObjectIdentifier("1.3.6.1.4.1.2011.4294967295"), "1.3.6.1.4.1.2011.4294967295"),
        (v2c.ObjectIdentifier("0.0"), "0.0"),
        (v2c.ObjectIdentifier("2.999.3"), "2.999.3"),
        (v2c.IpAddress("192.0.2.1"), "192.0.2.1"),
        (v2c.Opaque(b"\x9f\x78\x04abcd"), b"\x9f\x78\x04abcd"),
        (v2c.NoSuchObject(), None),
        (v2c.NoSuchInstance(), None),
        (v2c.EndOfMibView(), None),
    ],
    ids=lambda one: type(one).__name__,
)
async def test_values_arrive_as_they_are(value: Any, arrives: Any) -> None:
    async with responding(Table({NAME: value})) as device:
        assert await device.session().get(NAME) == {NAME: arrives}


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_a_column_ends_where_the_next_begins_and_version_1_is_asked_without_bulk(
    version: str,
) -> None:
    table = Table(PORTS | NEXT)
    async with responding(table) as device:
        assert await device.session(version).column(ROW) == ALL
    assert {one.kind for one in table.heard} == ({"next"} if version == "1" else {"bulk"})


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_the_last_column_of_a_device_ends(version: str) -> None:
    async with responding(Table(PORTS)) as device:
        assert await device.session(version).column(ROW) == ALL


async def test_a_walk_that_never_ends_is_said() -> None:
    def endless(one: Asked) -> list[bytes]:
        last = int(one.oids[0].removeprefix(ROW).removeprefix(".") or 0)
        rows = range(last + 1, last + 1 + one.rows)
        return [one.reply((f"{ROW}.{row}", v2c.Integer32(row)) for row in rows)]

    async with responding(endless) as device:
        with pytest.raises(TargetUnreachable, match=f"does not end after {MOST_ROWS} rows"):
            await device.session().column(ROW)


@pytest.mark.parametrize("version", ["1", "2c"])
@pytest.mark.parametrize("wrong", [f"{ROW}.1", f"{ROW}.2", ROW])
async def test_a_walk_that_goes_back_or_stands_still_ends(wrong: str, version: str) -> None:
    def backwards(one: Asked) -> list[bytes]:
        where = {ROW: f"{ROW}.1", f"{ROW}.1": f"{ROW}.2", f"{ROW}.2": wrong}[one.oids[0]]
        return [one.reply([(where, v2c.Integer32(7))])]

    async with responding(backwards) as device:
        assert await device.session(version).column(ROW) == {"1": 7, "2": 7}


async def test_a_table_that_grows_during_the_walk_is_read_to_its_new_end() -> None:
    table = Table(dict(PORTS))

    def growing(one: Asked) -> list[bytes]:
        if len(table.heard) == 1:
            table.values = PORTS | {f"{ROW}.{row}": v2c.OctetString(b"new") for row in (3, 61, 62)}
        return table(one)

    async with responding(growing) as device:
        assert await device.session().column(ROW) == ALL | {"61": b"new", "62": b"new"}


@pytest.mark.parametrize(
    ("garbage", "said"),
    [
        (b"", "no answer by SNMP"),
        (b"HTTP/1.1 400 Bad Request\r\n", "ends within a value"),
        (b"\x48\x00", "has type 0x48 where 0x30 belongs"),
        (b"\x30\x03\x02\x01\x01", "is no message of SNMP"),
        (b"\x30\x84\xff\xff\xff\xff", "ends within a value"),
        (b"\x30\x80\x00\x00", "has a length that cannot be"),
    ],
)
async def test_garbage_is_no_answer_and_what_comes_after_it_is(garbage: bytes, said: str) -> None:
    async with responding(lambda _: [garbage]) as device:
        with pytest.raises(TargetUnreachable, match=said):
            await device.session(timeout_s=SHORT_S).get(NAME)
    table = Table({NAME: v2c.Integer32(7)})
    async with responding(lambda one: [garbage, *table(one)]) as device:
        assert await device.session().get(NAME) == {NAME: 7}


async def test_an_answer_that_is_cut_off_is_garbage() -> None:
    table = Table({NAME: v2c.OctetString("name"), ROW: v2c.Counter64(2**40)})
    async with responding(lambda one: [answer[:-2] for answer in table(one)]) as device:
        with pytest.raises(TargetUnreachable, match="ends within a value"):
            await device.session(timeout_s=SHORT_S).get(NAME, ROW)


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_an_answer_to_something_else_is_refused(version: str) -> None:
    async with responding(lambda one: [one.reply([(ROW, v2c.Integer32(7))])]) as device:
        with pytest.raises(TargetUnreachable, match=f"asked by SNMP for {NAME}, it answers some"):
            await device.session(version).get(NAME)


async def test_an_answer_of_another_version_is_no_answer() -> None:
    async with responding(lambda one: [Asked(0, "get", one.number, (), 0).reply([])]) as device:
        with pytest.raises(TargetUnreachable, match="is of another version"):
            await device.session(timeout_s=SHORT_S).get(NAME)


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_what_is_too_big_is_asked_for_in_halves(version: str) -> None:
    table = Table(PORTS)

    def small(one: Asked) -> list[bytes]:
        return [one.refuse(TOO_BIG)] if max(one.rows, len(one.oids)) > 3 else table(one)

    async with responding(small) as device:
        session = device.session(version)
        assert await session.column(ROW) == ALL
        assert await session.get(*PORTS) == {oid: bytes(value) for oid, value in PORTS.items()}


async def test_what_is_too_big_alone_is_said() -> None:
    async with responding(lambda one: [one.refuse(TOO_BIG)]) as device:
        for asking in (device.session().get(NAME), device.session().column(ROW)):
            with pytest.raises(TargetUnreachable, match="does not fit into a datagram"):
                await asking


@pytest.mark.parametrize("says_which", [True, False])
async def test_a_value_that_fails_costs_only_itself(says_which: bool) -> None:
    table = Table({oid: PORTS[oid] for oid in list(PORTS)[:20]})
    bad = f"{ROW}.13"

    def failing(one: Asked) -> list[bytes]:
        if bad not in one.oids:
            return table(one)
        return [one.refuse(GEN_ERR, one.oids.index(bad) + 1 if says_which else 0)]

    async with responding(failing) as device:
        found = await device.session().get(*table.values)
    assert found == {oid: bytes(value) for oid, value in table.values.items()} | {bad: None}


@pytest.mark.parametrize("says_which", [True, False])
async def test_what_a_device_of_version_1_does_not_have_is_none(says_which: bool) -> None:
    table = Table({NAME: v2c.Integer32(7), f"{ROW}.2": v2c.Integer32(8)})

    def vague(one: Asked) -> list[bytes]:
        well = one.kind != "get" or set(one.oids) <= set(table.values)
        return table(one) if says_which or well else [one.refuse(NO_SUCH_NAME)]

    async with responding(vague) as device:
        found = await device.session("1").get(NAME, f"{ROW}.1", f"{ROW}.2", f"{ROW}.3")
    assert found == {NAME: 7, f"{ROW}.1": None, f"{ROW}.2": 8, f"{ROW}.3": None}


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (GEN_ERR, Unreadable, "genErr"),
        (16, WrongCredentials, "authorizationError"),
        (99, Unreadable, "error 99"),
    ],
)
async def test_a_device_that_refuses_everything_is_a_sentence(
    status: int, kind: type[Exception], said: str
) -> None:
    async with responding(lambda one: [one.refuse(status, 1)]) as device:
        for asking in (device.session().get(NAME), device.session().column(ROW)):
            with pytest.raises(kind, match=said):
                await asking


async def test_an_answer_after_its_time_is_not_that_of_the_next_question() -> None:
    late: list[tuple[Any, Any]] = []
    answers = count(1)

    async with responding(lambda _: []) as device:

        def slow(one: Asked) -> Iterable[bytes]:
            """Answer the question before, to whoever asks now and to who asked then."""
            before, late[:] = list(late), [(one.reply([(NAME, v2c.Integer32(next(answers)))]), one)]
            for answer, who in before:
                device.transport.sendto(answer, who.whom)
                yield answer

        device.answering = slow
        session = device.session(timeout_s=SHORT_S)
        for _ in range(3):
            with pytest.raises(TargetUnreachable, match="no answer by SNMP"):
                await session.get(NAME)
        device.answering = Table({NAME: v2c.Integer32(99)})
        assert await session.get(NAME) == {NAME: 99}


async def test_an_answer_that_is_late_for_one_try_is_in_time_for_the_second() -> None:
    tries: list[Asked] = []

    def second(one: Asked) -> list[bytes]:
        tries.append(one)
        return [one.reply([(NAME, v2c.Integer32(7))])] if len(tries) > 1 else []

    async with responding(second) as device:
        session = device.session(timeout_s=1.0, retries=1)
        assert await session.get(NAME) == {NAME: 7}
    assert len({one.number for one in tries}) == 1


async def test_an_answer_from_another_address_is_not_accepted_and_said() -> None:
    table = Table({NAME: v2c.Integer32(7)})
    async with responding(table, "127.0.0.2") as other:

        def elsewhere(one: Asked) -> list[bytes]:
            other.transport.sendto(table.answer(one), one.whom)
            return []

        async with responding(elsewhere) as device:
            with pytest.raises(TargetUnreachable, match=rf"127\.0\.0\.2 port {other.port} answer"):
                await device.session(timeout_s=SHORT_S).get(NAME)

            def both(one: Asked) -> list[bytes]:
                other.transport.sendto(one.reply([(NAME, v2c.Integer32(666))]), one.whom)
                return table(one)

            device.answering = both
            assert await device.session().get(NAME) == {NAME: 7}


async def test_where_nobody_listens_that_is_said_at_once() -> None:
    async with responding(lambda _: []) as device:
        session = device.session(timeout_s=30.0)
    async with asyncio.timeout(15):
        with pytest.raises(
            TargetUnreachable, match=f"nothing answers SNMP on UDP port {device.port}"
        ):
            await session.get(NAME)


async def test_a_broken_device_leaves_its_neighbours_alone() -> None:
    table = Table(PORTS)
    wrong = iter([b"", b"\x30\x00", bytes(range(256)), b"\xff" * 1400])

    async with responding(lambda _: [next(wrong, b"")]) as broken, responding(table) as well:
        bad = asyncio.gather(
            *(broken.session(timeout_s=SHORT_S).get(NAME) for _ in range(20)),
            return_exceptions=True,
        )
        good = [await well.session().column(ROW) for _ in range(5)]
        assert all(re.search("answer", str(one)) for one in await bad)
    assert good == [ALL] * 5


async def test_a_second_column_is_asked_for_no_more_rows_than_the_first_had() -> None:
    table = Table(dict(list(PORTS.items())[:28]) | NEXT)
    async with responding(table) as device:
        session = device.session()
        assert len(await session.column(ROW)) == len(await session.column(ROW)) == 28
    assert [one.rows for one in table.heard] == [25, 25, 25, 4]


async def test_one_refusal_does_not_make_a_device_slow_for_ever() -> None:
    table, refusals = Table(PORTS), [GEN_ERR, GEN_ERR]

    def moody(one: Asked) -> list[bytes]:
        return [one.refuse(refusals.pop())] if one.kind != "next" and refusals else table(one)

    async with responding(moody) as device:
        session = device.session()
        assert await session.column(ROW) == ALL
        assert await session.get(*PORTS) == {oid: bytes(value) for oid, value in PORTS.items()}
        table.heard.clear()
        await session.get(*PORTS)
    assert [len(one.oids) for one in table.heard] == [20, 20, 20]
