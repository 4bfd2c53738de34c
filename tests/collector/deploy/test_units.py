"""The systemd units, read by systemd itself: any word of it is a failure."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.collector.deploy.made import ROOT

pytestmark = pytest.mark.real("systemd")

OURS = ROOT / "configs" / "deploy" / "systemd"
UNITS = (
    "schoolwatch-collector.service",
    "schoolwatch-watchdog.service",
    "schoolwatch-agent.service",
)
PROGRAMS = (
    "opt/schoolwatch/bin/schoolwatch",
    "usr/sbin/mosquitto",
    "bin/kill",
    "bin/mkdir",
    "bin/chown",
)
SENSOR = "schoolwatch-agent.service.d"
"""Optional: for an agent that has a sensor."""
EXPOSURE = {UNITS[0]: 1.5, UNITS[1]: 1.5, UNITS[2]: 3.2}
"""How open systemd 252 rates each unit, of 10; the agent has to see the disks as they are, and to
read the journal (its group)."""
MOSQUITTO = """\
[Unit]
Description=as Debian's
[Service]
Type=notify
ExecStart=/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with our units in it, beside those of this machine's systemd."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    root = tmp_path_factory.mktemp("machine")
    units = root / "etc" / "systemd" / "system"
    units.mkdir(parents=True)
    for name in UNITS:
        shutil.copy(OURS / name, units)
    (units / "mosquitto.service").write_text(MOSQUITTO)
    shutil.copytree(OURS / "mosquitto.service.d", units / "mosquitto.service.d")
    shutil.copytree("/usr/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
    (root / "lib").symlink_to("usr/lib")
    for program in PROGRAMS:
        (root / program).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("/bin/true", root / program)
    return root


def analyzed(machine: Path, *words: str) -> str:
    done = subprocess.run(
        ["systemd-analyze", f"--root={machine}", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


def test_systemd_has_nothing_to_say_about_them(machine: Path) -> None:
    assert analyzed(machine, "verify", *UNITS, "mosquitto.service") == ""


@pytest.mark.parametrize("line", ["ProtectSytem=strict", "Restart=allways", "ExecStart=/nowhere"])
def test_a_mistake_in_a_unit_would_be_said(machine: Path, line: str) -> None:
    (machine / "etc/systemd/system/wrong.service").write_text(
        (OURS / UNITS[0]).read_text().replace("[Install]", f"{line}\n\n[Install]")
    )
    assert analyzed(machine, "verify", "wrong.service") != ""


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_no_more_open_than_it_was(machine: Path, name: str) -> None:
    said = analyzed(machine, "security", "--offline=true", name)
    rated = re.search(r"exposure level for \S+: ([\d.]+)", said)
    assert rated, said
    assert float(rated[1]) <= EXPOSURE[name]


@pytest.mark.parametrize("name", UNITS)
def test_each_runs_as_a_user_of_its_own_that_sysusers_makes(name: str, tmp_path: Path) -> None:
    unit = (OURS / name).read_text()
    user = re.search(r"^User=(.+)$", unit, re.MULTILINE)
    assert user
    (tmp_path / "etc").mkdir()
    done = subprocess.run(
        ["systemd-sysusers", f"--root={tmp_path}", str(OURS / "schoolwatch.sysusers.conf")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"\n{user[1]}:" in "\n" + (tmp_path / "etc/passwd").read_text()


def test_the_agent_sees_the_disks_of_its_machine_as_they_are() -> None:
    """Each of these gives a unit a view of its own, where `disk` says mode=ro of every disk."""
    own_view = ("Protect", "Private", "ReadOnlyPaths", "InaccessiblePaths", "TemporaryFileSystem")
    lines = (OURS / UNITS[2]).read_text().splitlines()
    assert [line for line in lines if line.startswith(own_view)] == []


@pytest.fixture
def with_sensor(machine: Path, tmp_path: Path) -> Path:
    root = tmp_path / "machine"
    shutil.copytree(machine, root, symlinks=True)
    shutil.copytree(OURS / SENSOR, root / "etc/systemd/system" / SENSOR)
    return root


def test_systemd_has_nothing_to_say_about_the_right_of_the_sensor(with_sensor: Path) -> None:
    assert analyzed(with_sensor, "verify", UNITS[2]) == ""


def open_to(root: Path) -> set[str]:
    """What of capabilities and addresses systemd still finds open."""
    said = analyzed(root, "security", "--offline=true", "--json=short", UNITS[2])
    names = {one["json_field"] for one in json.loads(said) if one["set"] is False}
    return {name for name in names if name.startswith(("Capability", "Ambient", "RestrictAddr"))}


def test_the_sensor_gets_one_right_more_than_the_agent_without_it(
    machine: Path, with_sensor: Path
) -> None:
    assert open_to(with_sensor) - open_to(machine) == {
        "AmbientCapabilities",
        "CapabilityBoundingSet_CAP_NET_BIND_SERVICE_BROADCAST_RAW)",
        "RestrictAddressFamilies_AF_PACKET",
    }
