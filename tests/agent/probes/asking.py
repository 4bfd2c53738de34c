"""Asks a probe once, as a user without rights, and writes its readings as JSON.

Run inside a network namespace by tests: python -m tests.agent.probes.asking WORD '{"option": …}'
"""

import asyncio
import json
import os
import sys

from agent.probes import probes
from core.errors import MonitorError

NOBODY = 65534


def main(word: str, options: str) -> None:
    probe = probes.build(word, json.loads(options))
    # Only now: nobody may read the checkout and its Python may be in the home of somebody else.
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    try:
        readings = asyncio.run(_measured(probe))
    except MonitorError as error:
        sys.stdout.write(json.dumps(f"{type(error).__name__}: {error}"))
        return
    sys.stdout.write(json.dumps(readings))


async def _measured(probe: object) -> list[dict[str, object]]:
    readings = await probe.measure()  # type: ignore[attr-defined]
    return [{"tags": dict(r.tags), "fields": dict(r.fields)} for r in readings]


if __name__ == "__main__":
    main(*sys.argv[1:])
