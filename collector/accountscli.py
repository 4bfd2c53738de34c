"""`schoolwatch accounts`: who may act on the pages, and their passwords.

A password comes from the terminal or the first line of the standard input, never from the command
line, which everybody on a machine can read.
"""

import json
import os
import re
import stat
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from alerts.people.accounts import ROLES, Account, Accounts, parse_accounts, read_accounts
from alerts.people.passwords import LONGEST, NOBODYS, hashed, weakness
from collector import terminal
from collector.terminal import safe
from core import disk
from core.errors import ConfigError
from core.tomlfile import content_of, load

OWNER_ONLY: Final = 0o600
NEW: Final = 'kind = "accounts"\n'
PASSWORD: Final = re.compile(r"^(\s*password\s*=\s*).*$")

_FILE: Final = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_CONFIG: Final = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The collector's own file, in whose audit log it is recorded. Without it: collector.toml "
    "beside FILE.",
)


@click.group("accounts", short_help="Who may acknowledge and silence alerts on the pages.")
def accounts_group() -> None:
    """Make and check the file of accounts; docs/accounts.md explains the roles.

    The running collector reads the file again when it changes.
    """


@accounts_group.command("add")
@_FILE
@_CONFIG
@click.option("--name", required=True, help="What is typed at sign-in, as zhang.san.")
@click.option("--person", required=True, help="What others see, as 张三.")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--school", default="", metavar="REGION/SCHOOL", help="For the role school.")
def add_command(file: Path, config: Path | None, **words: str) -> None:
    """Add an account to FILE, which is made where it is not there.

    The password is asked for at the terminal, or is the first line of the standard input.
    """
    exists = file.exists()
    content = content_of(file) if exists else NEW.encode()
    known = parse_accounts(file, content)
    if known.get(words["name"]):
        raise ConfigError(f'{file}: account name "{words["name"]}" is taken')
    # What is wrong with the words is said before anybody thinks of a password.
    parse_accounts(file, content + _table(words, NOBODYS), hidden=False)
    kept = hashed(_password(words["name"], words["person"]))
    said = {"file": file.name, "role": words["role"], "school": words["school"]}
    with _recorded(file, config, "add", words["name"], said):
        _write(file, content + _table(words, kept))
    click.echo(f"{file}: {words['name']} may sign in, in the role {words['role']}")


@accounts_group.command("passwd")
@_FILE
@_CONFIG
@click.argument("name")
def passwd_command(file: Path, config: Path | None, name: str) -> None:
    """Give the account NAME in FILE another password; its sessions end."""
    account = _account(file, name)
    kept = hashed(_password(account.name, account.person))
    document = load(file)
    names = [one["name"] for one in document.data["account"]]
    line = document.where(("account", names.index(account.name), "password"))
    lines = content_of(file).decode("utf-8-sig").splitlines(keepends=True)
    found = PASSWORD.match(lines[line - 1].rstrip("\r\n")) if line else None
    if not found:
        raise ConfigError(f"{file}: the password of {name} does not stand on a line of its own")
    lines[line - 1] = f"{found[1]}{json.dumps(kept)}\n"
    content = "".join(lines).encode()
    again = parse_accounts(file, content, hidden=False).get(name)
    if again is None or again.password != kept:
        raise ConfigError(f"{file}: the password of {name} could not be put there; edit the file")
    with _recorded(file, config, "passwd", account.name, {"file": file.name}):
        _write(file, content)
    click.echo(f"{file}: {account.name} has another password")


@accounts_group.command("check")
@_FILE
def check_command(file: Path) -> None:
    """Read FILE as the collector would, and say every mistake. Exit code 2 where there is one."""
    found = read_accounts(file)
    click.echo(f"{file}: fine, {_count(found)}")
    for person in _auditors_with_more(found):
        click.echo(
            f"look: {safe(person).plain} is an auditor and has another account too; where that is "
            "one person, the audit administrator must have none (GB/T 22239, 8.1.5.2)"
        )


@accounts_group.command("list")
@_FILE
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def list_command(file: Path, as_json: bool) -> None:
    """Show who is in FILE, in which role; never a password."""
    terminal.forgive_output()
    found = [*read_accounts(file).by_name.values()]
    if as_json:
        click.echo(json.dumps({"accounts": [_words(one) for one in found]}, indent=2))
        return
    table = terminal.table("name", "person", "role", "school")
    for one in found:
        table.add_row(safe(one.name), safe(one.person), one.role, safe(one.school))
    terminal.console().print(table)


def _recorded(
    file: Path, config: Path | None, what: str, name: str, details: dict[str, str]
) -> AbstractContextManager[None]:
    from collector.operating import recorded, whose  # noqa: PLC0415 — brings the database

    place = whose(config or file.absolute().parent / "collector.toml")
    if config and place is None:
        raise ConfigError(f"{config} has no [collector] regions; see check-config")
    if place is None:
        click.echo(f"not recorded: no collector.toml stands beside {file}; see --config", err=True)
    return recorded(place, f"accounts {what}", name, details)


def _account(file: Path, name: str) -> Account:
    found = read_accounts(file).get(name)
    if found is None:
        raise ConfigError(f'{file}: there is no account "{name}"')
    return found


def _password(name: str, person: str) -> str:
    """Return a password that is good enough; raises ConfigError."""
    if sys.stdin.isatty():
        while True:
            typed = str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
            weak = weakness(typed, name, person)
            if not weak:
                return typed
            click.echo(f"Not that one: {weak}.", err=True)
    given = sys.stdin.readline(4 * LONGEST).rstrip("\r\n")
    weak = weakness(given, name, person)
    if weak:
        raise ConfigError(f"the password on the standard input is not good enough: {weak}")
    return given


def _table(words: dict[str, str], kept: str) -> bytes:
    lines = ["", "[[account]]"]
    lines += [f"{key} = {_quoted(words[key])}" for key in ("name", "person", "role")]
    if words["school"]:
        lines.append(f"school = {_quoted(words['school'])}")
    lines.append(f"password = {_quoted(kept)}")
    return ("\n".join(lines) + "\n").encode()


def _quoted(text: str) -> str:
    """Return *text* as TOML writes it, which for what can be printed is as JSON does."""
    return json.dumps(text, ensure_ascii=False)


def _write(file: Path, content: bytes) -> None:
    """Have *content* in the file, which keeps its owner; nobody else but its group may read it."""
    old = file.stat() if file.exists() else None
    mode = stat.S_IMODE(old.st_mode) & 0o660 if old else OWNER_ONLY
    try:
        disk.replace(file, content, mode)
        if old and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(file, old.st_uid, old.st_gid)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from None


def _auditors_with_more(accounts: Accounts) -> list[str]:
    """Return the persons who have the role of an auditor and another one."""
    roles: dict[str, set[str]] = {}
    for one in accounts.by_name.values():
        roles.setdefault(one.person, set()).add(one.role)
    return sorted(person for person, had in roles.items() if "auditor" in had and len(had) > 1)


def _count(accounts: Accounts) -> str:
    roles = [one.role for one in accounts.by_name.values()]
    each = ", ".join(f"{roles.count(role)} {role}" for role in ROLES if role in roles)
    return f"{len(roles)} accounts" + (f": {each}" if each else "")


def _words(account: Account) -> dict[str, Any]:
    said: dict[str, Any] = msgspec.to_builtins(account)
    del said["password"]
    return said
