"""InfluxDB 2: buckets, a user and password for the collector, a token for Grafana.

A token that may write a bucket may also delete it (2.9.1, tried): the right is the same. So the
collector gets an authorization of the kind for clients of 1.x, which is known at /write and /query
alone; there it may write and read, and no more. Every bucket is a database for /query by itself.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, Final
from urllib.parse import quote

from collector.store.config import Database
from collector.store.influx_admin import Admin, error_of
from collector.store.plan import (
    ADMIN,
    Plan,
    Step,
    file_step,
    kept_for,
    no_admin_token,
    refused,
    retention_step,
)
from collector.store.secretfile import write_new
from core.errors import StoreStopped
from core.secrets import secret

LEGACY: Final = "/private/legacy/authorizations"
TOKENS: Final = "/api/v2/authorizations"
DAY: Final = 86_400

Buckets = Mapping[str, str]
"""Name → id of the databases."""


def provision(plan: Plan, admin: Admin, first: str) -> Iterator[Step]:
    """Do what *plan* says; *first* is the token of an administrator to be made, or empty."""
    if first:
        yield _set_up(plan, admin, first)
    reply = admin.call("GET", "/api/v2/orgs?org=" + quote(plan.org))
    if reply.status == 401:
        raise no_admin_token(reply.words)
    orgs = (reply.data() or {}).get("orgs", ())
    if orgs:
        org = str(orgs[0]["id"])
    else:
        org = str(admin.want("POST", "/api/v2/orgs", {"name": plan.org})["id"])
        yield Step(f"organisation {plan.org}", "made", "for the buckets")
    buckets: dict[str, str] = {}
    for database, shard in zip(plan.databases, plan.shard_days):
        step, buckets[database.name] = _bucket(admin, org, database, shard)
        yield step
    yield from _collector(plan, admin, org, buckets)
    yield from _grafana(plan, admin, org, buckets)


def _set_up(plan: Plan, admin: Admin, token: str) -> Step:
    raw = plan.databases[0]
    admin.want(
        "POST",
        "/api/v2/setup",
        {
            "username": ADMIN,
            "password": token,
            "org": plan.org,
            "bucket": raw.name,
            "retentionPeriodSeconds": raw.keep_days * DAY,
            "token": token,
        },
    )
    text = f"set up, with the administrator {ADMIN}, whose password and token the file has"
    return Step("server", "made", text)


def _bucket(admin: Admin, org: str, database: Database, shard: int) -> tuple[Step, str]:
    where = f"/api/v2/buckets?orgID={org}&name={quote(database.name)}"
    # One that is not there is a 404 where it is asked for by its name.
    found = (admin.call("GET", where).data() or {}).get("buckets")
    rule: dict[str, Any] = {"type": "expire", "everySeconds": database.keep_days * DAY}
    if not found:
        rule["shardGroupDurationSeconds"] = shard * DAY
        new = {"name": database.name, "orgID": org, "retentionRules": [rule]}
        made = admin.want("POST", "/api/v2/buckets", new)
        text = kept_for(database.keep_days)
        return Step(f"database {database.name}", "made", text), str(made["id"])
    key, days = str(found[0]["id"]), days_of(found[0])
    shorter = 0 < days < database.keep_days
    if shorter:
        admin.want("PATCH", f"/api/v2/buckets/{key}", {"retentionRules": [rule]})
    return retention_step(database, days, lengthened=shorter), key


def days_of(bucket: Mapping[str, Any]) -> float:
    """Return for how many days a bucket keeps what it has; 0 for ever."""
    rules = bucket.get("retentionRules") or [{"everySeconds": 0}]
    return round(float(rules[0]["everySeconds"]) / DAY, 3)


def _rights(org: str, buckets: Buckets, *actions: str) -> list[dict[str, Any]]:
    return [
        {"action": action, "resource": {"type": "buckets", "id": key, "orgID": org}}
        for key in buckets.values()
        for action in actions
    ]


def _may(authorization: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    return {
        (one["action"], one["resource"]["type"], one["resource"].get("id", ""))
        for one in authorization["permissions"]
    }


def _collector(plan: Plan, admin: Admin, org: str, buckets: Buckets) -> Iterator[Step]:
    file = plan.collector_file
    if file.exists() and ":" not in secret(file, ""):
        text = (
            f"{file} holds a token, which may also delete its buckets: move the file away and run "
            "this again, and the collector gets a user that cannot"
        )
        yield Step("collector's file", "look", text)
        return
    user, word, made = plan.user(file, plan.collector)
    yield file_step("collector", file, made=made)
    part, rights = f"user {user}", _rights(org, buckets, "read", "write")
    known = admin.want("GET", f"{LEGACY}?orgID={org}")["authorizations"]
    before = next((one for one in known if one["token"] == user), None)
    fits = before and before["status"] == "active" and _may(before) == _may({"permissions": rights})
    if before and fits and _reads(plan, f"{user}:{word}", *buckets):
        yield Step(part, "as it was", f"reads and writes {', '.join(buckets)}")
        return
    if before and not plan.renew:
        what = "is not active" if before["status"] != "active" else "has other rights"
        yield refused(part, file, "has another password than the file says" if fits else what)
        return
    if before:
        admin.want("DELETE", f"{LEGACY}/{before['id']}")
    new = {"orgID": org, "description": "schoolwatch collector", "token": user}
    key = admin.want("POST", LEGACY, new | {"permissions": rights})["id"]
    admin.want("POST", f"{LEGACY}/{key}/password", {"password": word})
    text = f"reads and writes {', '.join(buckets)}, and can do nothing else"
    yield Step(part, "changed" if before else "made", text)


def _grafana(plan: Plan, admin: Admin, org: str, buckets: Buckets) -> Iterator[Step]:
    file, part = plan.grafana_file, f"token {plan.grafana}"
    if file.exists():
        yield file_step("Grafana", file, made=False)
        if _reads(plan, secret(file, ""), *buckets):
            yield Step(part, "as it was", f"only reads {', '.join(buckets)}")
            return
        if not plan.renew:
            yield refused(part, file, "does not read all of them")
            return
    known = admin.want("GET", f"{TOKENS}?orgID={org}")["authorizations"]
    older = [one for one in known if one.get("description") == plan.grafana]
    made = admin.want(
        "POST",
        TOKENS,
        {"orgID": org, "description": plan.grafana, "permissions": _rights(org, buckets, "read")},
    )
    if not made.get("token"):
        raise StoreStopped("InfluxDB made a token for Grafana and did not tell it")
    write_new(file, made["token"])
    yield file_step("Grafana", file, made=True)
    also = f"; {len(older)} older of that name are left: delete what nobody uses" if older else ""
    yield Step(part, "made", f"only reads {', '.join(buckets)}{also}")


def _reads(plan: Plan, token: str, *databases: str) -> bool:
    with closing(Admin(plan.url, token, plan.timeout_s)) as own:
        reply = own.query("SHOW DATABASES")
        if error_of(reply):
            return False
        series = (reply.data()["results"][0].get("series") or [{}])[0]
        return {*databases} <= {row[0] for row in series.get("values", ())}
