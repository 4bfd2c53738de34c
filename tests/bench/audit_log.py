"""What the audit log costs: appending, proving one record among 100 million, verifying a day.

    python -m tests.bench.audit_log [rows] [leaves]

The goals stand in the issue: 50,000 appends/s with one sync a batch, a proof in milliseconds and
bounded memory, and a day verified within 5 times `sha256sum` of the same bytes. The leaves of the
large tree are hashes of numbers, in tiles that are really on the disk (3.2 GB for 100 million);
they are made in the folder that TMPDIR names, and deleted at the end.
"""

import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from collector.audit import AuditLog
from collector.auditrecord import EventRow, body_of, line_of
from collector.evidence import segments
from collector.evidence.notary import Notary
from collector.evidence.reader import LogReader
from collector.evidence.signing import Signer
from collector.evidence.tree import Tree
from collector.evidence.verify import Check
from core.merkle import proofs
from tests.bench.event_to_webhook import say
from tests.collector.making import NOW, WHO, A, event

ROWS, LEAVES, BATCH = 1_000_000, 100_000_000, 500
GOAL_APPENDS, GOAL_TIMES = 50_000, 5.0
_PAGE = 1 << 16


def tell(what: str, found: str, beside: str) -> None:
    say(f"{what:<36}{found:>14}  {beside}")


def rows_of(count: int) -> list[EventRow]:
    body = body_of(event(), unchecked=True)
    return [EventRow(str(WHO), A, n, 0, 7, NOW, body, n) for n in range(1, count + 1)]


def appends(folder: Path, count: int) -> float:
    """Append *count* rows; return how many a second."""
    rows, audit = rows_of(count), folder / "audit"
    log = AuditLog(audit, Notary(audit, Signer("schoolwatch/bench", folder / "key.pem")))
    began, cpu = time.monotonic(), time.process_time()
    for at in range(0, count, BATCH):
        log.append(rows[at : at + BATCH])
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    assert log.notary
    log.notary.sign()
    plain = folder / "plain"
    lines = list(map(line_of, rows))
    began = time.monotonic()
    with plain.open("ab", buffering=0) as file:
        for at in range(0, count, BATCH):
            file.write(b"".join(lines[at : at + BATCH]))
            os.fsync(file.fileno())
    bare = time.monotonic() - began
    plain.unlink()
    tell("appends, one sync for 500", f"{count / took:,.0f}/s", f"goal {GOAL_APPENDS:,}/s")
    tell("the same for a second of processor", f"{count / cpu:,.0f}", "")
    tell("the same bytes written plainly", f"{count / bare:,.0f}/s", f"{took / bare:.1f} times")
    return count / took


def verifies(folder: Path) -> float:
    """Check the log as `audit verify` does; return the time in times of sha256sum."""
    reader = LogReader(folder / "audit")
    (path,) = segments.segments(reader.folder)
    began = time.monotonic()
    subprocess.run(["sha256sum", path], check=True, capture_output=True)
    stock = time.monotonic() - began
    began = time.monotonic()
    found = Check(reader.folder).run()
    assert (found.fine, found.signed) == (True, reader.size)
    took = time.monotonic() - began
    times = f"{took / stock:.1f} times"
    tell("verifying a day", f"{took:.2f} s", f"sha256sum {stock:.2f} s, {times}, goal {GOAL_TIMES}")
    return took / stock


def grow(folder: Path, leaves: int) -> Tree:
    """Make the tiles of a tree whose leaves are the hashes of numbers."""
    tree = Tree(folder)
    for at in range(0, leaves, _PAGE):
        tree.append(number(n) for n in range(at, min(leaves, at + _PAGE)))
        tree.save(sync=False)
        tree.tidy()
    return tree


def number(index: int) -> bytes:
    return sha256(b"%d" % index).digest()


def proves(folder: Path, leaves: int) -> float:
    """Prove records of a large tree by its tiles; return the milliseconds of the slowest."""
    free = shutil.disk_usage(folder).free
    tell("free space", f"{free / 1e9:.0f} GB", f"needed {leaves * 33 / 1e9:.1f} GB")
    began = time.monotonic()
    tree = grow(folder, leaves)
    root = tree.root()
    tell("tiles made", f"{time.monotonic() - began:.0f} s", f"{leaves:,} leaves")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reader, slowest = LogReader(folder), 0.0
    for _ in range(200):
        index = random.randrange(leaves)
        began = time.monotonic()
        proof = reader.inclusion(index, leaves)
        slowest = max(slowest, time.monotonic() - began)
        proofs.check_inclusion(index, leaves, number(index), proof, root)
    old = random.randrange(leaves)
    began = time.monotonic()
    proofs.check_consistency(old, leaves, reader.root(old), root, reader.consistency(old, leaves))
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1_000
    tell("slowest of 200 proofs of one record", f"{slowest * 1e3:.1f} ms", f"{more:.1f} MB more")
    tell("proof of consistency and its check", f"{(time.monotonic() - began) * 1e3:.1f} ms", "")
    return slowest * 1e3


def main() -> None:
    given = [int(word) for word in sys.argv[1:]]
    rows, leaves = [*given, *(ROWS, LEAVES)[len(given) :]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        appends(folder, rows)
        verifies(folder)
        (folder / "large").mkdir()
        proves(folder / "large", leaves)


if __name__ == "__main__":
    main()
