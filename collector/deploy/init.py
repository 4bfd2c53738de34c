"""`schoolwatch deploy init FOLDER`: every file that the district's services need, made once.

A second run makes what is missing and touches nothing that is there. No secret is ever printed:
each is made here, written into a file of the one program that reads it, and forgotten.
"""

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from collector.alertsconfig import base_url_mistake
from collector.deploy import authority, contents, owners
from collector.deploy.authority import Signed, Use
from collector.deploy.district import AUTHORITY, COMPOSE, PROGRAM_DAYS, District
from collector.deploy.laying import PUBLIC, SECRET, Layer, put
from collector.deploy.owners import Owner, Part
from core import topics
from core.errors import ConfigError

ALWAYS: Final = ("mosquitto", "localhost", "127.0.0.1")
"""Names of the broker for who stands beside it: the collector, and the check of its health."""

OF_CONTAINERS: Final = {
    "broker": "mosquitto",
    "influxdb": "influxdb",
    "collector": "collector",
    # Inside its container; compose.yaml publishes it on 127.0.0.1 only.
    "pages": "0.0.0.0",  # noqa: S104
}
OF_A_HOST: Final = dict.fromkeys(OF_CONTAINERS, "127.0.0.1")
PROVISIONING: Final = ("alerting", "dashboards", "datasources", "notifiers", "plugins")
"""Grafana's log has an error for each of them that is not there."""
SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the operator decides; `hosts` is how schools reach the broker, the first one by name,
    `base_url` how people reach the collector's pages."""

    folder: Path
    regions: tuple[str, ...]
    hosts: tuple[str, ...]
    collector: str = "d1"
    in_containers: bool = True
    base_url: str = ""

    def check(self) -> None:
        """Raise ConfigError for what cannot stand in a topic or a certificate."""
        for noun, level in (("collector", self.collector), *(("region", r) for r in self.regions)):
            if not topics.LEVEL.fullmatch(level):
                raise ConfigError(f"{noun} {level[:40]!r} must be letters, digits, '_', '.' or '-'")
        if mistake := base_url_mistake(self.base_url):
            raise ConfigError(f"--base-url {self.base_url[:100]!r} {mistake}")
        if len(set(self.regions)) < len(self.regions):
            raise ConfigError("a region is named twice")
        for host in self.hosts:
            try:
                authority.host_name(host)
            except ValueError:
                raise ConfigError(f"{host!r} is no host name and no address") from None


def init(wanted: Wanted, now: datetime) -> Layer:
    """Make what is missing of the folder; raises ConfigError, OSError."""
    district = District(wanted.folder)
    if (wanted.folder / AUTHORITY / "ca.pem").exists():
        _same(wanted, district)
    elif not wanted.regions or not wanted.hosts:
        raise ConfigError("a new folder needs --region and --host: whom it serves, and where")
    wanted.check()
    own = owners.in_containers() if wanted.in_containers else owners.on_the_host()
    layer = Layer(wanted.folder)
    layer.folder(".", mode=0o755)
    _authority(layer, now)
    _containers(layer, wanted, own)
    _mosquitto(layer, wanted, own["mosquitto"], now)
    _programs(layer, wanted, own, now)
    login = f"schoolwatch-{wanted.collector}:{secrets.token_urlsafe(SECRET_BYTES)}\n"
    layer.file("collector/influx_login", login.encode, own["collector"])
    _stores(layer, wanted, own)
    layer.folder("agents")
    return layer


def _same(wanted: Wanted, district: District) -> None:
    """Refuse a second run that asks for something else than what is there."""
    name, regions = district.collector()
    hosts = district.broker_hosts()
    if wanted.regions and (set(wanted.regions) != set(regions) or wanted.collector != name):
        raise ConfigError(
            f"{wanted.folder} is the folder of collector {name} for {', '.join(regions)}; change "
            "that in collector/collector.toml and watchdog/watchdog.toml, then: deploy upgrade"
        )
    if set(wanted.hosts) - set(hosts):
        raise ConfigError(
            f"the broker's certificate in {wanted.folder} is for {', '.join(hosts)}; to have "
            "another:  schoolwatch deploy renew FOLDER --host …"
        )
    if wanted.base_url and wanted.base_url != district.base_url():
        raise ConfigError(
            "the folder is there already: say base_url in collector/collector.toml, [alerts], "
            "then:  schoolwatch deploy upgrade FOLDER"
        )


def settled(wanted: Wanted) -> Wanted:
    """Return *wanted* with what an earlier run decided, where there was one."""
    district = District(wanted.folder)
    if not (wanted.folder / AUTHORITY / "ca.pem").exists():
        return wanted
    _same(wanted, district)
    name, regions = district.collector()
    hosts = tuple(district.broker_hosts())
    base_url = district.base_url()
    return Wanted(wanted.folder, tuple(regions), hosts, name, district.in_containers, base_url)


def _authority(layer: Layer, now: datetime) -> None:
    home = layer.folder(AUTHORITY)
    if (home / "issued.csv").exists() or (home / "ca.pem").exists():
        if lost := [name for name in ("ca.pem", "ca.key") if not (home / name).exists()]:
            raise ConfigError(
                f"{home / lost[0]} is gone: put it back from your copy. Another authority would "
                "shut out every agent that has a certificate of this one"
            )
        District(layer.root).signer()
        layer.there += [f"{AUTHORITY}/ca.pem", f"{AUTHORITY}/ca.key"]
        return
    # A key without its certificate is of a run that was broken off: nobody was given anything yet.
    made = authority.new_authority("schoolwatch district", now)
    put(home / "ca.key", made.key_pem)
    put(home / "ca.pem", made.pem)
    layer.made += [f"{AUTHORITY}/ca.pem", f"{AUTHORITY}/ca.key"]


