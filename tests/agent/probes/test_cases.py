"""Each recorded machine gives the readings that somebody has checked by hand."""

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from agent.probes import probes
from agent.readings import mistake
from core.types import Reading
from tests.agent.probes.recorded import AT, collaborators

CASES = Path(__file__).parents[2] / "cases"
PROBE_CASES = sorted(case for word in probes.words() for case in (CASES / word).glob("*/"))


@pytest.mark.parametrize("case", PROBE_CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
async def test_a_recorded_machine_gives_the_expected_readings(case: Path) -> None:
    options = tomllib.loads((case / "options.toml").read_text())
    built: Any = probes.build(case.parent.name, options)
    probe = dataclasses.replace(built, **collaborators(case))

    readings = list(await probe.measure())

    found = [as_written(reading, case.parent.name) for reading in readings]
    assert found == json.loads((case / "expected.json").read_text())
    assert [mistake(reading) for reading in readings] == [""] * len(readings)
    assert {reading.at for reading in readings} <= {AT}


def as_written(reading: Reading, word: str) -> dict[str, Any]:
    """Return *reading* as expected.json has it: its measurement too where it is not the *word*."""
    named = {} if reading.measurement == word else {"measurement": reading.measurement}
    return named | {"tags": dict(reading.tags), "fields": dict(reading.fields)}
