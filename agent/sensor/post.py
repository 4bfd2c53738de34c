"""What the process does at one interface: from its frames to the lines about it."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from agent.sensor.census import Census
from agent.sensor.detectors.arp_spoof import ArpSpoofMachine
from agent.sensor.detectors.blocked_names import Watch as BlockedNamesMachine
from agent.sensor.detectors.new_device import NewDeviceMachine
from agent.sensor.facts import Frame, Mac
from agent.sensor.incidents import Incident, Stage
from agent.sensor.lines import Details, Figures, Line, Told
from agent.sensor.network import Network
from agent.sensor.owners import Owner
from agent.sensor.packets import facts_of
from agent.sensor.sight import Sees
from agent.sensor.tap import Tap
from agent.sensor.telling import as_event, as_owner, subject_of
from agent.sensor.watching import Watching, watching

NOTHING: Final[Mapping[str, int]] = MappingProxyType({})


class Post:
    """Reads what *tap* hears; *say* gets a line for each incident that begins, changes or ends."""

    def __init__(
        self,
        tap: Tap,
        network: Network,
        tables: Mapping[str, Mapping[str, Any]],
        key: bytes,
        say: Callable[[Line], None],
        *,
        handed: Sequence[Owner] = (),
    ) -> None:
        self.tap = tap
        self._network, self._tables, self._say = network, tables, say
        # Of two interfaces that see the same each has its own event.
        self._key = key + tap.name.encode()
        self._number = self._facts = self._forgotten = self._defects = 0
        self._malformed: dict[str, int] = {}
        self._verdicts: Mapping[str, int] = NOTHING
        """Of detectors that were begun anew."""
        self._census = Census()
        self._watching = self._begun(handed)
        self._was: tuple[str, Sees] = ("", "unknown")
        self._why = tap.look()

    def read(self, most: int) -> int:
        """Take in at most *most* frames; return how many there were."""
        take, see = self._watching.take, self._census.see
        number = self._number
        for at, size, data in self.tap.ring.take(most):
            number += 1
            for fact in facts_of(data, at, number, size=size, malformed=self._malformed):
                if type(fact) is Frame:
                    see(fact.src)
                take(fact)
        read, self._number = number - self._number, number
        return read

    def tick(self, now: float) -> bool:
        """Hear that it is *now*; return whether something is to be told before its time."""
        self._census.tick(now)
        self._watching.tick(now)
        self._why = self.tap.look()
        if not self._why:
            self.tap.sample(now)
        self.tap.count()
        was, self._was = self._was, (self._why, self.tap.sight.sees)
        return was != self._was

    def begin_anew(self) -> None:
        """End what is going on: the clock was set, and what was seen lies at another time."""
        self._watching.finish()
        self._facts += self._watching.facts
        self._forgotten += self._watching.forgotten
        self._verdicts = self.verdicts()
        self._watching = self._begun(self._owners())
        self.tap.sight.forget()

    def verdicts(self) -> Mapping[str, int]:
        """Return how many names of each category were asked for, since this process began."""
        found = Counter(self._verdicts)
        for machine in self._watching.machines:
            if isinstance(machine, BlockedNamesMachine):
                found.update(machine.verdicts)
        return found

    def figures(
        self, cpu_percent: float, mem_mb: float, verdicts: Mapping[str, int] = NOTHING
    ) -> Figures:
        """Return what there is to say of the interface, beside what the process uses and found."""
        sight = self.tap.sight
        return Figures(
            interface=self.tap.name,
            why=self._why,
            frames=self._number,
            dropped=self.tap.dropped,
            facts=self._facts + self._watching.facts,
            malformed=sum(self._malformed.values()),
            forgotten=self._forgotten + self._watching.forgotten,
            defects=self._defects,
            cpu_percent=cpu_percent,
            mem_mb=mem_mb,
            foreign_share=sight.foreign_share(),
            sees=sight.sees,
            blind=sight.blind(),
            promiscuous=self.tap.promiscuous,
            census=self._census.counts(self._infrastructure()),
            verdicts=dict(verdicts),
            owners=tuple(map(as_owner, self._owners())),
        )

    def _begun(self, handed: Sequence[Owner]) -> Watching:
        begun = watching(self._network, self._tell, self._tables, handed, time.time())
        begun.broke = self._broke
        return begun

    def _owners(self) -> tuple[Owner, ...]:
        for machine in self._watching.machines:
            if isinstance(machine, ArpSpoofMachine):
                return machine.owners.known()
        return ()

    def _infrastructure(self) -> frozenset[Mac]:
        for machine in self._watching.machines:
            if isinstance(machine, NewDeviceMachine):
                return machine.infrastructure.macs()
        return frozenset()

    def _tell(self, incident: Incident, stage: Stage) -> None:
        name = self.tap.name
        event = as_event(incident, stage, name, subject_of(incident, self._key))
        details = msgspec.convert(event.details, Details)
        self._say(Told(event.kind, name, event.subject, stage, event.at, details))

    def _broke(self, error: Exception) -> None:
        self._defects += 1
        if self._defects == 1:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            place = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "?"
            sys.stderr.write(f"a detector failed: {type(error).__name__} in {place}\n")
