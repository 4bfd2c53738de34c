"""Tiles: the tree in files of 256 hashes (C2SP tlog-tiles), from which every proof can be made.

Tile N of level L holds the hashes of the complete subtrees of 2^(8L) leaves from number 256 N on.
Only a partial one, at the right edge, has fewer; its name says how many.
"""

from collections.abc import Callable
from typing import Final

from core.merkle.hashing import HASH_BYTES, node_hash
from core.merkle.proofs import Node

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
TILE_BYTES: Final = WIDTH * HASH_BYTES

Read = Callable[[int, int, int], bytes]
"""Gives the bytes of tile (level, number), of which the first so many hashes are needed."""


def tile_name(level: int, number: int, width: int = WIDTH) -> str:
    """Return the path of a tile: `tile/0/x001/x234/067`, and `….p/5` where it is partial.

    >>> tile_name(0, 1234067)
    'tile/0/x001/x234/067'
    >>> tile_name(2, 7, 5)
    'tile/2/007.p/5'
    """
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03}")
    name = "/".join(("tile", str(level), *groups))
    return name if width == WIDTH else f"{name}.p/{width}"


def tiles_of(size: int, before: int = 0) -> list[tuple[int, int, int]]:
    """Return (level, number, width) of the tiles that a tree of *size* has and one of *before* not.

    The partial ones are the last of their level.
    """
    found, level = [], 0
    while hashes := size >> (HEIGHT * level):
        had = before >> (HEIGHT * level)
        for number in range(had // WIDTH, hashes // WIDTH):
            found.append((level, number, WIDTH))
        if hashes % WIDTH and hashes != had:
            found.append((level, hashes // WIDTH, hashes % WIDTH))
        level += 1
    return found


def node_by(read: Read) -> Node:
    """Return what gives the hash of a complete subtree out of the tiles that *read* gives.

    What *read* raises passes; raises ValueError for a tile that is too short.
    """

    def node(level: int, index: int) -> bytes:
        tile_level, rise = divmod(level, HEIGHT)
        number, first = divmod(index << rise, WIDTH)
        needed = first + (1 << rise)
        data = read(tile_level, number, needed)
        if len(data) < needed * HASH_BYTES:
            raise ValueError(f"{tile_name(tile_level, number)} has not {needed} hashes")
        hashes = [data[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in range(first, needed)]
        while len(hashes) > 1:
            hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2])]
        return hashes[0]

    return node
