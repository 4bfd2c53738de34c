"""Logs to check: made as a collector makes them, day by day, signed and sealed."""

import gzip
import hashlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector.audit import AuditLog
from collector.auditrecord import EventRow, canonical
from collector.evidence.findings import Report
from collector.evidence.heads import Head, heads_in, read_public
from collector.evidence.notary import Notary
from collector.evidence.segments import segments
from collector.evidence.signing import Signer, origin_of, public_file
from collector.evidence.verify import Check
from core.clock import SECOND

BEGIN = 1_796_083_200 * SECOND  # 2026-12-01
DAY = 86_400 * SECOND


@dataclass
class Made:
    """A collector's folder with its log; `now` is its clock."""

    folder: Path
    collector: str = "d1"
    now: int = BEGIN
    row: int = 0
    _log: AuditLog | None = None
    kinds: dict[int, str] = field(default_factory=dict)

    @property
    def audit(self) -> Path:
        return self.folder / "audit"

    @property
    def key(self) -> Path:
        return self.folder / "audit-key.pem"

    @property
    def log(self) -> AuditLog:
        if self._log is None:
            signer = Signer(origin_of(self.collector), self.key)
            self._log = AuditLog(self.audit, Notary(self.audit, signer, lambda: self.now))
        return self._log

    def restart(self) -> None:
        self._log = None

    def event(self, kind: str = "link_down", target: str = "sw1", **details: Any) -> EventRow:
        self.row += 1
        school = f"school-{self.row % 3}"
        own = kind != "link_down"
        who = f"collector/{self.collector}" if own or not self.row % 5 else f"110105/{school}/a"
        said = {
            "kind": kind,
            "target": target,
            "subject": f"port {self.row}",
            "active": True,
            "at": self.now - SECOND,
            "details": details,
            "success": bool(self.row % 7),
            "actor": f"agent:{who}",
            "role": "agent",
            "address": "",
            "reason": "",
        }
        place = (who, f"{self.collector:A>16}", self.row, 0, self.row)
        return EventRow(*place, self.now, canonical(said), self.row)

    def write(self, rows: int = 40, *, sign: bool = True, step: int = SECOND) -> None:
        found = []
        for _ in range(rows):
            self.now += step
            found.append(self.event())
        self.append(found, sign=sign)

    def append(self, rows: list[EventRow], *, sign: bool = True) -> None:
        self.log.append(rows)
        if sign and self.log.notary:
            self.log.notary.sign()

    def next_day(self) -> None:
        self.now = (self.now // DAY + 1) * DAY

    def seal(self, path: Path) -> None:
        """Pack a segment as the collector does, and record it."""
        data = path.read_bytes()
        packed = gzip.compress(data, mtime=0)
        path.with_name(path.name + ".gz").write_bytes(packed)
        path.unlink()
        digests = {"sha256": _digest(data), "gz_sha256": _digest(packed), "bytes": len(data)}
        said = self.event("segment_sealed", "audit", file=path.name, **digests)
        self.append([said])

    def files(self) -> list[Path]:
        return segments(self.audit)

    def copy(self, to: Path) -> "Made":
        shutil.copytree(self.folder, to)
        return Made(to, self.collector, self.now, self.row)

    def check(self, *witnesses: Head, key: bool = True) -> Report:
        keys = [read_public(public_file(self.key))] if key else None
        return Check(self.audit, keys, witnesses).run()

    def heads(self) -> list[Head]:
        return list(heads_in(self.audit / "checkpoints", witness=True))


def made(folder: Path, collector: str = "d1", *, days: int = 3, rows: int = 300) -> Made:
    """Return a log of some days, of which all but the last two are packed."""
    log = Made(folder, collector)
    for day in range(days):
        if day:
            log.next_day()
        for _ in range(3):
            log.write(rows // 3)
        for path in log.files()[:-2]:
            if path.suffix != ".gz":
                log.seal(path)
    return log


def words(report: Report) -> list[str]:
    """Return the words of what is bad."""
    return [one.word for one in report.findings if one.bad]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
