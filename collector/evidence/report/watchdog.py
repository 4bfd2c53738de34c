"""Whether the watchdog, a process of its own, is alive: its canary came in lately."""

import hashlib
from typing import Final

from collector.canary import AGENT, MEASUREMENT, SCHOOL
from collector.evidence.report.finding import Counted, Gap
from collector.evidence.report.sources import Sources, Unread
from core.alerts import Text
from core.clock import SECOND
from core.errors import StoreError

ALIVE: Final = 600 * SECOND
LAST: Final = (
    "max(last_arrival, coalesce((SELECT max(last_at) FROM lane WHERE lane.agent = agent.id), 0))"
)
"""When an agent was last heard: its state is written rarely, its batches at once."""
_LOOK_BACK: Final = 7 * 86_400 * SECOND


def heard(sources: Sources) -> int:
    """Return when the canary last came in (ns), 0 where it did not within a week; raises Unread.

    It is a line without a batch (collector/watchdog/asking.py), so only the store has it.
    """
    tags = {"school": SCHOOL, "agent": AGENT}
    try:
        found = sources.store.last(MEASUREMENT, tags, sources.now - _LOOK_BACK)
    except StoreError as error:
        raise Unread(
            Text(f"时序库无法读取：{error}", f"the store cannot be read: {error}")
        ) from error
    return max((one.at for one in found if one.at <= sources.now + ALIVE), default=0)


def counted(at: int) -> Counted:
    """Return what `heard` found as evidence."""
    said = hashlib.sha256(str(at).encode()).hexdigest()
    return Counted("store", f"newest time of {MEASUREMENT} within 7 days (ns)", int(at > 0), said)


def gaps(sources: Sources) -> list[Gap]:
    """Return what is missing where nobody else watches the collector."""
    at = heard(sources)
    if at and sources.now - at <= ALIVE:
        return []
    last = sources.day(at) if at else ""
    return [
        Gap(
            Text(
                f"看门狗没有消息（最近一次：{last or '从未'}），审计停止时无人从另一进程报警",
                f"no word of the watchdog (last: {last or 'never'}): nobody would tell that the "
                "log stopped",
            ),
            Text(
                "启动服务 schoolwatch collector watch（docs/deploy.md）",
                "start the service schoolwatch collector watch (docs/deploy.md)",
            ),
            hole=True,
        )
    ]
