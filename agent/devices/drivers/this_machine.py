"""The computer of a room that is this agent's own machine: while the agent speaks, it is on.

That it is off the district knows from the agent's silence, not from here.
Watch it work: schoolwatch agent device room-302-pc --config agent.toml
"""

from dataclasses import dataclass

from agent.devices.base import Sighting, drivers


@drivers.add("this_machine")
@dataclass(frozen=True, slots=True)
class ThisMachine:
    """Always ready; it has no options."""

    async def look(self) -> Sighting:
        """Return that it is on."""
        return Sighting("ready", fields={"on": True})
