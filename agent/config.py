"""agent.toml: who the agent is, where its broker is, what it measures (configs/agent.toml)."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from agent.lines import UplinkConfig, uplink_mistakes
from agent.probes import INTERVAL_S, interval_of, probes
from agent.watchers import watchers
from core.brokerconfig import BrokerConfig, broker_mistakes
from core.config import Check, read
from core.errors import ConfigError, MonitorError
from core.fields import AnyLevel, Days, Level, MegaBytes
from core.hints import quoted, shown
from core.keys import named
from core.options import fitted
from core.registry import OptionMistakes
from core.tomllines import KeyPath
from core.topics import identity_mistake
from core.types import Identity

Found = Iterator[tuple[KeyPath, str]]
"""Mistakes: where in the table, and a sentence."""

Interval = Annotated[float, Meta(ge=0.1, le=86_400)]


class IdentityConfig(Struct, frozen=True, kw_only=True):
    """Who this agent is; becomes its topics, its MQTT client id and its certificate's name."""

    region: Level
    school: Level
    agent: Level


class CollectorChoice(Struct, frozen=True, kw_only=True):
    """Whose receipts are believed; with no id, those of the retained claim: in a trial only."""

    id: AnyLevel = ""


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
    """The file as written; a table of `probes` may hold anything until its probe has looked."""

    kind: Literal["agent"] = "agent"
    identity: IdentityConfig
    broker: BrokerConfig = BrokerConfig()
    collector: CollectorChoice = CollectorChoice()
    spool: SpoolConfig = SpoolConfig()
    batch: BatchConfig = BatchConfig()
    uplinks: tuple[UplinkConfig, ...] = ()
    probes: Annotated[
        dict[str, Any], Meta(description="a table for each probe, headed [probes.cpu] for example")
    ] = {}
    watchers: Annotated[
        dict[str, Any],
        Meta(description="a table for each watcher, headed [watchers.link] for example"),
    ] = {}


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
    uplinks: tuple[UplinkConfig, ...] = ()
    probes: tuple[ProbeConfig, ...] = ()
    watchers: tuple[WatcherConfig, ...] = ()

    def words(self) -> tuple[str, ...]:
        """Return the words of the probes that are on, in the order of the file."""
        return tuple(probe.word for probe in self.probes)


def read_agent(path: Path) -> AgentConfig:
    """Return what the file at *path* says; raises ConfigError with every mistake in it."""
    checks: dict[str, Check] = {
        "identity": _identity_mistakes,
        "broker": broker_mistakes,
        "uplinks": uplink_mistakes,
        "probes": partial(_table_mistakes, "probes", _one_probe),
        "watchers": partial(_table_mistakes, "watchers", _one_watcher),
    }
    file = read(path, AgentFile, checks)
    who = Identity(file.identity.region, file.identity.school, file.identity.agent)
    return AgentConfig(
        identity=who,
        broker=file.broker,
        collector=file.collector,
        spool=file.spool,
        batch=file.batch,
        uplinks=file.uplinks,
        probes=tuple(_probe(word, table) for word, table in file.probes.items()),
        watchers=tuple(WatcherConfig(word, table) for word, table in file.watchers.items()),
    )


def _probe(word: str, table: Mapping[str, Any]) -> ProbeConfig:
    options = {name: value for name, value in table.items() if name != "interval_s"}
    return ProbeConfig(word, float(table.get("interval_s", interval_of(word))), options)


def _identity_mistakes(identity: IdentityConfig) -> Found:
    mistake = identity_mistake(Identity(identity.region, identity.school, identity.agent))
    if mistake:
        yield (), f"[identity] {mistake}"


def _table_mistakes(
    heading: str, one: Callable[[str, Mapping[str, Any]], Found], tables: Mapping[str, Any]
) -> Found:
    for word, table in tables.items():
        if isinstance(table, dict):
            yield from (((word, *at), text) for at, text in one(word, table))
        else:
            right = f"expected a table, headed {named((heading, word))}"
            yield (word,), f"[{heading}] {quoted(word)} is {shown(table)}; {right}"


def _one_probe(word: str, table: Mapping[str, Any]) -> Found:
    try:
        if "interval_s" in table:
            fitted(table["interval_s"], Interval)
    except ConfigError as error:
        yield ("interval_s",), f"{named(('probes', word))} interval_s {error}"
    options = {name: value for name, value in table.items() if name != "interval_s"}
    yield from _build_mistakes(
        f"probe {quoted(word)}", lambda: probes.build(word, options, beside=("interval_s",))
    )


def _one_watcher(word: str, table: Mapping[str, Any]) -> Found:
    yield from _build_mistakes(f"watcher {quoted(word)}", lambda: watchers.build(word, table))


def _build_mistakes(what: str, build: Callable[[], object]) -> Found:
    try:
        build()
    except OptionMistakes as error:
        yield from (((option,), text) for option, text in error.mistakes)
    except ConfigError as error:
        yield (), str(error)
    except (MonitorError, OSError) as error:  # a file may be right for another machine than this
        yield (), f"{what} cannot be made ready on this machine: {error}"
