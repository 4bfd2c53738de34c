"""Fixtures that every test may ask for: the real brokers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real import brokers
from tests.real.brokers import RealBroker, need

PARTS = ("mosquitto", "embedded")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test that asks for one of the brokers by name as one that needs it."""
    for part in PARTS:
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
