"""Whether the watchdog, a process of its own, is alive: its canary came in lately."""

from typing import Final

from collector.canary import AGENT, SCHOOL
from collector.evidence.report.finding import Gap
from collector.evidence.report.sources import Sources
from core.alerts import Text
from core.clock import SECOND

ALIVE: Final = 600 * SECOND
LAST: Final = (
    "max(last_arrival, coalesce((SELECT max(last_at) FROM lane WHERE lane.agent = agent.id), 0))"
)
"""When an agent was last heard: its state is written rarely, its batches at once."""
QUERY: Final = f"SELECT {LAST} FROM agent WHERE school = ? AND agent = ?"  # noqa: S608


def heard(sources: Sources) -> int:
    """Return when the canary last came in (ns), 0 where it never did; raises Unread."""
    found = [at for (at,) in sources.rows(QUERY, SCHOOL, AGENT)]
    return max(found, default=0)


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
