"""A school's network for the tests of scans and logins, and what ordinary machines do in it."""

from ipaddress import ip_address, ip_network
from itertools import count

from agent.sensor.network import Allowed, Network
from tests.packets.connections import Timed, accepted, merged

T = 1_800_000_000.0
PC, OTHER, SERVER, PRINTER, MONITOR = (f"192.0.2.{n}" for n in (66, 67, 10, 30, 5))
FAR = "203.0.113.9"


def packed(text: str) -> bytes:
    return ip_address(text).packed


def school(*, scanners: tuple[str, ...] = (), devices: tuple[str, ...] = ()) -> Network:
    return Network(
        subnets=(ip_network("192.0.2.0/24"), ip_network("2001:db8:9::/64")),
        gateways=frozenset({packed("192.0.2.1")}),
        devices=frozenset(map(packed, devices)),
        allowed=Allowed(scanners=frozenset(map(packed, scanners))),
    )


def web(at: float, client: str, servers: int, every_s: float, seed: int = 0) -> Timed:
    """A browser, which opens so many web servers outside one after another."""
    ports = count(40_000)
    return merged(
        *(
            accepted(at + every_s * n, client, next(ports), outside(n + seed), 443)
            for n in range(servers)
        )
    )


def outside(number: int) -> str:
    return f"{198 + number // 62_500 % 5}.51.{number // 250 % 250}.{number % 250 + 1}"


def inside(number: int) -> str:
    return f"192.0.2.{number % 180 + 70}"
