"""Name servers on real sockets: honest ones, and each kind of lie."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import dns.message
import dns.rcode
import pytest

from agent.clients.dnsanswer import answer_to, question
from agent.probes import probes
from agent.probes.dns import DnsProbe
from agent.readings import mistake
from agent.surroundings import Surroundings
from core.errors import ConfigError, TargetUnreachable
from core.registry import OptionMistakes
from tests.real.leaks import left_after
from tests.real.nameserver import (
    Lie,
    answer,
    cut_off,
    name_server,
    nobody,
    says,
    silence,
    to_another_question,
    with_wrong_id,
)

RIGHT, WRONG = "203.0.113.10", "198.51.100.66"
NAME, NOBODY = "www.school.example", "no.school.example"
WORDS = {
    NAME: ("203.0.113.0/24",),
    NOBODY: ("NXDOMAIN",),
}


def probe(server: str, **options: Any) -> DnsProbe:
    given: dict[str, Any] = {
        "names": (NAME,),
        "record_types": ("A",),
        "timeout_s": 5.0,
        "linger_s": 0.05,
    }
    return DnsProbe(servers=(server,), **given | options)


async def told(probe: DnsProbe) -> dict[str, Any]:
    (reading,) = await probe.measure()
    assert mistake(reading) == ""
    return dict(reading.fields)


TELLING: Mapping[str, tuple[Lie, str, str, int]] = {
    "an address that is expected": (says(RIGHT), NAME, "ok", 0),
    "a block page": (says(WRONG), NAME, "wrong_address", 0),
    "one good address among bad ones": (says(RIGHT, WRONG), NAME, "wrong_address", 0),
    "no such name": (says(rcode=dns.rcode.NXDOMAIN), NAME, "nxdomain", 2),
    "no such name, as it should be": (says(rcode=dns.rcode.NXDOMAIN), NOBODY, "ok", 2),
    "an advertisement for a name that is not": (says(WRONG), NOBODY, "not_nxdomain", 0),
    "no address at all": (says(), NAME, "no_data", 0),
    "a server that cannot find out": (says(rcode=dns.rcode.SERVFAIL), NAME, "servfail", 2),
    "a server that will not": (says(rcode=dns.rcode.REFUSED), NAME, "refused", 2),
    "a server that cannot": (says(rcode=dns.rcode.NOTIMP), NAME, "rcode", 2),
    "a forged answer before the honest one": (
        lambda asked: [answer(asked, WRONG), answer(asked, RIGHT)],
        NAME,
        "two_answers",
        0,
    ),
    "a forged answer after the honest one": (
        lambda asked: [answer(asked, RIGHT), answer(asked, rcode=dns.rcode.NXDOMAIN)],
        NAME,
        "two_answers",
        0,
    ),
    "the same answer twice": (lambda asked: [answer(asked, RIGHT)] * 2, NAME, "ok", 0),
}


@pytest.mark.parametrize("case", TELLING)
async def test_what_a_server_answers_is_told_in_one_word(case: str) -> None:
    lie, name, verdict, result_code = TELLING[case]
    async with name_server(lie) as server:
        fields = await told(probe(server.address, names=(name,), expected={name: WORDS[name]}))
    assert (fields["verdict"], fields["result_code"]) == (verdict, result_code)
    assert fields["success"] == (verdict == "ok")
    assert 0 <= fields["query_time_ms"] < 5000
    assert (fields["strays"], fields["tcp"]) == (0, False)


async def test_no_record_is_right_of_the_type_of_which_nothing_is_expected_and_of_no_other() -> (
    None
):
    both = probe(
        "192.0.2.1", record_types=("A", "AAAA"), expected={NAME: ("192.0.2.0/24", "NODATA")}
    )
    async with name_server(says()) as server:
        found = await dataclasses.replace(both, servers=(server.address,)).measure()
        assert [one.fields["verdict"] for one in found] == ["no_data", "ok"], "A, then AAAA"


@pytest.mark.parametrize(
    "nowhere", ["0.0.0.0", "0.0.0.1", "127.0.0.1", "169.254.1.1", "224.0.0.1", "255.255.255.255"]
)
async def test_an_address_that_leads_nowhere_is_told_unless_it_is_what_is_expected(
    nowhere: str,
) -> None:
    async with name_server(says(nowhere)) as server:
        assert (await told(probe(server.address)))["verdict"] == "sinkhole"
        expecting = probe(server.address, expected={NAME: (nowhere,)})
        assert (await told(expecting))["verdict"] == "ok"


@pytest.mark.parametrize("nowhere", ["::", "::1", "::ffff:0.0.0.0", "::ffff:127.0.0.1", "fe80::1"])
async def test_nor_does_it_lead_anywhere_when_it_is_one_of_ipv6(nowhere: str) -> None:
    async with name_server(says(nowhere)) as server:
        fields = await told(probe(server.address, record_types=("AAAA",)))
    assert (fields["verdict"], fields["success"]) == ("sinkhole", 0)


async def test_an_address_that_a_translator_made_of_one_of_ipv4_leads_somewhere() -> None:
    async with name_server(says("64:ff9b::203.0.113.7")) as server:
        assert (await told(probe(server.address, record_types=("AAAA",))))["verdict"] == "ok"


async def test_answers_to_other_questions_are_passed_over_and_counted() -> None:
    def late(asked: dns.message.Message) -> list[bytes]:
        return [with_wrong_id(asked), to_another_question(asked), b"\0", answer(asked, RIGHT)]

    async with name_server(late) as server:
        fields = await told(probe(server.address))
    assert (fields["verdict"], fields["strays"], fields["answers"]) == ("ok", 3, 1)


@pytest.mark.parametrize(
    ("verdict", "lie"),
    [
        ("mismatched", lambda asked: [with_wrong_id(asked)]),
        ("mismatched", lambda asked: [to_another_question(asked)]),
        ("malformed", lambda asked: [answer(asked, RIGHT)[:20]]),
        ("timeout", silence),
    ],
    ids=["wrong id", "wrong name", "half a message", "silence"],
)
async def test_no_answer_to_the_question_has_no_time_and_an_answer_later_has(
    verdict: str, lie: Lie
) -> None:
    async with name_server(lie) as server:
        asking = probe(server.address, timeout_s=0.3)
        fields = await told(asking)
        assert fields["verdict"] == verdict
        assert not {"query_time_ms", "rcode_value", "answers", "ttl_s"} & fields.keys()

        server.udp = says(RIGHT)
        well = await told(dataclasses.replace(asking, timeout_s=5.0))
    assert (well["verdict"], well["ttl_s"]) == ("ok", 300)


async def test_a_port_where_nobody_listens_is_told_at_once() -> None:
    fields = await told(probe(nobody(), timeout_s=10.0))
    assert (fields["verdict"], fields["result_code"]) == ("unreachable", 2)


async def test_an_answer_that_is_cut_off_is_asked_for_again_over_tcp() -> None:
    many = [f"203.0.113.{number}" for number in range(1, 200)]
    async with name_server(cut_off, says(*many)) as server:
        fields = await told(probe(server.address, expected={NAME: WORDS[NAME]}))
        assert server.asked == [f"udp {NAME}", f"tcp {NAME}"]
    assert (fields["verdict"], fields["tcp"], fields["answers"]) == ("ok", True, 199)


@pytest.mark.parametrize("tcp", [None, cut_off, silence], ids=["closed", "cut off", "silent"])
async def test_an_answer_that_is_cut_off_over_tcp_too_is_told(tcp: Lie | None) -> None:
    async with name_server(cut_off, tcp) as server:
        fields = await told(probe(server.address, timeout_s=1.0))
        assert (fields["verdict"], fields["tcp"]) == ("truncated", True)


async def test_each_server_is_asked_for_each_type_and_a_silent_one_costs_nobody() -> None:
    async with (
        name_server(says(RIGHT, "2001:db8::10")) as honest,
        name_server(says("2001:db8::66"), host="::1") as liar,
        name_server(silence) as silent,
    ):
        asking = DnsProbe(
            names=(NAME, NAME),
            servers=(honest.address, liar.address, silent.address),
            expected={NAME: ("203.0.113.10", "2001:db8::10")},
            timeout_s=1.0,
            linger_s=0,
        )
        told = {
            (r.tags["server"], r.tags["record_type"]): r.fields["verdict"]
            for r in await asking.measure()
        }
        assert set(told.values()) == {"ok", "no_data", "wrong_address", "timeout"}
        assert [told[honest.address, kind] for kind in ("A", "AAAA")] == ["ok", "ok"]
        assert [told[liar.address, k] for k in ("A", "AAAA")] == ["no_data", "wrong_address"]
        assert len(told) == 6


async def test_a_name_server_that_the_machine_changes_is_followed() -> None:
    files = {"/etc/resolv.conf": "nameserver 192.0.2.1\n"}
    here = Surroundings(read=lambda path: files.get(path, ""))
    asking = DnsProbe(names=(NAME,), record_types=("A",), linger_s=0, surroundings=here)

    class Answering:
        asked: list[Any] = []  # noqa: RUF012

        async def udp(self, server: Any, *_: object) -> Any:
            self.asked.append(server)
            raise TargetUnreachable("enough")

    asking = dataclasses.replace(asking, socket=Answering())  # type: ignore[arg-type]
    for address in ("192.0.2.1", "2001:db8::53"):
        files["/etc/resolv.conf"] = f"nameserver {address}\n"
        with pytest.raises(TargetUnreachable, match="enough"):
            await asking.measure()
    assert Answering.asked == [("192.0.2.1", 53), ("2001:db8::53", 53)]


async def test_a_flood_of_datagrams_ends_the_question_and_not_the_probe() -> None:
    async with name_server(lambda asked: [with_wrong_id(asked)] * 500) as server:
        fields = await told(probe(server.address, timeout_s=10.0))
        assert fields["verdict"] == "mismatched"
        assert fields["strays"] == 32

        server.udp = says(RIGHT)
        assert (await told(probe(server.address)))["verdict"] == "ok"


@pytest.mark.parametrize("rounds", [30, pytest.param(300, marks=pytest.mark.slow)])
async def test_many_rounds_leave_no_socket_and_no_task(rounds: int) -> None:
    async with (
        name_server(says(RIGHT)) as honest,
        name_server(silence) as silent,
        name_server(cut_off, silence) as cut,
        name_server(cut_off) as closed,
    ):
        servers = (*(s.address for s in (honest, silent, cut, closed)), nobody())
        asking = DnsProbe((NAME,), servers, timeout_s=0.02, linger_s=0)
        assert await left_after(rounds, asking.measure) == (0, 0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"names": ["a..b"]}, "names: 'a..b' cannot be asked for"),
        ({"names": ["a"], "expected": {"b": ["NXDOMAIN"]}}, "expected: 'b' is not among names"),
        ({"names": ["a"], "expected": {"a": ["192.0.2.300"]}}, "expected of 'a': '192.0.2.300'"),
        ({"names": ["a"], "expected": {"a": "NXDOMAIN"}}, "expected a table of lists, as {"),
        ({"names": ["a"], "servers": ["dns.example"]}, "servers: 'dns.example' is no address"),
        ({"names": ["a"], "servers": ["192.0.2.1:0"]}, "servers: '192.0.2.1:0' is no"),
    ],
)
def test_what_cannot_be_asked_is_refused_when_the_file_is_read(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(OptionMistakes) as raised:
        probes.build("dns", options)
    assert said in str(raised.value)
    assert isinstance(raised.value, ConfigError)


def test_what_arrives_is_read_or_passed_over_whatever_it_is() -> None:
    asked = question(NAME, "A")
    whole = answer(asked, RIGHT)
    for place in range(len(whole)):
        for value in (0, 0xC0, 0xFF):
            answer_to(asked, whole[:place] + bytes([value]) + whole[place + 1 :])
        answer_to(asked, whole[:place])
