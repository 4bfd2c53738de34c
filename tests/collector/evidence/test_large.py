"""One record among 100 million: the proof is made of hash tiles, in little time and memory."""

import shutil
import tracemalloc
from pathlib import Path

import pytest

from collector.evidence.reader import LogReader
from collector.evidence.standalone import verify
from collector.evidence.tree import Tree
from core.merkle import proofs
from core.merkle.hashing import Edge, full_root
from core.merkle.tiles import WIDTH, tile_name, tiles_of
from tests.bench.audit_log import number

LEAVES = 100_000_000
END: verify.Told = (0, 0, "", False)
PERIOD = WIDTH * WIDTH


def leaf(index: int) -> bytes:
    return number(index % PERIOD)


def repeated(folder: Path) -> bytes:
    """Make every tile of a tree whose leaves repeat, most as links; return its root."""
    tree = Tree(folder)
    tree.append(map(leaf, range(PERIOD)))
    tree.save()
    block, row = tree.root(), b"".join(tree.node(8, index) for index in range(WIDTH))
    above = [b"", row, block * WIDTH, full_root(block * WIDTH) * WIDTH]
    for level, at, width in tiles_of(LEAVES, PERIOD):
        path = folder / tile_name(level, at, width)
        path.parent.mkdir(parents=True, exist_ok=True)
        if level == 0:
            path.hardlink_to(folder / tile_name(0, at % WIDTH))
        else:
            path.write_bytes(above[level][: 32 * width])
    blocks, rest = Edge(), Edge()
    for _ in range(LEAVES // PERIOD):
        blocks.append(block)
    for index in range(LEAVES % PERIOD):
        rest.append(leaf(index))
    return Edge(LEAVES, (*blocks.roots, *rest.roots)).root()


@pytest.mark.slow
def test_a_record_among_100_million_is_proved_in_bounded_memory(tmp_path: Path) -> None:
    root = repeated(tmp_path)
    reader = LogReader(tmp_path)
    tracemalloc.start()
    try:
        for index in (0, 77_777_777, LEAVES - 1):
            proof = reader.inclusion(index, LEAVES)
            assert len(proof) <= 27
            proofs.check_inclusion(index, LEAVES, leaf(index), proof, root)
            others = [*proofs.nodes(0, index, LEAVES), *proofs.nodes(index + 1, LEAVES, LEAVES)]
            assert len(others) <= 27
            told = [(*one, proofs.subtree(*one, reader.node).hex(), False) for one in others]
            rest = iter([*sorted([*told, (index, index + 1, leaf(index).hex(), True)]), END])
            assert verify.root_over(0, LEAVES, next(rest), rest) == (root, END)
        way = reader.consistency(33_333_333, LEAVES)
        proofs.check_consistency(33_333_333, LEAVES, reader.root(33_333_333), root, way)
        _, peak = tracemalloc.get_traced_memory()
        assert peak < 1_000_000
    finally:
        tracemalloc.stop()
        shutil.rmtree(tmp_path / "tile")
