"""The agent's own program and configuration, changed by nobody who announced it.

`agent_altered` begins when a file differs from the baseline at two looks in turn, and ends when it
is as it was or the change is accepted. Announced are: another version of the agent at its start,
and a configuration that the agent was started with or reloaded (SIGHUP). Both give a new baseline,
and every baseline is told as `agent_baseline` with its digest, so that the district's audit log
shows each one that there ever was: whoever rewrites the file with it leaves a digest there that
nobody announced. A person with the rights of the agent can stop it and this watcher with it; that
is seen by its silence alone (docs/host-security.md).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

from msgspec import Meta

from agent.accepted import Accepted
from agent.conditions import Gone
from agent.watchers.base import COLLABORATOR, happened, watchers
from agent.watchers.baseline import (
    Files,
    Scan,
    Seen,
    as_json,
    differences,
    digest,
    from_json,
    program_files,
    some,
)
from agent.watchers.memory import Memory
from core import VERSION, clock
from core.threads import OneAtATime
from core.types import Event

ALTERED: Final = "agent_altered"
BASELINE: Final = "agent_baseline"
FILE: Final = "integrity.json"
"""In the folder of the spool."""
NAMED: Final = 20
"""Files that have an event of their own; of more there is one that counts them."""
OTHERS: Final = "others"
TIMEOUT_S: Final = 60.0


@dataclass(slots=True)
class Integrity:
    """What is told of the files of *target*: no file is read here, the clock comes in."""

    target: str
    baseline: dict[str, Seen] | None = None
    version: str = VERSION
    """Of the agent that made the baseline."""
    _last: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _told: Mapping[str, tuple[str, ...]] | None = None

    def take(self, now: Files, config: str, accepted: str, at: int) -> list[Event | Gone]:
        """Hear how the files are; *config* names the one that was accepted with that digest."""
        found: list[Event | Gone] = []
        why = self._announced(now, config, accepted)
        if why:
            found += self._rebased(why, at)
        differ = differences(self.baseline or {}, now)
        standing = {name: what for name, what in differ.items() if self._last.get(name) == what}
        self._last = differ
        if standing != self._told:
            found += self._altered(standing, at)
            self._told = standing
        return found

    def _announced(self, now: Files, config: str, accepted: str) -> str:
        before, this = self.baseline, now.get(config)
        if before is None or self.version != VERSION:
            self.baseline, self.version = dict(now), VERSION
            return "first" if before is None else "update"
        if this and accepted == this.sha256 and accepted != _sha256(before.get(config)):
            # Its owner and mode are no part of what was announced, unless it is a new file.
            was = before.get(config, this)
            self.baseline = {**before, config: was._replace(sha256=accepted)}
            return "configuration"
        return "" if self._told is not None else "start"

    def _rebased(self, why: str, at: int) -> Iterator[Event]:
        files = self.baseline or {}
        details = {
            "why": why,
            "digest": digest(files),
            "files": len(files),
            "version": self.version,
        }
        yield from happened(Event(BASELINE, self.target, why, True, at, None, details))

    def _altered(self, standing: Mapping[str, tuple[str, ...]], at: int) -> Iterator[Event | Gone]:
        names, more = some(standing, NAMED)
        subjects = {*names, *([OTHERS] if more else [])}
        yield Gone(ALTERED, self.target, subjects.__contains__, at, "as_it_was")
        base = digest(self.baseline or {})
        for name in names:
            details: dict[str, Any] = {"file": name, "changed": [*standing[name]]}
            details["baseline"] = base
            yield Event(ALTERED, self.target, name, True, at, None, details)
        if more:
            counted = {"files": more, "baseline": base}
            yield Event(ALTERED, self.target, OTHERS, True, at, None, counted)


def _sha256(seen: Seen | None) -> str:
    return seen.sha256 if seen else ""


@watchers.add("integrity")
@dataclass(frozen=True, slots=True)
class IntegrityWatcher:
    """Tells of files of the agent that are not what they were."""

    look_every_s: Annotated[float, Meta(ge=1, le=86_400)] = 60.0
    spool_folder: Path | None = field(default=None, metadata=COLLABORATOR)
    accepted: Accepted = field(default_factory=Accepted, metadata=COLLABORATOR)
    files: Callable[[], Mapping[str, Path]] = field(default=program_files, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    threads: OneAtATime = field(default_factory=OneAtATime, metadata=COLLABORATOR)

    async def watch(self, target: str) -> AsyncIterator[Sequence[Event | Gone]]:
        """Yield what is news of files; the file's name is the subject."""
        memory = Memory(self.spool_folder / FILE) if self.spool_folder else None
        scan, state = Scan(), _state(target, memory)
        config = self.accepted.path.name if self.accepted.path else ""
        kept = _Kept(target, memory, scan)
        while True:
            look = partial(_look, scan, self._paths)
            now = await self.threads.call("files of the agent", look, TIMEOUT_S)
            at = self.now()
            found = state.take(now, config, self.accepted.sha256, at)
            found += kept.look(at)
            if found:
                yield found
            kept.write(state)
            await asyncio.sleep(self.look_every_s)

    def _paths(self) -> dict[str, Path]:
        found = dict(self.files())
        if self.accepted.path:
            found[self.accepted.path.name] = self.accepted.path
        return found


@dataclass(slots=True)
class _Kept:
    """The file with the baseline: what somebody else wrote there is told of, and written over."""

    target: str
    memory: Memory | None
    scan: Scan
    _written: tuple[str, Seen | None] | None = None
    _told: bool = False

    def look(self, at: int) -> Iterator[Event]:
        if self._written is None or self.memory is None:
            return
        now = self.scan.of({FILE: self.memory.path}).get(FILE)
        altered = now != self._written[1]
        if altered or self._told:
            before = {FILE: self._written[1]} if self._written[1] else {}
            changed = differences(before, {FILE: now} if now else {}).get(FILE, ())
            details: dict[str, Any] = {"file": FILE, "changed": list(changed)}
            details = details if altered else {"why": "written_anew"}
            yield Event(ALTERED, self.target, FILE, altered, at, None, details)
        self._told = altered

    def write(self, state: Integrity) -> None:
        if self.memory is None:
            return
        base = digest(state.baseline or {})
        if self._told or self._written is None or self._written[0] != base:
            files = as_json(state.baseline or {})
            self.memory.write({"version": state.version, "files": files})
            self._written = base, self.scan.of({FILE: self.memory.path}).get(FILE)


def _look(scan: Scan, paths: Callable[[], Mapping[str, Path]]) -> dict[str, Seen]:
    return scan.of(paths())


def _state(target: str, memory: Memory | None) -> Integrity:
    kept = (memory.read() if memory else None) or {}
    version = kept.get("version")
    files = from_json(kept.get("files"))
    return Integrity(target, files, version if isinstance(version, str) else "")
