"""Who speaks Stratum with a pool, on any port, and which other JSON is none."""

import pytest

from agent.sensor.incidents import Incident
from tests.agent.sensor.reading import Frames, incidents_of
from tests.packets.addresses import written
from tests.packets.frames import ACK, SYN
from tests.packets.stratum import (
    BITCOIN,
    BITCOIN_POOL,
    ETHEREUM,
    MONERO,
    MONERO_POOL,
    knocks,
    said,
)

MINER_MAC, ROUTER_MAC = "00:23:24:00:00:10", "00:1b:21:00:00:01"
INSIDE, POOL = "10.20.1.16", "45.9.148.117"
MINER = (MINER_MAC, INSIDE, 51_000)


def pool(port: int, address: str = POOL) -> tuple[str, str, int]:
    return ROUTER_MAC, address, port


def found(frames: Frames, until: float = 0.0) -> list[Incident]:
    return incidents_of(frames, None, ("mining_pool",), until=until)


def mines(
    port: int, ours: tuple[object, ...], theirs: tuple[object, ...] = (), at: float = 1.0
) -> Frames:
    there = pool(port)
    frames = [(at, knocks(MINER, there)), (at + 0.1, knocks(there, MINER, SYN | ACK))]
    frames += [(at + 1 + n, said(one, source=MINER, target=there)) for n, one in enumerate(ours)]
    frames += [(at + 9 + n, said(one, source=there, target=MINER)) for n, one in enumerate(theirs)]
    return frames


@pytest.mark.parametrize("port", [3333, 80, 443, 53, 14444])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(BITCOIN, BITCOIN_POOL), (MONERO, MONERO_POOL), (ETHEREUM, ())],
    ids=["bitcoin", "monero", "ethereum"],
)
def test_a_miner_is_named_with_its_pool_on_any_port(
    port: int, ours: tuple[object, ...], theirs: tuple[object, ...]
) -> None:
    (one,) = found(mines(port, ours, theirs))
    assert (written(one.source.address), one.source.mac.hex(":")) == (INSIDE, MINER_MAC)
    assert (written(one.target.address), one.target.port) == (POOL, port)
    assert (one.source.role, one.target.role, one.target.mac) == ("inside", "outside", b"")
    assert one.confidence == (0.98 if theirs else 0.9)


def test_a_pool_heard_alone_still_shows_who_mines() -> None:
    frames = [
        (1.0 + n, said(BITCOIN_POOL[n % 2], source=pool(443), target=MINER)) for n in range(4)
    ]
    (one,) = found(frames)
    assert written(one.source.address) == INSIDE


def test_the_same_words_with_blanks_are_the_same() -> None:
    frames = [
        (1.0 + n, said(one, source=MINER, target=pool(80), loose=True))
        for n, one in enumerate(BITCOIN)
    ]
    assert len(found(frames)) == 1


def test_two_miners_are_two_events_and_one_that_comes_back_is_a_third() -> None:
    other = ("00:23:24:00:00:11", "10.20.1.17", 52_000)
    logins = [(20.0, said(MONERO[0], source=other, target=pool(80))) for _ in range(2)]
    frames = [*mines(80, BITCOIN), *logins, *mines(80, BITCOIN, at=2_000.0)]
    assert [written(one.source.address) for one in found(frames, until=4_000.0)] == [
        INSIDE,
        "10.20.1.17",
        INSIDE,
    ]


def test_connections_to_several_pools_inside_tls_are_told_with_half_the_weight() -> None:
    frames = []
    for n in range(4):
        there = pool(14_433, f"45.9.148.{n + 1}")
        frames += [(n * 30.0, knocks(MINER, there)), (n * 30.1, knocks(there, MINER, SYN | ACK))]
    (one,) = found(frames)
    assert (written(one.source.address), one.confidence) == (INSIDE, 0.5)
    assert one.evidence["pools"] == 4


# What is no mining

CALLS = {
    "a node of Ethereum is asked": {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber"},
    "Kodi is asked": {"jsonrpc": "2.0", "id": 1, "method": "Player.GetItem", "params": {}},
    "a language server starts": {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {}},
    "a printer tells its state": {"id": "printer", "jsonrpc": "2.0", "result": {"state": "idle"}},
    "somebody logs in": {"id": 7, "method": "login", "params": {"user": "teacher"}},
    "a queue of jobs": {"id": 7, "job_id": "print-12", "state": "done"},
    "a lesson about mining": {"id": 7, "method": "open", "params": {"title": "mining.submit"}},
    "a game of pits": {"method": "mine.dig", "id": 9, "params": [3, 4]},
}


@pytest.mark.parametrize("words", CALLS.values(), ids=CALLS)
def test_other_json_is_no_mining(words: object) -> None:
    frames = [(1.0 + n, said(words, source=MINER, target=pool(3333))) for n in range(20)]
    assert found(frames) == []


def test_one_word_of_it_is_no_miner() -> None:
    assert found(mines(80, BITCOIN[:1])) == []


def test_one_segment_that_a_mirror_shows_twice_is_one() -> None:
    frame = said(BITCOIN[0], source=MINER, target=pool(80))
    assert found([(1.0, frame), (1.0, frame), (1.2, frame)]) == []


def test_a_class_that_uses_one_server_on_a_pools_port_does_not_mine() -> None:
    frames = []
    for n in range(50):
        mine = (f"00:23:24:00:01:{n:02x}", f"10.20.2.{n + 1}", 50_000)
        for at in (0.0, 20.0):
            frames += [(at + n / 10, knocks(mine, pool(3333)))]
            frames += [(at + n / 10, knocks(pool(3333), mine, SYN | ACK))]
    assert found(sorted(frames)) == []


def test_whoever_knocks_at_a_thousand_pool_ports_and_is_let_in_nowhere_does_not_mine() -> None:
    frames = [
        (n / 100, knocks(MINER, pool(3333, f"45.9.{n >> 8}.{n & 255}"))) for n in range(1_000)
    ]
    assert found(frames) == []
