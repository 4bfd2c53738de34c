"""The compose file as docker-compose itself reads it, and what every service must keep to."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.deploy.owners import IN_CONTAINERS
from core import VERSION
from tests.collector.deploy.made import ROOT, made
from tests.real.composed import configured

pytestmark = pytest.mark.real("docker-compose")

SERVICES = {"mosquitto", "influxdb", "collector", "watchdog", "grafana"}
DOCKERFILE = ROOT / "configs" / "deploy" / "Dockerfile"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with made() as district:
        yield district.folder


@pytest.fixture(scope="module")
def services(folder: Path) -> dict[str, Any]:
    """Return what `up` starts: what has a profile is started by hand."""
    found = configured(folder)["services"]
    return {name: service for name, service in found.items() if "profiles" not in service}


def test_it_is_read_without_a_word_and_has_every_service(services: dict[str, Any]) -> None:
    assert {*services} == SERVICES


def test_only_mqtt_over_tls_is_open_to_others(services: dict[str, Any]) -> None:
    ports = {name: service.get("ports", []) for name, service in services.items()}
    assert ports == {
        "mosquitto": [{"published": 8883, "target": 8883}],
        "influxdb": [],
        "collector": ["127.0.0.1:8480:8480/tcp"],
        "watchdog": [],
        "grafana": ["127.0.0.1:3000:3000/tcp"],
    }


def test_every_service_is_kept_small(folder: Path) -> None:
    for name, service in configured(folder)["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["logging"]["options"] == {"max-file": "5", "max-size": "10m"}, name
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+", service["image"]), name
        assert {"privileged", "network_mode", "devices"} & {*service} == set(), name
        if name != "store-init":
            assert "cap_add" not in service, name
            assert service["user"] == ":".join(2 * [str(IN_CONTAINERS[name])]), name
            assert service["healthcheck"]["test"][0] == "CMD", name
            assert service["restart"] == "unless-stopped", name


def test_the_database_is_on_a_network_of_its_own(folder: Path, services: dict[str, Any]) -> None:
    assert configured(folder)["networks"]["store"] == {"internal": True}
    where = {name: {*service["networks"]} for name, service in services.items()}
    assert where["influxdb"] == {"store"}
    assert {name for name, networks in where.items() if "store" in networks} == {
        *("influxdb", "collector", "grafana")
    }


def test_files_are_mounted_read_only_and_only_data_can_be_written(
    folder: Path, services: dict[str, Any]
) -> None:
    for name, service in services.items():
        for volume in service["volumes"]:
            source, inside, mode = volume.split(":")
            assert Path(source).is_dir(), f"{name}: {source} is not what deploy init makes"
            is_data = Path(source).is_relative_to(folder / "data")
            assert mode == ("rw" if is_data else "ro"), volume
            assert inside.startswith("/var/lib/" if is_data else "/etc/schoolwatch/"), volume
            if not is_data:
                assert Path(source) == folder / name, f"{name} reads the files of another"


def test_no_secret_is_in_an_environment(services: dict[str, Any]) -> None:
    for name, service in services.items():
        words = " ".join(f"{k}={v}" for k, v in service.get("environment", {}).items())
        assert not re.search(r"(?i)passw|token|secret", words), name


def test_without_its_users_nothing_starts(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "compose.yaml").write_text((folder / "compose.yaml").read_text())
    with pytest.raises(AssertionError, match="make it with schoolwatch deploy init"):
        configured(tmp_path)


def test_the_image_holds_what_setup_cfg_installs_and_runs_as_nobody_in_particular() -> None:
    text = DOCKERFILE.read_text()
    kept = re.findall(
        r"^!(\S+)$", (DOCKERFILE.parent / "Dockerfile.dockerignore").read_text(), re.M
    )
    assert [name for name in kept if not (ROOT / name).exists()] == []
    setup = (ROOT / "setup.cfg").read_text()
    packages = re.findall(r"^    (\w+)\*$", setup, re.MULTILINE)
    assert {*packages, "schoolwatch.py", "setup.cfg", "pyproject.toml"} <= {*kept}
    extra = re.search(r"/src\[(\w+)\]", text)
    assert extra
    assert f"\n{extra[1]} =\n" in setup
    assert f"USER {IN_CONTAINERS['collector']}:{IN_CONTAINERS['collector']}\n" in text
    assert f"schoolwatch:{VERSION}" in text
    assert 'ENTRYPOINT ["schoolwatch"]' in text
