"""The file of accounts: nobody by default, nobody twice, and not for others to read."""

from pathlib import Path

import pytest

from alerts.people.accounts import read_accounts
from core.errors import ConfigError
from tests.alerts.people.made import HERE, account, cheap_hashes, write


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


def test_everybody_is_found_by_login_whatever_its_capitals(tmp_path: Path) -> None:
    path = write(tmp_path / "a.toml", account("Zhang.San", "district"), account("li", "auditor"))
    found = read_accounts(path)
    assert found.get("zhang.san") == found.get("ZHANG.SAN") != None  # noqa: E711
    assert found.get("wang") is None
    assert len(found.by_name) == 2


def test_the_sample_has_no_account(tmp_path: Path) -> None:
    sample = Path(__file__).parents[3] / "configs/accounts.toml"
    assert not read_accounts(sample)


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o666])
def test_a_file_that_others_can_read_is_refused_until_they_cannot(
    tmp_path: Path, mode: int
) -> None:
    path = write(tmp_path / "a.toml", account("zhang", "district"), mode=mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_accounts(path)
    path.chmod(0o640)
    assert read_accounts(path)


def refused(path: Path) -> str:
    with pytest.raises(ConfigError) as error:
        read_accounts(path)
    return str(error.value)


def test_every_mistake_is_named_with_its_line(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.toml",
        account("zhang", "district", HERE),
        account("ZHANG", "school"),
        account("wang", "auditor"),
    )
    said = refused(path)
    assert f'{path}:6: an account of role "district" is for no one school' in said
    assert f'{path}:9: account name "ZHANG" is taken' in said
    assert f'{path}:11: an account of role "school" needs school' in said
    text = path.read_text("utf-8").replace("auditor", "audit").replace("person", "persn")
    path.write_text(text, "utf-8")
    said = refused(path)
    assert 'did you mean "auditor"' in said
    assert "did you mean 'person'" in said


def test_a_password_that_was_written_in_clear_is_refused_and_not_repeated(tmp_path: Path) -> None:
    path = write(tmp_path / "a.toml", account("zhang", "district"))
    kept = read_accounts(path).by_name["zhang"].password
    path.write_text(path.read_text("utf-8").replace(kept, "Tangerine 7 river"), "utf-8")
    said = refused(path)
    assert "password is no hash" in said
    assert "Tangerine" not in said
