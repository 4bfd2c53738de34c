"""agent.toml: who the agent is, where its broker is, what it measures (configs/agent.toml)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from agent.devicesconfig import DevicesConfig, DevicesFile
from agent.devicesfile import devices_mistakes, devices_of
from agent.filterconfig import FilterConfig, filter_mistakes
from agent.lines import UplinkConfig, uplink_mistakes
from agent.logsconfig import LogsConfig, logs_mistakes
from agent.probes import INTERVAL_S, interval_of, probes
from agent.probes import base as probes_base
from agent.sensorconfig import SensorConfig, sensor_mistakes
from agent.watchers import base as watchers_base
from agent.watchers import watchers
from core.brokerconfig import BrokerConfig, broker_mistakes
from core.config import Check, read
from core.errors import ConfigError, MonitorError
from core.fields import AnyLevel, Days, Level, MegaBytes
from core.hints import quoted, shown
from core.keys import named
from core.merkle.note import NoteError, read_verifier_key
from core.options import CHECK, fitted
from core.registry import OptionMistakes
from core.tomllines import KeyPath
from core.topics import identity_mistake
from core.types import Identity

BESIDE: Final = ("interval_s", "enabled")
"""Keys in the table of a probe that are not its own."""

Found = Iterator[tuple[KeyPath, str]]
"""Mistakes: where in the table, and a sentence."""

Interval = Annotated[float, Meta(ge=0.1, le=86_400)]


class IdentityConfig(Struct, frozen=True, kw_only=True):
    """Who this agent is; becomes its topics, its MQTT client id and its certificate's name."""

    region: Level
    school: Level
    agent: Level


def _key_mistake(text: str) -> str:
    try:
        if text:
            read_verifier_key(text)
    except NoteError as error:
        return f"is no verifier key: {error}"
    return ""


VerifierKey = Annotated[str, Meta(extra={CHECK: _key_mistake})]


class CollectorChoice(Struct, frozen=True, kw_only=True):
    """Whose receipts are believed; with no id, those of the retained claim: in a trial only.

    `audit_key` is the verifier key of its audit log; without it the first that comes is trusted.
    """

    id: AnyLevel = ""
    audit_key: VerifierKey = ""


class SpoolConfig(Struct, frozen=True, kw_only=True):
    """Where readings wait for their receipt, and for how long at most."""

    folder: Path = Path("var/agent")
    max_mb: MegaBytes = 256
    max_days: Days = 7


class BatchConfig(Struct, frozen=True, kw_only=True):
    """When a batch is sealed: after seconds, or at kB before compression."""

    seal_after_s: Annotated[float, Meta(ge=1, le=3600)] = 30
    # Sent as it is where compression does not help: must stay below wire.MAX_SENT_BYTES.
    seal_kb: Annotated[int, Meta(ge=1, le=128)] = 32
    compress: bool = True


class AgentFile(Struct, frozen=True, kw_only=True):
    """The file as written; a table of `probes` may hold anything until its probe has looked.

    Without a heading `probes` is None, and the default set is on; `[probes]` alone is {}.
    """

    kind: Literal["agent"] = "agent"
    identity: IdentityConfig
    broker: BrokerConfig = BrokerConfig()
    collector: CollectorChoice = CollectorChoice()
    spool: SpoolConfig = SpoolConfig()
    batch: BatchConfig = BatchConfig()
    filter: FilterConfig = FilterConfig()
    uplinks: tuple[UplinkConfig, ...] = ()
    logs: LogsConfig = LogsConfig()
    devices: DevicesFile = DevicesFile()
    sensor: SensorConfig = SensorConfig()
    probes: Annotated[
        dict[str, Any] | None,
        Meta(description="a table for each probe, headed [probes.cpu] for example"),
    ] = None
    watchers: Annotated[
        dict[str, Any] | None,
        Meta(description="a table for each watcher, headed [watchers.link] for example"),
    ] = None


class ProbeConfig(Struct, frozen=True):
    """One probe that is on: its word, seconds from one measurement to the next, its options."""

    word: str
    interval_s: float = INTERVAL_S
    options: Mapping[str, Any] = {}


class WatcherConfig(Struct, frozen=True):
    """One watcher that is on: its word and its options."""

    word: str
    options: Mapping[str, Any] = {}


class AgentConfig(Struct, frozen=True, kw_only=True):
    """Everything that an agent is told."""

    identity: Identity
    broker: BrokerConfig = BrokerConfig()
    collector: CollectorChoice = CollectorChoice()
    spool: SpoolConfig = SpoolConfig()
    batch: BatchConfig = BatchConfig()
    filter: FilterConfig = FilterConfig()
    uplinks: tuple[UplinkConfig, ...] = ()
    logs: LogsConfig = LogsConfig()
    devices: DevicesConfig = DevicesConfig()
    sensor: SensorConfig = SensorConfig()
    probes: tuple[ProbeConfig, ...] = ()
    watchers: tuple[WatcherConfig, ...] = ()

    def words(self) -> tuple[str, ...]:
        """Return the words of the probes that are on, in the order of the file."""
        return tuple(probe.word for probe in self.probes)


