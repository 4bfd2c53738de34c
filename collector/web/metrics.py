"""The collector's own metrics in Prometheus' text format, from what it counts anyway.

Watch it: curl -s http://127.0.0.1:8480/metrics
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector, exposition
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from alerts.channels.health import Health
from collector.evidence.health import LogHealth
from collector.rollups.marks import Waiting
from collector.verdicts import State
from collector.web import board
from collector.web.source import Source
from core.clock import SECOND

GAUGES: Final = {
    "quarantined": "Senders at this moment whose lines are refused, for they make too many series."
}
"""What is counted down again, too."""


class CollectorMetrics:
    """Reads the source at each scrape; a registry asks it through `collect`."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def collect(self) -> Iterator[Metric]:
        """Yield every metric of this moment."""
        yield from self._counts()
        picture = self._source.picture()
        rows = board.rows(picture)
        counted = [row.state for row in rows if row.counts]
        yield _by_state("schools", "Schools by state.", counted)
        yield GaugeMetricFamily(
            "schoolwatch_schools_not_counted",
            "Schools that report and that the roster does not name, or has closed.",
            value=len(rows) - len(counted),
        )
        agents = [agent.state for row in rows for agent in row.agents]
        yield _by_state("agents", "Agents by state.", agents)
        yield GaugeMetricFamily(
            "schoolwatch_broker_connected",
            "1 while the collector is connected to the broker.",
            value=picture.broker_connected,
        )
        yield _channels(self._source.channels())
        yield from _rollups(self._source.rollups())
        if health := self._source.log_health():
            yield from _audit(health)
        if witnesses := self._source.witnesses():
            yield _witnesses(witnesses.counts())
        ready, _why = self._source.ready()
        yield GaugeMetricFamily(
            "schoolwatch_ready", "1 while the collector can store.", value=ready
        )

    def _counts(self) -> Iterator[Metric]:
        families: dict[str, CounterMetricFamily] = {}
        for (name, reason), count in sorted(self._source.counts().items()):
            if name in GAUGES:
                yield GaugeMetricFamily(f"schoolwatch_{name}", GAUGES[name], value=count)
                continue
            fit = re.sub(r"[^a-z0-9_]", "_", name.lower()).removesuffix("_total")
            family = families.setdefault(
                fit,
                CounterMetricFamily(
                    f"schoolwatch_{fit}",
                    f"{name.replace('_', ' ')} since the collector started.",
                    labels=["reason"],
                ),
            )
            family.add_metric([reason], count)
        yield from families.values()


def _audit(health: LogHealth) -> Iterator[Metric]:
    for name, text, value in (
        ("rows", "Rows that the audit log has on the disk.", health.rows),
        ("checkpoint_rows", "Rows that its newest checkpoint covers.", health.checkpoint_size),
        (
            "checkpoint_timestamp_seconds",
            "When the newest checkpoint was signed, 0 without one.",
            health.checkpoint_at / SECOND,
        ),
        (
            "oldest_timestamp_seconds",
            "When the oldest record was received, 0 without one.",
            health.oldest_at / SECOND,
        ),
        ("segments_sealed", "Finished segments that are sealed.", health.sealed_segments),
        ("stopped", "1 while no checkpoint is signed: it is altered.", bool(health.stopped)),
    ):
        yield GaugeMetricFamily(f"schoolwatch_audit_{name}", text, value=value)
    yield CounterMetricFamily(
        "schoolwatch_audit_append_errors",
        "How often the audit log could not be written since the collector started.",
        value=health.append_errors,
    )


@dataclass(frozen=True, slots=True)
class Metrics:
    """The handler of `/metrics`, with a registry of its own: no state is shared."""

    registry: CollectorRegistry

    async def show(self, request: web.Request) -> web.Response:
        """Answer in the format that the caller asks for."""
        encode, content_type = exposition.choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self.registry), headers={"Content-Type": content_type})


def metrics(source: Source) -> Metrics:
    """Return the handler over *source*, with what the system knows of this process."""
    registry = CollectorRegistry()
    registry.register(CollectorMetrics(source))
    ProcessCollector(registry=registry)
    return Metrics(registry)


def _channels(healths: Mapping[str, Health]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "schoolwatch_channel_up",
        "1 while a channel of alerts takes messages, as far as is known.",
        labels=["channel"],
    )
    for name, health in sorted(healths.items()):
        family.add_metric([name], not health.failing_since)
    return family


def _witnesses(counts: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "schoolwatch_audit_witnesses",
        "Agents by how what they hold of the audit log stands to it.",
        labels=["verdict"],
    )
    for verdict, count in counts.items():
        family.add_metric([verdict], count)
    return family


def _rollups(waiting: Waiting) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "schoolwatch_rollups_waiting",
        "Hours and days of agents that are over and not rolled up yet.",
        labels=["window"],
    )
    family.add_metric(["hour"], waiting.hours)
    family.add_metric(["day"], waiting.days)
    yield family
    yield GaugeMetricFamily(
        "schoolwatch_rollups_oldest_waiting_seconds",
        "For how long the oldest of them could have been rolled up.",
        value=waiting.oldest_s,
    )


def _by_state(noun: str, text: str, states: list[State]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"schoolwatch_{noun}", text, labels=["state"])
    for state, count in board.tally(states).items():
        family.add_metric([state], count)
    return family
