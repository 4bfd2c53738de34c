"""The district that the simulator plays, once for each version of InfluxDB."""

import pytest

from tests.conftest import DATABASES
from tests.grafana import simulated
from tests.grafana.simulated import Filled
from tests.real.brokers import need


@pytest.fixture(
    scope="session", params=[pytest.param(one, marks=pytest.mark.real(one)) for one in DATABASES]
)
def district(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """A server that holds the district in all three of its databases."""
    need("mosquitto")
    server = request.getfixturevalue(request.param)
    return simulated.fill(tmp_path_factory.mktemp(f"played-{request.param}"), server, "played")
