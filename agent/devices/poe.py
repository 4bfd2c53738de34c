"""How much power each port of a switch gives, of a table that the maker numbers in its own way.

POWER-ETHERNET-MIB (RFC 3621) has no power of single ports, and no way from its rows to those of
the IF-MIB: some makers use ifIndex, some a number on the bridge, some what is printed on the port.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agent.devices.profile import PortRow
from agent.devices.snmp.session import Value as Answer


@dataclass(frozen=True, slots=True)
class PowerTable:
    """The column of power as it was answered, and the one that `row.via` names."""

    row: PortRow
    column: Mapping[str, Answer]
    via: Mapping[str, Answer] = field(default_factory=dict)

    def watts(self, names: Mapping[str, str]) -> dict[str, float]:
        """Return the power by ifIndex of the ports in *names*; none where two rows claim one."""
        found = [(at, watts) for at, watts in self._rows(names) if at in names]
        once = [at for at, _ in found]
        return {at: watts for at, watts in found if once.count(at) == 1}

    def _rows(self, names: Mapping[str, str]) -> Iterator[tuple[str, float]]:
        for index, power in self.column.items():
            if isinstance(power, int) and power >= 0:
                yield self._port(index, names), round(power * self.row.scale, 3)

    def _port(self, index: str, names: Mapping[str, str]) -> str:
        """Return the row of the IF-MIB that *index* stands for, "" where that is not certain."""
        number = index.rpartition(".")[2]
        if self.row.via:
            row = self.via.get(number)
            return str(row) if isinstance(row, int) else ""
        if self.row.named:
            end = re.escape(self.row.named.replace("#", number))
            fits = [at for at, name in names.items() if re.search(rf"(?<!\d){end}(?!\S)", name)]
            return fits[0] if len(fits) == 1 else ""
        return index
