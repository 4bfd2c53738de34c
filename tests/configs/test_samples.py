"""The commented samples are the documentation: complete, right, and in step with the code."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.config import AgentFile, read_agent
from agent.devices.base import drivers
from agent.devicesconfig import DeviceKeys, DevicesConfig
from agent.lines import UplinkConfig
from agent.logsconfig import LogsConfig
from agent.probes import base as probes_base
from agent.probes import interval_of, probes
from agent.sensor.detectors import detectors
from agent.watchers import base as watchers_base
from agent.watchers import watchers
from alerts.calendar.file import CalendarFile
from alerts.people.accounts import AccountsFile
from collector.alertsconfig import KINDS as KINDS_OF_CHANNEL
from collector.config import CollectorConfig, read_collector
from collector.roster import read_roster
from core.checkconfig import check
from core.config import default_of
from core.keys import is_table, row_of
from core.registry import REQUIRED
from simulator.scenario import FaultTable, Scenario, read_scenario

CONFIGS = Path(__file__).parents[2] / "configs"
REFUSED = sorted((Path(__file__).parent / "refused").glob("*.toml"))
READERS = {
    "agent": "agent.config:read_agent",
    "collector": "collector.config:read_collector",
    "scenario": "simulator.scenario:read_scenario",
}
ACCOUNTS = {"accounts": "alerts.people.accounts:read_accounts"}
CALENDAR = {"calendar": "alerts.calendar.file:read_calendar"}
KINDS: dict[str, type[msgspec.Struct]] = {
    "accounts.toml": AccountsFile,
    "agent.toml": AgentFile,
    "collector.toml": CollectorConfig,
    "scenario.toml": Scenario,
    "calendar.toml": CalendarFile,
}

EXPECT = "# expect: "
OPTION = re.compile(r"^# (?=[a-z_0-9]+ = |\[)", re.MULTILINE)
"""A table that may be left out is an option too: it stands there, switched off."""
OFF = re.compile(r"^# \[([a-z_.]+)\]$", re.MULTILINE)
LINE = re.compile(
    r"##( .*)?|# [a-z_0-9]+ = .+|[a-z_0-9]+ = .+|(# )?\[[a-z_.]+\]|# \[\[[a-z_.]+\]\]|"
)

LISTS = {("blocked_names", category) for category in ("malware", "mining", "harmful")}


def text(name: str) -> str:
    return (CONFIGS / name).read_text(encoding="utf-8")


def defaults(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return what the code has for a kind of file, written as the file would write it."""
    return {
        field.name: defaults(field.type)
        if is_table(field.type)
        else [defaults(row)]
        if (row := row_of(field.type))
        else REQUIRED
        if field.required or field.name == "kind"
        else written(default_of(field))
        for field in msgspec.structs.fields(kind)
    }


def of_the_probes() -> dict[str, Any]:
    """Return the options of each probe, as the code has them."""
    return {
        word: {"interval_s": interval_of(word)}
        | {option.name: written(option.default) for option in probes.options(word)}
        for word in probes.words()
    }


def of_the_detectors() -> dict[str, Any]:
    """Return the options of each detector, as the code has them; block lists have own tables."""
    return {
        word: {
            option.name: written(option.default)
            for option in detectors.options(word)
            if (word, option.name) not in LISTS
        }
        for word in detectors.words()
    }


def of_the_watchers() -> dict[str, Any]:
    """Return the options of each watcher, as the code has them."""
    return {
        word: {option.name: written(option.default) for option in watchers.options(word)}
        for word in watchers.words()
    }


def of_a_device(word: str) -> dict[str, Any]:
    """Return the options of a device that *word* asks, as the code has them."""
    # Left out, `essential` depends on kind and room, which no value in a file says.
    return {
        **defaults(DeviceKeys),
        "essential": REQUIRED,
        **{option.name: written(option.default) for option in drivers.options(word)},
    }


def written(value: Any) -> Any:
    if value is None or isinstance(value, Path):
        return str(value or "")
    return list(value) if isinstance(value, tuple) else value


