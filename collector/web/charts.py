"""Which curves an agent's page draws, and what the browser asks `/api/v1/series` for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from collector.web.rates import LONGEST_STEP
from collector.web.snapshot import RATES, Nic, Snapshot
from collector.web.texts import Texts
from core.clock import SECOND

SAMPLED_S: Final = 10
"""The usual time from one sample to the next."""

MOST_NICS: Final = 4
"""Interfaces that get curves: the busiest. All stand in the table."""

GAP_S: Final = 90
"""Seconds without a value after which a curve breaks: three batches.

The API fills in what holds although nothing travelled, so a hole here is one in what is known.
"""

RATE_GAP_S: Final = LONGEST_STEP // SECOND
"""The same for what is the rise of a counter, which is known only from one look to the next."""


@dataclass(frozen=True, slots=True)
class Range:
    """How far back curves go, with one value per window (s)."""

    name: str
    seconds: int
    window_s: int
    refresh_s: int

    @property
    def mean(self) -> str:
        """How values become one a window: where there is room for each sample, each as it is."""
        return "mean" if self.window_s > SAMPLED_S else "last"

    def gap_s(self, *, rate: bool) -> float:
        """Return after how many seconds without a value a curve breaks."""
        return max(RATE_GAP_S if rate else GAP_S, 1.5 * self.window_s)


RANGES: Final = (
    Range("5m", 300, window_s=5, refresh_s=5),
    Range("15m", 900, window_s=5, refresh_s=5),
    Range("1h", 3_600, window_s=10, refresh_s=5),
    Range("6h", 21_600, window_s=60, refresh_s=30),
    Range("24h", 86_400, window_s=300, refresh_s=60),
)
USUAL: Final = 3_600
"""How far back a page looks whose reader said nothing (s)."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One request; `by` names the tags, with commas, whose values make a curve each.

    The browser draws `offset + scale · value`.
    """

    query: Mapping[str, str]
    label: str = ""
    by: str = ""
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture with its curves; `top` is the least upper end of its scale.

    A curve breaks after `gap_s` without a value.
    """

    id: str
    title: str
    unit: str
    curves: tuple[Curve, ...]
    top: float
    fixed: bool = False
    gap_s: float = GAP_S

    @property
    def is_rate(self) -> bool:
        """Whether it shows how counters rise."""
        return any(curve.query["aggregate"] == "rate" for curve in self.curves)

    def spec(self) -> dict[str, Any]:
        """Return what the script needs, as plain values for JSON."""
        return {
            "unit": self.unit,
            "top": self.top,
            "fixed": self.fixed,
            "gap": self.gap_s,
            "curves": [
                {
                    "query": dict(curve.query),
                    "label": curve.label,
                    "by": curve.by,
                    "scale": curve.scale,
                    "offset": curve.offset,
                }
                for curve in self.curves
            ],
        }


def range_shown(word: str | None, age_s: float) -> Range:
    """Return the range called *word*; without one, the usual one.

    An agent that began to report *age_s* seconds ago gets the shortest range that shows all of
    it: who has just started one wants to see it live, not an hour of nothing.
    """
    for one in RANGES:
        if one.name == word:
            return one
    return next(one for one in RANGES if one.seconds >= min(age_s, USUAL))


def charts(snapshot: Snapshot, shown: Range, t: Texts) -> list[Chart]:
    """Return the charts of what *snapshot* has values of."""
    found = [
        *(_cpu(shown, t) if snapshot.cpu_percent is not None else ()),
        *(_mem(shown, t) if snapshot.mem_percent is not None else ()),
        *(_net(nic, index, shown, t) for index, nic in enumerate(_busiest(snapshot.nics))),
        *(_ping(shown, t) if snapshot.pings else ()),
        *(_disk(shown, t) if snapshot.disks else ()),
    ]
    return [replace(chart, gap_s=shown.gap_s(rate=chart.is_rate)) for chart in found]


def _busiest(nics: Sequence[Nic]) -> list[Nic]:
    """Return the interfaces that carried something, loopback only where there is no other."""
    busy = [nic for nic in nics if nic.busy]
    return ([nic for nic in busy if nic.name != "lo"] or busy)[:MOST_NICS]


def _query(measurement: str, name: str, shown: Range, how: str, **more: str) -> dict[str, str]:
    window = {"window": f"{shown.window_s}s", "aggregate": how}
    return {"measurement": measurement, "field": name} | window | more


def _cpu(shown: Range, t: Texts) -> list[Chart]:
    idle = _query("cpu", "usage_idle", shown, shown.mean) | {"tag.cpu": "cpu-total"}
    busy = Curve(idle, t("curve_busy"), scale=-1.0, offset=100.0)
    return [Chart("cpu", t("chart_cpu"), "%", (busy,), 100, fixed=True)]


def _mem(shown: Range, t: Texts) -> list[Chart]:
    used = Curve(_query("mem", "used_percent", shown, shown.mean), t("curve_used"))
    return [Chart("mem", t("chart_mem"), "%", (used,), 100, fixed=True)]


def _net(nic: Nic, index: int, shown: Range, t: Texts) -> Chart:
    def bits(name: str, label: str, how: str, scale: float) -> Curve:
        query = _query("net", name, shown, how) | {"tag.interface": nic.name}
        return Curve(query, label, scale=scale)

    labels = t("receiving"), t("sending")
    if nic.tells_rates:
        both = [bits(name, label, shown.mean, 1.0) for name, label in zip(RATES, labels)]
    else:
        counters = ("bytes_recv", "bytes_sent")
        both = [bits(name, label, "rate", 8.0) for name, label in zip(counters, labels)]
    title = t("chart_net", interface=nic.name)
    return Chart(f"net-{index}", title, t("unit_bits"), tuple(both), 1_000)


def _ping(shown: Range, t: Texts) -> list[Chart]:
    by = "url,family"  # a target may be asked over each IP version by itself
    time = Curve(_query("ping", "average_response_ms", shown, shown.mean, group_by=by), by=by)
    loss = Curve(_query("ping", "percent_packet_loss", shown, "max", group_by=by), by=by)
    return [
        Chart("ping", t("chart_ping"), "ms", (time,), 1),
        Chart("loss", t("chart_loss"), "%", (loss,), 10),
    ]


def _disk(shown: Range, t: Texts) -> list[Chart]:
    used = Curve(_query("disk", "used_percent", shown, "last", group_by="path"), by="path")
    return [Chart("disk", t("chart_disk"), "%", (used,), 100, fixed=True)]
