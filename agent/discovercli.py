"""`schoolwatch agent discover NETWORK`: what is there, and its configuration for review."""

import argparse
import asyncio
import ipaddress
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

from agent.config import AgentConfig, read_agent
from agent.devices.found import kind_of, tables, why, written
from agent.devices.profiles import Profiles, profiles_of
from agent.devices.scan import A_SECOND, Community, Found, Scan, UserKeys
from agent.devices.snmp.sessions import COMMUNITY_ENV
from agent.discovering import discovering
from core import clock
from core.errors import ConfigError, MonitorError
from core.secrets import secret

USER: Final = {
    "user": str,
    "auth_protocol": str,
    "auth_password_file": Path,
    "priv_protocol": str,
    "priv_password_file": Path,
}
"""Options of a device by which version 3 asks it."""

MANY: Final = 4_096
"""Addresses, those of a /20: more only on purpose."""

MOST: Final = 65_536

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DESCRIPTION: Final = f"""\
Ask every address of the network that you name, and of no other, what is there:

  ping (ICMP)               whether anything answers
  TCP port 4352             a projector greets by PJLink; nothing is sent, no password tried
  SNMP 2c, UDP port 161     only with the communities that you give; none is guessed. Each travels
                            in clear to every address that is asked
  SNMP 3, UDP port 161      only as the users that the devices of --config are asked as; their
                            names travel in clear, their passwords never
  TCP ports 80, 443, 554    where something answered: whether they are open; nothing is sent

It says what it recognised, and by what. With --write, tables for agent.toml are written for you to
look through; no file is ever overwritten, and nothing is configured by itself. At most {A_SECOND}
addresses are begun in a second. Ask whoever is responsible for the network before. Run it as root
or as the user of the agent where a security sensor runs here: else that tells of a sweep.
"""
EPILOG: Final = f"""\
  schoolwatch agent discover 192.0.2.0/24
  schoolwatch agent discover 192.0.2.0/24 --community-file community --write new.toml
  schoolwatch agent discover 192.0.2.9 --config /etc/schoolwatch/agent.toml

The community may also stand in the variable {COMMUNITY_ENV}. Exit code: 0 something was found,
1 nothing answered, 2 wrong use or configuration.
"""


def main(words: Sequence[str]) -> int:
    """Run `agent discover` with *words*; returns the exit code."""
    given = _parser().parse_args(words)
    logging.basicConfig(level=logging.CRITICAL)
    try:
        return _discover(given)
    except (MonitorError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, ConfigError) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="schoolwatch agent discover",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("network", metavar="NETWORK", help="192.0.2.0/24, or one address")
    parser.add_argument(
        "--community-file",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="ask SNMP 2c with the community in FILE; may be given several times",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="agent.toml: its communities and users are tried, its devices not written again",
    )
    parser.add_argument("--write", metavar="FILE", type=Path, help="write tables for review")
    parser.add_argument("--large", action="store_true", help=f"allow more than {MANY} addresses")
    parser.add_argument("--json", action="store_true", help="print one JSON object for programs")
    for name, default in (("snmp", 161), ("pjlink", 4352)):
        parser.add_argument(f"--{name}-port", type=int, default=default, help=argparse.SUPPRESS)
    return parser


def network_of(text: str, *, large: bool = False) -> Network:
    """Return the network that *text* names; raises ConfigError for one that is none or too large.

    An address alone is a network of one. `192.0.2.9/24` is refused: did they mean all of it?
    """
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        try:
            meant = ipaddress.ip_network(text, strict=False)
        except ValueError:
            said = f"{text!r} is no network; expected one as 192.0.2.0/24"
            raise ConfigError(said) from None
        raise ConfigError(
            f"{text} is one address of a network: write {meant} for all {meant.num_addresses} "
            f"addresses, or {text.partition('/')[0]} for that one"
        ) from None
    if network.num_addresses > (MOST if large else MANY):
        more = f"at most {MOST} are asked" if large else "name a smaller one, or add --large"
        raise ConfigError(f"{network} has {network.num_addresses} addresses: {more}")
    return network