def read_agent(path: Path) -> AgentConfig:
    """Return what the file at *path* says; raises ConfigError with every mistake in it."""
    folder = path.absolute().parent
    checks: dict[str, Check] = {
        "identity": _identity_mistakes,
        "broker": broker_mistakes,
        "filter": filter_mistakes,
        "uplinks": uplink_mistakes,
        "logs": logs_mistakes,
        "devices": partial(devices_mistakes, folder),
        "sensor": sensor_mistakes,
        "probes": partial(_table_mistakes, "probes", probes.words(), partial(_one_probe, folder)),
        "watchers": partial(
            _table_mistakes, "watchers", watchers.words(), partial(_one_watcher, folder)
        ),
    }
    file = read(path, AgentFile, checks)
    who = Identity(file.identity.region, file.identity.school, file.identity.agent)
    return AgentConfig(
        identity=who,
        broker=file.broker,
        collector=file.collector,
        spool=file.spool,
        batch=file.batch,
        filter=file.filter,
        uplinks=file.uplinks,
        logs=file.logs,
        devices=devices_of(folder, file.devices),
        sensor=file.sensor,
        probes=tuple(
            _probe(folder, word, table)
            for word, table in switched_on(file.probes, probes_base.by_default).items()
        ),
        watchers=tuple(
            WatcherConfig(word, watchers.begun_at(folder, word, _options(table)))
            for word, table in switched_on(file.watchers, watchers_base.by_default).items()
        ),
    )


def switched_on(
    tables: Mapping[str, Mapping[str, Any]] | None, by_default: Sequence[str]
) -> dict[str, Mapping[str, Any]]:
    """Return the tables of what is on, by their words.

    Those that the file has; where it has none, or only some with `enabled = false`, the default
    set without these. An empty heading, which is {}, switches nothing on.
    """
    if tables is not None and not tables:
        return {}
    written = tables or {}
    named = {word: table for word, table in written.items() if table.get("enabled", True)}
    return named or {word: {} for word in by_default if word not in written}


def _probe(folder: Path, word: str, table: Mapping[str, Any]) -> ProbeConfig:
    options = probes.begun_at(folder, word, _options(table))
    return ProbeConfig(word, float(table.get("interval_s", interval_of(word))), options)


def _options(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name not in BESIDE}


def _identity_mistakes(identity: IdentityConfig) -> Found:
    mistake = identity_mistake(Identity(identity.region, identity.school, identity.agent))
    if mistake:
        yield (), f"[identity] {mistake}"


def _table_mistakes(
    heading: str,
    known: Sequence[str],
    one: Callable[[str, Mapping[str, Any]], Found],
    tables: Mapping[str, Any] | None,
) -> Found:
    for word, table in (tables or {}).items():
        if isinstance(table, dict):
            enabled = table.get("enabled", True)
            if enabled or word not in known:  # what is off need not be complete
                yield from (((word, *at), text) for at, text in one(word, table))
            if not isinstance(enabled, bool):
                what = f"{named((heading, word))} enabled is {shown(enabled)}"
                yield (word, "enabled"), f"{what}; expected true or false"
        else:
            right = f"expected a table, headed {named((heading, word))}"
            yield (word,), f"[{heading}] {quoted(word)} is {shown(table)}; {right}"


def _one_probe(folder: Path, word: str, table: Mapping[str, Any]) -> Found:
    try:
        if "interval_s" in table:
            fitted(table["interval_s"], Interval)
    except ConfigError as error:
        yield ("interval_s",), f"{named(('probes', word))} interval_s {error}"
    yield from _build_mistakes(
        f"probe {quoted(word)}",
        lambda: probes.build(word, probes.begun_at(folder, word, _options(table)), beside=BESIDE),
    )


def _one_watcher(folder: Path, word: str, table: Mapping[str, Any]) -> Found:
    options = {name: value for name, value in table.items() if name != "enabled"}
    yield from _build_mistakes(
        f"watcher {quoted(word)}",
        lambda: watchers.build(word, watchers.begun_at(folder, word, options), beside=("enabled",)),
    )


def _build_mistakes(what: str, build: Callable[[], object]) -> Found:
    try:
        build()
    except OptionMistakes as error:
        yield from (((option,), text) for option, text in error.mistakes)
    except ConfigError as error:
        yield (), str(error)
    except (MonitorError, OSError) as error:  # a file may be right for another machine than this
        yield (), f"{what} cannot be made ready on this machine: {error}"
