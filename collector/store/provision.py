"""`schoolwatch store init`: gives an InfluxDB the databases and users that the district needs.

Asks first and makes only what is missing, so it may be run again at any time. It drops nothing,
shortens no retention, and changes no password and no token that somebody may be using.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from collector.store.config import SHARD_DAYS, Database, StoreConfig
from collector.store.influx_admin import Admin, Server
from collector.store.secretfile import kept_or_made, password
from core.errors import ConfigError, StoreStopped
from core.secrets import secret

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


def provision(plan: Plan, admin_file: Path | None) -> Iterator[Step]:
    """Do what *plan* says, and yield each step when it is done.

    The administrator is who *admin_file* names, else the variable ADMIN_ENV. A server that has no
    administrator yet gets one, with a password that is made into *admin_file* where it is missing.
    Raises ConfigError, StoreBusy and StoreStopped; then what was yielded is done.
    """
    with closing(Admin(plan.url, "", plan.timeout_s)) as stranger:
        server, no_admin = _look(stranger)
    if server.version == 2 and not plan.org:  # before a file is made for nothing
        raise ConfigError("[store] org has to name the organisation that the buckets belong to")
    if no_admin:
        token, made = _first_admin(admin_file, server)
        yield _file_step("administrator's file", admin_file, made=made)
    else:
        token = _known_admin(admin_file, server)
    with closing(Admin(plan.url, token, plan.timeout_s)) as admin:
        if server.version == 1:
            from collector.store import provision1  # noqa: PLC0415 — one of the three is wanted

            yield from provision1.provision(plan, admin, token if no_admin else "")
        elif server.version == 2:
            from collector.store import provision2  # noqa: PLC0415

            yield from provision2.provision(plan, admin, token if no_admin else "")
        else:
            from collector.store import provision3  # noqa: PLC0415

            yield from provision3.provision(plan, admin, token)


def _look(stranger: Admin) -> tuple[Server, bool]:
    """Return what answers, and whether it waits for its first administrator."""
    server = stranger.server()
    if server.version != 1:
        return server, server.empty
    from collector.store.provision1 import waits_for_admin  # noqa: PLC0415

    return server, waits_for_admin(stranger)


def _known_admin(file: Path | None, server: Server) -> str:
    token = secret(file, ADMIN_ENV)
    if not token and server.version != 1:
        what = "an all-access token" if server.version == 2 else "an admin token"
        raise ConfigError(
            f"this {server} has an administrator already: give {what} with --admin-file or in the "
            f"variable {ADMIN_ENV}; it is used by this command alone"
        )
    return token


def _first_admin(file: Path | None, server: Server) -> tuple[str, bool]:
    if file is None:
        token = secret(None, ADMIN_ENV)
        if token:
            return token, False
        raise ConfigError(
            f"this {server} has no administrator yet: name with --admin-file where the password "
            "is to be that is made for it"
        )
    name = f"{ADMIN}:" if server.version == 1 else ""
    return kept_or_made(file, lambda: name + password())


def _file_step(part: str, file: Path | None, *, made: bool) -> Step:
    if made:
        return Step(part, "made", f"{file}, which only its owner may read: keep it well")
    return Step(part, "as it was", str(file or ADMIN_ENV))


def file_step(who: str, file: Path, *, made: bool) -> Step:
    """Return the step about the file of a user."""
    return _file_step(f"{who}'s file", file, made=made)


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
