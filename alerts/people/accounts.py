"""The file of accounts: who may sign in, in which role, and for which school.

There is no account that nobody made, and none without a password (R-48, R-55). Without a file
nobody can act; the pages read as before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct

from alerts.people.passwords import hash_mistake
from core.config import parse
from core.fields import SchoolPlace
from core.options import CHECK
from core.secrets import secret_mistake
from core.tomlfile import FileMistakes, Mistake, content_of
from core.tomllines import KeyPath

Role = Literal["district", "school", "auditor"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

LOGIN: Final = r"\A[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z"


def _person_mistake(person: str) -> str:
    if not person.strip() or len(person) > 64 or not person.isprintable():
        return "expected the person's name: 1 to 64 characters that can be printed"
    return ""


Login = Annotated[
    str,
    Meta(
        pattern=LOGIN,
        description="1 to 64 letters, digits, '.', '_', '@' or '-', beginning with a letter or "
        "digit",
    ),
]
Person = Annotated[str, Meta(extra={CHECK: _person_mistake})]
Hash = Annotated[str, Meta(extra={CHECK: hash_mistake})]


class Account(Struct, frozen=True, kw_only=True):
    """One person. `name` is what is typed at sign-in, `person` what others see."""

    name: Login
    person: Person
    role: Role
    school: SchoolPlace = ""
    password: Hash

    @property
    def fingerprint(self) -> str:
        """What changes with the password, and tells nothing of it."""
        return sha256(self.password.encode()).hexdigest()


class AccountsFile(Struct, frozen=True, kw_only=True):
    """accounts.toml."""

    kind: Literal["accounts"] = "accounts"
    account: tuple[Account, ...] = ()


@dataclass(frozen=True, slots=True)
class Accounts:
    """Everybody who may sign in, by login in small letters."""

    by_name: Mapping[str, Account] = field(default_factory=dict)

    def get(self, name: str) -> Account | None:
        """Return the account called *name*; capitals make no difference."""
        return self.by_name.get(name.casefold())

    def __bool__(self) -> bool:
        return bool(self.by_name)


NOBODY: Final = Accounts()


def read_accounts(path: Path) -> Accounts:
    """Return the accounts in the file at *path*; raises ConfigError with every mistake in it."""
    return parse_accounts(path, content_of(path))


def parse_accounts(path: Path, content: bytes, *, hidden: bool = True) -> Accounts:
    """Return the accounts in *content*, the bytes of the file at *path*; raises ConfigError.

    *hidden*: nobody else may read the file.
    """
    file = parse(path, content, AccountsFile, {"account": account_mistakes})
    # A file that holds no hash has nothing to hide: the sample is one.
    mistake = secret_mistake(path) if hidden and file.account else ""
    if mistake:
        raise FileMistakes(path, Mistake(mistake))
    return Accounts({one.name.casefold(): one for one in file.account})


def account_mistakes(accounts: tuple[Account, ...]) -> Iterator[tuple[KeyPath, str]]:
    """Return what is wrong between options that are right alone."""
    seen: set[str] = set()
    for number, one in enumerate(accounts):
        if one.name.casefold() in seen:
            text = f'account name "{one.name}" is taken; each person has an account of their own'
            yield (number, "name"), text
        seen.add(one.name.casefold())
        if one.role == "school" and not one.school:
            yield (number, "role"), 'an account of role "school" needs school = "REGION/SCHOOL"'
        if one.role != "school" and one.school:
            yield (number, "school"), f'an account of role "{one.role}" is for no one school'
