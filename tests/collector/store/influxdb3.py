"""An InfluxDB 3 Core as its documentation has it: answers from tests/cases/influxdb3.

No recording and no server: it shows that the store reads what is written there, and no more.
"""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from tests.collector.store.answering import Reply, answering

FILE = Path(__file__).parents[2] / "cases/influxdb3/exchanges.toml"
EXCHANGES = tomllib.loads(FILE.read_text(encoding="utf-8"))["exchange"]
TIME = re.compile(r" (\d+)\n\Z")


@dataclass
class Documented:
    """`asked` has the names of the exchanges that took place."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    written_at: str = "0"

    def answer(self, method: str, path: str, body: bytes, shown: str) -> Reply:
        parts = urlsplit(path)
        question = f"{unquote_plus(parts.query)}&{unquote_plus(body.decode())}"
        request = f"{method} {parts.path}"
        found = next(one for one in EXCHANGES if _fits(one, request, question, shown))
        self.asked.append(found["name"])
        if found["status"] == 204 and (time := TIME.search(body.decode())):
            self.written_at = time[1]
        answer = str(found.get("answer", "")).replace("$AT", self.written_at)
        return found["status"], found.get("headers", {}), answer.encode()


def _fits(exchange: dict[str, Any], request: str, question: str, shown: str) -> bool:
    token = shown.removeprefix("Token ")
    if exchange.get("anonymous"):
        return not shown
    if "token" in exchange:
        return bool(token == exchange["token"])
    if exchange.get("request", request) != request:
        return False
    return all(word in question for word in exchange.get("words", ()))


@contextmanager
def documented() -> Iterator[Documented]:
    """Run one for the length of the block."""
    found = Documented()
    with answering(found.answer) as found.url:
        yield found
