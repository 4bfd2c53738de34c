"""What happens to a simulated projector and when: a TOML file of `[[at]]` tables.

[[at]]
s = 20                 # seconds after the start
power = "on"           # off, warming, on, cooling: at once
[[at]]
s = 60
errors = "001000"      # as ERST: fan, lamp, temperature, cover, filter, other
faults = ["err3"]      # from now on these, and no others
"""

import asyncio
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.errors import ConfigError
from simulator.projector.faults import FAULTS
from simulator.projector.machine import Power
from simulator.projector.server import Projector


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is so from `s` seconds on; what is not named stays."""

    s: Annotated[float, Meta(ge=0)]
    power: Power | None = None
    input: Annotated[str, Meta(pattern=r"\A[1-6][1-9A-Z]\Z")] | None = None
    mute: Literal["10", "11", "20", "21", "30", "31"] | None = None
    errors: Annotated[str, Meta(pattern=r"\A[012]{6}\Z")] | None = None
    faults: tuple[str, ...] | None = None


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The steps of a file, in any order."""

    at: tuple[Step, ...]


def read_script(file: Path) -> tuple[Step, ...]:
    """Return the steps in *file* by their time; raises ConfigError."""
    try:
        found = msgspec.convert(tomllib.loads(file.read_text("utf-8")), Script)
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{file}: {error}") from None
    for step in found.at:
        check_faults(step.faults or (), str(file))
    return tuple(sorted(found.at, key=lambda step: step.s))


def check_faults(words: tuple[str, ...], where: str) -> None:
    """Raise ConfigError for a word that is no fault."""
    for word in words:
        if word not in FAULTS:
            raise ConfigError(f"{where}: unknown fault {word!r}; there are {', '.join(FAULTS)}")


async def play(steps: tuple[Step, ...], projector: Projector) -> None:
    """Let *steps* happen to *projector*, and return after the last."""
    began = asyncio.get_running_loop().time()
    for step in steps:
        await asyncio.sleep(began + step.s - asyncio.get_running_loop().time())
        machine = projector.machine
        if step.power:
            machine.be(step.power)
        machine.input = step.input or machine.input
        machine.mute = step.mute or machine.mute
        machine.errors = step.errors or machine.errors
        if step.faults is not None:
            projector.faults = set(step.faults)
