"""The tree over the log's lines, kept as tiles: `tile/LEVEL/xNNN/NNN` (C2SP tlog-tiles).

Leaf i is the line of row i + 1 without its newline. What came since tiles were last written is in
memory, and is made of the lines again after a crash.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Final

from core.clock import rfc3339
from core.disk import sync_folder, write_all
from core.errors import LogDamaged
from core.merkle import proofs
from core.merkle.hashing import HASH_BYTES, Edge, full_root
from core.merkle.proofs import Node
from core.merkle.tiles import HEIGHT, TILE_BYTES, WIDTH, node_by, tile_name

_PARTIAL: Final = ".p"
ASIDE: Final = "tile.aside-"
KEPT: Final = 2
"""Partial tiles of so many saved trees stay: somebody may be reading the one before."""


def leaf_of(line: bytes) -> bytes:
    """Return the leaf hash of a line with or without its newline."""
    return sha256(b"\x00" + line.removesuffix(b"\n")).digest()


def read_tile(folder: Path, level: int, number: int, needed: int) -> bytes:
    """Return a tile's hashes, at least *needed* of them, from whichever file has so many.

    Raises LogDamaged where there is none, or its length is no tile's.
    """
    path = folder / tile_name(level, number)
    for file, width in ((path, WIDTH), *_partial(path)):
        if width < needed:
            continue
        with suppress(FileNotFoundError):
            data = file.read_bytes()
            if len(data) != width * HASH_BYTES:
                raise LogDamaged(file, 0, f"it has {len(data)} bytes and not {width * HASH_BYTES}")
            return data
    first = (number << HEIGHT * (level + 1)) + 1
    raise LogDamaged(path, first, "the tile is gone")


def _partial(path: Path) -> list[tuple[Path, int]]:
    folder = path.with_name(path.name + _PARTIAL)
    with suppress(FileNotFoundError):
        widths = sorted(int(one.name) for one in folder.iterdir() if one.name.isdecimal())
        return [(folder / str(width), width) for width in widths]
    return []


def node_of(folder: Path) -> Node:
    """Return what gives the hash of a subtree out of the tiles in *folder*; raises LogDamaged."""
    return node_by(lambda level, number, needed: read_tile(folder, level, number, needed))


class Tree:
    """The tree in *folder*, whose first *size* leaves are in tiles. Not for two threads at once."""

    def __init__(self, folder: Path, size: int = 0) -> None:
        self._folder, self.size, self.saved = folder, size, size
        self._levels = list[bytearray]()
        self._first = list[int]()
        """The number of the tile that a level's bytes in memory begin with."""
        self._partials = list[list[Path]]()
        level = 0
        while hashes := size >> (HEIGHT * level):
            number, width = divmod(hashes, WIDTH)
            data = read_tile(folder, level, number, width) if width else b""
            self._levels.append(bytearray(data[: width * HASH_BYTES]))
            self._first.append(number)
            level += 1
        self.node = node_by(self._read)
        """Gives the hash of a complete subtree, from memory or the disk."""

    def append(self, leaves: Iterable[bytes]) -> None:
        """Add the hashes of the next leaves."""
        base = self._level(0)
        for leaf in leaves:
            base += leaf
            self.size += 1
            if not self.size % WIDTH:
                self._rise(0)

    def leaf(self, index: int) -> bytes:
        """Return the hash of a leaf."""
        return self.node(0, index)

    def root(self, size: int | None = None) -> bytes:
        """Return the root of the first *size* leaves, of all by default."""
        return proofs.subtree(0, self.size if size is None else size, self.node)

    def save(self, *, sync: bool = True) -> None:
        """Have all of the tree in tiles, synced to disk; raises OSError, and can be repeated.

        A tile is whole as soon as it has its name. Only tests do without *sync*.
        """
        if self.saved == self.size:
            return
        folders, partials = set[Path](), list[Path]()
        for level, data in enumerate(self._levels):
            for at in range(0, len(data), TILE_BYTES):
                tile = bytes(data[at : at + TILE_BYTES])
                number, width = self._first[level] + at // TILE_BYTES, len(tile) // HASH_BYTES
                path = self._folder / tile_name(level, number, width)
                if width < WIDTH:
                    partials.append(path)
                _write(path, tile, folders, sync=sync)
        for folder in sorted(folders if sync else (), key=lambda one: -len(one.parts)):
            sync_folder(folder)
        self.saved = self.size
        for level, data in enumerate(self._levels):
            full = len(data) // TILE_BYTES
            del data[: full * TILE_BYTES]
            self._first[level] += full
        self._partials.append(partials)

    def tidy(self) -> None:
        """Delete partial tiles that nobody needs any more, as far as that can be done."""
        if len(self._partials) <= KEPT:
            return
        kept = {path for paths in self._partials[-KEPT:] for path in paths}
        for folder in {path.parent for paths in self._partials for path in paths}:
            with suppress(OSError):
                for path in folder.iterdir():
                    if path not in kept:
                        path.unlink()
                folder.rmdir()  # refused while one is left
        del self._partials[:-KEPT]

    def _rise(self, level: int) -> None:
        """Put the root of the tile that became full into the level above."""
        above = self._level(level + 1)
        above += full_root(bytes(self._levels[level][-TILE_BYTES:]))
        if not (self.size >> HEIGHT * (level + 1)) % WIDTH:
            self._rise(level + 1)

    def _level(self, level: int) -> bytearray:
        if level == len(self._levels):
            self._levels.append(bytearray())
            self._first.append(0)
        return self._levels[level]

    def _read(self, level: int, number: int, needed: int) -> bytes:
        if level < len(self._levels) and number >= self._first[level]:
            at = (number - self._first[level]) * TILE_BYTES
            return bytes(self._levels[level][at : at + TILE_BYTES])
        return read_tile(self._folder, level, number, needed)


