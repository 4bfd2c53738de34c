"""An InfluxDB of any version that somebody runs, named by SCHOOLWATCH_TEST_INFLUX_URL.

With it go SCHOOLWATCH_TEST_INFLUX_TOKEN (a token that may make a database, or user:password) and,
for 2, SCHOOLWATCH_TEST_INFLUX_ORG. Tests write into the database `schoolwatch_test`, which is made
where it is missing, and neither stop nor drop anything.

    SCHOOLWATCH_TEST_INFLUX_URL=http://127.0.0.1:8181 … scripts/test tests/collector/store
"""

import os
from contextlib import closing
from functools import cache
from typing import Any
from urllib.parse import quote

from collector.store.influx import InfluxStore
from collector.store.influx_admin import Admin

VARIABLE = "SCHOOLWATCH_TEST_INFLUX_URL"
DATABASE = "schoolwatch_test"


def is_named() -> bool:
    """Tell whether the environment names one."""
    return bool(os.environ.get(VARIABLE))


def store() -> InfluxStore:
    """Return a store on its database."""
    url, token, org = _named()
    _made()
    return InfluxStore(url, token, bucket=DATABASE, org=org)


def _named() -> tuple[str, str, str]:
    url, token, org = (os.environ.get(f"SCHOOLWATCH_TEST_INFLUX_{n}", "") for n in _WORDS)
    return url, token, org


_WORDS = ("URL", "TOKEN", "ORG")


@cache
def _made() -> None:
    url, token, org = _named()
    with closing(Admin(url, token, 30)) as admin:
        version = admin.server().version
        if version == 1:
            admin.rows(f"CREATE DATABASE {DATABASE}")
        elif version == 2:
            _bucket(admin, org)
        else:
            there = admin.want("GET", "/api/v3/configure/database?format=json")
            if DATABASE not in {row["iox::database"] for row in there}:
                admin.want("POST", "/api/v3/configure/database", {"db": DATABASE})


def _bucket(admin: Admin, org: str) -> None:
    found = admin.call("GET", f"/api/v2/buckets?name={DATABASE}").data() or {}
    if not found.get("buckets"):
        key = admin.want("GET", f"/api/v2/orgs?org={quote(org)}")["orgs"][0]["id"]
        new: dict[str, Any] = {"name": DATABASE, "orgID": key, "retentionRules": []}
        admin.want("POST", "/api/v2/buckets", new)
