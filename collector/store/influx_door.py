"""The two ways into InfluxDB: one for lines, and /query for InfluxQL.

A token writes at /api/v2/write. A user and password write at /write, which 2 and 3 have too: in 2
only who has no token can do no more than read and write (docs/influxdb.md). Each call is one
attempt; who tries again, and when, is for the caller to say.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from influxdb_client.service.write_service import WriteService

from collector.store.influx_errors import (
    Place,
    about_lines,
    meaning,
    query_meaning,
    translated,
    words_of,
)
from core.errors import QueryError, StoreBusy, StoreStopped

ABOUT_LINES: Final = {400, 413, 422}
CHUNK_POINTS: Final = 10_000
ONLY_ONE: Final = "must provide only one InfluxQl statement per query"
CONNECTIONS: Final = 8
"""Kept open; more threads than that still get through, each by a connection of its own."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """InfluxDB did not take a body as it is, and why.

    `lines` has the words about single lines, by their number from 1, where it gives numbers (3).
    """

    status: int
    words: str
    lines: Mapping[int, str] = field(default_factory=dict)


Answer = tuple[int, dict[str, Any] | None]
"""Number of the statement, and (a piece of) a series of it as InfluxDB's JSON has it."""


def has_name(token: str) -> bool:
    """Tell whether *token* is `user:password`."""
    return ":" in token


def authorization(token: str) -> dict[str, str]:
    """Return the header that shows *token*, nothing where it is empty."""
    if has_name(token):
        return urllib3.make_headers(basic_auth=token)
    return {"Authorization": f"Token {token}"} if token else {}


def _refusal(status: int, body: object) -> Refusal:
    return Refusal(status, words_of(body), about_lines(body))


class Door:
    """Talks to one bucket; the token stays in here. Threads may use it at once."""

    def __init__(self, place: Place, token: str, timeout_s: float) -> None:
        self._place, self._closed = place, False
        self._headers, self._named = authorization(token), has_name(token)
        self._one_by_one = False
        self._client = InfluxDBClient(
            place.url,
            token=token,
            org=place.org,
            timeout=max(1, round(timeout_s * 1000)),
            connection_pool_maxsize=CONNECTIONS,
        )
        # Not the client's write API: it takes every 2xx for success, so also a proxy's page.
        self._writing = WriteService(self._client.api_client)  # type: ignore[no-untyped-call]
        timeout = urllib3.Timeout(connect=timeout_s, read=timeout_s)
        self._reading = urllib3.PoolManager(maxsize=CONNECTIONS, retries=False, timeout=timeout)

    def write(self, lines: bytes) -> Refusal | None:
        """Send one body; None once InfluxDB has all of it. Raises StoreBusy and StoreStopped."""
        self._check_open()
        with translated(self._place):
            if self._named:
                return self._write_named(lines)
            try:
                _, status, _ = self._writing.post_write_with_http_info(  # type: ignore[no-untyped-call]
                    self._place.org, self._place.bucket, lines, precision=WritePrecision.NS
                )
            except ApiException as error:
                if error.status not in ABOUT_LINES:
                    raise
                return _refusal(error.status, error.body)
        if status != 204:
            raise meaning(status, "", self._place)
        return None

    def ask(self, *statements: str) -> Generator[Answer, None, None]:
        """Yield what *statements* give, piece by piece as it arrives; each at least once.

        Raises QueryError, StoreBusy and StoreStopped. Close it where it is not read to its end.
        """
        self._check_open()
        if not self._one_by_one:
            try:
                yield from self._ask("; ".join(statements), len(statements))
                return
            except QueryError as error:
                # InfluxDB 3 takes no more than one; it says so before it answers anything.
                if len(statements) < 2 or ONLY_ONE not in str(error):
                    raise
                self._one_by_one = True
        for number, statement in enumerate(statements):
            yield from ((number, series) for _, series in self._ask(statement))

    def _write_named(self, lines: bytes) -> Refusal | None:
        where = urlencode({"db": self._place.bucket, "precision": "ns"})
        url, text = f"{self._place.url}/write?{where}", {"Content-Type": "text/plain"}
        answer = self._reading.request(
            "POST", url, body=lines, headers=self._headers | text, redirect=False
        )
        if answer.status == 204:
            return None
        if answer.status in ABOUT_LINES:
            return _refusal(answer.status, answer.data)
        after = answer.headers.get("Retry-After", "")
        raise meaning(answer.status, words_of(answer.data), self._place, after)

    def _ask(self, influxql: str, statements: int = 1) -> Generator[Answer, None, None]:
        answered = set[int]()
        with translated(self._place):
            response = self._post(influxql)
            try:
                if response.status != 200:
                    self._refuse(response)
                for line in response:
                    found = self._answers(line)
                    answered.update(number for number, _ in found)
                    yield from found
            finally:
                # What was not read to its end cannot be used for the next question.
                response.close()
                response.release_conn()
        # No answer at all is not the answer that there is nothing.
        if len(answered) < statements:
            raise StoreBusy(f"{self._place}: it answered {len(answered)} of {statements} questions")

    def close(self) -> None:
        """Let go of the connections."""
        self._closed = True
        self._client.close()  # type: ignore[no-untyped-call]
        self._reading.clear()

    def _post(self, influxql: str) -> urllib3.BaseHTTPResponse:
        fields = {"db": self._place.bucket, "epoch": "ns", "q": influxql}
        return self._reading.request(
            "POST",
            f"{self._place.url}/query",
            fields=fields | {"chunked": "true", "chunk_size": str(CHUNK_POINTS)},
            encode_multipart=False,
            headers=self._headers,
            preload_content=False,
            redirect=False,
        )

    def _refuse(self, response: urllib3.BaseHTTPResponse) -> None:
        words = words_of(response.data)
        if response.status == 400:
            raise QueryError(words)
        raise meaning(response.status, words, self._place, response.headers.get("Retry-After", ""))

    def _answers(self, line: bytes) -> list[Answer]:
        if not line.strip():
            return []
        try:
            answer = msgspec.json.decode(line)
            results = answer.get("results", ())
            errors = [one["error"] for one in (answer, *results) if "error" in one]
            answers = [
                (int(result["statement_id"]), series)
                for result in results
                if "error" not in result
                for series in result.get("series") or [None]
            ]
        except (msgspec.DecodeError, AttributeError, KeyError, TypeError, ValueError):
            raise StoreBusy(f"{self._place}: the answer is damaged") from None
        if errors:
            raise query_meaning(str(errors[0]), self._place)
        return answers

    def _check_open(self) -> None:
        if self._closed:
            raise StoreStopped(f"{self._place}: was closed")
