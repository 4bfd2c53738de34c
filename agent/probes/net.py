"""What went through each network interface since the machine started.

Source: /proc/net/dev, through psutil. The numbers are counters: they begin again at 0 when the
machine or a driver does, and rates are made of them by whoever knows what came before.
Watch it work: schoolwatch agent probe net
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

import psutil

from agent.probes.base import COLLABORATOR, probes
from core import clock
from core.types import Reading

NAMES: Final = {
    "bytes_sent": "bytes_sent",
    "bytes_recv": "bytes_recv",
    "packets_sent": "packets_sent",
    "packets_recv": "packets_recv",
    "err_in": "errin",
    "err_out": "errout",
    "drop_in": "dropin",
    "drop_out": "dropout",
}
"""Our names, which are Telegraf's, and psutil's."""


def _counters() -> Mapping[str, Any]:
    # nowrap would keep psutil's own memory of every counter, and add to it what it thinks is lost.
    return psutil.net_io_counters(pernic=True, nowrap=False)


@probes.add("net")
@dataclass(frozen=True, slots=True)
class NetProbe:
    """Counters of each interface; `ignore_interfaces` takes names with * and ?."""

    ignore_interfaces: tuple[str, ...] = ("lo",)
    counters: Callable[[], Mapping[str, Any]] = field(default=_counters, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)

    async def measure(self) -> Iterable[Reading]:
        """Return one reading for each interface."""
        at, every = self.now(), self.counters()
        return [
            Reading("net", {o: getattr(every[name], t) for o, t in NAMES.items()}, at, _tags(name))
            for name in chosen(every, self.ignore_interfaces)
        ]


def chosen(names: Iterable[str], ignored: tuple[str, ...]) -> list[str]:
    """Return the *names* that match nothing ignored; all of them if that leaves none.

    A machine that has only its loopback still shows that it is measured.
    """
    every = list(names)
    left = [name for name in every if not any(fnmatchcase(name, one) for one in ignored)]
    return left or every


def _tags(name: str) -> dict[str, str]:
    return {"interface": name}
