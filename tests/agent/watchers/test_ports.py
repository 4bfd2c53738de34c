"""Ports that open and close: as timelines, and real sockets of this machine."""

import asyncio
import json
import socket
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from agent.conditions import Gone
from agent.watchers import ports
from agent.watchers.ports import FILE, OPENED, Open, Ports, PortsWatcher, client_ports, listening
from core.clock import SECOND
from core.types import Event
from tests.agent.watchers.watched import watching
from tests.waiting import until

NOW = 1_795_374_585 * SECOND
CLIENTS = range(32_768, 61_000)


def said(found: Iterable[Event | Gone]) -> list[tuple[str, bool]]:
    return [(one.subject, one.active) for one in found if isinstance(one, Event)]


def timeline(state: Ports, *looks: Open, learning: bool = False) -> list[list[tuple[str, bool]]]:
    return [
        said(state.take(look, NOW + 30 * number * SECOND, learning=learning))
        for number, look in enumerate(looks)
    ]


SSH, BACK_DOOR = {"tcp/22": "sshd"}, {"tcp/4444": "nc"}


def test_what_is_open_at_the_first_start_is_no_news_and_what_opens_later_is() -> None:
    state = Ports("pc-1")
    assert timeline(state, SSH, SSH, learning=True) == [[], []]
    both = {**SSH, **BACK_DOOR}
    opened, closed = ("tcp/4444", True), ("tcp/4444", False)
    assert timeline(state, both, both, both, SSH, both, both) == [
        *([], [opened], [], [closed], [], [opened])
    ]


def test_a_port_that_is_open_for_a_moment_only_is_none() -> None:
    state = Ports("pc-1", {"tcp/22"})
    assert timeline(state, SSH, BACK_DOOR, SSH, BACK_DOOR, {}) == [[], [], [], [], []]


def test_a_service_that_is_restarted_stays_known() -> None:
    state = Ports("pc-1", {"tcp/22"})
    assert timeline(state, SSH, {}, {}, SSH, SSH) == [[], [], [], [], []]


def test_an_update_learns_what_is_new_but_not_what_was_told_of_before() -> None:
    state = Ports("pc-1", {"tcp/22"}, {"tcp/4444"})
    new = {**SSH, **BACK_DOOR, "tcp/8443": "python3"}
    assert timeline(state, new, new, learning=True) == [[("tcp/4444", True)], []]
    assert timeline(state, SSH) == [[("tcp/4444", False)]]


def test_a_port_that_closed_while_the_agent_was_down_ends() -> None:
    (gone,) = Ports("pc-1", {"tcp/22"}, {"tcp/4444"}).take(SSH, NOW, learning=False)
    assert isinstance(gone, Gone)
    assert not gone.there("tcp/4444")
    assert not gone.there("tcp/22")


def connection(where: str, port: int, kind: int, status: str, peer: Any = ()) -> Any:
    at = SimpleNamespace(ip=where, port=port)
    return SimpleNamespace(laddr=at, raddr=peer, type=kind, status=status, pid=7)


TCP, UDP, PEER = socket.SOCK_STREAM, socket.SOCK_DGRAM, ("192.0.2.9", 123)


@pytest.mark.parametrize(
    ("one", "counts"),
    [
        (connection("0.0.0.0", 22, TCP, "LISTEN"), True),
        (connection("::", 22, TCP, "LISTEN"), True),
        (connection("192.0.2.5", 8080, TCP, "LISTEN"), True),
        (connection("0.0.0.0", 161, UDP, "NONE"), True),
        (connection("127.0.0.1", 5432, TCP, "LISTEN"), False),
        (connection("::ffff:127.0.0.1", 5432, TCP, "LISTEN"), False),
        (connection("::1", 5432, TCP, "LISTEN"), False),
        (connection("192.0.2.5", 22, TCP, "ESTABLISHED", PEER), False),
        (connection("0.0.0.0", 40_000, UDP, "NONE"), False),
        (connection("192.0.2.5", 123, UDP, "NONE", PEER), False),
    ],
    ids=lambda one: f"{one.laddr.ip} {one.status}" if hasattr(one, "laddr") else None,
)
def test_only_what_waits_for_others_at_a_port_of_its_own_counts(one: Any, counts: bool) -> None:
    assert bool(listening([one], CLIENTS)) == counts


@pytest.mark.parametrize(
    ("text", "expected"),
    [("32768\t60999\n", CLIENTS), ("", ports.CLIENTS), ("a b", ports.CLIENTS)],
)
def test_the_range_of_clients_is_that_of_the_system(text: str, expected: range) -> None:
    assert client_ports(text) == expected


def free_port() -> int:
    for port in range(20_000, 30_000):
        with socket.socket() as sock:
            try:
                sock.bind(("", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


async def test_a_real_socket_is_told_of_until_it_closes_also_after_a_restart(
    tmp_path: Path,
) -> None:
    def watcher(learn_s: float = 0.0) -> PortsWatcher:
        return PortsWatcher(look_every_s=0.1, learn_s=learn_s, spool_folder=tmp_path)

    port = free_port()
    async with watching(watcher()):
        await until((tmp_path / FILE).exists)
    with socket.socket() as sock:
        sock.bind(("0.0.0.0", port))
        sock.listen()
        async with watching(watcher()) as watched:
            event = await watched.next(OPENED, active=True, subject=f"tcp/{port}")
            assert event.details["program"] == psutil.Process().name()
            await until(lambda: f"tcp/{port}" in (tmp_path / FILE).read_text())
        async with watching(watcher()) as again:
            await again.next(OPENED, active=True, subject=f"tcp/{port}")
            sock.close()
            await again.next(OPENED, active=False, subject=f"tcp/{port}")


async def test_a_file_that_somebody_spoiled_is_learned_anew(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"version": 7, "ports": [[]], "told": "x"')
    look = lambda: SSH  # noqa: E731 — a probe of one value
    watcher = PortsWatcher(look_every_s=0.01, spool_folder=tmp_path, look=look)
    async with watching(watcher) as watched:
        await until(lambda: "tcp/22" in (tmp_path / FILE).read_text())
        await asyncio.sleep(0.1)
    assert watched.said == []
    assert json.loads((tmp_path / FILE).read_text())["ports"] == ["tcp/22"]
