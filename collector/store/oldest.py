"""The limit of a ranged read: the oldest points of several series together."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from collector.store.base import Series


def oldest(series: Sequence[Series], limit: int) -> list[Series]:
    """Return *series* with the *limit* oldest points of all; at equal times the first series win.

    A series that has none of them is left out.
    """
    times = sorted(at for one in series for at, _ in one.points)[:limit]
    if not times:
        return []
    edge = times[-1]
    spare = len(times) - bisect_left(times, edge)
    kept = []
    for one in series:
        before = bisect_left(one.points, edge, key=lambda point: point[0])
        until = bisect_right(one.points, edge, key=lambda point: point[0])
        count = min(until, before + spare)
        spare -= count - before
        if count:
            kept.append(Series(one.tags, one.points[:count]))
    return kept
