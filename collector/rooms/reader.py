"""From messages to what they say of devices: only what is fresh, for history is not the present."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from alerts.screen import FRESH
from collector.intake import Bad
from collector.readings import fresh_lines
from collector.rooms.device import DeviceKey
from collector.sorting import Item
from core import lineprotocol
from core.errors import LineError
from core.types import Value

_START: Final = b"device,"


class Told(NamedTuple):
    """One reading of one device, at the latest when it arrived."""

    key: DeviceKey
    tags: Mapping[str, str]
    fields: Mapping[str, Value]
    at: int


def told_in(items: Sequence[Item]) -> Iterator[Told]:
    """Give what *items* say of devices."""
    for item in items:
        if isinstance(item.taken, Bad) or item.checked is None or _START not in item.checked.body:
            continue
        who = item.taken.who
        for line in fresh_lines(item):
            if not line.startswith(_START):
                continue
            try:
                point = lineprotocol.parse(line)
            except LineError:  # refused already, and in the dead letters
                continue
            device = point.tags.get("device", "")
            if device and point.at and abs(item.arrival.at - point.at) < FRESH:
                key = DeviceKey(who.region, who.school, who.agent, device)
                yield Told(key, point.tags, point.fields, min(point.at, item.arrival.at))
