"""`schoolwatch deploy`: the folder of a district, its certificates, and its agents.

Watch it work: schoolwatch deploy init /tmp/district --region 000000 --host 127.0.0.1
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from collector.deploy import enrol, init, register, renew
from collector.deploy.authority import utc_now
from collector.deploy.district import AGENT_DAYS, District
from collector.operating import recorded, whose
from collector.terminal import safe
from core.errors import ConfigError
from core.types import Identity

FOLDER: Final = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
Command = TypeVar("Command", bound=Callable[..., Any])
MOST_DAYS: Final = 7_300


@click.group("deploy", short_help="A district's folder: services, certificates, agents.")
def deploy_group() -> None:
    """Set up the services of a district and enrol its agents; docs/deploy.md has the steps.

    FOLDER holds every file that the services read, among them the keys of the district's own
    authority: whoever has those can be any school. Only root should be able to look into it.
    """


def _host_option(help_text: str) -> Callable[[Command], Command]:
    return click.option("--host", "hosts", multiple=True, metavar="NAME", help=help_text)


@deploy_group.command("init")
@FOLDER
@click.option(
    "--region",
    "regions",
    multiple=True,
    metavar="CODE",
    help="Division code of a region that the collector serves; may be given several times.",
)
@_host_option(
    "Name or address under which schools reach the broker; may be given several times. Agents are "
    "told the first."
)
@click.option("--collector", default="d1", show_default=True, help="The id of the collector.")
@click.option(
    "--base-url",
    default="",
    metavar="URL",
    help="Where people find the collector's pages, as https://monitor.example.org: messages and "
    "Grafana lead there. Later in collector.toml, [alerts], and deploy upgrade.",
)
@click.option(
    "--without-containers",
    is_flag=True,
    help="For systemd: FOLDER is /etc/schoolwatch, and everything is on this one machine.",
)
def init_command(
    folder: Path,
    regions: Sequence[str],
    hosts: Sequence[str],
    collector: str,
    *,
    base_url: str,
    without_containers: bool,
) -> None:
    """Make FOLDER with all that the district's services need: files, keys, passwords.

    A second run makes what is missing, changes nothing that is there, and says what is. No secret
    is ever shown: each is in a file that only its program, and root, may read.
    """
    wanted = init.Wanted(
        *(folder.absolute(), tuple(regions), tuple(hosts), collector),
        in_containers=not without_containers,
        base_url=base_url,
    )
    wanted = init.settled(wanted)
    said = {"regions": ", ".join(wanted.regions), "hosts": ", ".join(wanted.hosts)}
    with _recorded(folder, "init", "", said), _disk(folder):
        layer = init.init(wanted, utc_now())
    _say(f"made   {name}" for name in sorted(layer.made))
    _say(f"there  {name}" for name in sorted(layer.there))
    _say(_certificates(District(wanted.folder)))
    _say([f"{folder}: {len(layer.made)} files made, {len(layer.there)} were there"])
    if layer.made:
        _say(_owners(wanted))
        _say(["What comes next: docs/deploy.md"])


def _owners(wanted: init.Wanted) -> Iterable[str]:
    own = District(wanted.folder).owners()
    if len({*own.values()}) == 1:
        yield "All services will run as you, since only root can give each a user of its own."


def _certificates(district: District) -> Iterable[str]:
    now = utc_now()
    for row in district.rows():
        if not row.revoked and row.until > now and "/" not in row.name:
            yield f"until  {row.ends[:10]}  certificate of {row.name}"


@deploy_group.command("store")
@FOLDER
@click.option("--renew", "renewing", is_flag=True, help="Give users and tokens anew.")
def store_command(folder: Path, *, renewing: bool) -> None:
    """Make databases and users in the InfluxDB that FOLDER's collector.toml names.

    What `schoolwatch store init` does, with the files of FOLDER. May be repeated at any time.
    """
    from collector.deploy.store import provision  # noqa: PLC0415 — brings the database's client

    with _recorded(folder, "store", "", {"renew": renewing}), _disk(folder):
        looking = False
        for step in provision(District(folder.absolute()), renew=renewing):
            looking = looking or step.state == "look"
            _say([f"{step.state:9}  {step.part}: {step.text}"])
    click.get_current_context().exit(1 if looking else 0)


@deploy_group.command("agent")
@FOLDER
@click.argument("region")
@click.argument("school")
@click.argument("agent")
@click.option(
    "--again", is_flag=True, help="The name was given before: this machine takes its place."
)
@click.option(
    "--days",
    type=click.IntRange(1, MOST_DAYS),
    default=AGENT_DAYS,
    show_default=True,
    help="For how long its certificate is good.",
)
def agent_command(
    folder: Path, region: str, school: str, agent: str, *, again: bool, days: int
) -> None:
    """Enrol an agent: make a folder to be carried to its school, with certificate and agent.toml.

    The same name is not given twice unless told. Delete the copy here once the school has it.
    """
    district, who = District(folder.absolute()), Identity(region, school, agent)
    said = {"again": again, "days": days}
    with _recorded(folder, "agent", str(who), said), _disk(folder):
        made = enrol.enrol(district, who, utc_now(), again=again, days=days)
    _say([f"{made.folder}: certificate of {who}, good until {made.ends:%Y-%m-%d}"])
    if not made.audit_key:
        _say(
            [
                f"The audit log's key is not known here, so the agent will trust the first that "
                f"comes. To pin it, copy {enrol.PUBLIC_KEY} from the collector's folder to "
                f"{folder}/collector before this command (docs/witnesses.md)."
            ]
        )
    if made.older:
        _say(
            [
                f"{len(made.older)} older of that name are still good. Once the new one is used:  "
                f"schoolwatch deploy revoke {folder} {who} --older"
            ]
        )


@deploy_group.command("revoke")
@FOLDER
@click.argument("name")
@click.option("--older", is_flag=True, help="Leave the newest as it is.")
def revoke_command(folder: Path, name: str, *, older: bool) -> None:
    """Have the broker refuse the certificates of NAME, say 110105/3111000123/server-room."""
    with _recorded(folder, "revoke", name, {"older": older}), _disk(folder):
        taken = enrol.revoke(District(folder.absolute()), name, utc_now(), older=older)
    _say([f"{len(taken)} certificates of {name} are revoked."])
    if taken:
        _say(
            ["They are refused, and whoever uses one now is cut off, once the broker is restarted."]
        )


@deploy_group.command("list")
@FOLDER
@click.option("--json", "as_json", is_flag=True, help="One JSON list, for programs.")
def list_command(folder: Path, *, as_json: bool) -> None:
    """List every certificate that was given. Exit code 1: one that is in use ends soon."""
    rows, now = District(folder.absolute()).rows(), utc_now()
    soon = _soon(rows)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        for row in rows:
            ended = "revoked" if row.revoked else "ended" if row.until <= now else "good"
            state = "SOON" if row in soon else ended
            _say([f"{state:8} {row.ends[:10]}  {row.name}  ({row.use}, {row.serial})"])
    click.get_current_context().exit(1 if soon else 0)


def _soon(rows: Sequence[register.Row]) -> list[register.Row]:
    """Return the newest certificate of each name where it ends soon."""
    now = utc_now()
    newest = {row.name: row for row in rows if not row.revoked and row.until > now}
    return [row for row in newest.values() if row.until < now + timedelta(days=renew.SOON_DAYS)]


@deploy_group.command("renew")
@FOLDER
@_host_option("One more name or address of the broker; may be given several times.")
@click.option(
    "--days",
    type=click.IntRange(0, MOST_DAYS),
    default=renew.SOON_DAYS,
    show_default=True,
    help="What ends within so many days is renewed.",
)
def renew_command(folder: Path, hosts: Sequence[str], days: int) -> None:
    """Renew the certificates of broker, collector and watchdog. Agents: `deploy agent --again`."""
    init.Wanted(folder, (), tuple(hosts)).check()
    said = {"hosts": ", ".join(hosts), "days": days}
    with _recorded(folder, "renew", "", said), _disk(folder):
        done = renew.renew(District(folder.absolute()), utc_now(), hosts, days)
    _say(f"renewed  {stem}.pem" for stem in done)
    _say(
        ["Restart broker, collector and watchdog; the old ones stay good until then."]
        if done
        else [f"nothing ends within {days} days"]
    )


@deploy_group.command("upgrade")
@FOLDER
def upgrade_command(folder: Path) -> None:
    """Bring the files that are ours to this version, and the access list to your regions.

    These are compose.yaml, mosquitto.conf, acl, grafana.ini and the dashboards; what stood in the
    first four is kept beside them as *.old. Your own words belong into compose.override.yaml,
    collector.toml, watchdog.toml and roster.csv, which stay as they are.
    """
    with _recorded(folder, "upgrade", "", {}), _disk(folder):
        changed = renew.upgrade(District(folder.absolute()))
    _say(f"changed  {name}" for name in changed)
    _say([f"{folder}: {len(changed)} files changed"])


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(safe(line).plain)


def _recorded(
    folder: Path, what: str, subject: str, details: Mapping[str, Any]
) -> AbstractContextManager[None]:
    """Have it in the audit log of the district's collector first, once there is one."""
    place = whose(folder / "collector" / "collector.toml")
    return recorded(place, f"deploy {what}", subject, details)


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    """Turn an error of the disk into a sentence."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{error.filename or folder}: {error.strerror}") from None
