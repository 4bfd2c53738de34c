"""`agent check` of `[sensor]`: the process tried for a moment, as the agent would run it."""

import asyncio
import os
import secrets
from collections.abc import Sequence
from typing import Final

import msgspec

from agent.sensor.child import end
from agent.sensor.keeper import COMMAND
from agent.sensor.lines import LINE_BYTES, Figures, Options, Refused, encoded, line_of
from agent.sensor.whys import GIVE, WHY
from core.findings import Finding

WITHIN_S: Final = 20.0
PART: Final = "[sensor]"


async def look_at(options: Options, command: Sequence[str] = COMMAND) -> list[Finding]:
    """Return what is found of each interface of *options*, which come without key and parent."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LINE_BYTES,
            start_new_session=True,
        )
    except OSError as error:
        text = f"its process cannot be started: {command[0]}: {error.strerror}"
        return [Finding(PART, "broken", text)]
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
