"""From messages to what they say of devices: only what is young, for history is not the present.

Also of a clock that is not checked yet: an agent says how a device is when it starts, and again
only when that changes, and what agrees with our own clock is of now.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from alerts.screen import FRESH
from collector.intake import Bad
from collector.readings import young_lines
from collector.rooms.device import DeviceKey
from collector.sorting import Item
from core import lineprotocol
from core.errors import LineError
from core.types import Value

_START: Final = b"device,"


class Told(NamedTuple):
    """One reading of one device, `at` the latest when it arrived."""

    key: DeviceKey
    tags: Mapping[str, str]
    fields: Mapping[str, Value]
    at: int
    arrived: int


def told_in(items: Sequence[Item]) -> Iterator[Told]:
    """Give what *items* say of devices."""
    for item in items:
        if isinstance(item.taken, Bad) or item.checked is None or _START not in item.checked.body:
            continue
        who = item.taken.who
        for line in young_lines(item):
            if not line.startswith(_START):
                continue
            try:
                point = lineprotocol.parse(line)
            except LineError:  # refused already, and in the dead letters
                continue
            device = point.tags.get("device", "")
            if device and point.at and abs(item.arrival.at - point.at) < FRESH:
                key = DeviceKey(who.region, who.school, who.agent, device)
                arrived = item.arrival.at
                yield Told(key, point.tags, point.fields, min(point.at, arrived), arrived)
