"""Frames through the parser and the detectors, as a capture and an interface go."""

from collections.abc import Iterable, Mapping
from typing import Any

from agent.sensor.facts import Fact
from agent.sensor.incidents import Incident, Stage
from agent.sensor.network import Network
from agent.sensor.packets import facts_of
from agent.sensor.watching import watching
from tests.packets.captures import ETHERNET

Frames = Iterable[tuple[float, bytes]]
"""Time in s and bytes, in the order given; the first is number 1."""


def read(frames: Frames, link: int = ETHERNET) -> tuple[list[Fact], dict[str, int]]:
    """All facts, and how many frames could not be read, by reason."""
    malformed: dict[str, int] = {}
    facts: list[Fact] = []
    for number, (at, frame) in enumerate(frames, 1):
        facts += facts_of(frame, at, number, link, len(frame), malformed=malformed)
    return facts, malformed


def stages_of(
    frames: Frames,
    network: Network | None = None,
    only: Iterable[str] = (),
    *,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    link: int = ETHERNET,
    until: float = 0.0,
) -> list[tuple[Stage, Incident]]:
    """What the detectors named by *only* tell, in order; *options* has thresholds by their word.

    Silence goes on to *until*, second by second; what is open then ends as a capture does.
    """
    told: list[tuple[Stage, Incident]] = []
    chosen = {word: (options or {}).get(word, {}) for word in (*only, *(options or {}))}
    at_work = watching(
        network or Network(),
        lambda incident, stage: told.append((stage, incident)),
        chosen,
    )
    at = 0.0
    for number, (at, frame) in enumerate(frames, 1):
        for fact in facts_of(frame, at, number, link, len(frame)):
            at_work.take(fact)
    while at < until:
        at += 1.0
        at_work.tick(at)
    at_work.finish()
    return told


def incidents_of(
    frames: Frames,
    network: Network | None = None,
    only: Iterable[str] = (),
    *,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    link: int = ETHERNET,
    until: float = 0.0,
) -> list[Incident]:
    """The incidents, each as it was when it ended."""
    told = stages_of(frames, network, only, options=options, link=link, until=until)
    return [incident for stage, incident in told if stage == "end" and not incident.became]
