"""`store check`: each sentence on the fault that it is about, and that it goes away with the fault.

What a real server cannot be brought to say stands with servers made for it.
"""

import json
import os
import socket
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from collector.store import check_sqlite
from collector.store.sqlite import SqliteStore
from tests.collector.store.answering import Reply, answering
from tests.collector.store.provisioning import Place
from tests.real import certificates, nobody
from tests.real.brokers import held_port
from tests.real.influx import RealInflux

SAYS = {"Date": "Sat, 28 Nov 2026 10:00:00 GMT"}


@pytest.fixture
def place(influx: RealInflux, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    """A bucket of the test's own, provisioned."""
    place = Place(tmp_path, influx, f"check_{tmp_path.name[-20:]}", capsys).configure()
    place.give(place.admin_file, influx.token)
    assert place.init()[0] == 0
    return place


@pytest.fixture
def nowhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    """A place whose server is somewhere else each time."""
    place = Place(tmp_path, RealInflux(1, "", "", "", (), tmp_path), "schoolwatch", capsys)
    place.give(place.token_file, "user:password")
    return place


def broken(place: Place, part: str) -> tuple[str, str]:
    """Return what is wrong with *part*, and what to do; everything else has to work."""
    code, found = place.check()
    assert code == 1
    wrong = [one for one in found.values() if one["state"] in ("broken", "rights")]
    assert [one["part"] for one in wrong] == [part]
    assert wrong[0]["do"], wrong
    return wrong[0]["text"], wrong[0]["do"]


def fine(place: Place) -> bool:
    code, found = place.check()
    return code == 0 and {one["state"] for one in found.values()} == {"works"}


# What a real server shows


def test_a_database_that_is_fine_is_said_to_be_and_has_no_other_series_after_it(
    place: Place, influx: RealInflux
) -> None:
    assert fine(place)
    assert fine(place)
    token = place.token_file.read_text().strip()
    path = f"/query?db={place.bucket}&q=SHOW%20SERIES"
    _, answer = influx.call_as(token, "POST", path, b"")
    [series] = json.loads(answer)["results"][0]["series"]
    assert series["values"] == [["schoolwatch_check,collector=d1"]]


def test_a_password_that_is_not_accepted(place: Place) -> None:
    right = place.token_file.read_text().strip()
    place.give(place.token_file, right + "x")
    text, do = broken(place, "credentials")
    assert "not accepted" in text
    assert "--renew" in do
    place.give(place.token_file, right)
    assert fine(place)


def test_no_password_at_all(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.configure(token_file="")
    text, do = broken(place, "credentials")
    assert "SCHOOLWATCH_INFLUX_TOKEN" in text
    assert "store init" in do
    monkeypatch.setenv("SCHOOLWATCH_INFLUX_TOKEN", place.token_file.read_text().strip())
    assert fine(place)


def test_an_administrator_s_credential_works_and_is_worth_a_word(
    place: Place, influx: RealInflux
) -> None:
    place.give(place.token_file, influx.token)
    code, found = place.check()
    assert (code, found["credentials"]["state"]) == (0, "look")
    assert "store init" in found["credentials"]["do"]
    assert found[f"database {place.bucket}"]["state"] == "works"


def test_a_credential_that_may_only_read(place: Place) -> None:
    own = place.token_file.read_text().strip()
    place.give(place.token_file, place.grafana_file.read_text().strip())
    code, found = place.check()
    assert code == 1
    said = found[f"database {place.bucket}"]
    assert said["state"] == "broken"
    assert "the right to read and to write" in said["text"]
    place.give(place.token_file, own)
    assert fine(place)


@pytest.mark.real("influxdb2")
def test_a_user_that_was_made_inactive(
    influxdb2: RealInflux, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(tmp_path, influxdb2, "inactive", capsys).configure()
    place.give(place.admin_file, influxdb2.token)
    assert place.init()[0] == 0
    _, found = influxdb2.call("GET", "/private/legacy/authorizations")
    [one] = [
        one
        for one in json.loads(found)["authorizations"]
        if one["token"] == "inactive-collector-d1"
    ]
    path = f"/private/legacy/authorizations/{one['id']}"
    assert influxdb2.call("PATCH", path, b'{"status":"inactive"}')[0] == 200
    assert "inactive" in broken(place, "credentials")[0]
    assert place.init("--renew")[0] == 0
    assert fine(place)


def test_a_database_that_is_missing(place: Place) -> None:
    name = place.bucket
    place.configure(bucket=f"{name}x")
    code, found = place.check()
    assert code == 1
    assert [found[f"database {name}x{end}"]["state"] for end in ("", "_1h", "_1d")] == [
        "broken"
    ] * 3
    assert "store init" in found[f"database {name}x"]["do"]
    place.configure()
    assert fine(place)


def test_a_retention_that_is_shorter_than_promised(place: Place) -> None:
    place.configure(keep_daily_days=7_000)
    text, _ = broken(place, f"database {place.bucket}_1d")
    assert text.startswith("keeps its readings for 3650 days, and 7000 are promised")
    assert place.init()[0] == 0
    assert fine(place)


def test_a_server_that_is_stopped_hangs_and_is_there_again(
    own_influx: RealInflux, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(tmp_path, own_influx, "gone", capsys).configure()
    place.give(place.admin_file, own_influx.token)
    assert place.init()[0] == 0
    own_influx.suspend()
    place.configure(timeout_s=1.0)
    assert "gives no answer within 1 s" in broken(place, "server")[0]
    place.configure()
    own_influx.resume()
    own_influx.stop()
    text, do = broken(place, "server")
    assert text.endswith("Connection refused")
    assert "systemctl status influxdb" in do
    own_influx.start()
    assert fine(place)


# What stands between


def test_a_name_that_nobody_has(nowhere: Place) -> None:
    nowhere.configure(url="http://influx.invalid:8086")
    text, do = broken(nowhere, "server")
    assert "no machine is known here by the name" in text
    assert "getent hosts influx.invalid" in do


def test_a_machine_that_drops_what_is_sent_to_it(nowhere: Place) -> None:
    with held_port() as full:
        full.listen(0)
        address = full.getsockname()
        # Nobody takes these up, and the queue of a listener is short: what comes then is dropped.
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        nowhere.configure(url=f"http://127.0.0.1:{address[1]}", timeout_s=1.0)
        text, do = broken(nowhere, "server")
        for one in waiting:
            one.close()
    assert "no sign of life within 1 s" in text
    assert "firewall" in do


@pytest.mark.parametrize(
    "page", [b"<html><title>Sign in</title></html>", b"{}", b"", b'"\xff'], ids=repr
)
def test_a_proxy_that_answers_with_a_page_of_its_own(nowhere: Place, page: bytes) -> None:
    with answering(lambda *_: (200, {"Content-Type": "text/html"}, page)) as url:
        nowhere.configure(url=url)
        text, do = broken(nowhere, "server")
    assert "but no InfluxDB" in text
    assert "proxy" in do


def test_a_proxy_whose_database_is_away(nowhere: Place) -> None:
    with answering(lambda *_: (502, {}, b"<html>Bad Gateway</html>")) as url:
        nowhere.configure(url=url)
        text, _ = broken(nowhere, "server")
    assert "answered 502" in text


def test_a_certificate_that_nobody_here_trusts(nowhere: Place, tmp_path: Path) -> None:
    context = certificates.issued("127.0.0.1").server_context(tmp_path)
    with answering(lambda *_: (200, {}, b""), context) as url:
        nowhere.configure(url=url)
        text, do = broken(nowhere, "server")
    assert "no trusted TLS connection" in text
    assert "certificate" in do


def test_https_to_a_server_that_speaks_http(nowhere: Place) -> None:
    with answering(lambda *_: (404, {}, b"")) as url:
        nowhere.configure(url=url.replace("http:", "https:"))
        text, do = broken(nowhere, "server")
    assert "no trusted TLS connection" in text
    assert "whether it speaks https at all" in do


def test_a_clock_that_is_off(nowhere: Place) -> None:
    """A real server has the clock of this machine; this one tells a time of its own."""

    def old(_method: str, path: str, _body: bytes, _shown: str) -> Reply:
        if path == "/ping":
            return 204, {"X-Influxdb-Version": "1.8.10", "Date": SAYS["Date"]}, b""
        return (404, {}, b"") if path.startswith("/api") else (401, {}, b'{"error":"no"}')

    with answering(old) as url:
        nowhere.configure(url=url)
        _, found = nowhere.check()
    assert found["clock"]["state"] == "broken"
    assert "of this one" in found["clock"]["text"] or "behind this one" in found["clock"]["text"]
    assert "timedatectl" in found["clock"]["do"]


# SQLite


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def local(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    place = Place(tmp_path, RealInflux(1, "", "", "", (), tmp_path), "", capsys)
    place.config.write_text(
        f'kind = "collector"\ncollector.regions = ["330100"]\nstore.file = "{file}"\n'
    )
    return place


def test_a_file_that_is_fine_is_looked_at_beside_the_collector(local: Place, file: Path) -> None:
    assert local.check()[1]["file"]["state"] == "note"
    assert not file.exists()
    with closing(SqliteStore(file)) as store:
        store.write(b"mem used=1i 1\n")
        assert fine(local)
        store.write(b"mem used=2i 2\n")


def test_the_files_of_rollups_beside_it_are_looked_at_too(local: Place, file: Path) -> None:
    hourly = file.with_name("store_1h.db")
    for one in (file, hourly):
        SqliteStore(one).close()
    assert fine(local)
    hourly.write_bytes(b"something else " * 1_000)
    text, _ = broken(local, "file store_1h.db")
    assert "is not a database" in text
    hourly.unlink()
    assert fine(local)


def test_a_file_that_another_process_holds(local: Place, file: Path) -> None:
    SqliteStore(file).close()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "in use by another process" in broken(local, "write")[0]
        other.execute("ROLLBACK")
        assert fine(local)


def test_a_damaged_file_is_found_and_another_one_is_not(local: Place, file: Path) -> None:
    with closing(SqliteStore(file)) as store:
        store.write(b"".join(b"mem,host=%d used=%di %d\n" % (n, n, n) for n in range(5_000)))
    content = file.read_bytes()
    with file.open("r+b") as opened:
        opened.seek(40_960)
        opened.write(b"\xff" * 40_960)
    text, do = broken(local, "integrity")
    assert "damaged" in text
    assert "bring back a copy" in do
    file.write_bytes(content)
    assert fine(local)


def test_a_file_of_something_else(local: Place, file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE mine (x)")
    text, do = broken(local, "file")
    assert "not this program's time series" in text
    assert "[store] file" in do


def test_a_file_that_this_user_may_not_write_or_not_even_see() -> None:
    if os.geteuid():
        pytest.skip("only root can look as somebody else")
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "store.db"
        SqliteStore(file).close()
        assert as_nobody(file) == ["rights"]
        Path(name).chmod(0o755)
        assert as_nobody(file) == ["rights"]


def as_nobody(file: Path) -> list[str]:
    """Return the states that a check by an ordinary user gives."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgid(nobody.NOBODY)
            os.setuid(nobody.NOBODY)
            said = " ".join(one.state for one in check_sqlite.check(file))
        except BaseException as error:  # noqa: BLE001 — nothing of it may run on in the child
            said = repr(error)
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        words = answer.read().decode().split()
    os.waitpid(child, 0)
    return words
