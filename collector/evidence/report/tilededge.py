"""The edge of the log's tree before its first line, where older segments were removed by age.

What was removed stands in the tiles as hashes; the lines that are left are hashed again from there,
so the root is still the signed one only where every line is what was signed.
"""

from pathlib import Path

from core.merkle.hashing import HASH_BYTES, Edge
from core.merkle.tiles import WIDTH, node_by, tile_name


def edge_before(folder: Path, rows: int) -> Edge | None:
    """Return the edge of the tree over the first *rows* lines; None where the tiles lack it."""
    node, roots, begin = node_by(lambda *tile: _tile(folder, *tile)), [], 0
    try:
        for level in reversed(range(rows.bit_length())):
            if rows >> level & 1:
                roots.append(node(level, begin >> level))
                begin += 1 << level
    except (OSError, ValueError):
        return None
    return Edge(rows, roots)


def _tile(folder: Path, level: int, number: int, needed: int) -> bytes:
    """Return a tile, a partial one that holds enough where there is no full one."""
    full = folder / tile_name(level, number)
    if full.is_file():
        return full.read_bytes()
    partial = full.with_name(f"{full.name}.p")
    widths = sorted(int(one.name) for one in partial.iterdir() if one.name.isdecimal())
    width = next((width for width in widths if width >= needed), WIDTH)
    return (partial / str(width)).read_bytes()[: width * HASH_BYTES]
