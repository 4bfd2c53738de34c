"""Names that carry data, and long names that carry none."""

import base64
from random import Random
from typing import TypedDict

import pytest

from agent.sensor.domains import cut
from agent.sensor.incidents import Incident
from tests.agent.sensor.reading import Frames, incidents_of
from tests.packets.addresses import packed
from tests.packets.dns import AAAA, NULL, TXT, A, answered, asked

CNAME, MX, PRIVATE = 5, 15, 65_399
RESOLVER, RESOLVER_MAC = "10.20.0.2", "00:1b:21:00:00:02"


def found(frames: Frames, until: float = 0.0, **options: object) -> list[Incident]:
    return incidents_of(frames, None, (), options={"dns_tunnel": options}, until=until)


class Ends(TypedDict):
    """A client and its resolver."""

    mac: str
    source: str
    resolver_mac: str
    resolver: str


def ends(client: int) -> Ends:
    return {
        "mac": f"00:23:24:00:00:{client:02x}",
        "source": f"10.20.1.{client}",
        "resolver_mac": RESOLVER_MAC,
        "resolver": RESOLVER,
    }


def asks(at: float, name: str, kind: int = A, client: int = 16, answer: int = 0) -> Frames:
    """A question, and after it an answer of so many bytes."""
    frames = [(at, asked(name, kind, **ends(client)))]
    if answer:
        data = (bytes(answer),)
        frames += [(at + 0.02, answered(name, kind, data=data, **ends(client)))]
    return frames


