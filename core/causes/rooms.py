"""Causes that only the collector can know: why nobody can tell how a device is."""

from typing import Final

from core.causes.base import Cause

CAUSES: Final[dict[str, Cause]] = {
    "collector": Cause(
        "监测中心暂时收不到数据，无法判断",
        "nothing reaches the collector now: nobody can tell",
        "等监测中心恢复；教室本身不用处理",
        "wait for the collector; nothing is to be done in the room",
    ),
    "stopped": Cause(
        "监测程序已正常停用，无法判断",
        "the agent that asks it was switched off: nobody can tell",
        "需要监测时，请联系管理员重新启动监测程序",
        "have the administrator start the agent again where it is to be watched",
    ),
}
