"""`schoolwatch`, with a defect: the process dies of a message that holds POISON.

The environment's DIES_IN says in which step: `unpack`, `check` (a line of readings), `events` or
`state`. kill -9 of itself: no handler, no flush, as a segmentation fault or the OOM killer do it.
"""

import os
import signal
import sys
from typing import Any

import schoolwatch
from core import events, messages, wire

POISON = b"poison"


def _dies(module: Any, name: str) -> None:
    real = getattr(module, name)

    def mortal(*args: Any, **words: Any) -> Any:
        # Packed bytes show nothing: what comes out of them does.
        found = real(*args, **words) if name == "unpack" else args
        if POISON in (found if isinstance(found, bytes) else b"".join(_bytes(found))):
            os.kill(os.getpid(), signal.SIGKILL)
        return found if name == "unpack" else real(*args, **words)

    setattr(module, name, mortal)


def _bytes(args: Any) -> list[bytes]:
    return [one for one in args if isinstance(one, bytes)]


def main() -> int:
    from collector import linecheck

    steps: dict[str, tuple[Any, str]] = {
        "unpack": (wire, "unpack"),
        "check": (linecheck.LineCheck, "check"),
        "events": (events, "parse_lines"),
        "state": (messages, "read_state"),
    }
    _dies(*steps[os.environ["DIES_IN"]])
    return schoolwatch.main()


if __name__ == "__main__":
    sys.exit(main())
