"""Accounts for tests; their hashes cost as little as a file may ask for."""

from functools import cache
from pathlib import Path

import pytest

from alerts.people import passwords
from alerts.people.accounts import Account, Accounts, Role
from tests.collector.making import WHO

HERE = f"{WHO.region}/{WHO.school}"
ELSEWHERE = f"{WHO.region}/school-9"
PASSWORD = "Tangerine 7 river"
CHEAP = "scrypt$16384$8$1$AAAAAAAAAAAAAAAAAAAAAA$"


def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "N", 2**14)
    monkeypatch.setattr(passwords, "P", 1)
    monkeypatch.setattr("collector.web.signin.NOBODYS", CHEAP + "A" * 43)


def account(name: str, role: Role, school: str = "", password: str = PASSWORD) -> Account:
    person = {"district": "张三", "school": "李四", "auditor": "王五"}[role]
    kept = _kept(password)
    return Account(name=name, person=person, role=role, school=school, password=kept)


@cache
def _kept(password: str) -> str:
    return passwords.hashed(password)


def accounts(*made: Account) -> Accounts:
    return Accounts({one.name.casefold(): one for one in made})


def write(path: Path, *made: Account, mode: int = 0o600) -> Path:
    tables = ['kind = "accounts"']
    for one in made:
        tables += ["[[account]]", f'name = "{one.name}"', f'person = "{one.person}"']
        tables += [f'role = "{one.role}"', f'school = "{one.school}"']
        tables += [f'password = "{one.password}"']
    path.write_text("\n".join(tables) + "\n", encoding="utf-8")
    path.chmod(mode)
    return path
