"""One recorded district for all tests of the report; who changes it works on a copy."""

import shutil
from pathlib import Path

import pytest

from tests.collector.evidence.report.recorded import District, made


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> District:
    """A district that lived for 200 days; read it only."""
    return made(tmp_path_factory.mktemp("district"))


@pytest.fixture
def district(recorded: District, tmp_path: Path) -> District:
    """A copy of it."""
    folder = tmp_path / "district"
    shutil.copytree(recorded.folder, folder)
    return District(folder)
