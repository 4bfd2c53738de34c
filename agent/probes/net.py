"""What goes through each network interface, and what kind of link it has.

Source: agent/interfaces.py. The counters begin again at 0 when the machine or a driver does; the
rates are of the time since the round before (agent/rates.py).
Watch it work: schoolwatch agent probe net
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

import psutil

from agent import interfaces
from agent.onchange import OnChange
from agent.probes.base import COLLABORATOR, probes
from agent.rates import Sample, per_second, too_early
from core import clock
from core.types import Reading, Value

_log = logging.getLogger(__name__)

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

TROUBLES: Final = ("err_in", "err_out", "drop_in", "drop_out")

DUPLEX: Final = {psutil.NIC_DUPLEX_FULL: "full", psutil.NIC_DUPLEX_HALF: "half"}


@dataclass(slots=True)
class Before:
    """The samples that the next round compares with, by interface."""

    samples: dict[str, Sample] = field(default_factory=dict)


@probes.add("net")
@dataclass(frozen=True, slots=True)
class NetProbe:
    """Counters, rates and link of each interface; `ignore_interfaces` takes names with * and ?."""

    ignore_interfaces: tuple[str, ...] = ("lo",)
    counters: Callable[[], Mapping[str, Any]] = field(
        default=interfaces.counters, metadata=COLLABORATOR
    )
    links: Callable[[], Mapping[str, Any]] = field(default=interfaces.links, metadata=COLLABORATOR)
    index: Callable[[str], int | None] = field(default=interfaces.index, metadata=COLLABORATOR)
    monotonic: clock.Monotonic = field(default=clock.monotonic, metadata=COLLABORATOR)
    boottime: clock.Clock = field(default=clock.boottime, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    before: Before = field(default_factory=Before, metadata=COLLABORATOR)
    state: OnChange = field(default_factory=lambda: OnChange(_log), metadata=COLLABORATOR)

    def __post_init__(self) -> None:
        """Take the first sample, so that the first round has something to compare with."""
        self.before.samples = self._samples()

    async def measure(self) -> Iterable[Reading]:
        """Return one reading for each interface."""
        at, after, links = self.now(), self._samples(), self._links()
        before, self.before.samples = self.before.samples, {}
        readings = []
        for name, new in after.items():
            old = before.get(name)
            self.before.samples[name] = old if old and too_early(old, new) else new
            fields: dict[str, Value] = {**new.counters, **(rates(old, new) if old else {})}
            if name in links:
                fields |= link_of(links[name])
            readings.append(Reading("net", fields, at, {"interface": name}))
        return readings

    def _samples(self) -> dict[str, Sample]:
        # The index first: counters of an interface that came in between are lower than those of
        # the one before it, and show it.
        awake, boot = self.monotonic(), self.boottime() / clock.SECOND
        every = self.counters()
        return {
            name: Sample(
                {ours: getattr(every[name], theirs) for ours, theirs in NAMES.items()},
                awake,
                boot,
                self.index(name),
            )
            for name in chosen(every, self.ignore_interfaces)
        }

    def _links(self) -> Mapping[str, Any]:
        try:
            links = self.links()
        except OSError as error:  # the counters of all are worth more than the speed of one
            self.state.broke("links", f"net: no state and speed of interfaces: {error}")
            return {}
        self.state.well("links")
        return links


def rates(before: Sample, after: Sample) -> dict[str, Value]:
    """Return what passed in a second: bits, and packets that came to harm."""
    each = per_second(before, after)
    if not each:
        return {}
    fields: dict[str, Value] = {
        "bits_recv_per_s": round(8 * each["bytes_recv"], 1),
        "bits_sent_per_s": round(8 * each["bytes_sent"], 1),
    }
    return fields | {f"{name}_per_s": round(each[name], 3) for name in TROUBLES}


def link_of(link: Any) -> dict[str, Value]:
    """Return what psutil says of a *link*; what it does not know is left out."""
    fields: dict[str, Value] = {"carrier": link.isup, "mtu": link.mtu}
    if link.flags:  # Windows has none
        fields["up"] = "up" in link.flags.split(",")
    speed = interfaces.speed_of(link)
    if speed is not None:
        fields["speed"] = speed
    if link.duplex in DUPLEX:
        fields["duplex"] = DUPLEX[link.duplex]
    return fields


def chosen(names: Iterable[str], ignored: tuple[str, ...]) -> list[str]:
    """Return the *names* that match nothing ignored; all of them if that leaves none.

    A machine that has only its loopback still shows that it is measured.
    """
    every = list(names)
    left = [name for name in every if not any(fnmatchcase(name, one) for one in ignored)]
    return left or every
