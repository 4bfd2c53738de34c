"""Who is told of an alert, by which channels, and what follows when nobody acts. Pure.

    alert ─▶ routes ─▶ owner:… rota:… receiver:… ─▶ receivers ─▶ channels

The log (`console`) hears everything that is told at once; it is nobody, so what reaches only the
log counts as unrouted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from alerts.facts import above
from alerts.routing.config import ReceiverConfig, RoutingConfig, length, time_of
from alerts.routing.duedates import due_at
from alerts.routing.rota import Rota
from alerts.routing.routes import matching, subject_of
from alerts.rules import Owner
from alerts.schooltime import SchoolTime
from core.alerts import CONSOLE, Alert, AlertKey
from core.kind import Severity

DEFAULT: Final = "default"
"""What is said for a route where none matched."""

Contacts = Callable[[str], Mapping[str, str]]
"""Gives the work contacts that the roster has for a school, by role."""


def no_contacts(_school: str) -> Mapping[str, str]:
    """Know nobody."""
    return {}


@dataclass(frozen=True, slots=True)
class Hop:
    """One receiver of an alert: by which route, by which of its targets, to which channels."""

    route: str
    to: str
    receiver: str
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """`now` has how long each channel waits for others to come (ns), `digest` the channels that
    hear of it in the daily digest. `repeat` is 0 for never."""

    hops: tuple[Hop, ...]
    now: Mapping[str, int]
    digest: tuple[str, ...]
    repeat: int
    escalates: bool

    @property
    def unrouted(self) -> bool:
        """Whether nobody at all hears of it."""
        return not self.hops


class Routing:
    """One file, for the channels that there are; *schools* names the school of a channel that is
    for one school alone."""

    def __init__(
        self,
        config: RoutingConfig,
        channels: Sequence[str],
        zone: tzinfo,
        *,
        schools: Mapping[str, str] | None = None,
        contacts: Contacts = no_contacts,
        times: SchoolTime | None = None,
    ) -> None:
        self.config, self.zone = config, zone
        self._times = times or SchoolTime(zone)
        self.digest_at = time_of(config.digest.at)
        self._channels, self._schools, self._contacts = channels, dict(schools or {}), contacts
        self._receivers = {one.name: one for one in config.receiver}
        self._rotas = {one.name: Rota(one, zone) for one in config.rota}

    def decide(self, key: AlertKey, severity: Severity, owner: Owner, at: int) -> Decision:
        """Return who hears of an alert that begins at *at* (ns)."""
        in_school_time = self._times.lessons(at, key.school)
        subject = subject_of(key, severity, owner, in_school_time=in_school_time)
        hops, now, digest = list[Hop](), dict[str, int](), dict[str, None]()
        default = self.config.default
        repeat, escalates = length(default.repeat), True
        routes = list(matching(self.config.route, subject))
        for number, route in enumerate(routes):
            found = self.resolve(route.name, route.to, key, at) if route.to else ()
            found = found or self.resolve(route.name, default.to, key, at)
            hops += found
            wait = length(route.group_wait or default.group_wait)
            small = severity == "P4" if route.digest is None else route.digest
            for channel in (one for hop in found for one in hop.channels):
                if channel not in now and channel not in digest:
                    _put(channel, wait, small, now, digest)
            if number == 0:
                repeat = length(route.repeat or default.repeat)
                escalates = route.escalate
        if not routes:
            hops = [*self.resolve(DEFAULT, default.to, key, at)]
            for channel in dict.fromkeys(one for hop in hops for one in hop.channels):
                _put(channel, length(default.group_wait), severity == "P4", now, digest)
        if CONSOLE in self._channels and (now or not digest):
            now[CONSOLE] = 0
        return Decision(tuple(hops), now, tuple(digest), repeat, escalates)

    def resolve(self, route: str, to: Sequence[str], key: AlertKey, at: int) -> tuple[Hop, ...]:
        """Return who is behind *to* at *at*, each once."""
        found: dict[str, Hop] = {}
        for target in to:
            for receiver in self._of(target, key, at):
                channels = tuple(one for one in receiver.channels if self._may(one, key))
                if channels and receiver.name not in found:
                    found[receiver.name] = Hop(route, target, receiver.name, channels)
        return tuple(found.values())

    def channels_of(self, to: Sequence[str], key: AlertKey, at: int) -> tuple[str, ...]:
        """Return the channels behind *to* at *at*, each once."""
        hops = self.resolve("", to, key, at)
        return tuple(dict.fromkeys(one for hop in hops for one in hop.channels))

    @property
    def everybody(self) -> tuple[str, ...]:
        """Every channel of every receiver that there is."""
        names = dict.fromkeys(one for who in self.config.receiver for one in who.channels)
        return tuple(one for one in names if one in self._channels)

    def escalations(self, severity: Severity) -> list[tuple[int, tuple[str, ...]]]:
        """Return after how long (ns) whom to tell too, in order."""
        steps = [one for one in self.config.escalation if severity in one.severity]
        return sorted((length(one.after), one.to) for one in steps if length(one.after))

    def due(self, alert: Alert, since: int) -> tuple[int, int]:
        """Return when to remind of an alert and by when it is to be over (ns), zeros for never."""
        due = getattr(self.config.due, alert.severity.lower())

        def lasting(begins: int, ends: int) -> int:
            return self._times.lasting(begins, ends, alert.key.school)

        return due_at(due, since, self.zone, lasting)

    def _of(self, target: str, key: AlertKey, at: int) -> Iterator[ReceiverConfig]:
        what, _, name = target.partition(":")
        if what == "owner":
            yield from self._owners(name, key)
            return
        names: tuple[str, ...] = (name,) if what == "receiver" else ()
        if what == "rota" and name in self._rotas:
            names = self._rotas[name].on_duty(at)
        for one in names:
            if one in self._receivers and self._receivers[one].scope in above(key.place):
                yield self._receivers[one]

    def _owners(self, role: str, key: AlertKey) -> Iterator[ReceiverConfig]:
        """Return whom the roster names in *role*; else who has it for the nearest place above."""
        contact = self._contacts(key.school).get(role, "") if key.school else ""
        named = [one for one in self._receivers.values() if contact and contact in one.contacts]
        if named:
            yield from named
            return
        for place in above(key.place):
            there = [
                one
                for one in self._receivers.values()
                if one.owner == role and one.scope == place and self._reaches(one, key)
            ]
            if there:
                yield from there
                return

    def _reaches(self, receiver: ReceiverConfig, key: AlertKey) -> bool:
        return any(self._may(one, key) for one in receiver.channels)

    def _may(self, channel: str, key: AlertKey) -> bool:
        return channel in self._channels and self._schools.get(channel, "") in ("", key.school)


def _put(
    channel: str, wait: int, small: bool, now: dict[str, int], digest: dict[str, None]
) -> None:
    if small:
        digest[channel] = None
    else:
        now[channel] = wait
