"""What a projector is and what it answers; knows no socket, and time only as it is told."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from core import clock

Power = Literal["off", "on", "cooling", "warming"]

DIGITS: Final[dict[Power, str]] = {"off": "0", "on": "1", "cooling": "2", "warming": "3"}
UNDEFINED, PARAMETER, UNAVAILABLE = "ERR1", "ERR2", "ERR3"
OK: Final = "OK"

SECOND: Final = ("SNUM", "SVER", "FILT", "INNM", "IRES", "RRES", "FREZ")


@dataclass(slots=True)
class Machine:
    """A projector with two inputs; `warm_s` and `cool_s` are how long it takes to change."""

    version: int = 2
    warm_s: float = 30.0
    cool_s: float = 60.0
    name: bytes = "三年级2班".encode()
    maker: str = "schoolwatch"
    model: str = "Simulator 1"
    inputs: dict[str, str] = field(default_factory=lambda: {"11": "VGA", "31": "HDMI 1"})
    input: str = "31"
    mute: str = "30"
    errors: str = "000000"
    lamp_h: int = 1234
    filter_h: int = 250
    monotonic: Callable[[], float] = clock.monotonic
    _power: Power = "off"
    _until: float = 0.0

    @property
    def power(self) -> Power:
        """Return what it is now."""
        if self._power in ("warming", "cooling") and self.monotonic() >= self._until:
            self._power = "on" if self._power == "warming" else "off"
        return self._power

    def switch(self, on: bool) -> None:
        """Do what the button does; while it changes, nothing."""
        if on and self.power == "off":
            self._power, self._until = "warming", self.monotonic() + self.warm_s
        elif not on and self.power == "on":
            self._power, self._until = "cooling", self.monotonic() + self.cool_s

    def be(self, power: Power) -> None:
        """Be *power* at once; a change that it is in ends after its time."""
        lasts = self.warm_s if power == "warming" else self.cool_s
        self._power, self._until = power, self.monotonic() + lasts

    def answer(self, version: int, body: str, parameter: str) -> bytes:
        """Return the value that answers `%1POWR ?`."""
        if version > self.version or (body in SECOND and version == 1):
            return UNDEFINED.encode()
        if body == "POWR":
            return self._powered(parameter).encode()
        if body == "ERST":
            return self.errors.encode()
        if body == "INPT":
            return self._switched(parameter).encode()
        if body == "AVMT":
            return self._muted(parameter).encode()
        return self._told(body, parameter)

    def _powered(self, parameter: str) -> str:
        if parameter == "?":
            return DIGITS[self.power]
        if parameter not in ("0", "1"):
            return PARAMETER
        if self.power in ("warming", "cooling"):
            return UNAVAILABLE
        self.switch(parameter == "1")
        return OK

    def _switched(self, parameter: str) -> str:
        if self.power != "on":
            return UNAVAILABLE
        if parameter == "?":
            return self.input
        if parameter not in self.inputs:
            return PARAMETER
        self.input = parameter
        return OK

    def _muted(self, parameter: str) -> str:
        if self.power != "on":
            return UNAVAILABLE
        if parameter == "?":
            return self.mute
        if not re.fullmatch("[123][01]", parameter):
            return PARAMETER
        self.mute = parameter
        return OK

    def _told(self, body: str, parameter: str) -> bytes:
        burns = int(self.power in ("on", "warming"))
        told = {
            "CLSS": str(self.version).encode(),
            "INF1": self.maker.encode(),
            "INF2": self.model.encode(),
            "INFO": b"",
            "NAME": self.name,
            "INST": " ".join(self.inputs).encode(),
            "LAMP": f"{self.lamp_h} {burns}".encode(),
            "SNUM": b"SIM0001",
            "SVER": b"1.0",
            "FILT": str(self.filter_h).encode(),
            "INNM": self.inputs.get(parameter.removeprefix("?"), PARAMETER).encode(),
            "IRES": b"1920x1080",
            "RRES": b"1920x1080",
            "FREZ": b"0",
        }
        return told.get(body, UNDEFINED.encode())
