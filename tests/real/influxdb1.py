"""A real InfluxDB 1.8 for tests, with users and passwords.

The program is named by SCHOOLWATCH_TEST_INFLUXD1 (scripts/test builds one and sets it), else it is
`influxd` on the PATH. Versions that people built themselves call themselves `unknown`, so it is
asked to do what we need of it: Debian's 1.6 has no /api/v2/write, and a 2 answers /api/v2/setup.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.real import influx
from tests.real.influx import NoInflux, RealInflux, free_address

VARIABLE = "SCHOOLWATCH_TEST_INFLUXD1"
TOKEN = "admin:password-for-tests"

CONFIG = """
reporting-disabled = true
bind-address = "{backup}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
index-version = "tsi1"
[monitor]
store-enabled = false
[http]
bind-address = "{address}"
auth-enabled = {asks}
flux-enabled = false
log-enabled = false
"""


@contextmanager
def running(folder: Path) -> Iterator[RealInflux]:
    """Run a server with its data in *folder*; raises NoInflux where there is none, or none fits."""
    server = made(folder)
    try:
        server.start()
        _set_up(server)
    except AssertionError:
        server.kill()
        if os.environ.get(VARIABLE):
            raise  # somebody said that it is one
        text = f"{server.command[0]} is no InfluxDB 1.8; name one in {VARIABLE}"
        raise NoInflux(text) from None
    with influx.ending(server):
        yield server


@contextmanager
def empty(folder: Path, *, asks: bool = True) -> Iterator[RealInflux]:
    """Run one that nobody has set up; without *asks* it wants no password. Raises NoInflux."""
    server = made(folder, asks=asks)
    with influx.ending(server):
        server.start()
        yield server


def made(folder: Path, *, asks: bool = True) -> RealInflux:
    """Return a server that does not run yet; raises NoInflux."""
    program = os.environ.get(VARIABLE) or shutil.which("influxd")
    if not program:
        raise NoInflux(f"no InfluxDB 1.8: run scripts/test, or name its influxd in {VARIABLE}")
    address, config = free_address(), folder / "influxdb.conf"
    places = {"folder": folder, "address": address, "backup": free_address()}
    config.write_text(CONFIG.format(**places, asks=str(asks).lower()))
    command = [program, "-config", str(config)]
    return RealInflux(1, f"http://{address}", TOKEN, "", command, folder)


def _set_up(server: RealInflux) -> None:
    assert server.call("GET", "/api/v2/setup")[0] == 404, "a 2"
    name, _, password = TOKEN.partition(":")
    first = f"CREATE USER {name} WITH PASSWORD '{password}' WITH ALL PRIVILEGES"
    status, answer = server.call("POST", f"/query?q={quote(first)}")
    assert (status, b"error" in answer) == (200, False), answer
    server.make_bucket("probe")
    status, words = server.write("probe", b"probe v=1 1\n")
    assert status == 204, f"no /api/v2/write: {words}"
    _, answer = server.call("GET", f"/query?db=probe&epoch=ns&q={quote('SELECT v FROM probe')}")
    assert b"[[1,1]]" in answer, answer


if __name__ == "__main__":  # scripts/test asks whether the influxd on the PATH is one
    with tempfile.TemporaryDirectory() as place:
        try:
            with running(Path(place)):
                pass
        except NoInflux as why:
            sys.exit(str(why))
