"""`schoolwatch deploy store FOLDER`: `store init` with the folder's own files."""

import os
from collections.abc import Iterator
from typing import Final

from collector.config import read_collector
from collector.deploy.contents import GRAFANA_TOKEN
from collector.deploy.district import District
from collector.store.plan import Step, plan_of
from collector.store.provision import provision as provisioned

ADMIN: Final = "influxdb/admin_login"


def provision(district: District, *, renew: bool = False) -> Iterator[Step]:
    """Do it, and yield each step when it is done; raises what `store init` raises."""
    folder = district.folder
    config = read_collector(folder / "collector" / "collector.toml")
    token = folder / "grafana" / GRAFANA_TOKEN
    plan = plan_of(config.store, config.collector.id, token, renew=renew)
    try:
        yield from provisioned(plan, folder / ADMIN)
    finally:
        # The database made up the token, so the file is of whoever runs this.
        if token.exists() and not os.geteuid():
            owner = district.owners()["grafana"]
            os.chown(token, owner.uid, owner.gid)
