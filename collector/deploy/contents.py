"""What stands in the files of the folder, made of the samples in `configs` that ship with us."""

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

import msgspec

from collector.canary import identity
from collector.terminal import DEFAULT_URL
from core import topics
from core.types import Identity

ETC: Final = "/etc/schoolwatch"
"""Where the programs find their files, in a container and on a host: the same files fit both."""
STATE: Final = "/var/lib/schoolwatch"

GRAFANA_TOKEN: Final = "influx_token"  # noqa: S105  # names the file
"""In Grafana's folder: made by the database, so `deploy store` writes it."""

OPTION: Final = re.compile(r"(?:# )?([a-z_0-9]+) = ")
TABLE: Final = re.compile(r"(?:# )?\[([a-z_.]+)\]")

Options = Mapping[str, Mapping[str, Any]]


def sample(*path: str) -> str:
    """Return the text of a file that ships with us."""
    return _shipped(*path).read_text("utf-8")


def _shipped(*path: str) -> Traversable:
    return files("configs").joinpath(*path)


def of_grafana(influxdb: str, page: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield dashboards and provisioning by their names in the folder; *influxdb* is a host, *page*
    where people find the collector's pages.

    What these leave to the environment is written into them, for a secret would stand in it too:
    the token comes from a file.
    """
    told = {
        "$SCHOOLWATCH_DASHBOARDS": f"{ETC}/grafana/dashboards",
        "$SCHOOLWATCH_INFLUX_URL": f"http://{influxdb}:8086",
        "$SCHOOLWATCH_INFLUX_BUCKET": "schoolwatch",
        "${SCHOOLWATCH_INFLUX_BUCKET}": "schoolwatch",
        "$SCHOOLWATCH_INFLUX_TOKEN": f"$__file{{{ETC}/grafana/{GRAFANA_TOKEN}}}",
    }
    for folder in ("provisioning", "dashboards"):
        for name, data in _below(files("grafana").joinpath(folder), f"grafana/{folder}/"):
            if name.endswith(".yaml"):
                text = data.decode()
                for variable, value in told.items():
                    text = text.replace(variable, value)
                data = _without_comments(text).encode()  # noqa: PLW2901
            elif page:
                data = data.replace(_quoted(DEFAULT_URL), _quoted(page.rstrip("/")))  # noqa: PLW2901
            yield name, data


def _quoted(text: str) -> bytes:
    return msgspec.json.encode(text)


def _without_comments(text: str) -> str:
    """Return YAML without its whole-line comments: they name the variables that are gone."""
    kept = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
    return "\n".join(kept)


def _below(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    if not folder.is_dir():
        return
    for one in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if one.is_dir():
            yield from _below(one, f"{prefix}{one.name}/")
        elif not one.name.startswith((".", "__")):
            yield prefix + one.name, one.read_bytes()


def switched(text: str, options: Options) -> str:
    """Return the commented sample *text* with *options* switched on, by table and name.

    Raises KeyError where the sample has no such option: it has every one that there is.
    """
    left = {(table, name) for table, names in options.items() for name in names}
    table, lines = "", []
    for line in text.split("\n"):
        if found := TABLE.fullmatch(line):
            table = found[1]
        elif (found := OPTION.match(line)) and (table, found[1]) in left:
            left.remove((table, found[1]))
            line = f"{found[1]} = {_toml(options[table][found[1]])}"  # noqa: PLW2901
        lines.append(line)
    if left:
        raise KeyError(sorted(left))
    return "\n".join(lines)


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return f"[{', '.join(_toml(one) for one in value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def collector_options(
    collector: str, regions: Iterable[str], hosts: Mapping[str, str], base_url: str = ""
) -> Options:
    """Return what the collector of a deployment is told; *hosts* says where the others are, and
    *base_url* where people find its pages."""
    return {
        **({"alerts": {"base_url": base_url}} if base_url else {}),
        "collector": {
            "regions": list(regions),
            "id": collector,
            "readings_cert_file": "readings.pem",
            "readings_key_file": "readings.key",
            "claims_cert_file": "claims.pem",
            "claims_key_file": "claims.key",
            "folder": f"{STATE}/collector",
        },
        "broker": {
            "host": hosts["broker"],
            "port": 8883,
            "ca_file": "ca.pem",
            "cert_file": "events.pem",
            "key_file": "events.key",
        },
        "store": {
            "type": "influxdb",
            "url": f"http://{hosts['influxdb']}:8086",
            "org": "schoolwatch",
            "token_file": "influx_login",
        },
        "http": {"host": hosts["pages"]},
    }


def watchdog_options(collector: str, regions: Iterable[str], hosts: Mapping[str, str]) -> Options:
    """Return what the watchdog is told: the same collector, by its own certificate."""
    return {
        "collector": {
            "regions": list(regions),
            "id": collector,
            "folder": f"{STATE}/watchdog",
        },
        "broker": {
            "host": hosts["broker"],
            "port": 8883,
            "ca_file": "ca.pem",
            "cert_file": "canary.pem",
            "key_file": "canary.key",
        },
        "http": {"host": hosts["collector"]},
    }


def agent_options(who: Identity, collector: str, broker: str, audit_key: str = "") -> Options:
    """Return what an agent is told; *audit_key* is the verifier key of the audit log, if known."""
    pinned = {"audit_key": audit_key} if audit_key else {}
    return {
        "identity": {"region": who.region, "school": who.school, "agent": who.agent},
        "broker": {
            "host": broker,
            "port": 8883,
            "ca_file": "ca.pem",
            "cert_file": "agent.pem",
            "key_file": "agent.key",
        },
        "collector": {"id": collector, **pinned},
        "spool": {"folder": f"{STATE}/agent"},
    }


def certificate_names(collector: str, regions: Iterable[str]) -> dict[str, str]:
    """Return the names in the certificates that the district's own programs have, by use."""
    return {
        "events": f"{collector}-events",
        "readings": f"{collector}-readings",
        "claims": f"{collector}-claims",
        "canary": str(identity(next(iter(regions)))),
        "monitor": "monitor",
    }


def access_list(collector: str, regions: Iterable[str]) -> str:
    """Return mosquitto's access list: who may write and read what. What is not here is refused."""
    regions = list(regions)
    names = certificate_names(collector, regions)
    down = [f"write {topics.ROOT}/{r}/+/+/{c}" for r in regions for c in ("receipt", "command")]
    events = [
        *(f"read {topics.ROOT}/{r}/+/+/{c}" for r in regions for c in ("events", "state")),
        *down,
        *(f"write {topics.ROOT}/{r}/+/+/state" for r in regions),
        *(f"write {topics.claim_topic(r)}" for r in regions),
    ]
    readings = [*(f"read {topics.ROOT}/{r}/+/+/readings" for r in regions), *down]
    blocks = [
        "# Made by schoolwatch deploy; mosquitto's word for a certificate's name is user, or %u.\n"
        "# The collector, one name for each of its connections.",
        _user(names["events"], events),
        _user(names["readings"], readings),
        _user(names["claims"], [f"read {topics.claim_topic(r)}" for r in regions]),
        "# Whether the broker works, and whether it throws messages away.\n"
        + _user(names["monitor"], ["read $SYS/#"]),
        "# Every agent, region/school/agent: its own topics and no others.\n"
        + "\n".join(
            f"pattern {way} {topics.ROOT}/%u/{channel}"
            for way, channels in (
                ("write", ("readings", "events", "state")),
                ("read", ("receipt", "command")),
            )
            for channel in channels
        ),
    ]
    return "\n\n".join(blocks) + "\n"


def _user(name: str, rights: Iterable[str]) -> str:
    return "\n".join([f"user {name}", *(f"topic {right}" for right in rights)])
