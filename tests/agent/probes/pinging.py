"""Pings once for each line on standard input, and writes what came of it as a line of JSON.

Run inside a network namespace by test_ping.py: python -m tests.agent.probes.pinging nobody TARGET
"""

import asyncio
import json
import os
import sys
from typing import Any

from agent.probes import probes
from core.errors import MonitorError

NOBODY = 65534


def main(user: str, *targets: str) -> None:
    options = {"interval_between_s": 0, "timeout_s": 0.3, "outage_after_s": 1}
    probe = probes.build("ping", {"targets": targets} | options)
    if user == "nobody":
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    asyncio.run(rounds(probe))


async def rounds(probe: Any) -> None:
    for _ in sys.stdin:
        try:
            found: object = {r.tags["url"]: dict(r.fields) for r in await probe.measure()}
        except MonitorError as error:
            found = f"{type(error).__name__}: {error}"
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
