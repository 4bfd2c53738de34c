"""Why a projector is not well, beyond what any device can have."""

from typing import Final

from core.causes.base import Cause

CAUSES: Final[dict[str, Cause]] = {
    "silent": Cause(
        "能连接但不回答，多为待机或刚开关机，无法判断",
        "takes the connection and answers nothing, as many do in standby: nobody can tell",
        "看投影机指示灯；如已开机仍如此，断电一分钟后再开机",
        "look at its lamps; if it is on and stays so, cut its power for a minute",
    ),
    "lamp_old": Cause(
        "灯泡使用时间已到",
        "its lamp has reached its age",
        "尽快更换灯泡，并在菜单中把灯泡计时清零",
        "change the lamp soon and reset its hours in the menu",
    ),
}
