"""`schoolwatch accounts`: making the file of accounts, and what is refused."""

import io
import json
import stat
import sys
from pathlib import Path

import pytest

from alerts.people.accounts import read_accounts
from alerts.people.passwords import fits
from collector.cli import main
from core.errors import ConfigError
from tests.alerts.people.made import HERE, PASSWORD, cheap_hashes

OTHER = "Another river 88"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "accounts.toml"


def say(monkeypatch: pytest.MonkeyPatch, password: str, *words: object) -> int:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
    return main(["accounts", *map(str, words)])


def add(monkeypatch: pytest.MonkeyPatch, file: Path, password: str = PASSWORD, *more: str) -> int:
    words = more or ("--name", "zhang.san", "--person", "张三", "--role", "district")
    return say(monkeypatch, password, "add", file, *words)


def test_an_account_is_made_in_a_file_that_is_nobody_elses(
    monkeypatch: pytest.MonkeyPatch, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(monkeypatch, file) == 0
    school = ("--name", "li", "--person", '李"四\\', "--role", "school", "--school", HERE)
    assert add(monkeypatch, file, OTHER, *school) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = read_accounts(file)
    assert fits(PASSWORD, found.by_name["zhang.san"].password)
    assert (found.by_name["li"].person, found.by_name["li"].school) == ('李"四\\', HERE)
    assert main(["accounts", "list", str(file)]) == 0
    assert main(["accounts", "list", "--json", str(file)]) == 0
    assert main(["accounts", "check", str(file)]) == 0
    said = capsys.readouterr()
    assert "2 accounts: 1 district, 1 school" in said.out
    for secret in (PASSWORD, OTHER, "scrypt", found.by_name["li"].password):
        assert secret not in said.out + said.err


def test_another_password_leaves_the_rest_of_the_file_as_it_was(
    monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    add(monkeypatch, file)
    add(monkeypatch, file, OTHER, "--name", "wang", "--person", "王五", "--role", "auditor")
    file.write_text("# who may act\n" + file.read_text("utf-8") + "# the end\n", "utf-8")
    file.chmod(0o640)
    before = file.read_text("utf-8").splitlines()
    assert say(monkeypatch, "Third river 99 x", "passwd", file, "ZHANG.san") == 0
    after = file.read_text("utf-8").splitlines()
    changed = [old for old, new in zip(before, after, strict=True) if old != new]
    assert [line[:10] for line in changed] == ["password ="]
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    found = read_accounts(file).by_name
    assert fits("Third river 99 x", found["zhang.san"].password)
    assert fits(OTHER, found["wang"].password)


def refused(work: object, capsys: pytest.CaptureFixture[str]) -> str:
    assert callable(work)
    assert work() == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--name", "zhang.san", "--person", "x", "--role", "district"), "is taken"),
        (("--name", "ZHANG.SAN", "--person", "x", "--role", "district"), "is taken"),
        (("--name", "li si", "--person", "x", "--role", "district"), "name"),
        (("--name", "li", "--person", " ", "--role", "district"), "person's name"),
        (("--name", "li", "--person", "x", "--role", "school"), "needs school"),
        (("--name", "li", "--person", "x", "--role", "auditor", "--school", HERE), "no one school"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
    file: Path,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    why: str,
) -> None:
    add(monkeypatch, file)
    before = file.read_bytes()
    assert why in refused(lambda: add(monkeypatch, file, OTHER, *more), capsys)
    assert file.read_bytes() == before


@pytest.mark.parametrize("password", ["", "short", "zhang.san 2026 A", "Password123!"])
def test_a_weak_password_is_refused_and_no_file_is_made(
    monkeypatch: pytest.MonkeyPatch,
    file: Path,
    capsys: pytest.CaptureFixture[str],
    password: str,
) -> None:
    said = refused(lambda: add(monkeypatch, file, password), capsys)
    assert "not good enough" in said
    assert not password or password not in said
    assert not file.exists()


def test_a_name_that_is_not_there_and_a_file_that_others_read_are_refused(
    monkeypatch: pytest.MonkeyPatch, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(monkeypatch, file)
    assert 'no account "wang"' in refused(
        lambda: say(monkeypatch, OTHER, "passwd", file, "wang"), capsys
    )
    file.chmod(0o644)
    for words in (("check", file), ("list", file), ("passwd", file, "zhang.san")):
        said = refused(lambda words=words: say(monkeypatch, OTHER, *words), capsys)
        assert "chmod 600" in said
    file.chmod(0o600)
    assert main(["accounts", "check", str(file)]) == 0


def test_no_option_takes_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("add", "passwd"):
        main(["accounts", command, "--help"])
    assert "--password" not in capsys.readouterr().out
    with pytest.raises(ConfigError):
        read_accounts(Path("/nowhere/accounts.toml"))


def test_the_list_is_json_for_programs(
    monkeypatch: pytest.MonkeyPatch, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(monkeypatch, file)
    capsys.readouterr()
    main(["accounts", "list", "--json", str(file)])
    (one,) = json.loads(capsys.readouterr().out)["accounts"]
    assert one == {"name": "zhang.san", "person": "张三", "role": "district", "school": ""}


def test_an_auditor_with_a_second_account_is_named(
    monkeypatch: pytest.MonkeyPatch, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, person, role in (
        ("wang", "王审计", "auditor"),
        ("wang2", "王审计", "district"),
        ("zhang", "张三", "district"),
    ):
        words = ("--name", name, "--person", person, "--role", role)
        assert add(monkeypatch, file, PASSWORD, *words) == 0
    assert main(["accounts", "check", str(file)]) == 0
    (line,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("look")]
    assert "王审计" in line
