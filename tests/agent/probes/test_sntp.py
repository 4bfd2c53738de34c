"""Servers that are wrong, that want to be left alone, and what the agent's clock hears of them."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from agent.probes.sntp import (
    FIRST_WAIT_S,
    GOOD,
    KISSED,
    LONGEST_WAIT_S,
    NO_ANSWER,
    SntpProbe,
)
from core import sntp
from core.clock import SECOND
from core.datagram import MOST_PACKETS, Exchange, exchange
from core.sntp import PACKET
from tests.real.impairment import FAR, FAR_V6, Impairment, impaired_line, inside, why_not

AT = 1_795_374_585 * SECOND
BOOT = 100 * SECOND
DAY = 86_400.0


def packet(nonce: bytes, at: int, *, kiss: str = "", mode: int = 4) -> bytes:
    """Return an answer without any error of its own, or a kiss."""
    reference, when = int.from_bytes(kiss.encode()), sntp.timestamp(at)
    first = (3 << 6 if kiss else 0) | 4 << 3 | mode
    return PACKET.pack(
        *(first, 0 if kiss else 1, 6, -20, 0, 0, reference, bytes(8), nonce, when, when)
    )


@dataclass
class Network:
    """Servers by name: each says how far it is ahead (s), or its kiss; and a clock to turn."""

    servers: dict[str, float | str]
    monotonic: float = 0.0
    asked: list[str] = field(default_factory=list)
    heard: list[tuple[int, int, int]] = field(default_factory=list)

    def probe(self) -> SntpProbe:
        return SntpProbe(
            tuple(self.servers),
            resolve=self.resolve,
            ask=self.ask,
            now=lambda: AT,
            wall=lambda: AT,
            boot=lambda: BOOT,
            monotonic=lambda: self.monotonic,
            checked=self.checked,
        )

    async def resolve(self, host: str, _: float) -> Any:
        return socket.AF_INET, (host, 0)

    async def ask(self, address: Any, request: bytes, _: float, __: object) -> Exchange:
        name = address[1][0]
        self.asked.append(name)
        says, nonce = self.servers[name], request[-8:]
        answer = (
            packet(nonce, AT, kiss=says)
            if isinstance(says, str)
            else packet(nonce, AT + int(says * SECOND))
        )
        return Exchange(answer, BOOT - SECOND // 100, BOOT)

    async def checked(self, earliest: int, latest: int, boot: int) -> None:
        self.heard.append((earliest, latest, boot))


async def codes(probe: SntpProbe) -> list[object]:
    return [reading.fields["result_code"] for reading in await probe.measure()]


async def test_a_server_that_asks_for_rest_gets_it_twice_as_long_each_time() -> None:
    network = Network({"time.school": "RATE"})
    probe = network.probe()
    for wait in (FIRST_WAIT_S, 2 * FIRST_WAIT_S):
        assert await codes(probe) == [KISSED]
        network.monotonic += wait - 1
        assert await codes(probe) == [KISSED]
        network.monotonic += 1
    assert network.asked == ["time.school"] * 2

    network.servers["time.school"] = 0.0
    assert await codes(probe) == [GOOD]
    network.servers["time.school"] = "RATE"
    await probe.measure()
    network.monotonic += FIRST_WAIT_S
    await probe.measure()
    assert len(network.asked) == 5, "after a good answer it begins anew"


async def test_no_rest_is_longer_than_a_day() -> None:
    network = Network({"time.school": "RATE"})
    probe = network.probe()
    for _ in range(20):
        await probe.measure()
        network.monotonic += LONGEST_WAIT_S
    assert len(network.asked) == 20


@pytest.mark.parametrize("kiss", ["DENY", "RSTR"])
async def test_a_server_that_refuses_us_is_never_asked_again(
    kiss: str, caplog: pytest.LogCaptureFixture
) -> None:
    network = Network({"time.school": kiss, "other.school": 0.0})
    probe = network.probe()
    for _ in range(5):
        assert await codes(probe) == [KISSED, GOOD]
        network.monotonic += 30 * DAY
    assert network.asked.count("time.school") == 1
    assert network.asked.count("other.school") == 5
    assert caplog.messages == [
        f"sntp: time.school: it refuses us ({kiss}) and is not asked again: take it out of servers"
    ]


async def test_the_clock_hears_what_most_servers_agree_on() -> None:
    network = Network({"a.school": 2.0, "b.school": 2.005, "wrong.school": 3600.0})
    await network.probe().measure()
    ((low, high, boot),) = network.heard
    assert (low, high) == pytest.approx((AT + 2.005 * SECOND, AT + 2.010 * SECOND), abs=1000)
    assert boot == BOOT


async def test_servers_that_disagree_check_nothing_until_they_agree(
    caplog: pytest.LogCaptureFixture,
) -> None:
    network = Network({"a.school": 0.0, "wrong.school": 3600.0})
    probe = network.probe()
    assert await codes(probe) == [GOOD, GOOD]
    assert await codes(probe) == [GOOD, GOOD]
    assert network.heard == []
    (said,) = caplog.messages
    assert "no more than half of the time servers agree" in said

    network.servers["wrong.school"] = 0.001
    await probe.measure()
    assert len(network.heard) == 1
    assert caplog.messages[1:] == ["sntp: servers that agree: well again"]


async def test_one_that_lies_is_not_believed_because_the_others_are_silent() -> None:
    network = Network({"wrong.school": 10_800.0, "a.school": "RATE", "b.school": "RATE"})
    assert await codes(network.probe()) == [GOOD, KISSED, KISSED]
    assert network.heard == []

    network.servers |= {"a.school": 0.0, "b.school": 0.001}
    await network.probe().measure()
    ((low, _, _),) = network.heard
    assert low < AT + SECOND, "the two that agree outvote it"

    network.servers |= {"wrong.school": "DENY", "a.school": "DENY"}
    await network.probe().measure()
    assert len(network.heard) == 2, "who is never asked again has no vote"


async def test_silence_checks_nothing() -> None:
    async def ask(*_: object) -> None:
        return None

    network = Network({"time.school": 0.0})
    probe = network.probe()
    silent = SntpProbe(("time.school",), resolve=network.resolve, ask=ask, checked=network.checked)
    assert await codes(silent) == [NO_ANSWER]
    assert network.heard == []
    await probe.measure()
    assert len(network.heard) == 1


class Server(threading.Thread):
    """Answers each datagram with those that *answers* makes of it, until closed."""

    def __init__(self, address: str, port: int, answers: Any) -> None:
        super().__init__(daemon=True)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_DGRAM)
        self.sock.bind((address, port))
        self.sock.settimeout(0.1)
        self.port: int = self.sock.getsockname()[1]
        self.answers = answers
        self.closing = False

    def run(self) -> None:
        while not self.closing:
            with suppress(TimeoutError):
                request, who = self.sock.recvfrom(512)
                for answer in self.answers(request):
                    self.sock.sendto(answer, who)
        self.sock.close()


@contextmanager
def serving(answers: Any, address: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
    server = Server(address, port, answers)
    server.start()
    try:
        yield server
    finally:
        server.closing = True
        server.join(10)


def honest(request: bytes) -> list[bytes]:
    return [packet(request[-8:], time.time_ns())]


async def test_junk_is_not_taken_for_the_answer_that_comes_after_it() -> None:
    def junk_first(request: bytes) -> list[bytes]:
        wrong = packet(bytes(8), 0), packet(request[-8:], 0, mode=3)
        return [b"", b"\xff" * 48, request, *wrong, *honest(request)]

    with serving(junk_first) as server:
        probe = SntpProbe(("127.0.0.1",), port=server.port)
        (reading,) = await probe.measure()
    assert reading.fields["result_code"] == GOOD
    assert abs(float(reading.fields["offset_ms"])) <= float(reading.fields["error_ms"])


async def test_a_server_that_only_floods_is_given_up_and_heard_once_it_answers() -> None:
    with serving(lambda request: [request] * (3 * MOST_PACKETS)) as server:
        probe = SntpProbe(("127.0.0.1",), port=server.port, timeout_s=1)
        assert await codes(probe) == [NO_ANSWER]
        server.answers = honest
        assert await codes(probe) == [GOOD]


async def test_where_nothing_listens_there_is_no_answer_at_once_and_it_is_said_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    probe = SntpProbe(("127.0.0.1",), port=port, timeout_s=30)
    began = time.monotonic()
    assert await codes(probe) == [NO_ANSWER]
    assert time.monotonic() - began < 20
    (said,) = (record.getMessage() for record in caplog.records)
    assert said.endswith(
        "127.0.0.1: it serves no time (connection refused): name another in servers"
    )
    where = (socket.AF_INET, ("127.0.0.1", port))
    with pytest.raises(OSError, match="refused"):
        await exchange(where, b"?", 1, lambda _: True)


AHEAD_S = 3


def ahead(request: bytes) -> list[bytes]:
    return [packet(request[-8:], time.time_ns() + AHEAD_S * SECOND)]


@pytest.mark.real("netns")
@pytest.mark.parametrize("far", [FAR, FAR_V6])
async def test_the_offset_is_right_within_the_error_that_is_stated_on_a_crooked_line(
    far: str,
) -> None:
    """There takes 90 ms and back 10: SNTP cannot know, and is 40 ms wrong, but says so."""
    if reason := why_not():
        pytest.skip(reason)
    with impaired_line(up=Impairment(delay_ms=90)) as line, ExitStack() as stack:
        with inside(line.far):
            stack.enter_context(serving(ahead, far, sntp.PORT))
        probe = SntpProbe((far,), timeout_s=0.5)
        line.impair(down=Impairment(loss=1))
        with inside(line.near):
            assert await codes(probe) == [NO_ANSWER]

        line.impair(down=Impairment(delay_ms=10))
        line.fates()
        with inside(line.near):
            (reading,) = await probe.measure()
        there, back = [
            1000 * (fate.left[0] - fate.came) for fate in line.fates() if fate.protocol == 17
        ]
    fields: dict[str, Any] = dict(reading.fields)
    wrong = fields["offset_ms"] + 1000 * AHEAD_S
    assert abs(wrong) <= fields["error_ms"]
    assert fields["error_ms"] == pytest.approx(fields["delay_ms"] / 2, abs=0.01)
    # What the way took beyond the line lies on one side or the other, nobody knows where.
    beyond = fields["delay_ms"] - there - back
    assert beyond > -1
    assert abs(wrong - (back - there) / 2) <= beyond / 2 + 1
    assert fields["grade"] == 1
