"""`agent check` of `[sensor]`: the process tried for a moment, as the agent would run it."""

import asyncio
import os
import secrets
from collections.abc import Sequence
from typing import Final

import msgspec

from agent.sensor.keeper import COMMAND, end
from agent.sensor.lines import LINE_BYTES, Figures, Options, Refused, encoded, line_of
from core.findings import Finding

WITHIN_S: Final = 20.0
PART: Final = "[sensor]"
GIVE: Final = (
    "under systemd copy configs/deploy/systemd/schoolwatch-agent.service.d to "
    "/etc/systemd/system, then systemctl daemon-reload and restart the agent "
    "(docs/sensor-live.md, Rights); without it the agent measures all the same, and sees no attack"
)
WHY: Final = {
    "gone": ("there is no such interface", "write [sensor] interfaces as `ip link` names them"),
    "down": ("the interface is switched off", "switch it on: ip link set {} up"),
    "not_ethernet": (
        "it is no Ethernet or Wi-Fi interface (a tunnel say)",
        "name the interface that the tunnel goes through",
    ),
    "refused": ("the system does not let it listen there", GIVE),
}


async def look_at(options: Options, command: Sequence[str] = COMMAND) -> list[Finding]:
    """Return what is found of each interface of *options*, which come without key and parent."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=LINE_BYTES,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    found: dict[str, Finding] = {}
    try:
        whole = msgspec.structs.replace(options, key=secrets.token_hex(16), parent=os.getpid())
        process.stdin.write(encoded(whole))
        async with asyncio.timeout(WITHIN_S):
            while len(found) < len(options.interfaces):
                data = await process.stdout.readline()
                if not data:
                    return [Finding(PART, "broken", "the sensor's process ended without a word")]
                line = line_of(data)
                if isinstance(line, Refused):
                    if line.why == "no_right":
                        return [Finding(PART, "rights", line.text, GIVE)]
                    return [Finding(PART, "broken", line.text)]
                if isinstance(line, Figures):
                    found[line.interface] = _of(line)
    except (TimeoutError, msgspec.MsgspecError, ValueError, ConnectionError):
        return [Finding(PART, "broken", f"it said nothing within {WITHIN_S:g} s")]
    finally:
        await end(process)
    return list(found.values())


def _of(figures: Figures) -> Finding:
    name = figures.interface
    if figures.why:
        text, do = WHY.get(figures.why, (figures.why, ""))
        return Finding(f"{PART} {name}", "broken", text, do.format(name))
    if figures.promiscuous:
        text = "listens, also to what is for others, where a mirror port brings it"
    else:
        text = "listens to what is for this machine and for everybody"
    return Finding(f"{PART} {name}", "works", text)
