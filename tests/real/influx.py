"""A real InfluxDB for tests, of either version: its own port and folder, ended by its process id.

It can be stopped, killed, suspended and started again; what it stored stays in its folder. `call`
is the administrator's way in, which the store never uses.
"""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from collector.store.influx import InfluxStore
from tests.processes import end
from tests.real.brokers import LOOPBACK, free_port
from tests.waiting import until_sync


class NoInflux(Exception):
    """There is none here; the text says what would bring one."""


@dataclass
class RealInflux:
    """One server of version 1 or 2; `log` holds what it printed."""

    version: int
    url: str
    token: str
    org: str
    command: Sequence[str]
    folder: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def store(self, bucket: str, token: str = "", timeout_s: float = 10.0) -> InfluxStore:
        """Return a store on *bucket*, which need not be there."""
        return InfluxStore(
            self.url, token or self.token, bucket=bucket, org=self.org, timeout_s=timeout_s
        )

    def start(self) -> None:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("INFLUX")}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=inherited | {"HOME": str(self.folder)},
            )
        until_sync(self._ready, 60)

    def stop(self) -> None:
        end(self.process, signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does."""
        end(self.process, signal.SIGKILL)

    def suspend(self) -> None:
        """Let it hang: it takes connections and answers nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        # On a busy machine some of its threads would answer still.
        threads = Path(f"/proc/{self.process.pid}/task")
        until_sync(lambda: all(map(_is_stopped, threads.glob("*/stat"))), 20)

    def resume(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def make_bucket(self, name: str, keep_hours: int = 0) -> None:
        """Make a bucket, or a database; `keep_hours` is its retention, 0 for ever."""
        if self.version == 1:
            kept = f" WITH DURATION {keep_hours}h" if keep_hours else ""
            status, answer = self.call("POST", f"/query?q={quote(f'CREATE DATABASE {name}{kept}')}")
            assert (status, b"error" in answer) == (200, False), answer
            return
        rules = [{"type": "expire", "everySeconds": keep_hours * 3600}] if keep_hours else []
        _, orgs = self.call("GET", f"/api/v2/orgs?org={self.org}")
        bucket = {"name": name, "orgID": json.loads(orgs)["orgs"][0]["id"], "retentionRules": rules}
        status, answer = self.call("POST", "/api/v2/buckets", json.dumps(bucket).encode())
        assert status == 201, answer

    def make_user(self, bucket: str) -> str:
        """Return user:password of a new user for clients of 1.x, to read and write *bucket* (2)."""
        _, found = self.call("GET", f"/api/v2/buckets?name={bucket}")
        [one] = json.loads(found)["buckets"]
        place = {"type": "buckets", "id": one["id"], "orgID": one["orgID"]}
        rights = [{"action": action, "resource": place} for action in ("read", "write")]
        user = {"token": f"{bucket}-user", "orgID": one["orgID"], "permissions": rights}
        status, made = self.call(
            "POST", "/private/legacy/authorizations", json.dumps(user).encode()
        )
        assert status == 201, made
        path = f"/private/legacy/authorizations/{json.loads(made)['id']}/password"
        status, answer = self.call("POST", path, b'{"password":"password-for-tests"}')
        assert status == 204, answer
        return f"{bucket}-user:password-for-tests"

    def write(self, bucket: str, lines: bytes) -> tuple[int, str]:
        """Send one body, with nobody to sort it out."""
        where = urlencode({"org": self.org, "bucket": bucket, "precision": "ns"})
        status, answer = self.call("POST", f"/api/v2/write?{where}", lines)
        return status, answer.decode()

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Return status and body of the answer, refusals too."""
        return self.call_as(self.token, method, path, body)

    def call_as(
        self, token: str, method: str, path: str, body: bytes | None = None
    ) -> tuple[int, bytes]:
        """Return the same for whoever shows *token*, or user:password; nobody where it is empty."""
        basic = f"Basic {b64encode(token.encode()).decode()}"
        shown = basic if ":" in token else f"Token {token}"
        headers = {"Authorization": shown} if token else {}
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()

    def _ready(self) -> bool:
        assert self.process is not None
        code = self.process.poll()
        assert code is None, f"{self.command[0]} ended with {code}:\n{self.log[-2000:]}"
        with suppress(OSError):
            return self.call("GET", "/health")[0] == 200
        return False


def _is_stopped(stat: Path) -> bool:
    return stat.read_text().rpartition(")")[2].split()[0] == "T"


def free_address() -> str:
    """Return an address of loopback with a port that nobody uses."""
    return f"{LOOPBACK}:{free_port()}"


@contextmanager
def ending(server: RealInflux) -> Iterator[None]:
    """End *server* with the block, in whatever state it is by then."""
    try:
        yield
    finally:
        server.kill()
