"""What the agent's own files were, what they are, and how the two differ: no event comes of this.

Of a file its digest, its owner and its mode are kept, never a byte of it.
"""

import hashlib
import importlib.util
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

PACKAGES: Final = ("agent", "core")
FRONT_DOOR: Final = "schoolwatch"
KINDS: Final = (".py", ".toml")
"""What a program here consists of; what Python compiles of it changes by itself."""


class Seen(NamedTuple):
    """One file. Windows has no owner: 0."""

    sha256: str
    owner: int
    mode: int


Files = Mapping[str, Seen]
"""By name: beginning at the package, `agent/app.py` say; the configuration by its last name."""

_Stamp = tuple[int, int, int, int]


@dataclass(slots=True)
class Scan:
    """Reads files; one whose time, size and place did not change is not read again.

    The time is that of the last change of anything (st_ctime), which no program can set.
    """

    _known: dict[Path, tuple[_Stamp, str]] = field(default_factory=dict)

    def of(self, files: Mapping[str, Path]) -> dict[str, Seen]:
        """Return those of *files* that are there."""
        found = {}
        for name, path in files.items():
            try:
                found[name] = self._seen(path)
            except OSError:
                continue
        return found

    def _seen(self, path: Path) -> Seen:
        at = path.stat()
        stamp = (at.st_ctime_ns, at.st_mtime_ns, at.st_size, at.st_ino)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            known = self._known[path] = stamp, hashlib.sha256(path.read_bytes()).hexdigest()
        return Seen(known[1], at.st_uid, stat.S_IMODE(at.st_mode))


def program_files() -> dict[str, Path]:
    """Return the files of the running program that are there at this moment."""
    found = {}
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in spec.submodule_search_locations or () if spec else ():
            root = Path(folder)
            for path in root.rglob("*"):
                if path.suffix in KINDS:
                    found[f"{package}/{path.relative_to(root).as_posix()}"] = path
    front = importlib.util.find_spec(FRONT_DOOR)
    if front and front.origin:
        found[Path(front.origin).name] = Path(front.origin)
    return found


def differences(before: Files, now: Files) -> dict[str, tuple[str, ...]]:
    """Return what is not as it was, by name.

    That anybody may write a file is said whether or not it was so before.
    """
    names = sorted({*before, *now})
    found = {name: tuple(_differs(before.get(name), now.get(name))) for name in names}
    return {name: what for name, what in found.items() if what}


def _differs(before: Seen | None, now: Seen | None) -> Iterator[str]:
    if now is None:
        yield "gone"
        return
    if before is None:
        yield "new"
    else:
        pairs = zip(("content", "owner", "mode"), before, now)
        yield from (word for word, was, is_now in pairs if was != is_now)
    if now.mode & stat.S_IWOTH:
        yield "world_writable"


def digest(files: Files) -> str:
    """Return a short name of exactly these files: two lists that differ have two."""
    text = repr(sorted(files.items())).encode()
    return hashlib.sha256(text).hexdigest()[:16]


def as_json(files: Files) -> dict[str, Sequence[Any]]:
    """Return *files* as JSON can hold them."""
    return {name: list(seen) for name, seen in files.items()}


def from_json(value: object) -> dict[str, Seen] | None:
    """Return the files of `as_json`; None where *value* is anything else."""
    try:
        rows = msgspec.convert(value, dict[str, tuple[str, int, int]])
    except msgspec.ValidationError:
        return None
    return {name: Seen(*row) for name, row in rows.items()}


def some(names: Iterable[str], most: int) -> tuple[list[str], int]:
    """Return the first *most* of *names*, and how many there are beside them."""
    every = sorted(names)
    return every[:most], max(0, len(every) - most)