def _discover(given: argparse.Namespace) -> int:
    network = network_of(given.network, large=given.large)
    if given.write is not None and given.write.exists():
        raise ConfigError(f"{given.write} is there already, and is not overwritten")
    config = read_agent(given.config) if given.config else None
    known = _configured(config)
    profiles = profiles_of(_own(config))
    communities, users = _communities(given.community_file, config), _users(config)
    _announce(network, communities, users)
    scan = Scan(
        [*communities, *users], profiles, snmp_port=given.snmp_port, pjlink_port=given.pjlink_port
    )
    found = sorted(asyncio.run(_all(scan, network)), key=_order)
    new = [one for one in found if one.address not in known]
    if given.json:
        said = {"network": str(network), "found": [_facts(one, profiles, known) for one in found]}
        sys.stdout.write(json.dumps(said, indent=2, ensure_ascii=False) + "\n")
    else:
        for one in found:
            sys.stdout.write(_line(one, profiles, known) + "\n")
    if given.write is not None:
        text = written(
            str(network), clock.rfc3339(clock.now()), tables(new, profiles, known.values())
        )
        with given.write.open("x", encoding="utf-8") as file:
            file.write(text)
        sys.stderr.write(f"{given.write}: {len(new)} new, for you to look through.\n")
    return 0 if found else 1


async def _all(scan: Scan, network: Network) -> list[Found]:
    hosts = map(str, network.hosts())
    async with discovering(), aclosing(scan.all(hosts)) as found:  # type: ignore[type-var]
        return [one async for one in found]


def _announce(
    network: Network, communities: Sequence[Community], users: Sequence[UserKeys]
) -> None:
    number = sum(1 for _ in network.hosts())
    count = []
    if communities:
        count.append(f"{len(communities)} communit{'y' if len(communities) == 1 else 'ies'}")
    if users:
        count.append(f"{len(users)} user{'' if len(users) == 1 else 's'} of version 3")
    snmp = f"SNMP with {' and '.join(count)}" if count else "not SNMP: no community was given"
    sys.stderr.write(
        f"Asking {number} address{'' if number == 1 else 'es'} of {network} by ping, PJLink and "
        f"{snmp}; at most {A_SECOND} in a second.\n"
    )


def _communities(files: Sequence[Path], config: AgentConfig | None) -> list[Community]:
    """Return each community once, those of the command line first; raises ConfigError."""
    rows = [] if config is None else [one.options for one in _devices(config)]
    named = [Path(row["community_file"]) for row in rows if row.get("community_file")]
    found: dict[str, Path | None] = {}
    for file in [*files, *named]:
        found.setdefault(secret(file, ""), file)
    if text := secret(None, COMMUNITY_ENV):
        found.setdefault(text, None)
    return [Community(file, text) for text, file in found.items() if text]


def _users(config: AgentConfig | None) -> list[UserKeys]:
    """Return each user of version 3 that a device of the configuration is asked as, once."""
    rows = [] if config is None else [one.options for one in _devices(config)]
    found: list[UserKeys] = []
    for row in rows:
        key = UserKeys({name: kind(row[name]) for name, kind in USER.items() if row.get(name)})
        if row.get("version") == "3" and key not in found:
            found.append(key)
    return found


def _devices(config: AgentConfig) -> Sequence[Any]:
    return config.devices.list


def _own(config: AgentConfig | None) -> Path | None:
    return None if config is None else config.devices.profiles


def _configured(config: AgentConfig | None) -> dict[str, str]:
    """Return the ids of the devices that are configured, by their host."""
    rows = [] if config is None else _devices(config)
    return {str(one.options.get("host", one.id)): one.id for one in rows}


def _order(found: Found) -> tuple[int, int]:
    address = ipaddress.ip_address(found.address)
    return address.version, int(address)


def _line(found: Found, profiles: Profiles, known: Mapping[str, str]) -> str:
    there = f" (configured as {known[found.address]})" if found.address in known else ""
    return f"{found.address:<16} {kind_of(found, profiles):<11} {why(found, profiles)}{there}"


def _facts(found: Found, profiles: Profiles, known: Mapping[str, str]) -> dict[str, object]:
    return {
        "address": found.address,
        "kind": kind_of(found, profiles),
        "why": why(found, profiles),
        "profile": found.snmp.profile if found.snmp else "",
        "pjlink": bool(found.pjlink),
        "open": list(found.doors),
        "configured": known.get(found.address, ""),
    }
