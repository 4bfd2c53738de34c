"""What a configuration makes that can be exchanged while the agent runs.

All of it is made before any of it is used: a file with a mistake changes nothing.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

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

if TYPE_CHECKING:
    from agent.devices.device import Device

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of `config`; `jobs`, `watchers` and `devices` stand in its order.

    `contents` holds a digest of each file that a probe or a driver is told of, by the heading and
    the option: a certificate that was renewed is another one, although its path is the same.
    """

    config: AgentConfig
    settings: Settings
    jobs: tuple[Job, ...]
    watchers: Mapping[str, Watcher]
    contents: Mapping[tuple[str, str], bytes]
    devices: "tuple[Device, ...]" = ()


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
    devices = _devices(config, ours)
    told: list[tuple[str, object]] = [(_heading("probes", job.word), job.probe) for job in jobs]
    told += [(_heading("devices", device.id), device.driver) for device in devices]
    contents = {
        (heading, option): digest for heading, made in told for option, digest in _contents(made)
    }
    return Parts(config, settings_of(config), tuple(jobs), watching, contents, devices)


def _devices(config: AgentConfig, ours: Mapping[str, object]) -> "tuple[Device, ...]":
    if not config.devices.list:
        return ()
    from agent.devices.device import made  # noqa: PLC0415 — most agents have no devices

    ours = {**ours, "profiles": config.devices.profiles}
    return tuple(made(one, ours) for one in config.devices.list)


def _heading(table: str, word: str) -> str:
    return f"[{table}.{word}]"


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
        config.collector.audit_key,
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
    if old.config.devices.profiles != new.config.devices.profiles:
        stale.add("profiles")
    others = {heading for heading, _option in _other_files(old, new)}
    kept = [
        (one, job)
        for one, job in zip(old.config.probes, old.jobs)
        if _heading("probes", one.word) not in others
    ]
    jobs = _Kept(kept, stale)
    before = zip(old.config.devices.list, old.devices)
    devices = _Kept(
        [pair for pair in before if _heading("devices", pair[0].id) not in others], stale
    )
    watching = _Kept([(one, old.watchers[one.word]) for one in old.config.watchers], stale)
    return Parts(
        new.config,
        new.settings,
        tuple(jobs.same(one, job) for one, job in zip(new.config.probes, new.jobs)),
        {one.word: watching.same(one, new.watchers[one.word]) for one in new.config.watchers},
        new.contents,
        tuple(
            devices.same(one, device) for one, device in zip(new.config.devices.list, new.devices)
        ),
    )


def _other_files(old: Parts, new: Parts) -> list[tuple[str, str]]:
    """Return the headings and options whose file has another content than it had."""
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
        # A job has its probe, a device its driver.
        asked = getattr(thing, "probe", getattr(thing, "driver", thing))
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
        if heading not in ("probes", "watchers", "devices")
        and getattr(before, heading) != getattr(after, heading)
    ]
    if old.settings.broker != new.settings.broker and "[broker]" not in words:
        words.append("[broker] password_file")
    for heading in ("probes", "watchers"):
        was, now = ({one.word: one for one in getattr(c, heading)} for c in (before, after))
        words += [f"[{heading}.{word}]" for word in now if was.get(word) != now[word]]
        words += [f"[{heading}.{word}] is off" for word in was if word not in now]
    was, now = ({one.id: one for one in c.devices.list} for c in (before, after))
    words += [_heading("devices", one) for one in now if was.get(one) != now[one]]
    words += [f"{_heading('devices', one)} is off" for one in was if one not in now]
    for key in ("concurrency", "pjlink_notifications", "profiles", "traps", "syslog"):
        if getattr(before.devices, key) != getattr(after.devices, key):
            words.append(f"[devices] {key}")
    files = (f"{heading} {option}" for heading, option in _other_files(old, new))
    return words + [one for one in files if one.partition(" ")[0] not in words]


def said(config: AgentConfig) -> str:
    """Return what is on, for a person."""
    watchers = [f"watch {one.word}" for one in config.watchers]
    some = len(config.devices.list)
    devices = [f"{some} device{'s' if some > 1 else ''}"] if some else []
    at = config.sensor.interfaces
    sensor = [f"the security sensor at {' and '.join(at)}"] if at else []
    return ", ".join([*config.words(), *watchers, *devices, *sensor]) or "no probe"


def _job(probe: ProbeConfig, ours: Mapping[str, object]) -> Job:
    made = equipped(
        probes.build(probe.word, probe.options), **{"interval_s": probe.interval_s, **ours}
    )
    return Job(probe.word, made, probe.interval_s)
