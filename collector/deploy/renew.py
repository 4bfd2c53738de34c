"""`schoolwatch deploy renew` and `upgrade`: new certificates before the old ones end, and the files
of a new version.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from collector.deploy import contents, register
from collector.deploy.district import COMPOSE, PROGRAM_DAYS, District
from collector.deploy.init import ALWAYS, OF_A_HOST, OF_CONTAINERS, grafana_ini, write_pair
from collector.deploy.laying import PUBLIC, SECRET, Layer, put
from collector.deploy.owners import Part

SOON_DAYS: Final = 60
"""A certificate that ends within so many days is renewed."""

GENERATED: Final = ("grafana/provisioning/", "grafana/dashboards/")
"""Nobody writes there by hand, so nothing old is kept of these."""


def renew(
    district: District, now: datetime, hosts: Sequence[str] = (), days: int = SOON_DAYS
) -> list[str]:
    """Renew what ends within *days*, and the broker's where it is to have *hosts*; return which.

    The old ones stay good until they end, so nothing is cut off before it is started anew.
    """
    own, (collector, regions) = district.owners(), district.collector()
    names = contents.certificate_names(collector, regions)
    programs: list[tuple[str, Part, str]] = [
        (f"collector/{use}", "collector", names[use]) for use in ("events", "readings", "claims")
    ]
    programs += [("watchdog/canary", "watchdog", names["canary"])]
    programs += [("mosquitto/monitor", "mosquitto", names["monitor"])]
    done = []
    for stem, part, name in programs:
        if _ends_by(district.rows(), name, now + timedelta(days=days)):
            made = district.issue(name, "client", now, days=PROGRAM_DAYS)
            write_pair(district.folder / stem, made, own[part])
            done.append(stem)
    there = district.broker_hosts()
    if set(hosts) - set(there) or _ends_by(district.rows(), ALWAYS[0], now + timedelta(days=days)):
        wanted = list(dict.fromkeys([*hosts, *there, *ALWAYS]))
        made = district.issue(ALWAYS[0], "server", now, days=PROGRAM_DAYS, hosts=wanted)
        write_pair(district.folder / "mosquitto" / "server", made, own["mosquitto"])
        done.append("mosquitto/server")
    return done


def _ends_by(rows: Sequence[register.Row], name: str, at: datetime) -> bool:
    return not register.good(rows, name, at)


def upgrade(district: District) -> list[str]:
    """Bring the files that are ours to this version; what stood there is kept as NAME.old.

    Returns which were changed. Secrets, certificates and everything that the operator writes stay.
    """
    own, changed = district.owners(), []
    for name, data, part in _ours(district):
        path, owner = district.folder / name, own[part] if part else None
        before = path.read_bytes() if path.exists() else None
        if before == data:
            continue
        for parent in list(path.relative_to(district.folder).parents)[-2::-1]:
            Layer(district.folder).folder(parent.as_posix(), owner)
        mode = SECRET if part else PUBLIC
        if before is not None and not name.startswith(GENERATED):
            put(path.with_name(f"{path.name}.old"), before, owner, mode)
        put(path, data, owner, mode)
        changed.append(name)
    return changed


def _ours(district: District) -> Iterator[tuple[str, bytes, Part | None]]:
    containers = district.in_containers
    collector, regions = district.collector()
    if containers:
        yield COMPOSE, contents.sample("deploy", COMPOSE).encode(), None
    yield (
        "mosquitto/mosquitto.conf",
        contents.sample("deploy", "mosquitto.conf").encode(),
        "mosquitto",
    )
    yield "mosquitto/acl", contents.access_list(collector, regions).encode(), "mosquitto"
    yield "grafana/grafana.ini", grafana_ini(containers).encode(), "grafana"
    hosts = OF_CONTAINERS if containers else OF_A_HOST
    for name, data in contents.of_grafana(hosts["influxdb"], district.base_url()):
        yield name, data, "grafana"
