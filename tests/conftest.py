"""Fixtures that every test may ask for: the real brokers, and the real databases."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests import chance
from tests.plugins.turns import pytest_xdist_make_scheduler
from tests.real import brokers
from tests.real import influxdb1 as influxdb1_module
from tests.real import influxdb2 as influxdb2_module
from tests.real.brokers import RealBroker, need
from tests.real.influx import NoInflux, RealInflux

__all__ = ["pytest_xdist_make_scheduler"]

PARTS = ("mosquitto", "embedded")
DATABASES = ("influxdb1", "influxdb2")


def pytest_configure(config: pytest.Config) -> None:
    """Draw fewer examples in a run that leaves the slow tests out."""
    chance.choose(quick="not slow" in config.getoption("markexpr"))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test that asks for one of the real parts by name as one that needs it."""
    for part in PARTS + DATABASES:
        if part in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real(part))


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[RealBroker]:
    """A running mosquitto."""
    need("mosquitto")
    with brokers.running(brokers.mosquitto(tmp_path / "mosquitto")) as broker:
        yield broker


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[RealBroker]:
    """The embedded broker, running: MQTT 5 and 3.1.1 on ports of their own."""
    need("embedded")
    with brokers.running(brokers.embedded(tmp_path / "embedded")) as broker:
        yield broker


@pytest.fixture(params=[pytest.param(part, marks=pytest.mark.real(part)) for part in PARTS])
def broker(request: pytest.FixtureRequest) -> RealBroker:
    """Each broker in turn, running."""
    found: RealBroker = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def influxdb1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealInflux]:
    """An InfluxDB 1.8 for the whole run; make a bucket of your own, and leave it running."""
    try:
        with influxdb1_module.running(tmp_path_factory.mktemp("influxdb1")) as server:
            yield server
    except NoInflux as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def influxdb2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealInflux]:
    """The same with an InfluxDB 2."""
    try:
        with influxdb2_module.serving(tmp_path_factory.mktemp("influxdb2")) as server:
            yield server
    except NoInflux as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=[pytest.param(one, marks=pytest.mark.real(one)) for one in DATABASES])
def influx(request: pytest.FixtureRequest) -> RealInflux:
    """Each InfluxDB in turn, running."""
    found: RealInflux = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def own_influxdb1(tmp_path: Path) -> Iterator[RealInflux]:
    """An InfluxDB 1.8 for this test alone, which may kill it."""
    with _owned(influxdb1_module.running(tmp_path)) as server:
        yield server


@pytest.fixture
def own_influxdb2(tmp_path: Path) -> Iterator[RealInflux]:
    """The same with an InfluxDB 2."""
    with _owned(influxdb2_module.serving(tmp_path)) as server:
        yield server


@pytest.fixture(params=[pytest.param(one, marks=pytest.mark.real(one)) for one in DATABASES])
def own_influx(request: pytest.FixtureRequest) -> RealInflux:
    """Each InfluxDB in turn, for this test alone."""
    found: RealInflux = request.getfixturevalue(f"own_{request.param}")
    return found


@contextmanager
def _owned(server: AbstractContextManager[RealInflux]) -> Iterator[RealInflux]:
    try:
        with server as running:
            yield running
    except NoInflux as reason:
        pytest.skip(str(reason))
