"""Programs of Prometheus as Debian has them: promtool and Alertmanager."""

import os
import shutil
from typing import Final

import pytest

VARIABLE: Final = "SCHOOLWATCH_TEST_PROMETHEUS"
"""A folder that holds the programs, where they are not on the PATH."""


def program(name: str) -> str:
    """Return where *name* is; skips the test where it is not."""
    path = f"{os.environ.get(VARIABLE, '')}:{os.environ.get('PATH', '')}"
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"no {name}: scripts/test fetches one, or name its folder in {VARIABLE}")
    return found
