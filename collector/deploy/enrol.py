"""`schoolwatch deploy agent`: a certificate for one agent, in a folder that is ready to be carried
to its school.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from collector import canary
from collector.deploy import contents, register
from collector.deploy.district import AGENT_DAYS, AUTHORITY, District
from collector.deploy.init import write_pair
from collector.deploy.laying import Layer, put
from core import topics
from core.errors import ConfigError
from core.types import Identity

FOLDER: Final = "agents"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What was made: `folder` goes to the school; `older` certificates of the name still count."""

    folder: Path
    ends: datetime
    older: tuple[register.Row, ...]


def enrol(
    district: District,
    who: Identity,
    now: datetime,
    *,
    again: bool = False,
    days: int = AGENT_DAYS,
) -> Enrolled:
    """Issue a certificate for *who*; raises ConfigError, also where it has one and not *again*."""
    topics.checked(who)
    name, regions = district.collector()
    if canary.is_canary(who):
        raise ConfigError(f"{who} is the watchdog's own name; schools have their official code")
    if who.region not in regions:
        raise ConfigError(
            f"collector {name} serves {', '.join(regions)}: nobody would hear region {who.region}"
        )
    older = tuple(register.good(district.rows(), str(who), now))
    if older and not again:
        raise ConfigError(
            f"{who} was given a certificate on {older[-1].issued[:10]} that is good until "
            f"{older[-1].ends[:10]}; two machines with one name throw each other out. Say --again "
            "where this one takes the place of the other"
        )
    made = district.issue(str(who), "client", now, days=days)
    layer = Layer(district.folder)
    layer.folder(FOLDER)
    for depth in (f"{who.region}", f"{who.region}/{who.school}", str(who)):
        layer.folder(f"{FOLDER}/{depth}")
    folder = district.folder / FOLDER / str(who)
    options = contents.agent_options(who, name, district.broker_hosts()[0])
    text = contents.switched(contents.sample("agent.toml"), options)
    layer.file(f"{FOLDER}/{who}/agent.toml", text.encode)
    put(folder / "ca.pem", (district.folder / AUTHORITY / "ca.pem").read_bytes())
    write_pair(folder / "agent", made, None)
    return Enrolled(folder, made.certificate.not_valid_after_utc, older)


def revoke(district: District, name: str, now: datetime, *, older: bool) -> list[register.Row]:
    """Revoke every good certificate of *name*, with *older* all but the newest; return them."""
    rows = register.good(district.rows(), name, now)
    if not rows:
        known = any(row.name == name for row in district.rows())
        ended = "have ended or are revoked already" if known else "were never given"
        raise ConfigError(f"certificates of {name} {ended}")
    taken = rows[:-1] if older else rows
    district.revoke([row.serial for row in taken], now)
    return taken
