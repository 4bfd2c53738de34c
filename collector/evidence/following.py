"""The tree made again of the log's lines, in order, and held against its tiles on the way.

Leaves come in blocks; memory is one tile a level. Only the hashes count here: nothing on the disk
is believed.
"""

from collections.abc import Callable, Sequence

from core.merkle.hashing import HASH_BYTES, Edge, full_root
from core.merkle.tiles import WIDTH

Tile = Callable[[int, int, bytes], None]
"""Hears level, number and bytes of each tile that became full."""


class Following:
    """A tree that leaves are added to; it may begin behind those of *edge*."""

    def __init__(self, heard: Tile, edge: Edge) -> None:
        self._heard = heard
        self.size, roots = edge.size, edge.roots
        size, block = edge.size, edge.size % WIDTH
        many = (size // WIDTH).bit_count()
        self._whole = Edge(size // WIDTH, roots[:many])
        self._part = Edge(block, roots[many:])
        self._levels = [bytearray()]
        self._filled = block

    def add(self, leaves: Sequence[bytes]) -> None:
        """Add hashes of leaves, which do not go beyond the tile that is being filled."""
        self._levels[0] += b"".join(leaves)
        self.size += len(leaves)
        self._filled += len(leaves)
        if self._filled < WIDTH:
            return
        data = bytes(self._levels[0])
        number = self.size // WIDTH - 1
        if len(data) == WIDTH * HASH_BYTES:
            root = full_root(data)
            self._heard(0, number, data)
        else:  # began within this tile
            self._catch_up()
            root = self._part.root()
        self._whole.append(root)
        self._part, self._filled = Edge(), 0
        self._levels[0].clear()
        self._rise(1, number, root)

    def room(self) -> int:
        """Return how many leaves the tile that is being filled lacks."""
        return WIDTH - self._filled

    def root(self) -> bytes:
        """Return the root of all leaves."""
        self._catch_up()
        return Edge(self.size, (*self._whole.roots, *self._part.roots)).root()

    def last_tiles(self) -> list[tuple[int, int, bytes]]:
        """Return level, number and bytes of what is filled of the tiles at the right edge.

        Levels in which it began amid a tile are left out.
        """
        found = []
        for level, data in enumerate(self._levels):
            hashes = self.size >> (8 * level)
            if data and len(data) == hashes % WIDTH * HASH_BYTES:
                found.append((level, hashes // WIDTH, bytes(data)))
        return found

    def _catch_up(self) -> None:
        data = self._levels[0]
        begin = self._filled - len(data) // HASH_BYTES
        for at in range(self._part.size, self._filled):
            place = (at - begin) * HASH_BYTES
            self._part.append(bytes(data[place : place + HASH_BYTES]))

    def _rise(self, level: int, index: int, root: bytes) -> None:
        """Put the root of tile *index* of the level below into *level*."""
        if level == len(self._levels):
            self._levels.append(bytearray())
        data = self._levels[level]
        data += root
        if (index + 1) % WIDTH:
            return
        number = index // WIDTH
        whole = bytes(data)
        data.clear()
        if len(whole) == WIDTH * HASH_BYTES:
            self._heard(level, number, whole)
            self._rise(level + 1, number, full_root(whole))
