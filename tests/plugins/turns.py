"""Which tests may run beside each other where two processes share them (pytest-xdist).

A line into a network namespace has the same addresses each time; what a module fills a database
with for all of its tests is not to be filled twice, nor is its browser to be started twice. Such
tests follow one another in one process.
(`--dist loadgroup` would do, but pytest 9 leaves its groups out.)
"""

from collections.abc import Mapping
from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

LINES: Final = "lines"
TURNS: Final[Mapping[str, tuple[str, ...]]] = {
    LINES: (
        "tests/agent/probes/test_bandwidth.py",
        "tests/agent/probes/test_host.py",
        "tests/agent/probes/test_net.py",
        "tests/agent/probes/test_path.py",
        "tests/agent/probes/test_ping",
        "tests/agent/probes/test_sntp.py",
        "tests/agent/watchers/",
        "tests/collector/district/test_real.py",
        "tests/collector/test_prober.py",
        "tests/e2e/test_deployment.py",
        "tests/e2e/test_failover.py",
        "tests/e2e/test_live.py",
        "tests/e2e/test_ordinary_user.py",
        "tests/real/test_impairment.py",
    ),
    "up": ("tests/collector/trial/", "tests/test_install.py", "tests/test_scripts.py"),
    "databases": ("tests/collector/store/test_provision.py",),
    "dashboards": ("tests/grafana/",),
    "deploy": ("tests/collector/deploy/test_broker.py", "tests/collector/deploy/test_compose.py"),
    "discover": ("tests/agent/devices/test_discover.py",),
    "profiles": ("tests/agent/devices/test_profiles.py",),
    "gallery": ("tests/collector/web/test_gallery.py",),
    "pages": ("tests/collector/web/test_browser.py",),
}
"""How the names of tests begin that take turns."""
APART: Final = ("tests/agent/sensor/", "tests/e2e/test_security.py", "tests/real/test_attacks.py")
"""Whose networks lie wholly in namespaces of made-up names, so that none meets another's."""


class Turns(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives one process all that take turns with each other, and the other whatever comes next."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        super().__init__(config, log)
        self._left: dict[str, int] = {}
        """How many tests of a unit that was given away did not run yet, by its name."""

    def _split_scope(self, nodeid: str) -> str:
        return turn_of(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        scope, unit = next(iter(self.workqueue.items()))
        self._left[scope] = list(unit.values()).count(False)
        super()._assign_work_unit(node)

    def mark_test_complete(
        self, node: WorkerController, item_index: int, duration: float = 0
    ) -> None:
        """Note that a test ran, and forget a unit that ran to its end.

        xdist keeps them all and counts all of them again after each test: with a unit for nearly
        every test that takes longer than most of the tests.
        """
        scope = self._split_scope(self.registered_collections[node][item_index])
        super().mark_test_complete(node, item_index, duration)
        self._left[scope] -= 1
        if not self._left[scope]:
            del self.assigned_work[node][scope], self._left[scope]


def turn_of(nodeid: str) -> str:
    """Return what a test shares its process with: a word of `TURNS`, or nothing but itself."""
    return next((word for word, names in TURNS.items() if nodeid.startswith(names)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Turns:
    """Share the tests by `Turns`."""
    return Turns(config, log)
