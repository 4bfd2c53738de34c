"""What an agent prints of the audit log, for an auditor, and what `agent check` says of it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agent import check, witnesscli
from agent.config import read_agent
from agent.witness import Witness
from agent.witnesskept import FOLDER
from core.merkle.note import checkpoint_in
from core.merkle.notes import read_framed
from tests.core.merkle.making import Log

Out = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(
        'kind = "agent"\n[identity]\nregion = "000000"\nschool = "trial"\nagent = "pc-1"\n'
        f'[spool]\nfolder = "{tmp_path}"\n[probes]\n'
    )
    return path


@pytest.fixture
def printed(config: Path, capsys: Out) -> Callable[..., tuple[int, str]]:
    def run(*words: str) -> tuple[int, str]:
        code = witnesscli.main(["--config", str(config), *words])
        return code, capsys.readouterr().out

    return run


def states(config: Path) -> list[str]:
    return [one.state for one in check.witness(read_agent(config))]


def test_it_prints_notes_that_others_read_and_says_when_the_log_is_another(
    config: Path, printed: Callable[..., tuple[int, str]]
) -> None:
    code, said = printed()
    assert (code, said[0], states(config)) == (1, "#", [])
    log, ours = Log().grow(9), Witness(config.parent / FOLDER, Log().verifier)
    ours.hear(log.receipt())
    code, said = printed()
    (note,) = read_framed(said.encode())
    assert (code, checkpoint_in(note.text).size) == (0, 9)
    note.check(log.origin, log.public)
    assert states(config) == ["works"]
    ours.hear(Log(minute=9).grow(2).grow(9, "other").receipt(9))
    code, said = printed("--evidence")
    assert code == 1
    assert [checkpoint_in(one.text).size for one in read_framed(said.encode())] == [9, 9, 11]
    code, said = printed("--json")
    (told,) = json.loads(said)["logs"]
    assert (code, told["trouble"], told["pinned"]) == (1, "audit_inconsistent", True)
    assert states(config) == ["broken"]


def test_a_key_that_was_trusted_for_it_came_first_is_named_to_be_pinned(config: Path) -> None:
    Witness(config.parent / FOLDER).hear(Log().grow(2).receipt())
    (finding,) = check.witness(read_agent(config))
    assert finding.state == "look"
    assert f"audit_key = '{Log().verifier}'" in finding.do


def test_an_audit_key_that_is_none_is_refused_by_line(config: Path) -> None:
    config.write_text(config.read_text() + '[collector]\naudit_key = "schoolwatch/d1+x"\n')
    with pytest.raises(Exception, match="audit_key"):
        read_agent(config)
