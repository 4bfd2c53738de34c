"""InfluxDB 3 Core: databases, and nothing else that could be made.

Written from its documentation: Core knows administrators only, so who may read may also drop, and
a retention that a database was made with stays.
"""

from collections.abc import Iterator
from typing import Final

from collector.store.influx_admin import Admin
from collector.store.plan import Plan, Step, kept_for, no_admin_token
from collector.store.secretfile import write_new

DATABASES: Final = "/api/v3/configure/database"
RIGHTS: Final = (
    "InfluxDB 3 Core has no users with fewer rights: whoever has the token may drop everything. "
    "Let nobody but the collector and Grafana reach its port, or use InfluxDB 2"
)


def provision(plan: Plan, admin: Admin, token: str) -> Iterator[Step]:
    """Make the databases of *plan*, and the two files that hold *token*."""
    reply = admin.call("GET", f"{DATABASES}?format=json")
    if reply.status in {401, 403}:
        raise no_admin_token(reply.words or str(reply.status))
    there = {str(row["iox::database"]) for row in reply.data() or ()}
    for database in plan.databases:
        part = f"database {database.name}"
        if database.name in there:
            text = "its retention can neither be read nor changed in 3 Core"
            yield Step(part, "as it was", text)
            continue
        new = {"db": database.name, "retention_period": f"{database.keep_days}d"}
        admin.want("POST", DATABASES, new)
        yield Step(part, "made", kept_for(database.keep_days))
    for who, file in (("collector", plan.collector_file), ("Grafana", plan.grafana_file)):
        if file.exists():
            yield Step(f"{who}'s file", "as it was", str(file))
        else:
            write_new(file, token)
            yield Step(f"{who}'s file", "made", f"{file}, with the administrator's token")
    yield Step("rights", "look", RIGHTS)
