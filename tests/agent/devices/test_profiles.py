"""Each profile against a device of its family, as recorded or made from its MIB."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import schoolwatch
from agent.devices.base import Sighting
from agent.devices.drivers.snmp import SnmpDriver
from agent.devices.profile import read_profile
from agent.devices.profiles import OURS, mistakes_of, profiles_of
from agent.devices.snmp.session import WrongCredentials
from core.causes import CAUSES
from core.errors import ConfigError, TargetUnreachable
from core.measurements.devices import MEASUREMENTS
from tests.agent.devices.recording import CASES, Recording, recording
from tests.real import snmpsim

ALL = sorted(str(path.parent.relative_to(CASES)) for path in CASES.glob("*/*/device.snmprec"))


def expected(case: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((CASES / case / "expected.json").read_text("utf-8"))
    return said


def driver_of(device: Recording, **options: Any) -> SnmpDriver:
    return SnmpDriver("192.0.2.7", open_session=lambda **_: device, **options)


def told(driver: SnmpDriver, seen: Sighting, case: dict[str, Any]) -> dict[str, Any]:
    """Return what is compared with the case: all but how long the answer took."""
    fields = {name: value for name, value in seen.fields.items() if name != "answer_ms"}
    said = {"source": case["source"], "state": seen.state, "cause": seen.cause, "fields": fields}
    said["why"] = driver.memory.recognised.why if driver.memory.recognised else ""
    said |= {"options": case["options"]} if "options" in case else {}
    ports = {one.tags["port"]: dict(one.fields) for one in seen.readings}
    return said | ({"ports": ports} if ports else {})


@pytest.mark.parametrize("case", ALL)
async def test_a_device_is_recognised_and_understood(case: str) -> None:
    wanted = expected(case)
    driver = driver_of(recording(case), **wanted.get("options", {}))
    seen = await driver.look()
    assert told(driver, seen, wanted) == wanted
    assert case.startswith(f"{seen.fields['profile']}/")


ONE_EACH = [*{case.split("/")[0]: case for case in ALL}.values()]
"""One case of each profile."""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with snmpsim.responder(tmp_path_factory.mktemp("snmpsim")) as found:
        yield found


@pytest.mark.real("snmpsim")
@pytest.mark.parametrize(
    ("version", "cases"),
    [
        ("2c", ONE_EACH),
        pytest.param("2c", ALL, marks=pytest.mark.slow),
        ("1", ["ups-rfc1628/mains_lost", "printer/out_of_paper"]),
    ],
)
async def test_over_udp_every_device_tells_the_same(
    port: int, version: Any, cases: list[str], tmp_path: Path
) -> None:
    for case in cases:
        wanted = expected(case)
        secret = tmp_path / "community"
        secret.write_text(snmpsim.community(case))
        secret.chmod(0o600)
        options = {"timeout_s": 10.0, **wanted.get("options", {})}
        driver = SnmpDriver(
            "127.0.0.1", port=port, version=version, community_file=secret, **options
        )
        seen = await driver.look()
        assert told(driver, seen, wanted) == wanted, case


def test_each_profile_names_its_cases_and_each_case_has_its_profile() -> None:
    named = [case for profile in profiles_of().values() for case in profile.cases]
    assert sorted(named) == ALL


def test_each_profile_says_where_its_numbers_are_from() -> None:
    for name, profile in profiles_of().items():
        assert profile.reference, name
        named = [
            *(row.object for row in profile.value),
            *(row.object for row in profile.state),
            *(row.object for row in profile.port),
        ]
        assert all("::" in one or "." in one or "MIB:" in one for one in named), name


def test_every_recording_is_small_and_names_its_source() -> None:
    for case in ALL:
        assert (CASES / case / "device.snmprec").stat().st_size < 50_000, case
        source = expected(case)["source"]
        made = ("made from its MIB: ", "made from what independent programs read: ")
        assert source.startswith(("recorded: ", *made)), case


def test_no_field_of_a_person_can_be_read() -> None:
    fields = {row.field for profile in profiles_of().values() for row in profile.value}
    assert fields <= set(MEASUREMENTS[0].fields)
    # sysContact and sysLocation are written by people, about people.
    asked = {oid for profile in profiles_of().values() for row in profile.value for oid in row.oids}
    assert not asked & {"1.3.6.1.2.1.1.4.0", "1.3.6.1.2.1.1.6.0"}


def test_every_cause_has_words_for_a_teacher() -> None:
    for profile in profiles_of().values():
        for row in profile.state:
            for meaning in row.means:
                healthy = meaning.state in {"ready", "standby", "warming", "cooling"}
                assert healthy == (meaning.cause == "")
                assert healthy or CAUSES[meaning.cause].try_zh


async def test_a_device_that_fell_silent_is_seen_again_once_it_answers() -> None:
    device = recording("ups-rfc1628/mains_lost")
    driver = driver_of(device)
    before = await driver.look()
    device.answers = False
    with pytest.raises(TargetUnreachable):
        await driver.look()
    device.answers = True
    assert (await driver.look()).state == before.state == "limited"


@pytest.mark.parametrize(
    ("column", "state", "cause"),
    [
        ("1.3.6.1.2.1.33.1.4.4.1.5", "ready", ""),  # its load
        ("1.3.6.1.2.1.33.1.6.2.1.2", "unknown", "garbage"),  # its alarms
    ],
)
async def test_a_table_without_an_end_costs_what_it_tells(
    column: str, state: str, cause: str
) -> None:
    device = recording("ups-rfc1628/eastpower")
    driver = driver_of(device)
    device.endless = column
    seen = await driver.look()
    assert (seen.state, seen.cause) == (state, cause)
    assert seen.fields["battery_percent"] == 100
    device.endless = ""
    assert (await driver.look()).state == "ready"


@pytest.mark.parametrize(
    ("case", "scalar", "state", "cause"),
    [
        # Without power over Ethernet some refuse that one object, the only scalar of their family.
        ("tplink-switch/made_from_its_mib", "1.3.6.1.4.1.11863.6.56.1.1.1.3.0", "ready", ""),
        ("ups-rfc1628/eastpower", "1.3.6.1.2.1.33.1.2.1.0", "unknown", "garbage"),
    ],
)
async def test_a_scalar_that_is_refused_costs_what_it_tells(
    case: str, scalar: str, state: str, cause: str
) -> None:
    device = recording(case)
    driver = driver_of(device)
    device.refused = scalar
    seen = await driver.look()
    assert (seen.state, seen.cause) == (state, cause)
    assert "uptime_s" in seen.fields
    device.refused = ""
    assert (await driver.look()).state == "ready"


async def test_a_device_that_refuses_is_unknown_with_that_cause() -> None:
    device = recording("ups-rfc1628/eastpower")
    device.refuses = WrongCredentials("no such user")
    driver = driver_of(device)
    assert await driver.look() == Sighting("unknown", "credentials")
    device.refuses = None
    assert (await driver.look()).state == "ready"


async def test_a_device_is_recognised_once_and_anew_when_it_was_exchanged() -> None:
    device = recording("ups-rfc1628/huawei_ups5000")
    driver = driver_of(device)
    await driver.look()
    device.asked.clear()
    await driver.look()
    assert "1.3.6.1.4.1.39165.1.1.0" not in device.asked

    device.objects = recording("printer/idle").objects
    assert (await driver.look()).fields["profile"] == "printer"


async def test_a_named_profile_is_not_guessed() -> None:
    device = recording("ups-eaton/93e")
    seen = await driver_of(device, profile="interfaces").look()
    assert (seen.fields["profile"], seen.state) == ("interfaces", "ready")


def test_a_profile_that_is_not_there_is_refused_with_the_nearest() -> None:
    driver = driver_of(recording("ups-eaton/93e"), profile="ups-eton")
    with pytest.raises(ConfigError, match="did you mean 'ups-eaton'"):
        driver.family("ups-eton")


async def test_an_unknown_code_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    driver = driver_of(recording("hikvision-nvr/disk_has_failed"))
    with caplog.at_level(logging.WARNING):
        await driver.look()
        await driver.look()
    assert [one for one in caplog.messages if "is 77" in one] == [
        "192.0.2.7: HIKVISION-MIB::hikDiskStatus is 77, which profile hikvision-nvr does not know"
    ]


OWN = """\
kind = "profile"
title = "Ours"
device = "switch"
reference = "none"
cases = ["none"]
includes = ["interfaces"]
[recognise]
sysobjectid = ["1.3.6.1.4.1.705.1"]
"""


async def test_a_profile_of_the_operator_takes_the_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "ups-eaton.toml").write_text(OWN)
    seen = await driver_of(recording("ups-eaton/93e"), profiles=tmp_path).look()
    assert (seen.fields["profile"], "battery_percent" in seen.fields) == ("ups-eaton", False)
    assert "battery_percent" in (await driver_of(recording("ups-eaton/93e")).look()).fields


def test_a_profile_that_was_edited_counts_when_the_configuration_is_read_again(
    tmp_path: Path,
) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN)
    assert profiles_of(tmp_path)["own"].title == "Ours"
    file.write_text(OWN.replace("Ours", "Ours too"))
    assert list(mistakes_of(tmp_path, [{"driver": "snmp", "profile": "own"}])) == []
    assert profiles_of(tmp_path)["own"].title == "Ours too"

    file.write_text(OWN + "colour = 1\n")
    [(at, said)] = mistakes_of(tmp_path, [])
    assert (at, "colour" in said, str(file) in said) == (("profiles",), True, True)
    file.unlink()
    [(at, said)] = mistakes_of(tmp_path, [{"driver": "snmp", "profile": "own"}])
    assert at == ("list", 0, "profile")
    assert "profile 'own' is not there" in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('[[value]]\nfield = "cpu_percnt"\nobject = "X"\noids = ["1.3.6"]', "'cpu_percent'"),
        ('[[value]]\nfield = "state"\nobject = "X"\noids = ["1.3.6"]', "none of the measurement"),
        ('[[value]]\nfield = "cpu_percent"\nobject = "X"\noids = ["1.3.6.x"]', "an OID in numbers"),
        ('[[value]]\nfield = "cpu_percent"\nobject = "X"', "needs either `oids` or a `column`"),
        ('[[value]]\nfield = "on_battery"\nobject = "X"\noids = ["1.3.6"]', "needs `yes` or `no`"),
        ('[[value]]\nfield = "model"\nobject = "X"\noids = ["1.3.6"]\nmatch = "("', "expression"),
        (
            '[[state]]\nobject = "X"\noids = ["1.3.6"]\n'
            'means = [{ codes = [1], state = "fault", cause = "fna" }]',
            "did you mean 'fan'",
        ),
        ('[[state]]\nobject = "X"\noids = ["1.3.6"]\nmeans = [{ state = "fault" }]', "needs codes"),
        ('[[state]]\nobjct = "X"', "did you mean 'object'"),
    ],
)
def test_a_mistake_in_a_profile_is_named_with_its_line(
    line: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN + line + "\n")
    with pytest.raises(ConfigError) as caught:
        read_profile(file)
    assert said in str(caught.value)
    assert f"{file}:{OWN.count(chr(10)) + 1}" in str(caught.value) or f"{file}:1" in str(
        caught.value
    )


def test_every_mistake_in_a_profile_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        OWN
        + """colour = 1
[[value]]
field = "cpu_percnt"
object = "X"
oids = ["1.3.6.x"]
[[state]]
objct = "X"
"""
    )
    first = OWN.count("\n") + 1
    wanted = {first: "colour", first + 2: "cpu_percent"}
    wanted |= {first + 4: "an OID in numbers", first + 6: "object"}
    for said in ("alone", "with the configuration"):
        if said == "alone":
            with pytest.raises(ConfigError) as caught:
                read_profile(file)
            text = str(caught.value)
        else:
            [(_, text)] = mistakes_of(tmp_path, [])
        for line, words in wanted.items():
            found = [one for one in text.splitlines() if f"{file}:{line}: " in one]
            assert any(words in one for one in found), (said, line, text)


def test_a_profile_includes_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN.replace("interfaces", "interface"))
    with pytest.raises(ConfigError, match="did you mean 'interfaces'"):
        profiles_of(tmp_path)


def test_the_profiles_are_read_by_check_config(capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted(map(str, OURS.glob("*.toml")))
    assert files
    assert schoolwatch.main(["check-config", *files]) == 0
    assert capsys.readouterr().out.count(": fine") == len(files)
