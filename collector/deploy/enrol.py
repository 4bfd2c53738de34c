"""`schoolwatch deploy agent`: a certificate for one agent, in a folder that is ready to be carried
to its school.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from collector import canary
from collector.deploy import contents, register
from collector.deploy.contents import STATE
from collector.deploy.district import AGENT_DAYS, AUTHORITY, District
from collector.deploy.init import write_pair
from collector.deploy.laying import Layer, put
from core import topics
from core.errors import ConfigError
from core.merkle.note import verifier_key
from core.types import Identity

FOLDER: Final = "agents"
PUBLIC_KEY: Final = "audit-key.pub.pem"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What was made: `folder` goes to the school; `older` certificates of the name still count."""

    folder: Path
    ends: datetime
    older: tuple[register.Row, ...]
    audit_key: str = ""
    """What the agent holds the audit log to; "" where the collector has not run yet."""


def audit_key(folder: Path, collector: str) -> str:
    """Return the verifier key of the collector's audit log, "" where its public key is not found.

    The first start makes it, in the collector's own folder; it may be copied beside collector.toml.
    Raises ConfigError where there is something else.
    """
    places = (folder / "collector", folder / "data" / "collector", Path(STATE) / "collector")
    for path in (place / PUBLIC_KEY for place in places):
        try:
            data = path.read_bytes()
        except OSError:
            continue
        try:
            key = serialization.load_pem_public_key(data)
        except ValueError:
            raise ConfigError(f"{path} is no public key") from None
        if not isinstance(key, Ed25519PublicKey):
            raise ConfigError(f"{path} is no Ed25519 key")
        return verifier_key(f"schoolwatch/{collector}", key.public_bytes_raw())
    return ""


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
    key = audit_key(district.folder, name)
    options = contents.agent_options(who, name, district.broker_hosts()[0], key)
    text = contents.switched(contents.sample("agent.toml"), options)
    layer.file(f"{FOLDER}/{who}/agent.toml", text.encode)
    put(folder / "ca.pem", (district.folder / AUTHORITY / "ca.pem").read_bytes())
    write_pair(folder / "agent", made, None)
    return Enrolled(folder, made.certificate.not_valid_after_utc, older, key)


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
