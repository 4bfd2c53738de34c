"""What `deploy init` lays into a folder: once, each file for one reader, and no secret shown."""

import json
import os
import re
import tomllib
from pathlib import Path

import pytest

from collector.config import read_collector
from collector.deploy import init, owners, renew
from collector.deploy.authority import utc_now
from collector.deploy.district import District
from collector.deploy.owners import IN_CONTAINERS, Owner
from collector.terminal import DEFAULT_URL
from configs import __file__ as configs_file
from core.errors import ConfigError
from tests.collector.deploy.made import HOST, REGION, ROOT, deploy, made, open_folder, ran

CONFIGS = Path(configs_file).parent
INIT = ("--region", REGION, "--host", HOST)
SECRETS = ("*.key", "influx_login", "admin_password", "secret_key")

DEFAULT_WORDS = re.compile(
    r"(?i)(?:password|passwd|token|secret|_key)\w*\s*[:=]\s*[\"']?(?!\$__file\{)[\w$!@-]+"
)
"""A secret that stands in a file after its name."""
NO_SECRET = re.compile(
    r"(?i)^##|secret_header|(?:password|token|secret|key)_file|keyfile|httpHeader|secure"
    r"|^# password_guessing = [\d.]+$"  # how often that attack is played
    r'|^# password = "scrypt\$[\d$]+A+\$A+"$'  # what a hash looks like; none is of zeros
)
"""Prose, and names of what is no secret or where one is."""


def below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def secrets(folder: Path) -> list[Path]:
    return [path for pattern in SECRETS for path in folder.rglob(pattern)]


def test_a_second_run_changes_nothing_and_says_what_is_there() -> None:
    with open_folder() as place:
        folder = place / "district"
        first = deploy("init", folder, *INIT)
        assert (first.returncode, first.stderr) == (0, "")
        laid = below(folder)
        for again in ((), INIT):
            second = ran("init", folder, *again)
            assert (second.returncode, second.stderr) == (0, "")
            assert below(folder) == laid
        said = {line.split()[1] for line in second.stdout.splitlines() if line[:5] == "there"}
        assert said | {"authority/issued.csv"} == {*laid}
        assert "made" not in second.stdout.split("\n")[0]


def test_no_secret_is_ever_shown() -> None:
    with open_folder() as place:
        folder = place / "district"
        said = [ran("init", folder, *INIT), ran("init", folder)]
        said += [ran("agent", folder, REGION, "3144000123", "pc-1"), ran("list", folder)]
        said += [ran("renew", folder, "--days", "900"), ran("upgrade", folder)]
        assert [(one.returncode, one.stderr) for one in said] == [(0, "")] * 6
        shown = "".join(one.stdout for one in said)
        files = secrets(folder)
        assert len(files) >= 10
        for path in files:
            for line in path.read_text().splitlines():
                assert line.startswith("-----") or line.rpartition(":")[2] not in shown, path


def test_each_file_is_for_one_reader_alone() -> None:
    with made() as district:
        folder = district.folder
        public = {"compose.yaml", ".env"}
        for path in folder.rglob("*"):
            name = path.relative_to(folder).as_posix()
            mode = path.stat().st_mode & 0o777
            if path.is_file():
                assert mode == (0o644 if name in public else 0o600), name
            else:
                assert mode == (0o755 if name == "data" else 0o700), name
            part = name.removeprefix("data/").partition("/")[0]
            owner = IN_CONTAINERS.get(part, 0) if name != "influxdb" else 0  # type: ignore[call-overload]
            assert path.stat().st_uid == (0 if os.geteuid() == 0 and not owner else owner), name


def test_no_two_districts_share_a_secret() -> None:
    with made() as one, made() as other:
        found = [{path.read_bytes() for path in secrets(d.folder)} for d in (one, other)]
        assert len(found[0]) == len(secrets(one.folder))
        assert found[0] & found[1] == set()


def test_no_file_that_ships_or_is_made_has_a_default_password() -> None:
    with made() as district:
        ship = (path for path in CONFIGS.rglob("*") if path.is_file() and path.suffix != ".pyc")
        texts = {path: path.read_text() for path in ship}
        held = {*secrets(district.folder)}
        texts |= {
            path: path.read_text()
            for path in district.folder.rglob("*")
            if path.is_file() and path not in held and path.suffix not in {".pem", ".json"}
        }
        lines = [
            f"{path.name}: {line}"
            for path, text in texts.items()
            for line in text.splitlines()
            if DEFAULT_WORDS.search(line) and not NO_SECRET.search(line)
        ]
        assert lines == []


