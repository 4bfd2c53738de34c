"""Simulated projectors free their place at once."""

import pytest


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("conversation", "projector"):
        monkeypatch.setattr(f"agent.devices.pjlink.{module}.AGAIN_S", 0.05)