def _containers(layer: Layer, wanted: Wanted, own: Mapping[Part, Owner]) -> None:
    if not wanted.in_containers:
        return
    layer.file(COMPOSE, partial(_shipped, COMPOSE), mode=PUBLIC)
    users = "".join(f"{part.upper()}_USER={own[part]}\n" for part in own)
    # Makes the database's users, and gives the files away that come of it.
    users += f"OPERATOR_USER={os.geteuid()}:{os.getegid()}\n"
    said = f"# The users that the services run as; made by schoolwatch deploy init.\n{users}"
    layer.file(".env", said.encode, mode=PUBLIC)
    layer.folder("data", mode=0o755)
    for part, owner in own.items():
        layer.folder(f"data/{part}", owner)


def _mosquitto(layer: Layer, wanted: Wanted, owner: Owner, now: datetime) -> None:
    layer.folder("mosquitto", owner)
    layer.file("mosquitto/mosquitto.conf", partial(_shipped, "mosquitto.conf"), owner)
    listed = contents.access_list(wanted.collector, wanted.regions)
    layer.file("mosquitto/acl", listed.encode, owner)
    _root(layer, "mosquitto", owner)
    hosts = dict.fromkeys([*wanted.hosts, *ALWAYS])
    _pair(layer, "mosquitto/server", owner, ALWAYS[0], now, use="server", hosts=list(hosts))
    _pair(layer, "mosquitto/monitor", owner, "monitor", now)
    if (layer.root / "mosquitto/revoked.pem").exists():
        layer.there.append("mosquitto/revoked.pem")
    else:
        District(layer.root).write_revoked(District(layer.root).rows(), now)
        layer.made.append("mosquitto/revoked.pem")


def _programs(layer: Layer, wanted: Wanted, own: Mapping[Part, Owner], now: datetime) -> None:
    hosts = _hosts(wanted.in_containers)
    names = contents.certificate_names(wanted.collector, wanted.regions)
    told = (wanted.collector, wanted.regions, hosts)
    of_collector = contents.collector_options(*told, wanted.base_url)
    parts: Sequence[tuple[Part, tuple[str, ...], contents.Options]] = (
        ("collector", ("events", "readings", "claims"), of_collector),
        ("watchdog", ("canary",), contents.watchdog_options(*told)),
    )
    for part, uses, options in parts:
        layer.folder(part, own[part])
        text = contents.switched(contents.sample("collector.toml"), options)
        layer.file(f"{part}/{part}.toml", text.encode, own[part])
        _root(layer, part, own[part])
        for use in uses:
            _pair(layer, f"{part}/{use}", own[part], names[use], now)


def _stores(layer: Layer, wanted: Wanted, own: Mapping[Part, Owner]) -> None:
    # The administrator's login, and the token of Grafana, come from `deploy store`.
    layer.folder("influxdb")
    grafana = own["grafana"]
    layer.folder("grafana", grafana)
    layer.file("grafana/grafana.ini", grafana_ini(wanted.in_containers).encode, grafana)
    layer.folder("grafana/provisioning", grafana)
    for kind in PROVISIONING:
        layer.folder(f"grafana/provisioning/{kind}", grafana)
    layer.file("grafana/admin_password", _secret, grafana)
    layer.file("grafana/secret_key", _secret, grafana)
    influxdb = _hosts(wanted.in_containers)["influxdb"]
    for name, data in contents.of_grafana(influxdb, wanted.base_url):
        for parent in list(Path(name).parents)[-3::-1]:
            layer.folder(parent.as_posix(), grafana)
        layer.file(name, partial(bytes, data), grafana)


def grafana_ini(in_containers: bool) -> str:
    """Return Grafana's file: in a container it is on every address, of which one is published."""
    address = "" if in_containers else "127.0.0.1"
    return contents.sample("deploy", "grafana.ini").replace("@HTTP_ADDR@", address)


def _hosts(in_containers: bool) -> Mapping[str, str]:
    return OF_CONTAINERS if in_containers else OF_A_HOST


def _root(layer: Layer, part: str, owner: Owner) -> None:
    """Give *part* the certificate that all others are checked with."""
    read = (layer.root / AUTHORITY / "ca.pem").read_bytes
    layer.file(f"{part}/ca.pem", read, owner, SECRET)


def _pair(
    layer: Layer,
    stem: str,
    owner: Owner,
    name: str,
    now: datetime,
    *,
    use: Use = "client",
    hosts: Sequence[str] = (),
) -> None:
    """Have a certificate and its key; one without the other is of a run that was broken off."""
    files = (f"{stem}.pem", f"{stem}.key")
    if all((layer.root / file).exists() for file in files):
        layer.there += files
        return
    made = District(layer.root).issue(name, use, now, days=PROGRAM_DAYS, hosts=hosts)
    write_pair(layer.root / stem, made, owner)
    layer.made += files


def write_pair(stem: Path, made: Signed, owner: Owner | None) -> None:
    """Write certificate and key, in place of what was there."""
    put(stem.with_name(f"{stem.name}.key"), made.key_pem, owner)
    put(stem.with_name(f"{stem.name}.pem"), made.pem, owner)


def _shipped(name: str) -> bytes:
    return contents.sample("deploy", name).encode()


def _secret() -> bytes:
    return f"{secrets.token_urlsafe(SECRET_BYTES)}\n".encode()
