"""How a school is watched by its security sensors, in Chinese and English."""

from typing import Final, Literal

from core.alerts import Text

SensorState = Literal["stopped", "unknown", "blind", "sees", "none"]
"""Worst first. `blind`: it runs and does not see all; `none`: no sensor ever reported."""

SENSOR_WORDS: Final[dict[SensorState, Text]] = {
    "sees": Text("看得全", "sees all"),
    "blind": Text("有盲区", "has blind spots"),
    "stopped": Text("停止工作", "does not run"),
    "unknown": Text("联系不上，未知", "nobody can tell"),
    "none": Text("没有探针", "no sensor"),
}