def leaves(table: dict[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{at}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield from leaves(value[0], f"{at}{name}[].")
        else:
            yield at + name, value


def in_code(name: str) -> dict[str, Any]:
    tables = defaults(KINDS[name])
    if "probes" in tables:
        tables["probes"] = of_the_probes()
        tables["watchers"] = of_the_watchers()
        tables["sensor"]["detectors"] = of_the_detectors()
        tables["devices"]["list"] = [of_a_device("ping")]
    return dict(leaves(tables))


@pytest.mark.parametrize("name", KINDS)
def test_a_sample_shows_every_option_with_the_default_that_the_code_has(name: str) -> None:
    code = in_code(name)
    sample = dict(leaves(tomllib.loads(OPTION.sub("", text(name)))))
    assert {key: type(value) for key, value in sample.items() if key not in code} == {}
    assert sample == {key: sample[key] if v is REQUIRED else v for key, v in code.items()}


@pytest.mark.parametrize("name", KINDS)
def test_only_what_must_be_edited_stands_bare(name: str) -> None:
    bare = {key for key, _ in leaves(tomllib.loads(text(name)))}
    needed = {key for key, value in in_code(name).items() if value is REQUIRED}
    off = tuple(f"{table}." for table in OFF.findall(text(name)))
    assert bare == {key for key in needed if "[]" not in key and not key.startswith(off)}


def test_the_sample_has_a_device_for_each_driver_with_all_its_options() -> None:
    rows = tomllib.loads(OPTION.sub("", text("agent.toml")))["devices"]["list"]
    shown = {row["driver"]: row for row in rows}
    modules = (CONFIGS.parent / "agent/devices/drivers").glob("*.py")
    assert [*shown] == [row["driver"] for row in rows]
    assert sorted(shown) == sorted({path.stem for path in modules} - {"__init__"})
    for word, row in shown.items():
        code, ours = of_a_device(word), defaults(DeviceKeys)
        assert {key for key in row if key not in ours} == {key for key in code if key not in ours}
        assert row == {key: row[key] if code[key] is REQUIRED else code[key] for key in row}


def test_the_sample_switches_on_what_is_on_by_default() -> None:
    tables = tomllib.loads(text("agent.toml"))
    assert sorted(tables["probes"]) == sorted(probes_base.by_default)
    assert sorted(tables["watchers"]) == sorted(watchers_base.by_default)


@pytest.mark.parametrize("name", KINDS)
def test_a_line_of_a_sample_is_prose_an_option_or_a_table_and_fits_a_terminal(name: str) -> None:
    lines = text(name).split("\n")
    assert [line for line in lines if not LINE.fullmatch(line) or len(line) > 100] == []


@pytest.mark.parametrize("name", KINDS)
def test_every_option_is_explained_above_it(name: str) -> None:
    """A comment stands above the option, or above the table where the table explains it."""
    blocks = text(name).split("\n\n")
    options = [block for block in blocks if OPTION.search(block)]
    assert [block for block in options if "##" not in block] == []


@pytest.mark.parametrize("name", KINDS)
def test_a_sample_is_fine_as_it_is_and_with_every_option_switched_on(
    name: str, tmp_path: Path
) -> None:
    plain, full = tmp_path / name, tmp_path / f"full-{name}"
    plain.write_text(text(name), encoding="utf-8")
    full.write_text(OPTION.sub("", text(name)), encoding="utf-8")
    for path in (plain, full):
        path.chmod(0o600)  # as a file of accounts has to be
    known = READERS | CALENDAR | ACCOUNTS
    assert [check(path, known).text for path in (plain, full)] == ["", ""]


def test_the_samples_switched_on_mean_what_they_mean_as_they_are(tmp_path: Path) -> None:
    for name in KINDS:
        (tmp_path / f"full-{name}").write_text(OPTION.sub("", text(name)), encoding="utf-8")
        (tmp_path / name).write_text(text(name), encoding="utf-8")
    plain, full = (read_agent(tmp_path / p) for p in ("agent.toml", "full-agent.toml"))
    off = {table.removeprefix("probes.") for table in OFF.findall(text("agent.toml"))}
    assert plain.words() == tuple(word for word in full.words() if word not in off)
    words = [[watcher.word for watcher in one.watchers] for one in (plain, full)]
    assert words[0] == words[1]
    (uplink,) = full.uplinks
    assert uplink == UplinkConfig(name=uplink.name, interface=uplink.interface)
    assert (len(plain.devices.list), plain.devices.concurrency) == (0, full.devices.concurrency)
    emptied: dict[str, Any] = {"probes": (), "watchers": (), "uplinks": (), "logs": LogsConfig()}
    emptied["devices"] = DevicesConfig()
    assert plain.sensor == msgspec.structs.replace(full.sensor, block_lists=(), detectors={})
    emptied["sensor"] = plain.sensor
    without = [msgspec.structs.replace(one, **emptied) for one in (plain, full)]
    assert without[0] == without[1]
    bare, switched = (
        read_collector(tmp_path / name) for name in ("collector.toml", "full-collector.toml")
    )
    for channel in switched.alerts.all_channels():
        needed = {one.name: getattr(channel, one.name) for one in fields_needed(channel)}
        assert channel == type(channel)(**needed)
    assert [len(table) for table in switched.alerts.tables().values()] == [1] * len(
        KINDS_OF_CHANNEL
    )
    nothing: dict[str, Any] = dict.fromkeys(KINDS_OF_CHANNEL, ())
    no_channels = msgspec.structs.replace(switched.alerts, **nothing)
    assert bare == msgspec.structs.replace(switched, alerts=no_channels)
    played, more = (
        read_scenario(tmp_path / name) for name in ("scenario.toml", "full-scenario.toml")
    )
    (fault,) = more.faults
    assert fault == FaultTable(kind=fault.kind, begins=fault.begins)
    assert played == msgspec.structs.replace(more, faults=())


def fields_needed(value: msgspec.Struct) -> list[msgspec.structs.FieldInfo]:
    return [field for field in msgspec.structs.fields(value) if field.required]


def test_the_sample_roster_has_the_school_of_the_sample_agent() -> None:
    roster, agent = read_roster(CONFIGS / "roster.csv"), read_agent(CONFIGS / "agent.toml")
    assert roster.said() == []
    assert (agent.identity.region, agent.identity.school) in [
        (school.region, school.school) for school in roster.schools
    ]


def test_where_things_are_kept_is_found_without_the_file_saying_it(tmp_path: Path) -> None:
    file = tmp_path / "collector.toml"
    file.write_text('kind = "collector"\ncollector.regions = ["110105"]')
    config = read_collector(file)
    assert config.store_file() == tmp_path / "var/collector/store.db"
    assert str(config.collector.tz()) == "Asia/Shanghai"

    file.write_text('kind = "collector"\ncollector.regions = ["1"]\nstore.file = "/srv/x.db"')
    assert read_collector(file).store_file() == Path("/srv/x.db")


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_a_refused_file_gets_exactly_the_sentences_that_it_expects(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    expected = [line.removeprefix(EXPECT) for line in lines if line.startswith(EXPECT)]
    readers = READERS | (ACCOUNTS if path.stem.startswith("accounts") else {})
    said = check(path, readers).text.split("\n")
    assert [line.removeprefix(f"{path}:").strip() for line in said] == expected
