"""MQTT topics: `schoolwatch/v1/{region}/{school}/{agent}/{channel}` (wire.md, "Topics").

Watch them: mosquitto_sub -V 5 -p 18883 -t 'schoolwatch/v1/#' -F '%t %l bytes'
"""

import re
from typing import Final, Literal, cast, get_args

from core.errors import ConfigError, TopicError
from core.types import Identity

ROOT: Final = "schoolwatch/v1"
Channel = Literal["readings", "events", "state", "receipt", "command"]
CHANNELS: Final[tuple[str, ...]] = get_args(Channel)

LEVEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
MAX_IDENTITY_BYTES: Final = 64
"""region/school/agent is also the certificate's common name, which X.509 ends at 64."""


def topic(who: Identity, channel: Channel) -> str:
    """Return the topic of one agent's channel."""
    return f"{ROOT}/{who}/{channel}"


def claim_topic(region: str) -> str:
    """Return the retained topic in which a collector claims *region*."""
    return f"{ROOT}/{region}/collector"


def parse(name: str) -> tuple[Identity, Channel]:
    """Return who sent on topic *name*, and which channel it is.

    Raises TopicError, which names the level that is wrong.
    """
    parts = name.split("/")
    if len(parts) != 6 or f"{parts[0]}/{parts[1]}" != ROOT:
        raise TopicError(f"topic is not {ROOT}/region/school/agent/channel")
    region, school, agent, channel = parts[2:]
    if channel not in CHANNELS:
        raise TopicError(f"unknown channel {channel[:32]!r}")
    mistake = identity_mistake(Identity(region, school, agent))
    if mistake:
        raise TopicError(mistake)
    return Identity(region, school, agent), cast(Channel, channel)


def checked(who: Identity) -> Identity:
    """Return *who* if it can stand in a topic; raises ConfigError with what to change."""
    mistake = identity_mistake(who)
    if mistake:
        raise ConfigError(mistake)
    return who


def identity_mistake(who: Identity) -> str:
    """Return what keeps *who* from being a topic, or an empty string."""
    for noun, level in (("region", who.region), ("school", who.school), ("agent", who.agent)):
        if not LEVEL.fullmatch(level):
            return (
                f"{noun} {level[:40]!r} must be 1 to 32 letters, digits, '_', '.' or '-', "
                "beginning with a letter or digit"
            )
    if len(str(who)) > MAX_IDENTITY_BYTES:
        return f"identity {who} has more than {MAX_IDENTITY_BYTES} bytes"
    return ""


def made_fit(name: str) -> str:
    """Return *name*, a host name say, with every character replaced that a level cannot hold."""
    fit = re.sub(r"[^A-Za-z0-9_.-]", "-", name).lstrip("_.-")[:32]
    return fit or "agent"