@pytest.mark.parametrize(
    "line",
    ["GF_SECURITY_ADMIN_PASSWORD: admin", 'admin_password = "x1"', "INFLUX_TOKEN=my-token"],
)
def test_a_default_password_would_be_seen(line: str) -> None:
    assert DEFAULT_WORDS.search(line)
    assert not NO_SECRET.search(line)


def test_a_first_run_that_was_broken_off_is_finished_by_the_next() -> None:
    with made() as district:
        folder, whole = district.folder, {*below(district.folder)}
        kept = below(folder)
        for gone in ("collector/events.key", "grafana/secret_key", "mosquitto/revoked.pem"):
            (folder / gone).unlink()
        layer = init.init(init.settled(init.Wanted(folder, (), ())), utc_now())
        assert {*below(folder)} == whole
        # A certificate is of no use without its key, so both are new.
        changed = {name for name, data in below(folder).items() if data != kept[name]}
        assert changed == {
            *("collector/events.key", "collector/events.pem", "authority/issued.csv"),
            *("grafana/secret_key", "mosquitto/revoked.pem"),
        }
        assert {*layer.made} == changed - {"authority/issued.csv"}


def test_an_authority_whose_key_was_written_alone_is_begun_anew() -> None:
    with open_folder() as place:
        home = place / "district" / "authority"
        home.mkdir(parents=True)
        (home / "ca.key").write_text("half of")
        init.init(init.Wanted(place / "district", (REGION,), (HOST,)), utc_now())
        District(place / "district").signer()


@pytest.mark.parametrize("lost", ["ca.key", "ca.pem"])
def test_an_authority_that_lost_a_half_is_not_replaced_by_another(lost: str) -> None:
    with made() as district:
        (district.folder / "authority" / lost).unlink()
        with pytest.raises(ConfigError, match=lost):
            init.init(init.Wanted(district.folder, (REGION,), (HOST,)), utc_now())


def test_the_files_are_what_the_programs_take(tmp_path: Path) -> None:
    with made() as district:
        for part in ("collector", "watchdog"):
            config = read_collector(district.folder / part / f"{part}.toml")
            assert config.collector.regions == (REGION,)
            assert config.broker.port == 8883
        done = ran("agent", district.folder, REGION, "3144000123", "pc-1")
        assert done.returncode == 0, done.stderr
        agent = district.folder / "agents" / REGION / "3144000123" / "pc-1" / "agent.toml"
        told = tomllib.loads(agent.read_text())
        assert told["collector"] == {"id": "d1"}
        assert told["broker"]["host"] == HOST


def test_without_containers_the_files_belong_to_the_users_of_the_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if os.geteuid():
        pytest.skip("only root gives files away")
    own = {part: Owner(20_000 + n, 20_000) for n, part in enumerate(owners.ON_THE_HOST)}
    monkeypatch.setattr(owners, "on_the_host", lambda: own)
    with open_folder() as place:
        folder = place / "district"
        wanted = init.Wanted(folder, (REGION,), (HOST,), in_containers=False)
        init.init(wanted, utc_now())
        assert not (folder / "compose.yaml").exists()
        assert not (folder / "data").exists()
        for part, owner in own.items():
            assert {path.stat().st_uid for path in (folder / part).rglob("*")} == {owner.uid}
        config = read_collector(folder / "collector" / "collector.toml")
        assert (config.broker.host, config.http.host) == ("127.0.0.1", "127.0.0.1")
        assert "http_addr = 127.0.0.1\n" in (folder / "grafana" / "grafana.ini").read_text()
        assert renew.upgrade(District(folder)) == []


def test_without_containers_and_without_the_users_it_says_what_to_do() -> None:
    def nobody(name: str) -> None:
        raise KeyError(name)

    if os.geteuid():
        pytest.skip("only root gives files away")
    with pytest.raises(ConfigError, match="no user mosquitto, grafana, schoolwatch"):
        owners.on_the_host(nobody)  # type: ignore[arg-type]


