"""Devices as agents last told of them, and what they depend on; says which schools to judge anew.

Lives in the event loop.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from collector.counters import Counters
from collector.live import Live
from collector.outside import SchoolKey
from collector.picture import Picture
from collector.rooms.device import HOLDS, Device, DeviceKey, said_anew, told
from collector.rooms.reader import told_in
from collector.rooms.school import School, school, standing
from collector.rooms.verdict import Around, Standing, Verdict
from collector.sorting import Item
from core.clock import SECOND

ROUND: Final = 60
"""In so many turns all rooms are looked at, a part in each: what nobody asks any more says nothing
by itself."""
JUST_NOW: Final = 30 * SECOND
REMOVED_AFTER: Final = 86_400 * SECOND
"""A device that an agent, which is up, said nothing of for so long is not in its configuration."""
FORGOTTEN_AFTER: Final = 90 * 86_400 * SECOND
MOST_DEVICES: Final = 2_000
"""Of one school; what is more is left out and counted."""


class Devices:
    """Begins with *devices*, which an earlier process kept."""

    def __init__(self, devices: Mapping[DeviceKey, Device], live: Live, counters: Counters) -> None:
        self._live, self._counters = live, counters
        self._devices: dict[SchoolKey, dict[DeviceKey, Device]] = {}
        for key, device in devices.items():
            self._devices.setdefault(key.of_school, {})[key] = device
        self._around: dict[SchoolKey, Around] | None = None
        self.dirty: set[SchoolKey] = set()
        """Schools of which something changed."""
        self._round: list[SchoolKey] = []
        self._part = 0
        self.news: dict[DeviceKey, Device | None] = {}
        """Devices that are to be kept; None for those to be forgotten."""

    @property
    def looked(self) -> bool:
        """Whether the picture was looked at since the start."""
        return self._around is not None

    def heard(self, items: Sequence[Item]) -> None:
        """Hear of messages whose lines are durable and accounted."""
        for one in told_in(items):
            there = self._devices.setdefault(one.key.of_school, {})
            before = there.get(one.key)
            if before is None and len(there) >= MOST_DEVICES:
                self._counters.add("room_devices_left_out")
                continue
            if before and before.heard > one.arrived + JUST_NOW:
                # Our clock was set back: it was heard then, and not in time to come.
                before = replace(before, heard=one.at, since=min(before.since, one.at))
            after = told(before, one.key, one.tags, one.fields, one.at)
            if after is None:
                continue
            there[one.key] = self.news[one.key] = after
            away = after.heard - before.heard if before else HOLDS
            if said_anew(before, after) or away >= HOLDS:
                self.dirty.add(one.key.of_school)

    def look(self, picture: Picture) -> None:
        """Hear how agents and lines are."""
        before, found = self._around or {}, dict[SchoolKey, Around]()
        for view in picture.schools:
            key = (view.region, view.school)
            if key not in self._devices:
                continue
            agents = {
                one.who.agent: standing(one.verdict.state, one.verdict.cause, one.verdict.since)
                for one in view.agents
            }
            down = view.line.since if view.line.state == "down" else 0
            found[key] = Around(agents, down)
            if key not in before or _words(before[key]) != _words(found[key]):
                self.dirty.add(key)
        self._around = found

    def wanted(self, others: Sequence[SchoolKey], at: int) -> set[SchoolKey]:
        """Return the schools to judge now: where something changed, and a part of all.

        *others* are schools to look at although they may have no devices any more.
        """
        if not self._round:
            self._round = [*{*self._devices, *others}]
            self._part = -(-len(self._round) // ROUND)
        part, self._round = self._round[: self._part], self._round[self._part :]
        for key in part:
            self._forget(key, at)
        wanted, self.dirty = self.dirty | set(part), set()
        return wanted

    def judge(
        self, key: SchoolKey, verdicts: Mapping[str, Verdict], at: int, heard_since: int
    ) -> School:
        """Return a school as it is; *verdicts* are those on its rooms that held until now."""
        devices = self._devices.get(key, {}).values()
        if self._live.standing(key, at) not in ("open", "unlisted"):
            return School(key)  # nobody waits for a lesson there
        around = (self._around or {}).get(key, Around({}))
        agents = dict(around.agents)
        for one in devices:
            if one.key.agent not in agents and at - one.heard < JUST_NOW:
                # It came after the last look at the picture.
                agents[one.key.agent] = Standing("up", one.heard)
        return school(key, devices, Around(agents, around.line_down, at, heard_since), verdicts)

    def _forget(self, key: SchoolKey, at: int) -> None:
        """Forget devices that nobody asks any more."""
        there, around = self._devices.get(key, {}), (self._around or {}).get(key)
        for name, one in list(there.items()):
            agent = around.agents.get(name.agent) if around else None
            limit = REMOVED_AFTER if agent and agent.state == "up" else FORGOTTEN_AFTER
            if at - one.heard > limit:
                del there[name]
                self.news[name] = None
        if not there:
            self._devices.pop(key, None)


def _words(around: Around) -> tuple[object, ...]:
    """Return what of it changes a verdict; since when something is so does not."""
    agents = {name: one.state for name, one in around.agents.items()}
    return agents, bool(around.line_down)
