"""The answer of `/api/v1/rooms`: will the next lesson be held in each room, and if not, why.

Watch it: curl -s 'http://127.0.0.1:8480/api/v1/rooms?state=not_ready' | python -m json.tool
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, get_args

import msgspec
from msgspec import Meta

from alerts.targets.shares import is_complete, percent
from collector.outside import SchoolKey
from collector.rooms import device as devices
from collector.rooms.past import Order, Orders
from collector.rooms.rows import RoomKey
from collector.rooms.school import Room as RoomView
from collector.rooms.school import School
from collector.rooms.verdict import RoomState
from collector.web import params, roomwords
from collector.web.fields import At, Count, Ns, Words, when
from collector.web.language import Text
from collector.web.texts import Texts
from core.causes import CAUSES
from core.clock import SECOND, rfc3339
from core.devices import KINDS, STATES

PARAMETERS: Final = ("region", "school", "room", "state", "after", "limit")
WORST_FIRST: Final[tuple[RoomState, ...]] = get_args(RoomState)
MOST: Final = 1_000
"""Rooms in one answer."""
FEW: Final = 200

RoomWord = Annotated[str, Meta(extra_json_schema={"enum": list(WORST_FIRST)})]
DeviceStateWord = Annotated[str, Meta(extra_json_schema={"enum": list(STATES)})]
KindWord = Annotated[str, Meta(extra_json_schema={"enum": list(KINDS)})]
WhyWord = Annotated[
    str,
    Meta(
        description="why, a word; an agent may know more of them. Empty where there is nothing",
        examples=sorted(CAUSES)[:5],
    ),
]


class Device(msgspec.Struct, frozen=True):
    """One device: `unknown` where nobody can tell, whatever its agent said last.

    `essential`: no lesson can be held without it. `on` is null where nobody can tell.
    """

    device: str
    agent: str
    kind: KindWord
    name: str
    state: DeviceStateWord
    cause: WhyWord
    essential: bool
    on: bool | None
    behind: str
    since: At | None
    since_ns: Ns
    heard: At | None
    heard_ns: Ns


class Room(msgspec.Struct, frozen=True):
    """One room; `device` decides its state, `what`, `why` and `first` are what people read.

    `ready`: a lesson can be held; `limited`: it can, but not all of it works; `not_ready`: none
    can; `unknown`: nobody can tell. `on`: its projector, panel or display is.
    """

    region: str
    school: str
    school_name: str
    room: str
    state: RoomWord
    cause: WhyWord
    device: str
    what: Words
    why: Words
    first: Words
    since: At | None
    since_ns: Ns
    on: bool | None
    devices: list[Device]


class RoomCounts(msgspec.Struct, frozen=True):
    """How many of the rooms that are asked for are in each state."""

    not_ready: Count
    unknown: Count
    limited: Count
    ready: Count


class InOrder(msgspec.Struct, frozen=True):
    """I-11, rooms in good order (完好率), in the school time of a day, a week or a month so far.

    Of the room time that is known, the share in which all that a lesson needs was healthy.
    `percent` is null where less than 90 % are known (R-29).
    """

    good_s: Count
    known_s: Count
    expected_s: Count
    percent: float | None
    target: float = 95.0


class Rooms(msgspec.Struct, frozen=True):
    """Rooms, worst first; `next` is the `after` of the next page, 0 on the last.

    `counts` and the three `in_order…` are of all that are asked for, in every state: of today, of
    this week from Monday on, and of this month.
    """

    at: At
    at_ns: Ns
    counts: RoomCounts
    in_order: InOrder
    in_order_week: InOrder
    in_order_month: InOrder
    rooms: list[Room]
    next: Count


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rooms somebody asks for; an empty word means all."""

    region: str = ""
    school: str = ""
    room: str = ""
    state: str = ""
    after: int = 0
    limit: int = FEW

    def holds(self, room: RoomView) -> bool:
        """Tell whether a room is one of those, whatever its state."""
        region, school = room.key
        return (
            self.region in ("", region)
            and self.school in ("", school)
            and self.room in ("", room.room)
        )


