"""`roster check` at a terminal: every row that is not in order, and an exit code for scripts."""

import json
from pathlib import Path

import pytest

from collector.cli import main
from tests.collector.roster.making import OWNED, OWNERS

CONFIGS = Path(__file__).parents[3] / "configs"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "roster.csv"


def check(capsys: pytest.CaptureFixture[str], file: Path, *options: str) -> tuple[int, str]:
    code = main(["roster", "check", str(file), *options])
    return code, capsys.readouterr().out.replace(f"{file}:", "")


def test_the_sample_is_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = check(capsys, CONFIGS / "roster.csv")
    assert code == 0
    assert said == " 1 rows read: 1 good, 0 of them flagged; 0 refused; 0 comments\n"


def test_every_row_that_is_not_in_order_is_named_and_then_put_right(
    capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    second = "330102,2,二小,在办,王主任,1,李工,2,,"
    rows = f"330102,1,一小,在办,{OWNERS}\n{second}\n,3,三小,在办,{OWNERS}\n"
    file.write_text(OWNED + rows, encoding="utf-8")
    code, said = check(capsys, file)
    assert code == 1
    assert said.split("\n")[:3] == [
        "3: 使用责任人 (user) missing: name and contact are needed",
        "4: row refused: region '' is not a division code of 6 digits",
        " 3 rows read: 2 good, 1 of them flagged; 1 refused; 0 comments",
    ]

    mended = rows.replace(",,", ",张校长,3").replace("\n,3", "\n330102,3")
    file.write_text(OWNED + mended, encoding="utf-8")
    assert check(capsys, file)[0] == 0


def test_programs_get_the_same_as_json(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    file.write_text("region,school,status\n330102,1,gone\n", encoding="utf-8")
    code, said = check(capsys, file, "--json")
    words = json.loads(said)
    assert code == 1
    assert (words["read"], words["good"], words["refused"]) == (1, 0, 1)
    assert [(r["weight"], r["line"]) for r in words["remarks"]] == [("refused", 2)]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_file_that_is_no_roster_is_something_found_wrong(
    capsys: pytest.CaptureFixture[str], file: Path, options: list[str]
) -> None:
    file.write_text("kind = 'collector'\n")
    code, said = check(capsys, file, *options)
    assert code == 1
    assert all(word in said for word in ("missing column", "region", "school", "status"))


def test_a_file_that_is_not_there_is_wrong_use(
    capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    assert main(["roster", "check", str(file)]) == 2
    assert capsys.readouterr().err == f"{file}: cannot be read: No such file or directory\n"


def test_a_cell_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    file.write_text("region,school,status,\x1b[2Jx\n330102,1,\x1b]0;owned\x07\n")
    assert "\x1b" not in check(capsys, file)[1]
