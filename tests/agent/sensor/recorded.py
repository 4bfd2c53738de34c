"""A capture file through the detectors, as `schoolwatch sensor read` does it."""

from collections.abc import Iterable
from pathlib import Path

from agent.sensor.captures import opened
from agent.sensor.incidents import Incident
from agent.sensor.network import Network
from agent.sensor.reading import Tally, read_capture
from agent.sensor.watching import watching


def incidents_in(
    path: Path, network: Network | None = None, only: Iterable[str] = ()
) -> list[Incident]:
    """The incidents that the detectors named by *only* find, each as it ended."""
    ended: list[Incident] = []
    at_work = watching(
        network or Network(),
        lambda incident, stage: ended.append(incident) if stage == "end" else None,
        {word: {} for word in only},
    )
    with path.open("rb") as stream:
        read_capture(opened(str(path), stream), at_work, tally := Tally())
    assert tally.defect == ""
    return ended