def wanted(pairs: Iterable[tuple[str, str]]) -> Wanted:
    """Return what parameters ask for; raises ParameterError."""
    words = params.once(pairs, PARAMETERS)
    state = words.get("state", "")
    if state and state not in WORST_FIRST:
        raise params.ParameterError("state", f"{state[:40]!r} is none of {', '.join(WORST_FIRST)}")
    return Wanted(
        words.get("region", ""),
        words.get("school", ""),
        words.get("room", ""),
        state,
        after=params.whole(words, "after", 0, 10**9),
        limit=max(1, params.whole(words, "limit", FEW, MOST)),
    )


def worst_first(rooms: Iterable[RoomView]) -> list[RoomView]:
    """Return rooms by their state, those that have been in it for longest first."""
    return sorted(
        rooms,
        key=lambda one: (
            WORST_FIRST.index(one.verdict.state),
            one.verdict.since if one.verdict.state != "ready" else 0,
            one.key,
            one.room,
        ),
    )


def devices_worst_first(found: Iterable[devices.Device]) -> list[devices.Device]:
    """Return devices by their state, those that a lesson needs first."""
    order = ("down", "unknown", "degraded", "up")
    return sorted(
        found,
        key=lambda one: (
            order.index(roomwords.device_looks(one.state)),
            not one.is_essential,
            one.key.device,
        ),
    )


def counts(rooms: Iterable[RoomView]) -> dict[RoomState, int]:
    """Return how many rooms are in each state, also in those that none is in."""
    found = Counter(one.verdict.state for one in rooms)
    return {state: found[state] for state in WORST_FIRST}


def keys(rooms: Iterable[RoomView]) -> list[RoomKey]:
    """Return how the rooms are called where they are counted."""
    return [RoomKey(*one.key, one.room) for one in rooms]


def chosen(schools: Iterable[School], ask: Wanted) -> list[RoomView]:
    """Return the rooms that are asked for, in every state, worst first."""
    return worst_first(room for one in schools for room in one.rooms if ask.holds(room))


def answered(
    found: Sequence[RoomView],
    ask: Wanted,
    names: Mapping[SchoolKey, str],
    orders: Orders,
    at: int,
) -> Rooms:
    """Return the answer about the rooms *found*; *names* are those of schools."""
    shown = [one for one in found if ask.state in ("", one.verdict.state)]
    page = shown[ask.after : ask.after + ask.limit]
    after = ask.after + len(page)
    numbers = counts(found)
    return Rooms(
        at=rfc3339(at),
        at_ns=at,
        counts=RoomCounts(**numbers),
        in_order=in_order(orders.day),
        in_order_week=in_order(orders.week),
        in_order_month=in_order(orders.month),
        rooms=[_room(one, names.get(one.key, "")) for one in page],
        next=after if page and after < len(shown) else 0,
    )


def in_order(order: Order) -> InOrder:
    """Return I-11 of what was counted: of the known room time, and none where too little is."""
    enough = is_complete(order.known, order.lessons)
    return InOrder(
        good_s=order.good // SECOND,
        known_s=order.known // SECOND,
        expected_s=order.lessons // SECOND,
        percent=percent(order.good, order.known) if enough else None,
    )


def shares(orders: Orders, t: Texts) -> dict[str, str]:
    """Return what people read of the week and the month, where enough is known of them."""
    found = {"week": in_order(orders.week).percent, "month": in_order(orders.month).percent}
    untold = t("in_order_untold")
    return {name: untold if one is None else f"{one:.2f} %" for name, one in found.items()}


def _room(one: RoomView, name: str) -> Room:
    verdict = one.verdict
    return Room(
        region=one.key[0],
        school=one.key[1],
        school_name=name,
        room=one.room,
        state=verdict.state,
        cause=verdict.cause,
        device=verdict.device,
        what=_words(roomwords.deciding(one)),
        why=_words(roomwords.cause(verdict.cause)),
        first=_words(roomwords.first(verdict.cause)),
        since=when(verdict.since),
        since_ns=verdict.since,
        on=verdict.on,
        devices=[_device(device) for device in one.devices],
    )


def _device(one: devices.Device) -> Device:
    return Device(
        device=one.key.device,
        agent=one.key.agent,
        kind=one.kind,
        name=one.name,
        state=one.state,
        cause=one.cause,
        essential=one.is_essential,
        on=one.on,
        behind=one.behind,
        since=when(one.since),
        since_ns=one.since,
        heard=when(one.heard),
        heard_ns=one.heard,
    )


def _words(text: Text) -> Words:
    return Words(text.zh, text.en)
