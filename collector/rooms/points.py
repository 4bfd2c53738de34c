"""The lines of `room` and `room_day`: by exception."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from collector.district.points import HEARTBEAT, encoded
from collector.rooms.days import DayMinutes
from collector.rooms.rows import RoomKey
from collector.rooms.school import Room
from core.clock import SECOND
from core.types import Value


class _Written(NamedTuple):
    at: int
    fields: Mapping[str, Value]


@dataclass(slots=True)
class RoomPoints:
    """Gives a room's line where something of it changed, else each 300 s."""

    _written: dict[RoomKey, _Written] = field(default_factory=dict)

    def lines(self, rooms: Iterable[Room], at: int) -> Iterator[bytes]:
        """Give the lines of a look at *at* (ns)."""
        for room in rooms:
            key, fields = RoomKey(*room.key, room.room), room_fields(room)
            last = self._written.get(key)
            if last and last.fields == fields and _slot(key, at) == _slot(key, last.at):
                continue
            self._written[key] = _Written(at, fields)
            yield encoded("room", room_tags(key), fields, at)

    def ended(self, keys: Iterable[RoomKey], at: int, cause: str) -> Iterator[bytes]:
        """Give the lines that end what was known of rooms at *at*."""
        fields: dict[str, Value] = {
            "state": "unknown",
            "cause": cause,
            "device": "",
            "known": 0,
            "on_known": 0,
        }
        for key in keys:
            self._written.pop(key, None)
            yield encoded("room", room_tags(key), fields, at)


def room_tags(key: RoomKey) -> dict[str, str]:
    """Return the tags of a point."""
    return {"region": key.region, "school": key.school, "room": key.room}


def room_fields(room: Room) -> dict[str, Value]:
    """Return what a `room` point says; what nobody can tell is absent."""
    verdict = room.verdict
    known, on = verdict.state != "unknown", verdict.on
    fields: dict[str, Value] = {
        "name": room.room,
        "state": verdict.state,
        "cause": verdict.cause,
        "device": verdict.device,
        "known": int(known),
        "on_known": int(on is not None),
        "devices": len(room.devices),
        "devices_ok": room.healthy,
        "devices_unknown": room.unknown,
    }
    if known:
        fields["ready"] = int(verdict.state != "not_ready")
    if on is not None:
        fields["on"] = int(on)
    return fields


def day_line(day: DayMinutes) -> bytes:
    """Return the line of a room's day; what nobody can tell is absent."""
    fields: dict[str, Value] = {"known_minutes": day.known, "school_minutes": day.lessons}
    if day.on is not None:
        fields["on_minutes"] = day.on
    if day.in_order is not None:
        fields["in_order_minutes"] = day.in_order
    return encoded("room_day", room_tags(day.key), fields, day.start)


def _slot(key: RoomKey, at: int) -> int:
    """Return in which of its five minutes a room is: not all have a new one at one moment."""
    return (at + zlib.crc32("/".join(key).encode()) % 300 * SECOND) // HEARTBEAT
