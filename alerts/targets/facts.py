"""What is known of one school in one window, and how days become a month."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from alerts.targets.uptime import Line


@dataclass(frozen=True, slots=True)
class Facts:
    """One school that counts, in one window; durations in ns, bandwidths in Mbit/s.

    `lessons` is the school time of the window so far, in which the line was `up` and `known`.
    `carried` is the fastest sample that passive counters saw, `tested` what a test that filled the
    line found that it can carry; None where there is none. `ok` of `probed` is the time of good
    probes; `probes_known` is how much of `probes_window` anything is known of.
    """

    region: str
    school: str
    area: str
    line: Line = "unknown"
    lessons: int = 0
    up: int = 0
    known: int = 0
    target_mbps: float | None = None
    contracted_mbps: float | None = None
    carried: float | None = None
    tested: float | None = None
    ok: int = 0
    probed: int = 0
    probes_known: int = 0
    probes_window: int = 0


def together(days: Iterable[Facts]) -> Facts:
    """Return one school's days, in their order, as one window; at least one is needed.

    State, area, target and contract are those of the last day: a target that changes later does
    not reach back into a month that is over (R-06).
    """
    first, *others = days
    total = first
    for one in others:
        total = replace(
            one,
            lessons=total.lessons + one.lessons,
            up=total.up + one.up,
            known=total.known + one.known,
            carried=_most(total.carried, one.carried),
            tested=one.tested if one.tested is not None else total.tested,
            ok=total.ok + one.ok,
            probed=total.probed + one.probed,
            probes_known=total.probes_known + one.probes_known,
            probes_window=total.probes_window + one.probes_window,
        )
    return total


def _most(one: float | None, other: float | None) -> float | None:
    found = [value for value in (one, other) if value is not None]
    return max(found, default=None)
