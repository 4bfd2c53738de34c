"""What every fact begins with, handed on from layer to layer."""

from agent.sensor.facts import Address, Mac

Head = tuple[float, int, int, Mac, Mac]
"""Time, number, VLAN, source and destination of the frame."""
Ends = tuple[float, int, int, Mac, Mac, Address, Address]
"""The same, and who talks to whom."""
