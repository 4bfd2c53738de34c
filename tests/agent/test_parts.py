"""What a new configuration exchanges, what it leaves, and what takes a restart."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.config import AgentConfig, BatchConfig, ProbeConfig, SpoolConfig, WatcherConfig
from agent.lines import UplinkConfig
from agent.outages import Outages
from agent.parts import Parts, changes, exchanged, parts_of, said
from core import clock
from core.brokerconfig import PASSWORD_ENV, BrokerConfig
from core.errors import ConfigError
from core.types import Identity
from tests.real.certificates import issued, roots_file

CONFIG = AgentConfig(
    identity=Identity("000000", "trial", "pc-1"),
    probes=(ProbeConfig("mem"), ProbeConfig("ping")),
    watchers=(WatcherConfig("link"),),
)


def parts(**changed: Any) -> Parts:
    return parts_of(msgspec.structs.replace(CONFIG, **changed), {"now": clock.now})


def test_what_is_configured_as_it_was_stays_the_same_object_wherever_it_stands() -> None:
    old = parts()
    new = exchanged(old, parts(probes=(ProbeConfig("ping"), ProbeConfig("mem"))))
    assert [new.jobs[1], new.jobs[0]] == [*old.jobs]
    assert all(one is other for one, other in zip(reversed(new.jobs), old.jobs))
    assert new.watchers["link"] is old.watchers["link"]


def test_what_is_configured_otherwise_is_made_anew() -> None:
    old = parts()
    probes = (ProbeConfig("mem", 60.0), ProbeConfig("ping", 10.0, {"count": 1}))
    new = exchanged(old, parts(probes=probes, watchers=()))
    assert not {id(job) for job in new.jobs} & {id(job) for job in old.jobs}
    assert [job.interval_s for job in new.jobs] == [60.0, 10.0]
    assert new.watchers == {}
    assert changes(old, new) == ["[probes.mem]", "[probes.ping]", "[watchers.link] is off"]


def test_a_broker_that_moved_is_known_to_the_probes_that_ask_about_it_and_only_they_are_new() -> (
    None
):
    old = parts()
    new = exchanged(old, parts(broker=BrokerConfig(host="mqtt.example")))
    ping: Any = new.jobs[1].probe
    assert ping.surroundings.host("broker") == "mqtt.example"
    assert new.jobs[0] is old.jobs[0]
    assert new.watchers["link"] is old.watchers["link"]
    assert new.settings.broker.host == "mqtt.example"


def test_a_new_password_behind_the_same_file_is_another_way_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = parts()
    monkeypatch.setenv(PASSWORD_ENV, "secret-word")
    new = exchanged(old, parts())
    assert changes(old, new) == ["[broker] password_file"]
    assert "secret-word" not in str(new)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"identity": Identity("000000", "trial", "pc-2")}, "[identity]"),
        ({"spool": SpoolConfig(folder=Path("/elsewhere"))}, "[spool] folder"),
    ],
)
def test_who_it_is_and_where_it_keeps_things_take_a_restart(
    changed: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigError, match="takes a restart of the agent") as raised:
        exchanged(parts(), parts(**changed))
    assert str(raised.value).startswith(f"{named} changed")


def test_limits_are_no_reason_to_restart() -> None:
    old = parts()
    new = exchanged(old, parts(spool=SpoolConfig(max_mb=1), batch=BatchConfig(seal_kb=1)))
    assert changes(old, new) == ["[spool]", "[batch]"]


def test_what_is_on_is_said_in_words() -> None:
    assert said(CONFIG) == "mem, ping, watch link"
    assert said(AgentConfig(identity=CONFIG.identity)) == "no probe"


def test_lines_that_changed_are_known_to_whoever_asks_about_them() -> None:
    uplink, mem = ProbeConfig("uplink"), ProbeConfig("mem")
    old = parts(probes=(uplink, mem))
    fibre = (UplinkConfig(name="fibre", interface="eth0"),)
    new = exchanged(old, parts(probes=(uplink, mem), uplinks=fibre))
    probe: Any = new.jobs[0].probe
    assert probe.uplinks == fibre
    assert new.jobs[1] is old.jobs[1]
    assert exchanged(new, parts(probes=(uplink, mem), uplinks=fibre)).jobs[0] is new.jobs[0]


def test_a_file_that_has_another_content_behind_the_same_path_is_read_anew(tmp_path: Path) -> None:
    roots = roots_file(tmp_path, issued("last-year.example", ca=True))
    asked = {"ca_file": str(roots), "urls": ["https://platform.example"]}
    probes = (ProbeConfig("http", 60.0, asked), ProbeConfig("mem"))
    old = parts(probes=probes)
    assert exchanged(old, parts(probes=probes)).jobs[0] is old.jobs[0]
    roots_file(tmp_path, issued("this-year.example", ca=True))
    new = exchanged(old, parts(probes=probes))
    assert new.jobs[0] is not old.jobs[0]
    assert new.jobs[1] is old.jobs[1]
    assert changes(old, new) == ["[probes.http] ca_file"]
    assert exchanged(new, parts(probes=probes)).jobs[0] is new.jobs[0]


def test_ping_knows_how_often_it_asks_and_its_outages_outlive_a_change_of_that() -> None:
    ours = {"now": clock.now, "outages": Outages()}
    old, new = (
        parts_of(msgspec.structs.replace(CONFIG, probes=(ProbeConfig("ping", seconds),)), ours)
        for seconds in (10.0, 60.0)
    )
    (before,), (after,) = old.jobs, exchanged(old, new).jobs
    assert (before.probe.interval_s, after.probe.interval_s) == (10.0, 60.0)  # type: ignore[attr-defined]
    assert after.probe.outages is before.probe.outages  # type: ignore[attr-defined]
