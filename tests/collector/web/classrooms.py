"""Rooms of schools for pages: every state and every cause of a kind, judged by the real judge."""

from collections.abc import Iterator, Sequence

from collector.picture import SchoolView
from collector.rooms.device import Device, DeviceKey
from collector.rooms.school import School, school, standing
from collector.rooms.verdict import Around, Standing
from core.clock import SECOND
from core.devices import DeviceKind, DeviceState
from core.types import Identity
from tests.collector.web.fakes import MINUTE, NOW

MOST = 12
"""Schools with devices."""


def classrooms(schools: Sequence[SchoolView], most: int = MOST) -> tuple[School, ...]:
    """Return the rooms of the first of *schools* that have an agent, at most of so many."""
    found = []
    for view in [one for one in schools if one.agents][:most]:
        who = view.agents[0].who
        agents = {
            one.who.agent: standing(one.verdict.state, one.verdict.cause, one.verdict.since)
            for one in view.agents
        }
        agents["pc-305"] = Standing("silent", NOW - 50 * MINUTE)
        agents["pc-306"] = Standing("stopped", NOW - 20 * MINUTE)
        down = view.line.since if view.line.state == "down" else 0
        key = (view.region, view.school)
        found.append(school(key, devices(who), Around(agents, down, NOW), {}))
    return tuple(found)


def devices(who: Identity) -> Iterator[Device]:
    """Give the devices that an agent and the computers of two rooms tell of."""

    def one(  # noqa: PLR0917 — a table
        name: str,
        kind: DeviceKind,
        room: str = "",
        state: DeviceState = "ready",
        cause: str = "",
        called: str = "",
        behind: str = "",
        agent: str = who.agent,
        *,
        on: bool | None = None,
    ) -> Device:
        key = DeviceKey(who.region, who.school, agent, name)
        ago = sum(map(ord, name)) % 190 * MINUTE
        return Device(
            *(key, kind, room, state, cause, NOW - ago, NOW - 20 * SECOND, called, None, behind),
            on=on,
            answers=agent == who.agent,
        )

    yield one("projector-301", "projector", "301", "ready", called="三年级1班投影机", on=True)
    yield one("pc-301", "computer", "301", "ready")
    yield one("projector-302", "projector", "302", "fault", "lamp", "三年级2班投影机")
    yield one("booth-302", "document_camera", "302", "unreachable", "no_answer")
    yield one("panel-303", "panel", "303", "unreachable", "no_answer", "希沃一体机")
    yield one("panel-304", "panel", "304", "standby", on=False)
    yield one("amp-304", "amplifier", "304", "fault", "other")
    yield one("projector-305", "projector", "305", "standby", on=False)
    yield one("pc-305", "computer", "305", "ready", agent="pc-305")
    yield one("projector-306", "projector", "306", "cooling", on=False)
    yield one("pc-306", "computer", "306", "ready", agent="pc-306")
    for n in range(401, 405):
        yield one(f"panel-{n}", "panel", str(n), "unreachable", "no_answer", behind="switch-4f")
    for n in range(501, 521):
        yield one(f"panel-{n}", "panel", str(n), "ready" if n % 3 else "standby", on=bool(n % 3))
    yield one("panel-music", "panel", "音乐教室（综合楼四层东侧）", "limited", "filter")
    yield one("switch-4f", "switch", "", "unreachable", "no_answer", "四层接入交换机")
    yield one("core", "switch", "", "ready", called="核心交换机")
    yield one("printer-1", "printer", "", "standby", called="文印室打印机")
    yield one("ups-1", "ups", "", "limited", "other", "机房 UPS")
