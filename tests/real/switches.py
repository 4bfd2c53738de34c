"""Many switches with 28 ports: a few snmpd, each with a hundred addresses of loopback."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.real.snmpd import Snmpd, free_udp_port

PORTS: Final = 28
EACH: Final = 100
"""Addresses of one snmpd; it takes up to 147, and 50 in a line of its configuration."""
IN_A_LINE: Final = 50

IF_ENTRY, IF_X_ENTRY = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
COLUMNS: Final = {
    "ifDescr": f"{IF_ENTRY}.2",
    "ifType": f"{IF_ENTRY}.3",
    "ifAdminStatus": f"{IF_ENTRY}.7",
    "ifOperStatus": f"{IF_ENTRY}.8",
    "ifInErrors": f"{IF_ENTRY}.14",
    "ifOutErrors": f"{IF_ENTRY}.20",
    "ifName": f"{IF_X_ENTRY}.1",
    "ifHCInOctets": f"{IF_X_ENTRY}.6",
    "ifHCOutOctets": f"{IF_X_ENTRY}.10",
    "ifHighSpeed": f"{IF_X_ENTRY}.15",
    "ifAlias": f"{IF_X_ENTRY}.18",
}
OWN: Final = "ifTable,ifXTable,interface,if-mib"
"""What snmpd would tell of this machine's interfaces instead."""

Place = tuple[str, int]


def _value(column: str, port: int) -> str:
    """Return type and value as snmpd.conf writes them; it has no Counter64 to give."""
    told = {
        "ifDescr": f'octet_str "GigabitEthernet0/0/{port}"',
        "ifName": f'octet_str "GE0/0/{port}"',
        "ifAlias": f'octet_str "room {300 + port}"',
        "ifType": "integer 6",
        "ifAdminStatus": "integer 1",
        "ifOperStatus": f"integer {1 + port % 2}",
        "ifHighSpeed": "uinteger 1000",
    }
    return told.get(column, f"counter {port * 100_000_007}")


@contextmanager
def running(folder: Path, count: int, configuration: str = "") -> Iterator[list[Place]]:
    """Run so many switches for the length of the block; give address and port of each.

    *configuration* is more of snmpd.conf: users, say.
    """
    rows = "".join(
        f"override {oid}.{port} {_value(column, port)}\n"
        for column, oid in COLUMNS.items()
        for port in range(1, PORTS + 1)
    )
    places: list[Place] = []
    with ExitStack() as stack:
        for first in range(0, count, EACH):
            port = free_udp_port()
            some = [(f"127.0.7.{n + 1}", port) for n in range(first, min(first + EACH, count))]
            lines = [some[at : at + IN_A_LINE] for at in range(0, len(some), IN_A_LINE)]
            heads = (",".join(f"{host}:{port}" for host, port in line) for line in lines)
            more = "".join(f"agentaddress {head}\n" for head in heads) + rows + configuration
            (folder / str(first)).mkdir()
            one = Snmpd(folder / str(first), port, more, OWN)
            stack.callback(one.stop)
            one.start()
            places += some
        yield places