def leaves_in(folder: Path, begin: int, end: int) -> Iterator[bytes]:
    """Return the leaf hashes from *begin* up to *end* that the tiles have; raises LogDamaged."""
    while begin < end:
        number, first = divmod(begin, WIDTH)
        last = min(WIDTH, end - number * WIDTH)
        data = read_tile(folder, 0, number, last)
        for at in range(first, last):
            yield data[at * HASH_BYTES : (at + 1) * HASH_BYTES]
        begin = number * WIDTH + last


def edge_before(folder: Path, rows: int) -> Edge:
    """Return the edge over the first *rows* leaves, whose lines may be gone; raises LogDamaged."""
    node, roots, begin = node_of(folder), list[bytes](), 0
    for level in reversed(range(rows.bit_length())):
        if rows >> level & 1:
            roots.append(node(level, begin >> level))
            begin += 1 << level
    return Edge(rows, roots)


def set_aside(folder: Path, at: int) -> Path | None:
    """Move all tiles to `tile.aside-TIME/tile`, for they are evidence; None where there are none.

    Of rows that retention removed nothing else is left. Raises OSError.
    """
    tiles = folder / tile_name(0, 0).split("/")[0]
    if not tiles.exists():
        return None
    stamp = rfc3339(at).replace(":", "")
    aside = next(
        path
        for more in count()
        if not (path := folder / f"{ASIDE}{stamp}{f'-{more}' if more else ''}").exists()
    )
    aside.mkdir()
    tiles.rename(aside / tiles.name)
    sync_folder(aside)
    sync_folder(folder)
    return aside


def asides(folder: Path) -> list[Path]:
    """Return where tiles were set aside, the newest first."""
    return sorted(folder.glob(f"{ASIDE}*"), reverse=True)


def _write(path: Path, data: bytes, folders: set[Path], *, sync: bool) -> None:
    """Have *data* at *path*; adds the folders that are to be synced then."""
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
        folders.add(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    folders.add(path.parent)
    new = path.with_name(f"{path.name}.new")
    with new.open("wb", buffering=0) as file:
        write_all(file, data)
        if sync:
            os.fsync(file.fileno())
    new.replace(path)
