"""A history that several processes write: the same points, and one end for all of them."""

import gzip
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

from simulator.history import writing
from simulator.history.sink import Target
from simulator.history.writing import Job, Window, write
from simulator.scenario import DistrictTable, Scenario
from tests.waiting import until_sync

NOON = 1_795_582_800
HOUR_S = 3_600
TOKEN = {"SCHOOLWATCH_INFLUX_TOKEN": "token-of-a-test"}


@dataclass
class Listening:
    """Takes lines as InfluxDB does; from number `refuses` of its writes on it takes no more."""

    refuses: int = 1_000_000
    gate: threading.Event = field(default_factory=threading.Event)
    """Nothing is answered until it is set."""
    bodies: list[tuple[str, bytes]] = field(default_factory=list)
    url: str = ""

    def answer(self, bucket: str, body: bytes) -> tuple[int, bytes]:
        self.bodies.append((bucket, body))
        self.gate.wait(60)
        if len(self.bodies) > self.refuses:
            return 401, b'{"code":"unauthorized","message":"unauthorized access"}'
        return 204, b""

    def points(self) -> list[tuple[str, bytes]]:
        """Return every line with its bucket, sorted."""
        return sorted((bucket, line) for bucket, body in self.bodies for line in body.splitlines())


@contextmanager
def listening(told: Listening) -> Iterator[Listening]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            (bucket,) = parse_qs(urlsplit(self.path).query)["bucket"]
            status, words = told.answer(bucket, body)
            self.send_response(status)
            self.send_header("content-length", str(len(words)))
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(words)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told.url = f"http://127.0.0.1:{server.server_port}"
        yield told
        told.gate.set()
        server.shutdown()


def opened() -> threading.Event:
    gate = threading.Event()
    gate.set()
    return gate


@contextmanager
def writing_history(url: str) -> Iterator["subprocess.Popen[str]"]:
    """Run the command with two processes, in a group of its own as a terminal gives it one."""
    command = [sys.executable, "-m", "schoolwatch", "simulate", "history", "--influx", url]
    command += ["--schools", "40", "--days", "2", "--processes", "2"]
    run = subprocess.Popen(
        command, env=os.environ | TOKEN, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield run
    finally:
        run.kill()
        run.wait()


def ended(run: "subprocess.Popen[str]") -> tuple[int, str]:
    """Wait for the end; return exit code and what was said."""
    _, said = run.communicate(timeout=120)
    assert "Traceback" not in said
    return run.returncode, said


def workers(run: "subprocess.Popen[str]") -> list[psutil.Process]:
    found = psutil.Process(run.pid).children(recursive=True)
    return [one for one in found if "spawn_main" in " ".join(one.cmdline())]


def test_the_points_are_the_same_however_many_processes_write_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing, "AT_ONCE", 2)
    when = Window(NOON - 26 * HOUR_S, NOON - 3 * HOUR_S, NOON)
    found = []
    for processes in (1, 3):
        with listening(Listening(gate=opened())) as store:
            job = Job(Scenario(district=DistrictTable(schools=5)), when, Target(store.url, "t"))
            told: list[int] = []
            written = write(job, processes, lambda done, *_, told=told: told.append(done))
            assert (written.schools, sorted(told)[-1]) == (5, 5)
            found.append(store.points())
            assert written.lines == len(found[-1])
    assert found[0] == found[1]
    assert {bucket for bucket, _ in found[0]} == {
        f"schoolwatch{part}" for part in ("", "_1h", "_1d")
    }


def test_a_store_that_takes_no_more_ends_all_processes_with_its_words() -> None:
    store = Listening(refuses=3, gate=opened())
    with listening(store), writing_history(store.url) as run:
        code, said = ended(run)
    assert code == 1
    assert "unauthorized" in said


def test_a_process_that_is_killed_ends_the_others_with_a_sentence() -> None:
    with listening(Listening()) as store, writing_history(store.url) as run:
        until_sync(lambda: len(store.bodies) >= 2, 60)
        first, second = workers(run)
        first.kill()
        store.gate.set()
        code, said = ended(run)
        assert code == 2
        assert "was killed" in said
        until_sync(lambda: not second.is_running(), 30)


def test_ctrl_c_ends_all_processes_without_a_traceback() -> None:
    with listening(Listening()) as store, writing_history(store.url) as run:
        until_sync(lambda: len(store.bodies) >= 2, 60)
        both = workers(run)
        os.killpg(run.pid, signal.SIGINT)
        store.gate.set()
        code, _ = ended(run)
        assert code == 130
        assert len(both) == 2
        until_sync(lambda: not any(one.is_running() for one in both), 30)


def test_processes_whose_first_one_is_gone_end_too() -> None:
    with listening(Listening()) as store, writing_history(store.url) as run:
        until_sync(lambda: len(store.bodies) >= 2, 60)
        both = workers(run)
        run.kill()
        until_sync(lambda: not any(one.is_running() for one in both), 30)
