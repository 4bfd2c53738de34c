"""What a configuration makes that can be exchanged while the agent runs.

All of it is made before any of it is used: a file with a mistake changes nothing.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, cast

from agent.config import AgentConfig, ProbeConfig
from agent.probes import probes
from agent.schedule import Job
from agent.spool import DAY, Limits
from agent.spoolfile import room_for
from agent.surroundings import Surroundings
from agent.uplink import Settings
from agent.watchers import Watcher, watchers
from core.errors import ConfigError
from core.mqtt.configured import broker_of
from core.registry import equipped

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of `config`; `jobs` and `watchers` stand in its order.

    `contents` holds a digest of each file that a probe is told of, by the probe's word and the
    option: a certificate that was renewed is another one, although its path is the same.
    """

    config: AgentConfig
    settings: Settings
    jobs: tuple[Job, ...]
    watchers: Mapping[str, Watcher]
    contents: Mapping[tuple[str, str], bytes]


def parts_of(config: AgentConfig, ours: Mapping[str, object]) -> Parts:
    """Return the parts, with those of *ours* in each that it has a place for.

    Raises ConfigError, touches no network.
    """
    around = Surroundings(config.broker.host)
    ours = {"surroundings": around, "uplinks": config.uplinks, **ours}
    jobs = [_job(probe, ours) for probe in config.probes]
    watching = {
        one.word: equipped(watchers.build(one.word, one.options), **ours) for one in config.watchers
    }
    contents = {
        (job.word, option): digest for job in jobs for option, digest in _contents(job.probe)
    }
    return Parts(config, settings_of(config), tuple(jobs), watching, contents)


def _contents(made: Any) -> Iterator[tuple[str, bytes]]:
    """Yield the digest of each file among the options of *made*; of none that is not readable."""
    for option in fields(made):
        path = getattr(made, option.name)
        if isinstance(path, Path):
            try:
                yield option.name, hashlib.sha256(path.read_bytes()).digest()
            except OSError:
                continue


def settings_of(config: AgentConfig) -> Settings:
    """Return what the uplink is told; raises ConfigError for the password."""
    return Settings(
        config.identity,
        broker_of(config.broker),
        config.collector.id,
        config.broker.reconnect_within_s,
        config.batch.compress,
    )


def exchanged(old: Parts, new: Parts) -> Parts:
    """Return *new*, in which what is configured as it was in *old* is the same object.

    So a probe goes on with what it knows of the last round, and a watcher misses nothing. Raises
    ConfigError where they differ in what only a start can change.
    """
    fixed = {
        "[identity]": (old.config.identity, new.config.identity),
        "[spool] folder": (old.config.spool.folder, new.config.spool.folder),
    }
    changed = [name for name, (before, after) in fixed.items() if before != after]
    if changed:
        raise ConfigError(f"{' and '.join(changed)} changed, which takes a restart of the agent")
    stale = set()
    if old.config.broker.host != new.config.broker.host:
        stale.add("surroundings")
    if old.config.uplinks != new.config.uplinks:
        stale.add("uplinks")
    others = {word for word, _option in _other_files(old, new)}
    kept = [(one, job) for one, job in zip(old.config.probes, old.jobs) if one.word not in others]
    jobs = _Kept(kept, stale)
    watching = _Kept([(one, old.watchers[one.word]) for one in old.config.watchers], stale)
    return Parts(
        new.config,
        new.settings,
        tuple(jobs.same(one, job) for one, job in zip(new.config.probes, new.jobs)),
        {one.word: watching.same(one, new.watchers[one.word]) for one in new.config.watchers},
        new.contents,
    )


def _other_files(old: Parts, new: Parts) -> list[tuple[str, str]]:
    """Return the probes and options whose file has another content than it had."""
    return [key for key, digest in new.contents.items() if old.contents.get(key, digest) != digest]


@dataclass(frozen=True, slots=True)
class _Kept:
    """Things by what they were configured with; one with a `stale` collaborator is no use."""

    known: Sequence[tuple[object, Any]]
    stale: Collection[str]

    def same(self, configured: object, made: T) -> T:
        for before, thing in self.known:
            if before == configured and not self._is_stale(thing):
                return cast(T, thing)
        return made

    def _is_stale(self, thing: object) -> bool:
        asked = thing.probe if isinstance(thing, Job) else thing
        return any(hasattr(asked, name) for name in self.stale)


def spool_file(config: AgentConfig) -> Path:
    """Return where the spool lies."""
    return config.spool.folder / "spool.db"


def limits_of(config: AgentConfig) -> Limits:
    """Return what the spool may hold; raises SpoolError where its folder refuses."""
    room = room_for(spool_file(config), config.spool.max_mb * 1_000_000)
    return Limits(room, config.spool.max_days * DAY)


def changes(old: Parts, new: Parts) -> list[str]:
    """Return what is different, as a person would name it."""
    before, after = old.config, new.config
    words = [
        f"[{heading}]"
        for heading in after.__struct_fields__
        if heading not in ("probes", "watchers")
        and getattr(before, heading) != getattr(after, heading)
    ]
    if old.settings.broker != new.settings.broker and "[broker]" not in words:
        words.append("[broker] password_file")
    for heading in ("probes", "watchers"):
        was, now = ({one.word: one for one in getattr(c, heading)} for c in (before, after))
        words += [f"[{heading}.{word}]" for word in now if was.get(word) != now[word]]
        words += [f"[{heading}.{word}] is off" for word in was if word not in now]
    files = (f"[probes.{word}] {option}" for word, option in _other_files(old, new))
    return words + [one for one in files if one.partition(" ")[0] not in words]


def said(config: AgentConfig) -> str:
    """Return what is on, for a person."""
    watchers = (f"watch {one.word}" for one in config.watchers)
    return ", ".join([*config.words(), *watchers]) or "no probe"


def _job(probe: ProbeConfig, ours: Mapping[str, object]) -> Job:
    made = equipped(
        probes.build(probe.word, probe.options), **{"interval_s": probe.interval_s, **ours}
    )
    return Job(probe.word, made, probe.interval_s)
