"""The wall clock of one machine, set while a program runs on it, by libfaketime.

Only the wall clock: what counts up without stopping (CLOCK_MONOTONIC, CLOCK_BOOTTIME) is left
real, as on a machine whose clock somebody sets.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

PLACES = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
LIBRARY = "libfaketime.so.1"


def library() -> Path | None:
    """Return where the library is that answers for the clock."""
    for place in PLACES:
        for found in sorted(Path(place).glob(f"**/{LIBRARY}")):
            return found
    return None


def need() -> None:
    """Skip the test where there is none."""
    if library() is None:
        pytest.skip("libfaketime is not installed: apt-get install faketime")


@dataclass
class MachineClock:
    """One machine's clock; programs that run with its `environment` live by it."""

    file: Path

    def __post_init__(self) -> None:
        need()
        self.set_by(0)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set_by(self, seconds: int) -> None:
        """Let the clock be so many *seconds* ahead of the true time, at once."""
        new = self.file.with_name(f"{self.file.name}.new")
        new.write_text(f"{seconds:+d}\n")
        new.replace(self.file)  # a file that is read half written would be the year 1970
