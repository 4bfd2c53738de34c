"""Programs of Prometheus: promtool and Alertmanager."""

import os
import shutil
from typing import Final

import pytest

VARIABLES: Final = {
    "promtool": "SCHOOLWATCH_TEST_PROMTOOL",
    "prometheus-alertmanager": "SCHOOLWATCH_TEST_ALERTMANAGER",
}
"""What names each program, by Debian's name for it, where it is not on the PATH."""


def program(name: str) -> str:
    """Return where *name* is; skips the test where it is not."""
    variable = VARIABLES[name]
    found = os.environ.get(variable) or shutil.which(name)
    if found is None:
        pytest.skip(f"no {name}: scripts/test brings one, or name it in {variable}")
    return found
