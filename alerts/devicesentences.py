"""What a message says of a device that is not well: our words for what its agent named.

Words that travel stand in the details; what they mean stands in core/causes.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from core.alerts import Text
from core.causes import CAUSES
from core.devices import KINDS, DeviceKind
from core.devicewords import KIND_WORDS

LOOK: Final = Text("查看设备上的指示灯或屏幕提示", "look at its lamps or display")


def device_words(details: Mapping[str, Any], number: int) -> dict[str, str]:
    """Return which device it is, why, and what to try: in Chinese (0) or English (1).

    Names that others gave stand only in gaps: `{name}`, else `{device}`.
    """
    if "device_cause" not in details:
        return {}
    kind = details.get("kind")
    called = KIND_WORDS[cast(DeviceKind, kind) if kind in KINDS else "other"]
    cause = CAUSES.get(str(details["device_cause"])) or CAUSES["other"]
    what = (cause.zh, cause.en)[number]
    first = (cause.try_zh or LOOK.zh, cause.try_en or LOOK.en)[number]
    gap = "{name}" if details.get("name") else "{device}"
    return {"which": f"{called[number]} {gap}", "why": what, "try": first}
