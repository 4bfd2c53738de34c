"""Asks an InfluxDB for what only an administrator or `store check` wants: which version it is, what
databases and users it has. Readings never go this way.

Versions that people build themselves call themselves `unknown`, so it is asked for what only one
of them has: 2 answers /api/v2/setup, 3 tells its version in the body of /ping.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal
from urllib.parse import urlencode

import msgspec
import urllib3

from collector.store.influx_door import authorization
from collector.store.influx_errors import Place, meaning, translated, words_of
from core.errors import StoreStopped

Version = Literal[1, 2, 3]
VERSION_HEADER: Final = "X-Influxdb-Version"
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
NO_ADMIN_YET: Final = "create admin user first"
"""What 1.8 says to every question while it has nobody who may ask."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `words` are what the server says of a refusal."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def words(self) -> str:
        """Return the words of the answer in one line."""
        return " ".join(words_of(self.body).split())

    def data(self) -> Any:
        """Return the JSON of it, None where it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def clock(self) -> float:
        """Return the server's time (s since 1970), 0 where the answer has none."""
        try:
            return parsedate_to_datetime(self.headers.get("Date", "")).timestamp()
        except ValueError:
            return 0.0


@dataclass(frozen=True, slots=True)
class Server:
    """What answered: its version, and whether it waits for its first administrator (2)."""

    version: Version
    empty: bool
    called: str

    def __str__(self) -> str:
        return f"InfluxDB {self.version} (it calls itself {self.called or 'nothing'})"


class Admin:
    """Speaks to the server at *url* as who *token* is; the token stays in here."""

    def __init__(self, url: str, token: str, timeout_s: float) -> None:
        self._url, self._headers = url.rstrip("/"), authorization(token)
        self._place = Place(self._url, "", "")
        timeout = urllib3.Timeout(connect=timeout_s, read=timeout_s)
        self._pool = urllib3.PoolManager(retries=False, timeout=timeout)

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()

    def call(
        self, method: str, path: str, body: object = None, *, anonymous: bool = False
    ) -> Reply:
        """Send *body* as JSON; refusals come back too. Raises StoreBusy and StoreStopped."""
        content = None if body is None else msgspec.json.encode(body)
        return self._send(method, path, content, {}, anonymous=anonymous)

    def _send(
        self,
        method: str,
        path: str,
        content: bytes | None,
        about: Mapping[str, str],
        *,
        anonymous: bool,
    ) -> Reply:
        headers = {**about, **({} if anonymous else self._headers)}
        with translated(self._place):
            answer = self._pool.request(
                method, self._url + path, body=content, headers=headers, redirect=False
            )
            return Reply(answer.status, answer.headers, answer.data)

    def want(self, method: str, path: str, body: object = None) -> Any:
        """Return the JSON of the answer; raises StoreStopped where it is a refusal."""
        reply = self.call(method, path, body)
        if not 200 <= reply.status < 300:
            raise StoreStopped(f"{method} {path} was refused: {reply.status} {reply.words}")
        return reply.data()

    def query(self, influxql: str, db: str = "", *, anonymous: bool = False) -> Reply:
        """Ask one statement of InfluxQL."""
        # In the body: addresses stand in logs, and a statement may hold a password.
        form = urlencode({"q": influxql, "epoch": "ns"} | ({"db": db} if db else {})).encode()
        return self._send("POST", "/query", form, FORM, anonymous=anonymous)

    def rows(self, influxql: str, db: str = "") -> list[list[Any]]:
        """Return the rows of the answer to one statement; raises StoreStopped where it has none."""
        reply = self.query(influxql, db)
        wrong = error_of(reply)
        if wrong:
            # Never the whole of it: it may hold a password.
            raise StoreStopped(f"{' '.join(influxql.split()[:2])}: {wrong}")
        result = reply.data()["results"][0]
        return [row for series in result.get("series", ()) for row in series.get("values", ())]

    def server(self) -> Server:
        """Return what answers here; raises StoreStopped where it is no InfluxDB."""
        setup = self.call("GET", "/api/v2/setup", anonymous=True)
        found, called = setup.data(), setup.headers.get(VERSION_HEADER, "")
        if setup.status == 200 and isinstance(found, dict) and "allowed" in found:
            return Server(2, bool(found["allowed"]), called)
        ping = self.call("GET", "/ping")
        told = ping.data()
        if ping.status == 200 and isinstance(told, dict) and "version" in told:
            return Server(3, False, str(told["version"]))
        if VERSION_HEADER in ping.headers:
            return Server(1, False, ping.headers[VERSION_HEADER])
        if ping.status == 401 and setup.status == 401:
            # 3 answers nothing at all to who has no token; 1 and 2 answer /ping to everybody.
            return Server(3, False, "")
        if ping.status == 429 or ping.status >= 500:
            raise meaning(ping.status, ping.words, self._place)
        raise StoreStopped(
            f"something answers at {self._url}, but no InfluxDB: {ping.status} "
            f"{ping.words[:80]!r}; see whether [store] url is right, and whether a proxy is in "
            "between"
        )


def error_of(reply: Reply) -> str:
    """Return what is wrong with the answer to one statement, empty where it is an answer."""
    found = reply.data()
    if reply.status != 200 or not isinstance(found, dict):
        return f"{reply.status} {reply.words}"
    if not found.get("results"):
        return str(found.get("error", ""))
    return str(found["results"][0].get("error", ""))
