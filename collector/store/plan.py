"""What an InfluxDB is to be given, and how it is told what became of each part."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from collector.store.config import SHARD_DAYS, Database, StoreConfig
from collector.store.secretfile import kept_or_made, password
from core.errors import ConfigError, StoreStopped

ADMIN_ENV: Final = "SCHOOLWATCH_INFLUX_ADMIN_TOKEN"
ADMIN: Final = "admin"

State = Literal["made", "changed", "as it was", "look"]
"""`look`: a person has to; what it says was not done."""


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one part; `text` is a sentence without its subject."""

    part: str
    state: State
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to be; the passwords are in the files.

    `collector` and `grafana` are the names of the users, `renew` gives users and tokens anew that
    exist and do not fit their files.
    """

    databases: tuple[Database, ...]
    shard_days: tuple[int, int, int]
    org: str
    collector: str
    grafana: str
    collector_file: Path
    grafana_file: Path
    timeout_s: float
    url: str
    renew: bool = False

    def user(self, file: Path, name: str) -> tuple[str, str, bool]:
        """Return user and password in *file*, which is made where it is missing; and whether so."""
        text, made = kept_or_made(file, lambda: f"{name}:{password()}")
        user, colon, word = text.partition(":")
        if not (user and colon and word):
            raise ConfigError(f"{file} holds no user:password; move it away, and one is made")
        return user, word, made


def plan_of(
    store: StoreConfig,
    collector: str,
    grafana_file: Path | None = None,
    shard_days: tuple[int, int, int] = SHARD_DAYS,
    *,
    renew: bool = False,
) -> Plan:
    """Return what *store* asks for; raises ConfigError."""
    if store.token_file is None:
        raise ConfigError("[store] token_file has to say where the collector's password is to be")
    return Plan(
        databases=store.databases(),
        shard_days=shard_days,
        org=store.org,
        collector=f"{store.bucket}-collector-{collector}",
        grafana=f"{store.bucket}-grafana",
        collector_file=store.token_file,
        grafana_file=grafana_file or store.token_file.with_name(f"grafana-{store.token_file.name}"),
        timeout_s=store.timeout_s,
        url=store.url,
        renew=renew,
    )


def file_step(who: str, file: Path | None, *, made: bool) -> Step:
    """Return the step about the file of a user; without one the variable ADMIN_ENV serves."""
    part = f"{who}'s file"
    if made:
        return Step(part, "made", f"{file}, which only its owner may read: keep it well")
    return Step(part, "as it was", str(file or ADMIN_ENV))


def refused(who: str, file: Path, what: str) -> Step:
    """Return the step about a user that the server knows and that does not fit its file."""
    text = (
        f"{what}, and was left as it is: put the right one into {file}, or run this again with "
        "--renew, which takes it away from whoever uses it now"
    )
    return Step(who, "look", text)


def kept_for(days: int) -> str:
    """Return for how long something is kept, in words; 0 days is for ever."""
    return f"kept for {days} days" if days else "kept for ever"


def retention_step(database: Database, days: float, *, lengthened: bool) -> Step:
    """Return the step about a database that was there, and keeps what it has for *days*."""
    part, wanted = f"database {database.name}", database.keep_days
    if lengthened:
        text = f"kept its readings for {days:g} days only: {wanted} from now on"
        return Step(part, "changed", text)
    longer = days == 0 or days > wanted
    more = f", longer than the {wanted} days that are promised: left" if longer else ""
    return Step(part, "as it was", kept_for(int(days)) + more)


def no_admin_token(words: str) -> StoreStopped:
    """Return what to tell of an administrator that the server does not accept."""
    return StoreStopped(
        f"the administrator's password or token is not accepted ({words}): see --admin-file or "
        f"{ADMIN_ENV}"
    )
