"""Recomputes what is kept against its seals, and names the first thing that is not as it was."""

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agent.logs.kept.names import OPEN, SEALED, TREE, files
from agent.logs.kept.seals import Seal, day_named, read_seals, standing
from agent.logs.kept.tally import BLOCK, Tally, lines_of, tally_of
from core.merkle.hashing import HASH_BYTES, Edge

What = Literal[
    "altered", "dropped", "inserted", "reordered", "cut", "missing", "seals", "unsealed", "district"
]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong: with which file, of which kind, and in words; `line` from 1, 0 unknown."""

    file: str
    what: What
    why: str
    line: int = 0

    def __str__(self) -> str:
        """Return it as a line for people."""
        return f"{self.file}: {self.what}: {self.why}"


def check_day(folder: Path, seal: Seal) -> Finding | None:
    """Return what became of the file of *seal*; None where it is as it was. Raises OSError."""
    path, name = folder / f"{seal.file}{SEALED}", f"{seal.file}{SEALED}"
    if seal.altered_while_open:
        why = "when it was sealed, it was not what the agent had written"
        return Finding(name, "altered", why)
    try:
        tally, damage = _unpacked(path)
    except FileNotFoundError:
        return Finding(name, "missing", f"the file with {seal.rows} rows is not there")
    if damage or tally.sha256() != seal.sha256 or tally.root().hex() != seal.root:
        return _named(folder, name, seal, tally, damage)
    return None


def check_device(
    folder: Path, told: Sequence[Mapping[str, Any]] | None = None
) -> Iterator[Finding]:
    """Yield all that is wrong with the log of one device.

    *told* is what the district's audit log says of it: the details of each `log_day_sealed`.
    """
    entries, _, wrong = read_seals(folder)
    if wrong:
        yield Finding(wrong.partition(",")[0], "seals", wrong.partition(", ")[2])
    seals = {one.file: one for one in entries if isinstance(one, Seal)}
    for details in told or ():
        found = _against(seals, details)
        if found is not None:
            yield found
    if told is not None and len(seals) > len({one.get("file") for one in told}):
        more = sorted(seals.keys() - {str(one.get("file")) for one in told})
        why = f"the district was never told of this and {len(more) - 1} more days"
        yield Finding(more[0], "district", why)
    there = standing(entries)
    for seal in there.values():
        found = check_day(folder, seal)
        if found is not None:
            yield found
    try:
        sealed, growing = list(files(folder, SEALED)), list(files(folder, OPEN))
    except FileNotFoundError:
        return
    for day in sealed:
        if str(day) not in seals:
            yield Finding(f"{day}{SEALED}", "unsealed", "no seal says of this file what it was")
    newest = max((day_named(name) for name in seals), default=None)
    for day in growing:
        if newest is not None and day < newest:
            yield Finding(
                f"{day}{OPEN}", "inserted", f"days after it are sealed already ({newest})"
            )
        with (folder / f"{day}{OPEN}").open("rb") as file:
            tally = tally_of(lines_of(file))
        if tally.backwards:
            why = f"time goes back at line {tally.backwards}"
            yield Finding(f"{day}{OPEN}", "reordered", why, tally.backwards)


def _against(seals: Mapping[str, Seal], details: Mapping[str, Any]) -> Finding | None:
    file = str(details.get("file"))
    seal = seals.get(file)
    if seal is None:
        return Finding(file, "missing", f"the district holds a seal of {details.get('rows')} rows")
    if (seal.root, seal.sha256, seal.lines) != tuple(
        details.get(word) for word in ("root", "sha256", "lines")
    ):
        return Finding(file, "district", "the district holds another seal: it was altered here")
    return None


def _unpacked(path: Path) -> tuple[Tally, str]:
    """Return what *path* holds, as far as it can be unpacked, and why no further."""
    tally = Tally()
    try:
        with gzip.open(path) as file:
            for line, is_whole in lines_of(file):  # type: ignore[arg-type]
                tally.add(line, is_whole=is_whole)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        return tally, str(error) or "it cannot be unpacked"
    return tally, ""


def _named(folder: Path, name: str, seal: Seal, tally: Tally, damage: str) -> Finding:
    """Return what kind of change makes *tally* of what *seal* says."""
    blocks, ours = _blocks(folder, seal), tally.all_blocks()
    first = next((i for i, (a, b) in enumerate(zip(blocks, ours)) if a != b), -1)
    is_same_so_far = bool(blocks) and (first < 0 or first >= tally.lines // BLOCK)
    line = 0 if first < 0 else first * BLOCK + 1
    near = f", first in lines {line} to {line + BLOCK - 1}" if line else ""
    short = seal.lines - tally.lines
    what: What = "altered"
    why = f"its {seal.lines} lines are not those that were sealed"
    if damage and tally.sha256() == seal.sha256:
        what, why = "inserted", f"something stands behind its end ({damage})"
    elif short > 0 and is_same_so_far and (damage or tally.last < seal.last):
        what, line = "cut", tally.lines + 1
        why, near = f"it ends after {tally.lines} of {seal.lines} lines", ""
    elif damage:
        why = f"it cannot be unpacked ({damage})"
    elif short > 0:
        what, why = "dropped", f"{short} of {seal.lines} lines are not there"
    elif short < 0:
        what, why = "inserted", f"{-short} lines more than were sealed"
    elif tally.backwards:
        what, line = "reordered", tally.backwards
        why = f"time goes back at line {line}"
    return Finding(name, what, f"{why}{near}", line)


def _blocks(folder: Path, seal: Seal) -> list[bytes]:
    """Return the roots of the blocks, where they are those of the seal; else none."""
    try:
        content = (folder / f"{seal.file}{TREE}").read_bytes()
    except OSError:
        return []
    blocks = [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]
    return blocks if _root(blocks).hex() == seal.root else []


def _root(blocks: list[bytes]) -> bytes:
    """Return the root over the roots of blocks of the same size, of which the last may be smaller.

    A block holds a power of two of leaves, so its root is a node of the whole tree.
    """
    edge = Edge()
    for block in blocks:
        edge.append(block)
    return edge.root()
