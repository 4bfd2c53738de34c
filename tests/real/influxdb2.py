"""A real InfluxDB 2 for tests: its own port and folder, ended by its process id.

The binary is named by SCHOOLWATCH_TEST_INFLUXD2, else it is `influxd` on the PATH; one that answers
/api/v2/setup is a 2 (versions that people built themselves call themselves `unknown`).
"""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.real.influx import NoInflux, RealInflux, ending, free_address
from tests.waiting import until_sync

VARIABLE = "SCHOOLWATCH_TEST_INFLUXD2"
ORG, TOKEN = "district", "a-token-for-tests"


class NoInfluxdb2(Exception):
    """There is none here; the text says what would bring one."""


@dataclass(frozen=True, slots=True)
class Influxdb2:
    """A running server; every answer comes as status and body, refusals too."""

    url: str

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        headers = {"Authorization": f"Token {TOKEN}"}
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()

    def make_bucket(self, name: str) -> None:
        _, orgs = self.call("GET", f"/api/v2/orgs?org={ORG}")
        bucket = {"name": name, "orgID": json.loads(orgs)["orgs"][0]["id"], "retentionRules": []}
        status, answer = self.call("POST", "/api/v2/buckets", json.dumps(bucket).encode())
        assert status == 201, answer

    def write(self, bucket: str, lines: bytes) -> tuple[int, str]:
        where = urlencode({"org": ORG, "bucket": bucket, "precision": "ns"})
        status, answer = self.call("POST", f"/api/v2/write?{where}", lines)
        return status, answer.decode()

    def query(self, bucket: str, influxql: str) -> list[dict[str, Any]]:
        """Return the series that *influxql* finds, as InfluxDB's JSON has them."""
        what = urlencode({"db": bucket, "epoch": "ns", "q": influxql})
        status, answer = self.call("GET", f"/query?{what}")
        assert status == 200, answer
        result: dict[str, Any] = json.loads(answer)["results"][0]
        assert "error" not in result, result
        found: list[dict[str, Any]] = result.get("series", [])
        return found


def influxd() -> str:
    """Return the binary; raises NoInfluxdb2 with what to do."""
    path = os.environ.get(VARIABLE) or shutil.which("influxd")
    if not path:
        raise NoInfluxdb2(f"no InfluxDB 2: name its influxd in {VARIABLE}, or put it on the PATH")
    return path


@contextmanager
def running(folder: Path) -> Iterator[Influxdb2]:
    """Run a server that is set up, with its data in *folder*.

    Raises NoInfluxdb2 where the influxd on the PATH is no 2.
    """
    address = free_address()
    server = Influxdb2(f"http://{address}")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            _command(address, folder),
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(folder),
        )
    try:
        until_sync(lambda: process.poll() is not None or _healthy(server), 30.0)
        _set_up(server, folder, alive=process.poll() is None)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10.0)


@contextmanager
def serving(folder: Path) -> Iterator[RealInflux]:
    """Run a server that a test may stop, kill and suspend; raises NoInflux."""
    try:
        address = free_address()
        server = RealInflux(2, f"http://{address}", TOKEN, ORG, _command(address, folder), folder)
        server.start()
        with ending(server):
            _set_up(Influxdb2(server.url), folder, alive=True)
            yield server
    except NoInfluxdb2 as reason:
        raise NoInflux(str(reason)) from None


@contextmanager
def empty(folder: Path) -> Iterator[RealInflux]:
    """Run one that nobody has set up; raises NoInflux."""
    try:
        address = free_address()
        server = RealInflux(2, f"http://{address}", TOKEN, ORG, _command(address, folder), folder)
    except NoInfluxdb2 as reason:
        raise NoInflux(str(reason)) from None
    with ending(server):
        server.start()
        yield server


def _command(address: str, folder: Path) -> list[str]:
    paths = {"bolt": "b.bolt", "sqlite": "s.sqlite", "engine": "engine"}
    flags = [f"--{name}-path={folder / file}" for name, file in paths.items()]
    return [influxd(), *flags, f"--http-bind-address={address}", "--reporting-disabled"]


def _environment(folder: Path) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("INFLUX")}
    return inherited | {"HOME": str(folder)}


def _set_up(server: Influxdb2, folder: Path, *, alive: bool) -> None:
    first = {"username": "admin", "password": "password-for-tests", "org": ORG, "bucket": "first"}
    body = json.dumps(first | {"token": TOKEN, "retentionPeriodSeconds": 0}).encode()
    if alive and server.call("POST", "/api/v2/setup", body)[0] == 201:
        return
    log = (folder / "log").read_text(errors="replace")[-2_000:]
    assert not os.environ.get(VARIABLE), f"{influxd()} is no InfluxDB 2 that starts:\n{log}"
    raise NoInfluxdb2(f"{influxd()} is no InfluxDB 2; name one in {VARIABLE}")


def _healthy(server: Influxdb2) -> bool:
    try:
        return server.call("GET", "/health")[0] == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
