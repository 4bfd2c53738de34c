"""What every test of a detector shows besides."""

from collections.abc import Iterator

import pytest

from agent.sensor.incidents import Incidents, Sign
from alerts.securitywords import FIGURES
from core.securitykinds import SENSED


@pytest.fixture(autouse=True)
def worded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No number is told as evidence that has no words for people."""
    told: set[tuple[str, str]] = set()
    sign = Incidents.sign

    def heard(self: Incidents, one: Sign) -> None:
        told.update((one.kind, name) for name, n in one.evidence.items() if not isinstance(n, str))
        sign(self, one)

    monkeypatch.setattr(Incidents, "sign", heard)
    yield
    mute = {(kind, name) for kind, name in told if name not in FIGURES and kind in SENSED}
    assert mute == set()
