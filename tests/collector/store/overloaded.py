"""A tiny HTTP server that answers as an InfluxDB in trouble does, which a real one does not on
demand: overloaded, behind a proxy, or too small for what it is sent."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.collector.store.answering import Reply, answering


@dataclass
class Troubled:
    """`reply` answers each body; `bodies` are those that came."""

    reply: Callable[[bytes], Reply]
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)


@contextmanager
def troubled(reply: Callable[[bytes], Reply]) -> Iterator[Troubled]:
    """Run one for the length of the block."""
    seen = Troubled(reply)

    def answer(_method: str, _path: str, body: bytes, _shown: str) -> Reply:
        seen.bodies.append(body)
        return seen.reply(body)

    with answering(answer) as seen.url:
        yield seen
