"""What is wrong with a school at a moment, as its machines and lines have it."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

AttackKind = Literal[
    "gateway_spoof",
    "rogue_dhcp",
    "port_scan",
    "password_guessing",
    "worm_sweep",
    "broadcast_storm",
    "mining_pool",
    "syn_flood",
]
ATTACKS: Final[tuple[AttackKind, ...]] = get_args(AttackKind)

Attacks = tuple[tuple[AttackKind, int], ...]
"""Which attacks go on, each with when it began in seconds since 1970."""

DEGRADED_LOSS: Final = 5.0
"""As the first rules have it (defaults.md)."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """All well as it stands; times in ms, shares in percent."""

    power: bool = True
    """Whether the school has electricity."""
    line: bool = True
    """Whether the provider's line carries anything."""
    port: bool = True
    """Whether the cable to it carries a link."""
    backup: bool = False
    """Whether there is a second line, which takes over where the cable to the first has no link."""
    agent: bool = True
    """Whether the agent's program runs."""
    broker: bool = True
    """Whether the way to the district's broker is open."""
    loss: float = 0.0
    delay: float = 0.0
    """What packets wait longer than usual."""
    busy: float = 0.0
    """By how much of what it can carry the line is busier than usual, from 0 to 1."""
    platform: float = 0.0
    """What the national platform's pages take longer."""
    names: bool = True
    """Whether the name server answers."""
    disk: float = 0.0
    """How full the disk is at the least."""
    clock: float = 0.0
    """How far the machine's clock is ahead."""
    screen: bool = True
    """Whether the screen of the first classroom shows anything."""
    switch: bool = True
    """Whether the switch that the classrooms hang on works."""
    attacks: Attacks = ()
    booted: int = 0
    """When the power last came back, in seconds since 1970."""

    @property
    def outward(self) -> bool:
        """Whether anything gets out of the school."""
        return self.power and (self.line if self.port else self.backup)

    @property
    def degraded(self) -> bool:
        """Whether so much is lost on the way that the rules say so."""
        return self.loss >= DEGRADED_LOSS

    @property
    def measures(self) -> bool:
        """Whether anybody takes readings."""
        return self.power and self.agent


WELL: Final = Conditions()
