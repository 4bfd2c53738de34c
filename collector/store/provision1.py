"""InfluxDB 1.8: databases with a default retention policy, users with grants.

A grant of WRITE replaces one of READ, so who reads and writes has ALL of a database; that is no
administrator, but may do more than it should (docs/influxdb.md).
"""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

from collector.store.config import Database
from collector.store.influx_admin import NO_ADMIN_YET, Admin, error_of
from collector.store.influx_ql import literal, name
from collector.store.plan import (
    Plan,
    State,
    Step,
    file_step,
    kept_for,
    no_admin_token,
    refused,
    retention_step,
)
from core.errors import StoreStopped

_UNITS: Final = {"h": 1 / 24, "m": 1 / 1_440, "s": 1 / 86_400}
_PART: Final = re.compile(r"(\d+)([hms])")
ALL: Final = "ALL PRIVILEGES"
OPEN: Final = (
    "asks nobody for a password: set auth-enabled = true in the part [http] of influxdb.conf, "
    "start it again, and run this again"
)


def waits_for_admin(stranger: Admin) -> bool:
    """Tell whether the server asks for passwords and knows nobody yet."""
    return NO_ADMIN_YET in error_of(stranger.query("SHOW DATABASES"))


def is_open(stranger: Admin) -> bool:
    """Tell whether the server answers whoever asks."""
    return not error_of(stranger.query("SHOW DATABASES", anonymous=True))


def provision(plan: Plan, admin: Admin, first: str) -> Iterator[Step]:
    """Do what *plan* says; *first* is user:password of an administrator to be made, or empty."""
    if first:
        yield _first_admin(admin, first)
    wrong = error_of(admin.query("SHOW USERS"))
    if wrong:
        raise no_admin_token(wrong)
    if is_open(admin):
        yield Step("server", "look", OPEN)
    there = {row[0] for row in admin.rows("SHOW DATABASES")}
    for database, shard in zip(plan.databases, plan.shard_days):
        yield _database(admin, database, shard, there=database.name in there)
    yield from _user(plan, admin, "collector", ALL)
    yield from _user(plan, admin, "Grafana", "READ")


def _first_admin(admin: Admin, first: str) -> Step:
    user, _, word = first.partition(":")
    made = f"CREATE USER {name(user)} WITH PASSWORD {literal(word)} WITH ALL PRIVILEGES"
    wrong = error_of(admin.query(made))
    if wrong:
        raise StoreStopped(f"the first administrator could not be made: {wrong}")
    return Step(f"user {user}", "made", "the first administrator of this server")


def _database(admin: Admin, database: Database, shard: int, *, there: bool) -> Step:
    days, called = f"DURATION {database.keep_days}d", name(database.name)
    if not there:
        admin.rows(
            f"CREATE DATABASE {called} WITH {days} REPLICATION 1 SHARD DURATION {shard}d "
            'NAME "autogen"'
        )
        return Step(f"database {database.name}", "made", kept_for(database.keep_days))
    policy = default_policy(admin, database.name)
    if policy is None:
        admin.rows(
            f'CREATE RETENTION POLICY "autogen" ON {called} {days} REPLICATION 1 '
            f"SHARD DURATION {shard}d DEFAULT"
        )
        text = f"had no default retention policy: {kept_for(database.keep_days)} from now on"
        return Step(f"database {database.name}", "changed", text)
    word, kept = policy
    shorter = 0 < kept < database.keep_days
    if shorter:
        admin.rows(f"ALTER RETENTION POLICY {name(word)} ON {called} {days}")
    return retention_step(database, kept, lengthened=shorter)


def default_policy(admin: Admin, database: str) -> tuple[str, float] | None:
    """Return name and days (0: for ever) of the default policy; None where there is none."""
    for word, duration, _shard, _copies, default in admin.rows(
        f"SHOW RETENTION POLICIES ON {name(database)}", database
    ):
        if default:
            return word, days_of(duration)
    return None


def days_of(duration: str) -> float:
    """Return the days in InfluxDB's `2160h0m0s`."""
    return round(sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(duration)), 3)


def _user(plan: Plan, admin: Admin, who: str, privilege: str) -> Iterator[Step]:
    collector = who == "collector"
    file = plan.collector_file if collector else plan.grafana_file
    user, word, made = plan.user(file, plan.collector if collector else plan.grafana)
    yield file_step(who, file, made=made)
    part = f"user {user}"
    known: dict[str, Any] = dict(admin.rows("SHOW USERS"))
    if user not in known:
        admin.rows(f"CREATE USER {name(user)} WITH PASSWORD {literal(word)}")
        yield Step(part, "made", f"for {who}")
    elif known[user]:
        yield Step(
            part, "look", f"is an administrator, which {who} need not be: REVOKE ALL from it"
        )
        return
    elif not _accepted(plan, user, word):
        if not plan.renew:
            yield refused(part, file, "has another password than the file says")
            return
        admin.rows(f"SET PASSWORD FOR {name(user)} = {literal(word)}")
        yield Step(part, "changed", "has the password of the file now")
    yield _granted(plan, admin, user, privilege)


def _granted(plan: Plan, admin: Admin, user: str, privilege: str) -> Step:
    before = dict(admin.rows(f"SHOW GRANTS FOR {name(user)}"))
    lacking = [one.name for one in plan.databases if before.get(one.name) != privilege]
    for database in lacking:
        # Also where it had more: a grant takes the place of the one before.
        admin.rows(f"GRANT {privilege} ON {name(database)} TO {name(user)}")
    may = "reads and writes" if privilege == ALL else "only reads"
    text = f"{may} {', '.join(one.name for one in plan.databases)}"
    state: State = "as it was" if not lacking else "changed" if before else "made"
    return Step(f"rights of {user}", state, text)


def _accepted(plan: Plan, user: str, word: str) -> bool:
    with closing(Admin(plan.url, f"{user}:{word}", plan.timeout_s)) as own:
        return not error_of(own.query("SHOW DATABASES"))
