"""docs/evidence.md and its Chinese twin: what they show is what the commands say."""

import re
import shutil
from pathlib import Path

import pytest

from collector.cli import main
from collector.evidence.findings import HARMLESS, WORDS
from collector.evidence.page import COMMANDS
from tests.collector.evidence.logs import made

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: (DOCS / name).read_text("utf-8") for name in ("evidence.md", "evidence.zh-CN.md")}


def shown(text: str) -> list[str]:
    return re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def without_keys(text: str) -> str:
    """Return *text* without what another key changes."""
    return re.sub(r"\b[0-9a-f]{64}\b|(?<=schoolwatch/d1)\+\S+", "KEY", text)


def test_both_pages_show_the_same_commands_and_answers() -> None:
    one, two = (shown(text) for text in PAGES.values())
    assert one == two


@pytest.mark.parametrize(("name", "said"), [("evidence.md", 1), ("evidence.zh-CN.md", 0)])
def test_every_word_of_a_check_is_explained(name: str, said: int) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \| ([^|]*) \|", PAGES[name], re.MULTILINE)
    assert [(word, meaning) for word, _, meaning in rows] == [
        (word, texts[said]) for word, texts in WORDS.items()
    ]
    harmless = {word for word, mark, _ in rows if mark in ("note", "说明")}
    assert harmless == HARMLESS


@pytest.mark.parametrize("name", PAGES)
def test_an_export_is_checked_by_the_commands_of_its_own_page(name: str) -> None:
    (found,) = re.findall(r"^```sh\n(.*?)^```$", PAGES[name], re.MULTILINE | re.DOTALL)
    assert tuple(found.splitlines()) == COMMANDS


def test_the_commands_say_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = made(tmp_path / "collector")
    shutil.copy(log.audit / "checkpoints", tmp_path / "witness.txt")
    path = log.copy(tmp_path / "bad").audit / "2026-12-02.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"port 313"', b'"port 314"'))
    monkeypatch.chdir(tmp_path)
    for block in shown(PAGES["evidence.md"]):
        for part in re.split(r"^\$ schoolwatch ", block, flags=re.MULTILINE)[1:]:
            command, _, answer = part.partition("\n")
            capsys.readouterr()
            main(command.split())
            out, err = capsys.readouterr()
            assert without_keys(out + err) == without_keys(answer), command
