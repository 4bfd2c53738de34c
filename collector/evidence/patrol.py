"""Looks again and again at every line of the log: what was signed is not looked at otherwise.

A start looks at the last tile only, sealing at a segment once. So who changes an old record on a
running collector is found without anybody asking, within hours or, of a year's log, days.
"""

import time
from pathlib import Path
from typing import Final

from collector.audit import AuditLog
from collector.evidence import segments
from collector.evidence.reader import LogReader

AT_ONCE_S: Final = 2.0
"""No other segment is begun after that."""
SHARE: Final = 50
"""So many times as long as a walk took no other begins: it costs 2 % of a processor at most."""


class Patrol:
    """Goes from segment to segment of *log*, and begins again behind the last."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._behind = ""
        self._rest_until = 0.0

    def walk(self) -> list[Path]:
        """Check some segments, and return which; raises LogDamaged, OSError."""
        began, checked = time.monotonic(), list[Path]()
        notary = self._log.notary
        if began < self._rest_until or notary is None or notary.standing.stopped:
            return []
        reader, files = LogReader(self._log.folder), segments.segments(self._log.folder)
        ahead = [path for path in files if segments.order(path) > self._behind]
        upto = reader.size
        for path in ahead or files:
            self._behind = segments.order(path)
            reader.check_segment(path, upto, growing=path == files[-1])
            checked.append(path)
            if time.monotonic() - began >= AT_ONCE_S:
                break
        ended = time.monotonic()
        self._rest_until = ended + SHARE * (ended - began)
        return checked
