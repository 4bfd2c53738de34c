"""What a device is reached through, by what all agents of its school say: pure.

`behind` of the device itself, or of the same device as another agent asks it; else the switch of
its room. The computer of a room that is an agent of its own is asked by nobody: where all that
stands beside it is behind one switch, so is that computer.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from collector.rooms.device import Device, DeviceKey


@dataclass(slots=True)
class Ways:
    """The ways to the devices of one school, *told* as their agents can tell of them."""

    own: Collection[DeviceKey]
    """Computers that are the machines of their agents."""
    by_name: dict[str, Device] = field(default_factory=dict)
    behind: dict[str, str] = field(default_factory=dict)
    switches: dict[str, Device] = field(default_factory=dict)
    beside: dict[str, set[str]] = field(default_factory=dict)

    def learn(self, told: Iterable[Device]) -> None:
        """Learn of the devices; of two agents that tell of one the later counts."""
        for one in sorted(told, key=lambda one: one.heard):
            self.by_name[one.key.device] = one
            if one.behind:
                self.behind[one.key.device] = one.behind
            if one.room and one.kind == "switch":
                self.switches[one.room] = one
            elif one.room and one.behind:
                self.beside.setdefault(one.room, set()).add(one.behind)

    def before(self, one: Device) -> Device | None:
        """Return the next device on the way to *one*, where somebody tells of it."""
        behind = one.behind or self.behind.get(one.key.device, "")
        if behind:
            return self.by_name.get(behind)
        if not one.room or one.kind == "switch":
            return None
        # What does not answer in a room whose own switch does not answer stands behind that.
        if one.room in self.switches:
            return self.switches[one.room]
        beside = [*self.beside.get(one.room, ())]
        return self.by_name.get(beside[0]) if one.key in self.own and len(beside) == 1 else None
