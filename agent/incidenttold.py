"""Incidents as the spool hears of them: each begins, is updated and ends under one subject."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field

from agent.conditions import Gone, Tellable, Update
from agent.sensor.incidents import Incident, Stage
from agent.sensor.telling import as_event, subject_of


@dataclass(slots=True)
class Told:
    """Gathers what `agent.sensor.incidents` tells, for whoever hands it on."""

    target: str
    gathered: list[Tellable] = field(default_factory=list)
    # Who reads subjects learns nothing of addresses, not even by trying them all.
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def __call__(self, incident: Incident, stage: Stage) -> None:
        """Hear of *incident*."""
        event = as_event(incident, stage, self.target, subject_of(incident, self._secret))
        self.gathered.append(Update(event) if stage == "update" else event)

    def anew(self, kinds: Collection[str], at: int) -> None:
        """End what an earlier process left open, whose subjects nobody knows any more."""
        self.gathered += [Gone(kind, self.target, lambda _subject: False, at) for kind in kinds]

    def take(self) -> list[Tellable]:
        """Return what was gathered since the last time."""
        gathered, self.gathered = self.gathered, []
        return gathered
