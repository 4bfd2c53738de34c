"""Shows the alert rules each minute how the district stands against its targets.

scores of the district ─┐
picture, rooms, alerts ─┼─▶ parts ─▶ sights ─▶ alerts/shipped/targets.toml
first audit record ─────┘
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from alerts.facts import Sight
from alerts.step import Case
from collector import targetparts
from collector.audit import AuditLog
from collector.books import Books
from collector.district.writer import District
from collector.intake import Bad
from collector.logsheard import LogsHeard, SchoolLogs
from collector.outside import SchoolKey
from collector.picture import Picture
from collector.readings import young_lines
from collector.retention import oldest, retention
from collector.rooms.past import Order
from collector.rooms.rows import RoomKey
from collector.rooms.watch import Rooms
from collector.sorting import Item
from collector.targetsight import (
    ACCESS,
    CLOCKS,
    EGRESS,
    EXPLAINS,
    LISTED,
    LOGS_KEPT,
    LOGS_WHOLE,
    PLATFORMS,
    PROTECTION,
    ROOMS,
    UPTIME,
    WATCHING,
    Aim,
    Part,
    sights,
)
from collector.unconnected import Entry
from core import clock
from core.clock import SECOND

EVERY_S: Final = 60.0
SLOW: Final = 300 * SECOND
"""So often what is long to add up, and what a file has to be read for."""
_LOG: Final = (b"firewall_log,", b"firewall_log ")
_OPEN: Final = ("pending", "firing", "keeping")


class TargetWatch:
    """Lives in the event loop; *see* hears what is missed, *listed* gives the schools that are on
    the list of those without a network."""

    def __init__(
        self,
        books: Books,
        district: District,
        rooms: Rooms,
        cases: Callable[[], Sequence[Case]],
        see: Callable[[Sight], None],
        *,
        listed: Callable[[], Mapping[SchoolKey, Entry]],
        now: clock.Clock = clock.now,
    ) -> None:
        self._books, self._district, self._rooms = books, district, rooms
        self._cases, self._see, self._now = cases, see, now
        self._listed = listed
        self._started, self._slow_at = now(), 0
        self._logs: dict[SchoolKey, int] = {}
        self._kept = LogsHeard()

    def heard(self, items: Sequence[Item]) -> None:
        """Hear where the log of a protection measure flows, and how far logs go back."""
        self._kept.heard(items)
        for item in items:
            if isinstance(item.taken, Bad) or item.checked is None:
                continue
            if not any(start in item.checked.body for start in _LOG):
                continue
            for line in young_lines(item):
                if line.startswith(_LOG) and b"silent=t" not in line.lower():
                    who = item.taken.who
                    self._logs[who.region, who.school] = item.arrival.at

    def logs(self) -> Sequence[SchoolLogs]:
        """Return how the logs of the devices of each school stand."""
        unwhole = _faults(self._cases()).get(LOGS_WHOLE.school, {})
        return self._kept.of_schools(self._now(), unwhole)

    async def minute(self, picture: Picture) -> None:
        """Judge what is to be judged; raises OSError where the audit log cannot be read."""
        at, facts = picture.at, self._district.facts
        if not self._books.door.opening().since:
            return  # nobody can tell; what is open stays open
        cases = self._cases()
        faults, open_at = _faults(cases), _open_at(cases)

        def missed(aim: Aim) -> set[SchoolKey]:
            return targetparts.unheard(picture, open_at, aim.school, self._started)

        expired = faults.get(PROTECTION.school, {})
        unwhole = faults.get(LOGS_WHOLE.school, {})
        log = targetparts.protection(picture, self._logs, expired, self._started)
        found: list[tuple[Aim, list[Part]]] = [
            (WATCHING, targetparts.watching(picture)),
            (CLOCKS, targetparts.clocks(picture)),
            (PROTECTION, log),
            (LOGS_KEPT, targetparts.logs_kept(self._kept, at, missed(LOGS_KEPT))),
            (LOGS_WHOLE, targetparts.logs_whole(self._kept, at, unwhole, missed(LOGS_WHOLE))),
            (LISTED, targetparts.listed(picture, self._listed())),
        ]
        if "live" in facts:
            found.append((ACCESS, targetparts.access(facts["live"])))
        if slow := not 0 <= at - self._slow_at < SLOW:
            self._slow_at = at
            found.append((ROOMS, targetparts.rooms(self._orders(at))))
            if "month" in facts:
                found.append((UPTIME, targetparts.uptime(facts["month"])))
                found.append((EGRESS, targetparts.egress(facts["month"])))
                found.append((PLATFORMS, targetparts.platforms(facts["day"])))
        for aim, parts in found:
            name_of = self._books.live.name_of
            for sight in sights(aim, parts, at, name_of, faults.get(aim.school, {})):
                self._see(sight)
        if slow:
            await self._retention(self._books.journal.log, at)

    async def _retention(self, log: AuditLog, at: int) -> None:
        self._see(retention(await asyncio.to_thread(oldest, log), at))

    def _orders(self, at: int) -> Mapping[SchoolKey, tuple[int, Order]]:
        found = {}
        for school in self._rooms.schools():
            keys = [RoomKey(*school.key, room.room) for room in school.rooms if room.devices]
            if keys:
                found[school.key] = len(keys), self._rooms.days.orders(at, keys).week
        return found


def _faults(cases: Sequence[Case]) -> Mapping[str, Mapping[SchoolKey, str]]:
    """Return for each target of a school which open alert there explains that it is missed."""
    open_at = _open_at(cases)
    return {
        target: {
            key: next(rule for rule in rules if rule in there)
            for key, there in open_at.items()
            if there.intersection(rules)
        }
        for target, rules in EXPLAINS.items()
    }


def _open_at(cases: Sequence[Case]) -> Mapping[SchoolKey, set[str]]:
    """Return the rules of which an alert is open at each school."""
    open_at: dict[SchoolKey, set[str]] = {}
    for case in cases:
        if case.alert.state in _OPEN and case.alert.key.school:
            region, _, school = case.alert.key.school.partition("/")
            open_at.setdefault((region, school), set()).add(case.alert.key.rule)
    return open_at
