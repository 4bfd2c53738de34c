"""How a log becomes one hash (RFC 9162, 2.1.1): SHA-256, leaves and nodes told apart by a byte."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry of the log."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two others."""
    return sha256(b"\x01" + left + right).digest()


def full_root(hashes: bytes) -> bytes:
    """Return the root over *hashes*, joined, of which there are a power of two."""
    step = 2 * HASH_BYTES
    while len(hashes) > HASH_BYTES:
        pairs = range(0, len(hashes), step)
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + step]).digest() for at in pairs])
    return hashes


class Edge:
    """The right edge of a tree: roots of its complete subtrees, the largest first.

    One for each bit of the size that is set, so appending and the root cost O(log size).
    """

    __slots__ = ("_roots", "size")

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        self.size, self._roots = size, list(roots)
        if len(self._roots) != size.bit_count():
            raise ValueError(f"{len(self._roots)} subtrees do not make a tree of {size} leaves")

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        size, roots = self.size, self._roots
        self.size = size + 1
        while size & 1:
            leaf = node_hash(roots.pop(), leaf)
            size >>= 1
        roots.append(leaf)

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, the largest and leftmost first."""
        return tuple(self._roots)

    def root(self) -> bytes:
        """Return the root of the whole tree."""
        if not self._roots:
            return EMPTY_ROOT
        *rest, root = self._roots
        for left in reversed(rest):
            root = node_hash(left, root)
        return root


def root_of(entries: Iterable[bytes]) -> bytes:
    """Return the root of the tree over *entries*."""
    edge = Edge()
    for entry in entries:
        edge.append(leaf_hash(entry))
    return edge.root()
