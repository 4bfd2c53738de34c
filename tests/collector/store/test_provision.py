"""`store init` on real servers: what it makes, that it can be repeated, and who may do what."""

import json
import os
import stat
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from collector.cli import main
from collector.store import provision1
from tests.collector.store.provisioning import Place
from tests.real import influxdb1, influxdb2
from tests.real.influx import NoInflux, RealInflux

# They share two servers, which are empty when the first of them comes.

EMPTY = {"influxdb1": influxdb1.empty, "influxdb2": influxdb2.empty}
PARAMS = [pytest.param(one, marks=pytest.mark.real(one)) for one in EMPTY]
NAMES = ("school", "school_1h", "school_1d")
DAYS = (90, 1095, 3650)


@pytest.fixture(scope="module", params=PARAMS)
def new_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealInflux]:
    """Each InfluxDB in turn, which nobody has set up before the tests of this file do."""
    try:
        with EMPTY[request.param](tmp_path_factory.mktemp(request.param)) as server:
            yield server
    except NoInflux as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def folder(new_server: RealInflux, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp(f"place{new_server.version}")


@pytest.fixture
def place(new_server: RealInflux, folder: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    """The place of `school` on that server, set up."""
    place = Place(folder, new_server, NAMES[0], capsys).configure()
    place.init()
    return place


def other(place: Place, tmp_path: Path, bucket: str) -> Place:
    """A place of its own on the same server, which is set up."""
    found = Place(tmp_path, place.server, bucket, place.capsys).configure()
    found.give(found.admin_file, place.admin_file.read_text().strip())
    return found


def admin(place: Place) -> str:
    return place.admin_file.read_text().strip()


def ask(place: Place, token: str, influxql: str, db: str = NAMES[0]) -> str:
    """Return the answer to one statement as text."""
    where = urlencode({"db": db, "q": influxql, "epoch": "ns"})
    return place.server.call_as(token, "POST", f"/query?{where}", b"")[1].decode()


def write(place: Place, token: str, db: str = NAMES[0]) -> int:
    line = b"m v=1 %d\n" % time.time_ns()
    path = f"/write?{urlencode({'db': db, 'precision': 'ns'})}"
    return place.server.call_as(token, "POST", path, line)[0]


def retention(place: Place, name: str) -> float:
    """Return for how many days a database keeps what it has."""
    if place.server.version == 1:
        [series] = json.loads(ask(place, admin(place), f'SHOW RETENTION POLICIES ON "{name}"'))[
            "results"
        ][0]["series"]
        return provision1.days_of(series["values"][0][1])
    _, found = place.server.call_as(admin(place), "GET", f"/api/v2/buckets?name={name}")
    rules = json.loads(found)["buckets"][0]["retentionRules"]
    return float(rules[0]["everySeconds"] / 86_400) if rules else 0


def test_an_empty_server_is_set_up_and_a_second_run_changes_nothing(
    new_server: RealInflux, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(folder, new_server, NAMES[0], capsys).configure()
    code, said = place.init()
    assert (code, said["fine"]) == (0, True)
    assert {step["state"] for step in said["steps"] if step["state"] != "made"} <= {"as it was"}
    before = place.secrets()
    for words in ((), ("--renew",)):
        code, said = place.init(*words)
        assert (code, said["changed"]) == (0, 0), said
    assert place.secrets() == before
    assert [retention(place, name) for name in NAMES] == list(DAYS)
    assert place.check()[0] == 0


def test_secrets_are_for_their_owner_and_are_never_shown(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in (place.token_file, place.grafana_file, place.admin_file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert len(file.read_text().strip()) > 40
    config = ["--config", str(place.config)]
    main(["store", "init", *config, "--admin-file", str(place.admin_file)])
    main(["store", "check", *config])
    out, err = capsys.readouterr()
    assert "Nothing was changed." in out
    assert f"rights of {NAMES[0]}-collector-d1 " in out or place.server.version != 1
    assert "All 6 work." in out
    assert [one for one in place.secrets() if one in out + err] == []


def test_the_collector_writes_and_reads_and_can_neither_make_nor_drop_a_database(
    place: Place,
) -> None:
    token = place.token_file.read_text().strip()
    for name in NAMES:
        assert write(place, token, name) == 204
        assert '"columns":["time","v"]' in ask(place, token, "SELECT v FROM m", name)
    for statement in (
        "CREATE DATABASE mine",
        f'DROP DATABASE "{NAMES[0]}"',
        f'ALTER RETENTION POLICY "autogen" ON "{NAMES[0]}" DURATION 1h',
        "CREATE USER me WITH PASSWORD 'x' WITH ALL PRIVILEGES",
    ):
        assert "error" in ask(place, token, statement), statement
    assert refused_by_api(place, token) == []
    databases = ask(place, admin(place), "SHOW DATABASES")
    assert all(f'["{name}"]' in databases for name in NAMES)
    assert "mine" not in databases


def refused_by_api(place: Place, token: str) -> list[str]:
    """Return what *token* was allowed to do to buckets and tokens of a 2; should be nothing."""
    if place.server.version == 1:
        return []
    _, found = place.server.call_as(admin(place), "GET", f"/api/v2/buckets?name={NAMES[0]}")
    bucket = json.loads(found)["buckets"][0]
    tries = {
        "delete": ("DELETE", f"/api/v2/buckets/{bucket['id']}", None),
        "shorten": (
            "PATCH",
            f"/api/v2/buckets/{bucket['id']}",
            {"retentionRules": [{"type": "expire", "everySeconds": 3_600}]},
        ),
        "make": (
            "POST",
            "/api/v2/buckets",
            {"name": "mine", "orgID": bucket["orgID"], "retentionRules": []},
        ),
        "points": (
            "POST",
            f"/api/v2/delete?org={quote(place.server.org)}&bucket={NAMES[0]}",
            {"start": "1970-01-01T00:00:00Z", "stop": "2100-01-01T00:00:00Z"},
        ),
        "token": ("POST", "/api/v2/authorizations", {"orgID": bucket["orgID"], "permissions": []}),
    }
    allowed = []
    for name, (method, path, body) in tries.items():
        content = json.dumps(body).encode() if body else None
        status, _ = place.server.call_as(token, method, path, content)
        if status < 400:
            allowed.append(name)
    return allowed


def test_grafana_reads_and_can_write_and_delete_nothing(place: Place) -> None:
    collector, grafana = (
        file.read_text().strip() for file in (place.token_file, place.grafana_file)
    )
    for name in NAMES:
        assert write(place, collector, name) == 204
        assert '"columns":["time","v"]' in ask(place, grafana, "SELECT v FROM m", name)
        assert write(place, grafana, name) in (401, 403)
    for statement in (
        "DELETE FROM m",
        "DROP SERIES FROM m",
        "DROP MEASUREMENT m",
        f'DROP RETENTION POLICY "autogen" ON "{NAMES[0]}"',
        f'DROP DATABASE "{NAMES[0]}"',
        "SELECT v INTO other FROM m",
    ):
        assert "error" in ask(place, grafana, statement), statement
    assert refused_by_api(place, grafana) == []
    assert '"columns":["time","v"]' in ask(place, grafana, "SELECT v FROM m")


def test_the_data_source_of_grafana_shows_its_token_in_one_way_to_every_version(
    place: Place,
) -> None:
    assert write(place, place.token_file.read_text().strip()) == 204
    header = {"Authorization": f"Token {place.grafana_file.read_text().strip()}"}
    where = urlencode({"db": NAMES[0], "q": "SELECT v FROM m"})
    request = urllib.request.Request(f"{place.server.url}/query?{where}", headers=header)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert b'"columns":["time","v"]' in answer.read()


def test_what_the_rights_of_a_version_allow_beyond_that_is_as_the_page_says(
    place: Place, tmp_path: Path
) -> None:
    """docs/influxdb.md, "What the credentials may do"; a version that is stricter may pass too."""
    mine = other(place, tmp_path, "rights")
    mine.init()
    collector, grafana = (file.read_text().strip() for file in (mine.token_file, mine.grafana_file))
    assert write(mine, collector, "rights") == 204
    assert "error" not in ask(mine, collector, "DELETE FROM m", "rights")
    if place.server.version == 1:
        query = "CREATE CONTINUOUS QUERY c ON rights BEGIN SELECT mean(v) INTO n FROM m GROUP BY "
        assert "continuous queries" not in mine.check()[1]
        assert "error" not in ask(mine, grafana, query + "time(1h) END", "rights")
        assert mine.check()[1]["continuous queries"]["state"] == "look"
        gone = 'DROP RETENTION POLICY "autogen" ON "rights"'
        assert "error" not in ask(mine, collector, gone, "rights")
        # ... and `store init` brings it back, empty.
        assert mine.states()["database rights"] == "changed"
        assert write(mine, collector, "rights") == 204
        return
    token = api_token(mine, "rights")
    _, found = place.server.call_as(token, "GET", "/api/v2/buckets?name=rights")
    path = f"/api/v2/buckets/{json.loads(found)['buckets'][0]['id']}"
    assert place.server.call_as(token, "DELETE", path)[0] == 204


def api_token(place: Place, bucket: str) -> str:
    """Return a token that may read and write *bucket* of a 2, as its documentation advises."""
    _, found = place.server.call_as(admin(place), "GET", f"/api/v2/buckets?name={bucket}")
    one = json.loads(found)["buckets"][0]
    resource = {"type": "buckets", "id": one["id"], "orgID": one["orgID"]}
    rights = [{"action": action, "resource": resource} for action in ("read", "write")]
    body = json.dumps({"orgID": one["orgID"], "permissions": rights}).encode()
    _, made = place.server.call_as(admin(place), "POST", "/api/v2/authorizations", body)
    return str(json.loads(made)["token"])


def test_a_retention_that_is_shorter_is_lengthened_and_a_longer_one_is_left(
    place: Place, tmp_path: Path
) -> None:
    mine = other(place, tmp_path, "kept").configure(keep_days=30, keep_hourly_days=2_000)
    mine.init()
    mine.configure()
    code, said = mine.init()
    told = {step["part"]: (step["state"], step["text"]) for step in said["steps"]}
    assert code == 0
    assert told["database kept"] == (
        "changed",
        "kept its readings for 30 days only: 90 from now on",
    )
    assert told["database kept_1h"] == (
        "as it was",
        "kept for 2000 days, longer than the 1095 days that are promised: left",
    )
    assert [retention(mine, f"kept{end}") for end in ("", "_1h", "_1d")] == [90, 2_000, 3_650]


def test_a_database_that_keeps_everything_for_ever_is_left(place: Place, tmp_path: Path) -> None:
    mine = other(place, tmp_path, "forever")
    place.server.token = admin(place)
    place.server.make_bucket("forever")
    assert mine.states()["database forever"] == "as it was"
    assert retention(mine, "forever") == 0
    code, found = mine.check()
    assert (code, found["database forever"]["state"]) == (0, "works")


def test_the_length_of_a_piece_and_the_place_of_grafana_s_file_may_be_chosen(
    place: Place, tmp_path: Path
) -> None:
    mine, file = other(place, tmp_path, "chosen"), tmp_path / "grafana" / "token"
    code, _ = mine.init("--shard-days", "2", "20", "200", "--grafana-file", str(file))
    assert code == 0
    assert not mine.grafana_file.exists()
    assert [shard_days(mine, f"chosen{end}") for end in ("", "_1h", "_1d")] == [2, 20, 200]
    assert '"columns":["name"]' in ask(mine, file.read_text().strip(), "SHOW DATABASES", "chosen")


def shard_days(place: Place, name: str) -> float:
    if place.server.version == 1:
        answer = json.loads(ask(place, admin(place), f'SHOW RETENTION POLICIES ON "{name}"'))
        return provision1.days_of(answer["results"][0]["series"][0]["values"][0][2])
    _, found = place.server.call_as(admin(place), "GET", f"/api/v2/buckets?name={name}")
    rule = json.loads(found)["buckets"][0]["retentionRules"][0]
    return float(rule["shardGroupDurationSeconds"] / 86_400)


def test_two_collectors_have_users_of_their_own_and_share_grafana_s(
    place: Place, tmp_path: Path
) -> None:
    mine = other(place, tmp_path, "shared")
    mine.init()
    (tmp_path / "d2").mkdir()
    second = other(place, tmp_path / "d2", "shared").configure()
    text = second.config.read_text().replace("[store]", 'id = "d2"\n[store]')
    second.config.write_text(text)
    second.give(second.grafana_file, mine.grafana_file.read_text().strip())
    code, said = second.init()
    assert (code, said["changed"]) == (0, 3 if place.server.version == 1 else 2)
    tokens = [one.token_file.read_text().strip() for one in (mine, second)]
    assert tokens[0] != tokens[1]
    assert [write(mine, token, "shared") for token in tokens] == [204, 204]


def test_a_user_whose_file_was_lost_is_left_alone_until_somebody_says_renew(
    place: Place, tmp_path: Path
) -> None:
    mine = other(place, tmp_path, "lost")
    mine.init()
    old = mine.token_file.read_text().strip()
    mine.token_file.unlink()
    code, said = mine.init()
    [look] = [step for step in said["steps"] if step["state"] == "look"]
    assert (code, look["part"]) == (1, "user lost-collector-d1")
    assert "--renew" in look["text"]
    assert write(mine, old, "lost") == 204

    code, said = mine.init("--renew")
    assert (code, said["fine"]) == (0, True)
    assert write(mine, old, "lost") == 401
    assert write(mine, mine.token_file.read_text().strip(), "lost") == 204
    assert mine.check()[0] == 0


def test_the_credential_of_an_administrator_that_is_wrong_changes_nothing_and_is_named(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = other(place, tmp_path, "nobody")
    wrong = "admin:wrong" if place.server.version == 1 else "wrong"
    mine.give(mine.admin_file, wrong)
    words = ["store", "init", "--config", str(mine.config)]
    assert main([*words, "--admin-file", str(mine.admin_file)]) == 1
    assert "--admin-file" in capsys.readouterr().err
    assert not mine.token_file.exists()
    assert "nobody" not in ask(place, admin(place), "SHOW DATABASES")


def test_without_an_administrator_nothing_is_made_and_the_variable_does_as_well(
    place: Place,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = other(place, tmp_path, "variable")
    words = ["store", "init", "--config", str(mine.config)]
    assert main(words) in (1, 2)
    assert "SCHOOLWATCH_INFLUX_ADMIN_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("SCHOOLWATCH_INFLUX_ADMIN_TOKEN", admin(place))
    assert main(words) == 0
    assert mine.check()[0] == 0


@pytest.mark.real("influxdb2")
def test_without_an_organisation_no_file_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        with influxdb2.empty(tmp_path) as server:
            mine = Place(tmp_path, server, "nowhere", capsys).configure(org="")
            words = ["store", "init", "--config", str(mine.config)]
            assert main([*words, "--admin-file", str(mine.admin_file)]) == 2
            assert "[store] org has to name" in capsys.readouterr().err
            assert not mine.admin_file.exists()
    except NoInflux as reason:
        pytest.skip(str(reason))


@pytest.mark.real("influxdb1")
def test_a_server_that_asks_nobody_for_a_password_gets_users_and_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        with influxdb1.empty(tmp_path, asks=False) as server:
            place = Place(tmp_path, server, "open", capsys).configure()
            assert main(["store", "init", "--config", str(place.config)]) == 1
            out = capsys.readouterr().out
            assert "auth-enabled = true" in out
            code, found = place.check()
            assert (code, found["credentials"]["state"]) == (0, "look")
            assert "auth-enabled" in found["credentials"]["do"]
    except NoInflux as reason:
        pytest.skip(str(reason))


def test_sqlite_needs_no_init(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "collector.toml"
    config.write_text('kind = "collector"\ncollector.regions = ["330100"]\n')
    assert main(["store", "init", "--config", str(config)]) == 2
    assert "needs no `store init`" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["collector.toml"]  # noqa: PTH208 — names are enough
