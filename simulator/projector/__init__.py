"""A projector that speaks PJLink over real sockets, with the faults that real ones have.

In tests: `async with Projector(faults={"nul_padding"}) as projector`. By hand:
`schoolwatch simulate projector`, and any PJLink controller may switch it.
"""

from simulator.projector.faults import FAULTS
from simulator.projector.machine import Machine
from simulator.projector.server import Projector

__all__ = ["FAULTS", "Machine", "Projector"]
