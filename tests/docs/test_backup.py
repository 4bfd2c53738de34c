"""docs/backup.md: what it shows of copies of the audit log is what the commands say."""

import re
from pathlib import Path

import pytest

from collector.cli import main
from collector.ledger import Ledger
from tests.collector.evidence.logs import made
from tests.docs.test_evidence import DOCS, shown

TOML = 'kind = "collector"\n[collector]\nregions = ["110105"]\nfolder = "collector"\n'


def without_figures(text: str) -> str:
    """Return *text* without what another key or machine changes."""
    return re.sub(r"\d+(?= bytes)|[\d.]+(?= s$)|\b[0-9a-f]{64}\b", "N", text, flags=re.MULTILINE)


def test_the_commands_say_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path / "collector")
    Ledger(tmp_path / "collector/ledger.db").close()
    (tmp_path / "collector.toml").write_text(TOML)
    monkeypatch.chdir(tmp_path)
    blocks = shown((DOCS / "backup.md").read_text("utf-8"))
    assert len(blocks) == 2
    for block in blocks:
        command, _, answer = block.removeprefix("$ schoolwatch ").partition("\n")
        capsys.readouterr()
        assert main(command.split()) == 0
        assert without_figures(capsys.readouterr().out) == without_figures(answer)
