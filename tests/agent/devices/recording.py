"""A device as recorded: a session that reads a .snmprec file of snmpsim.

Each line is `OID|tag|value`: the ASN.1 tag in decimal, with `x` where the value is in hexadecimal.
"""

from dataclasses import dataclass, field
from pathlib import Path

from agent.devices.snmp.session import Unreadable, Value
from core.errors import TargetUnreachable

CASES = Path(__file__).parents[2] / "cases" / "snmp"


@dataclass(slots=True)
class Recording:
    """What a device has, by OID; `answers` False is a device that fell silent."""

    objects: dict[str, Value]
    answers: bool = True
    refuses: Unreadable | None = None
    endless: str = ""
    """A column that goes on and on."""
    refused: str = ""
    """A scalar that it refuses, and all that is asked with it (genErr)."""
    asked: list[str] = field(default_factory=list)

    async def get(self, *oids: str) -> dict[str, Value | None]:
        self._heard(*oids)
        if self.refused in oids:
            raise Unreadable("refuses by SNMP: general error (genErr)")
        return {oid: self.objects.get(oid) for oid in oids}

    async def column(self, oid: str) -> dict[str, Value]:
        self._heard(oid)
        if oid == self.endless:
            raise Unreadable("goes on after 4096 rows")
        return {
            name.removeprefix(f"{oid}."): value
            for name, value in self.objects.items()
            if name.startswith(f"{oid}.")
        }

    def _heard(self, *oids: str) -> None:
        self.asked += oids
        if not self.answers:
            raise TargetUnreachable("no answer")
        if self.refuses:
            raise self.refuses


def recording(case: str) -> Recording:
    """Return the device in *case*, a folder of tests/cases/snmp."""
    lines = (CASES / case / "device.snmprec").read_text("utf-8").splitlines()
    return Recording(dict(_object(line) for line in lines))


def _object(line: str) -> tuple[str, Value]:
    oid, tag, value = line.split("|", 2)
    raw = bytes.fromhex(value) if tag.endswith("x") else value.encode()
    match tag.rstrip("x"):
        case "4":
            return oid, raw
        case "64":
            return oid, ".".join(map(str, raw)) if tag.endswith("x") else value
        case "6":
            return oid, value
        case _:
            return oid, int(value)