def hexadecimal(length: int, seed: int) -> str:
    return Random(seed).randbytes(length // 2 + 1).hex()[:length]


def base32(length: int, seed: int) -> str:
    return base64.b32encode(Random(seed).randbytes(length)).decode().lower()[:length]


def split(text: str) -> str:
    """Labels of at most 60."""
    return ".".join(text[place : place + 60] for place in range(0, len(text), 60))


def tunnel(kind: int, length: int, count: int, per_s: float, begin: float = 1.0) -> Frames:
    return [
        frame
        for n in range(count)
        for frame in asks(
            begin + n / per_s, f"{split(base32(length, n))}.t.example.org", kind, answer=200
        )
    ]


@pytest.mark.parametrize("kind", [NULL, PRIVATE, TXT, CNAME, MX])
def test_a_tunnel_that_is_used_names_its_machine_and_not_its_domain(kind: int) -> None:
    (one,) = found(tunnel(kind, 150, 300, 20.0))
    assert (one.source.address, one.source.role) == (packed("10.20.1.16"), "inside")
    assert one.source.mac.hex(":") == "00:23:24:00:00:10"
    assert (one.target.address, one.target.role) == (packed("10.20.0.2"), "resolver")
    assert "example" not in repr(one)
    assert one.evidence["name_length"] in range(145, 155)
    assert one.evidence["answer_bytes"] > 10_000  # type: ignore[operator]


def test_a_tunnel_of_addresses_needs_longer_names() -> None:
    (one,) = found(tunnel(A, 120, 300, 20.0))
    assert one.confidence == 0.7
    assert found(tunnel(A, 20, 300, 20.0)) == []


def test_a_tunnel_that_only_waits_is_told_within_five_minutes() -> None:
    (iodine,) = found(tunnel(NULL, 8, 75, 0.25))
    assert iodine.last - iodine.start < 300
    polls = [
        frame
        for n in range(120)
        for frame in asks(1.0 + n, f"{hexadecimal(18, n)}.example.org", (TXT, CNAME, MX)[n % 3])
    ]
    assert len(found(polls)) == 1


def test_one_tunnel_of_an_hour_is_one_event_that_ends_and_another_begins_anew() -> None:
    frames = tunnel(NULL, 20, 900, 0.25)
    again = tunnel(NULL, 20, 100, 0.25, begin=9_000.0)
    first, second = found([*frames, *again], until=12_000.0)
    assert first.last > 3_500.0
    assert second.start >= 9_000.0


def test_answers_alone_show_a_tunnel_too() -> None:
    frames = [frame for frame in tunnel(TXT, 100, 100, 10.0) if (frame[0] * 1000) % 100 > 10]
    assert len(found(frames)) == 1


def test_tunnels_of_two_clients_are_two_events() -> None:
    frames = [
        frame
        for n in range(60)
        for client in (16, 17)
        for frame in asks(1.0 + n, f"{base32(100, n)[:60]}.t.example.org", NULL, client)
    ]
    assert len(found(frames)) == 2


# What is no tunnel


def test_fifty_browsers_at_a_content_network_are_no_tunnel() -> None:
    frames: list[tuple[float, bytes]] = []
    for client in range(16, 66):
        for n in range(20):
            name = f"rr{n % 9}---sn-{hexadecimal(10, client * 100 + n)}.video-cdn.example.com"
            frames += asks(1.0 + n / 2 + client / 100, name, (A, AAAA)[n % 2], client)
    assert found(sorted(frames)) == []


def test_telemetry_of_a_class_with_a_machines_number_in_each_name_is_no_tunnel() -> None:
    frames = [
        frame
        for client in range(16, 66)
        for n in range(10)
        for frame in asks(
            1.0 + n * 5 + client / 100,
            f"{hexadecimal(32, client * 10 + n)}-{hexadecimal(12, n)}.log.example.com.cn",
            A,
            client,
        )
    ]
    assert found(sorted(frames)) == []


@pytest.mark.parametrize("domain", ["avqs.mcafee.com", "00.s.sophosxl.net", "zen.spamhaus.org"])
def test_a_virus_scanner_that_asks_for_hashes_is_no_tunnel(domain: str) -> None:
    frames = [
        frame
        for n in range(400)
        for frame in asks(1.0 + n / 4, f"4e.{base32(60, n)}.{domain}", TXT if n % 2 else A)
    ]
    assert found(frames) == []


def test_reverse_names_are_no_tunnel() -> None:
    frames: list[tuple[float, bytes]] = []
    for n in range(400):
        nibbles = ".".join(hexadecimal(32, n))
        frames += asks(1.0 + n / 4, f"{nibbles}.ip6.arpa", 12)
        frames += asks(1.0 + n / 4, f"{n % 250}.1.20.10.in-addr.arpa", 12)
    assert found(frames) == []


def test_random_names_with_which_browsers_try_the_resolver_are_no_tunnel() -> None:
    frames: list[tuple[float, bytes]] = []
    for client in range(16, 66):
        for n in range(3):
            word = base32(12, client * 10 + n)
            frames += asks(1.0 + client / 10, word, A, client)
            frames += asks(1.0 + client / 10, f"{word}.school.edu.cn", A, client)
    assert found(sorted(frames)) == []


def test_keys_of_signed_zones_and_senders_are_no_tunnel() -> None:
    frames: list[tuple[float, bytes]] = []
    for n in range(200):
        frames += asks(1.0 + n, f"www{n}.example.com", 48)
        frames += asks(1.0 + n, f"d{n}.example.net", 43)
        frames += asks(1.0 + n, f"s1._domainkey.u{hexadecimal(16, n)}.sends.example.net", TXT)
        frames += asks(1.0 + n, f"{hexadecimal(20, n % 5)}.spf.example.net", TXT)
    assert found(frames) == []


def test_one_long_name_that_is_asked_for_again_and_again_is_no_tunnel() -> None:
    repeated = [
        frame
        for n in range(600)
        for frame in asks(1.0 + n / 4, f"{base32(60, n % 20)}.example.org", TXT)
    ]
    assert found(repeated) == []


def test_a_domain_that_a_school_knows_can_be_left_out() -> None:
    frames = tunnel(TXT, 100, 100, 10.0)
    assert found(frames, ordinary=["Example.org"]) == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a.b.example.org", ("ab", "example.org")),
        ("a.b.school.edu.cn", ("ab", "school.edu.cn")),
        ("a.school.sc.cn", ("a", "school.sc.cn")),
        ("school.edu.cn", ("", "school.edu.cn")),
        ("edu.cn", ("", "")),
        ("printer", ("", "")),
        ("", ("", "")),
        ("x.y.bbc.co.uk", ("xy", "bbc.co.uk")),
        ("1.0.0.127.in-addr.arpa", ("", "")),
    ],
)
def test_a_name_is_cut_where_somebody_registered_it(name: str, parts: tuple[str, str]) -> None:
    assert cut(name) == parts


def test_addresses_that_a_mail_server_looks_up_in_a_list_nobody_knows_here() -> None:
    frames = [
        frame
        for n in range(300)
        for frame in asks(
            1.0 + n, f"{100 + n % 150}.{200 - n % 90}.113.203.senders.example.org", TXT
        )
    ]
    assert found(frames) == []