def test_who_is_not_root_runs_everything_as_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    monkeypatch.setattr(os, "getegid", lambda: 1235)
    assert {*owners.in_containers().values()} == {Owner(1234, 1235)}
    with open_folder() as place:
        init.init(init.Wanted(place / "district", (REGION,), (HOST,)), utc_now())
        users = (place / "district" / ".env").read_text().splitlines()[1:]
        assert {line.partition("=")[2] for line in users} == {"1234:1235"}
    with pytest.raises(ConfigError, match="run as root"):
        owners.on_the_host()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--region", REGION), "a new folder needs --region and --host"),
        (("--region", "44 03", "--host", HOST), "region '44 03' must be"),
        (("--region", REGION, "--host", "ä.example"), "'ä.example' is no host name"),
        ((*INIT, "--region", REGION), "a region is named twice"),
        ((*INIT, "--collector", "d/1"), "collector 'd/1' must be"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = ran("init", tmp_path / "district", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "district").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--region", "440305"), f"is the folder of collector d1 for {REGION}"),
        (("--region", REGION, "--collector", "d2"), "is the folder of collector d1"),
        (("--host", "other.example"), "the broker's certificate"),
    ],
)
def test_a_second_run_that_asks_for_something_else_is_told_how(
    words: tuple[str, ...], said: str
) -> None:
    with made() as district:
        before = below(district.folder)
        done = ran("init", district.folder, *words)
        assert done.returncode == 2
        assert said in done.stderr
        assert below(district.folder) == before


def test_an_upgrade_brings_what_is_ours_and_keeps_what_stood_there() -> None:
    with made() as district:
        folder = district.folder
        assert renew.upgrade(district) == []
        before = (folder / "compose.yaml").read_text()
        (folder / "compose.yaml").write_text("of an older version")
        toml = folder / "collector" / "collector.toml"
        toml.write_text(toml.read_text().replace(f'["{REGION}"]', f'["{REGION}", "440305"]'))
        assert renew.upgrade(district) == ["compose.yaml", "mosquitto/acl"]
        assert (folder / "compose.yaml").read_text() == before
        assert (folder / "compose.yaml.old").read_text() == "of an older version"
        assert "schoolwatch/v1/440305/+/+/readings" in (folder / "mosquitto" / "acl").read_text()
        assert (folder / "mosquitto" / "acl").stat().st_mode & 0o777 == 0o600


def test_the_image_is_the_one_of_this_version() -> None:
    version = tomllib_version()
    for name in ("compose.yaml", "Dockerfile"):
        text = (CONFIGS / "deploy" / name).read_text()
        assert {*re.findall(r"schoolwatch:([\w.]+)", text)} == {version}


def tomllib_version() -> str:
    found = re.search(r"^version = (.+)$", (ROOT / "setup.cfg").read_text(), re.MULTILINE)
    assert found
    return found[1]


def pages_of(folder: Path) -> set[str]:
    """Return where the dashboards of *folder* say that the collector's pages are."""
    boards = [*(folder / "grafana" / "dashboards").rglob("*.json")]
    assert boards
    found = (json.loads(path.read_bytes())["templating"]["list"] for path in boards)
    return {one["query"] for variables in found for one in variables if one["name"] == "page"}


def test_dashboards_lead_to_the_pages_of_the_district_and_follow_when_these_move() -> None:
    ours, later = "https://monitor.example.org", "https://net.example.org/watch"
    with open_folder() as place:
        folder = place / "district"
        assert ran("init", folder, *INIT, "--base-url", ours).returncode == 0
        assert pages_of(folder) == {ours}
        config = folder / "collector" / "collector.toml"
        assert read_collector(config).alerts.base_url == ours
        config.write_text(config.read_text("utf-8").replace(ours, f"{later}/"), "utf-8")
        assert ran("init", folder).returncode == 0
        changed = renew.upgrade(District(folder))
        assert changed
        assert all(name.startswith("grafana/dashboards/") for name in changed)
        assert pages_of(folder) == {later}
        assert "upgrade" in ran("init", folder, *INIT, "--base-url", ours).stderr


def test_an_address_of_the_pages_that_is_none_is_refused_before_anything_is_made() -> None:
    with open_folder() as place:
        said = ran("init", place / "district", *INIT, "--base-url", "http://monitor.example.org")
        assert said.returncode != 0
        assert "https" in said.stderr
        assert not (place / "district").exists()


def test_without_an_address_they_lead_to_this_machine() -> None:
    with made() as district:
        assert pages_of(district.folder) == {DEFAULT_URL}
