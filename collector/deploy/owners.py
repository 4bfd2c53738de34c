"""Whose the files of each part are: a key is read by the one program that needs it."""

import os
import pwd
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from core.errors import ConfigError

Part = Literal["mosquitto", "influxdb", "grafana", "collector", "watchdog"]

IN_CONTAINERS: Final[Mapping[Part, int]] = {
    "mosquitto": 1_883,  # the image's own user
    "influxdb": 18_086,
    "grafana": 472,  # the image's own user
    "collector": 18_480,
    "watchdog": 18_481,
}
"""Users by number: containers need no name for them, and no person of the host has these."""

ON_THE_HOST: Final[Mapping[Part, str]] = {
    "mosquitto": "mosquitto",
    "grafana": "grafana",
    "collector": "schoolwatch",
    "watchdog": "schoolwatch-watchdog",
}
"""Users by name: of Debian's and Grafana's packages, and of configs/deploy/systemd."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A user and a group, by number."""

    uid: int
    gid: int

    def __str__(self) -> str:
        return f"{self.uid}:{self.gid}"


def in_containers() -> dict[Part, Owner]:
    """Return who owns what; only root can give files away, anybody else runs all as himself."""
    if os.geteuid():
        me = Owner(os.geteuid(), os.getegid())
        return dict.fromkeys(IN_CONTAINERS, me)
    return {part: Owner(number, number) for part, number in IN_CONTAINERS.items()}


def on_the_host(
    find: Callable[[str], pwd.struct_passwd] = pwd.getpwnam,
) -> dict[Part, Owner]:
    """Return the same where systemd starts everything; raises ConfigError for who is missing."""
    if os.geteuid():
        raise ConfigError("without containers each file gets the user of its program: run as root")
    found, missing = {}, []
    for part, name in ON_THE_HOST.items():
        try:
            entry = find(name)
        except KeyError:
            missing.append(name)
        else:
            found[part] = Owner(entry.pw_uid, entry.pw_gid)
    if missing:
        raise ConfigError(
            f"this machine has no user {', '.join(missing)}: install mosquitto and grafana, and "
            "run systemd-sysusers with ours first (docs/deploy.md)"
        )
    return found
