"""What InfluxDB's answers mean to the collector: try again, or a person has to act.

What 400, 413 and 422 say of the lines themselves is told apart in `collector.store.influx_write`.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import msgspec
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError, SSLError

from core.errors import QueryError, StoreBusy, StoreError, StoreStopped

MAX_WORDS: Final = 300

_OBJECT: Final = re.compile(r"<[^>]*>: ")
"""urllib3 shows objects by their address, so that no two messages would be the same."""

# How InfluxDB begins what is wrong with the question; all else is wrong with the database.
_QUESTION: Final = ("unsupported", "invalid operation", "time()", "max-select", "mixing")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the store is, as people read it; never holds the token."""

    url: str
    org: str
    bucket: str

    def __str__(self) -> str:
        return f"InfluxDB at {self.url}, bucket {self.bucket!r}"


@contextmanager
def translated(place: Place) -> Iterator[None]:
    """Raise what the network and influxdb-client raise as StoreBusy or StoreStopped."""
    try:
        yield
    except ApiException as error:
        if not error.status:  # what influxdb-client makes of a TLS failure
            raise _no_tls(place, str(error.reason)) from error
        after = str(error.headers.get("Retry-After", "")) if error.headers else ""
        raise meaning(error.status, words_of(error.body), place, after) from error
    except SSLError as error:
        raise _no_tls(place, str(error)) from error
    except (HTTPError, OSError) as error:
        raise StoreBusy(f"{place}: {_OBJECT.sub('', str(error))}") from error
    except UnicodeDecodeError as error:
        raise StoreStopped(f"{place}: the answer is no text; is this an InfluxDB?") from error


def meaning(status: int, words: str, place: Place, after: str = "") -> StoreError:
    """Return what an HTTP status other than success means, with what to do.

    `after` is the Retry-After header of the answer.
    """
    # A proxy's page has many lines; a log line is one.
    said = f": {' '.join(words.split())[:MAX_WORDS]}" if words else ""
    if status in {408, 429} or status >= 500:
        wait = f", wants to be left alone for {after[:40]} s" if after else ""
        return StoreBusy(f"{place}: answered {status}{wait}{said}")
    return StoreStopped(f"{place}: {_what_to_do(status, place)} (it answered {status}{said})")


def query_meaning(words: str, place: Place) -> StoreError:
    """Return what an error inside of an answer to a query means."""
    if "not found" in words or "no dbrp mapping" in words:
        return meaning(404, words, place)
    if words.startswith(_QUESTION):
        return QueryError(words[:MAX_WORDS])
    return StoreBusy(f"{place}: {words[:MAX_WORDS]}")


def words_of(body: object) -> str:
    """Return InfluxDB's own words out of the body of an answer; 1.8 and 2 keep them elsewhere."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    try:
        answer = json.loads(text)
    except ValueError:
        return text.strip()
    if not isinstance(answer, dict):
        return text.strip()
    return str(answer.get("message") or answer.get("error") or text.strip())


def about_lines(body: object) -> dict[int, str]:
    """Return line number → words out of what InfluxDB 3 says of a body; it names 100 at most."""
    try:
        found = msgspec.json.decode(body if isinstance(body, bytes) else str(body), type=_Lines)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return {one.line_number: one.error_message for one in found.data}


class _Line(msgspec.Struct, frozen=True):
    line_number: int
    error_message: str


class _Lines(msgspec.Struct, frozen=True):
    data: tuple[_Line, ...]


def _what_to_do(status: int, place: Place) -> str:
    if status == 401:
        return (
            "the token is not accepted: put one into [store] token_file that may read and write "
            "the bucket, or user:password; `schoolwatch store init` makes one"
        )
    if status == 403:
        return "the token may not do this: give it the right to read and to write the bucket"
    if status == 404:
        return (
            f"no such bucket in organisation {place.org!r} (in InfluxDB 1.8: no such database): "
            "create it with `schoolwatch store init`, or correct [store] bucket and org"
        )
    return "cannot be written to like this: see whether [store] url and org lead to an InfluxDB"


def _no_tls(place: Place, words: str) -> StoreStopped:
    return StoreStopped(
        f"{place}: no trusted TLS connection: see whether [store] url is right and this machine "
        f"trusts the certificate ({words[:MAX_WORDS]})"
    )
