"""Proofs that an entry is in a tree, and that one tree continues another (RFC 9162, 2.1.3, 2.1.4).

What makes a proof asks for the hashes of complete subtrees only: `node(level, index)` covers the
leaves from `index << level` up to `(index + 1) << level`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from core.merkle.hashing import EMPTY_ROOT, HASH_BYTES, node_hash

Node = Callable[[int, int], bytes]
MOST_HASHES: Final = 128
"""A proof in a tree of 2^63 leaves has at most this many; more is refused unread."""


class ProofError(ValueError):
    """A proof does not hold, or is malformed."""


def subtree(begin: int, end: int, node: Node) -> bytes:
    """Return the root over the leaves from *begin* up to *end*.

    *begin* is a multiple of the smallest power of two that the range fits in, as in every proof.
    """
    if begin == end:
        return EMPTY_ROOT
    parts = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        parts.append(node(level, begin >> level))
        begin += 1 << level
    root = parts.pop()
    for left in reversed(parts):
        root = node_hash(left, root)
    return root


def nodes(begin: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """Return the largest subtrees of a tree of *size* leaves that make up those from *begin* on.

    They end before *end*; each is its first leaf and the one behind its last, from left to right.
    """
    while begin < end:
        width = begin & -begin or 1 << size.bit_length()
        while min(begin + width, size) > end:
            width >>= 1
        yield begin, min(begin + width, size)
        begin += width


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """Return the proof that leaf *index* is in the tree of *size* leaves, the lowest hash first.

    Raises ValueError where there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    return _path(index, 0, size, node)


def _path(index: int, begin: int, end: int, node: Node) -> list[bytes]:
    proof = []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            proof.append(subtree(middle, end, node))
            end = middle
        else:
            proof.append(subtree(begin, middle, node))
            begin = middle
    return proof[::-1]


def consistency(old: int, new: int, node: Node) -> list[bytes]:
    """Return the proof that the tree of *new* leaves continues that of *old*; empty where equal.

    Raises ValueError where the new one is smaller; from an empty tree nothing needs a proof.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves does not continue one of {old}")
    if old in (0, new):
        return []
    begin, end, proof, whole = 0, new, list[bytes](), True
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            proof.append(subtree(middle, end, node))
            end = middle
        else:
            proof.append(subtree(begin, middle, node))
            begin, whole = middle, False
    if not whole:
        proof.append(subtree(begin, end, node))
    return proof[::-1]


def _split(size: int) -> int:
    """Return the largest power of two below *size*."""
    return 1 << ((size - 1).bit_length() - 1)


def root_by(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """Return the root that *proof* gives the tree of *size* leaves (RFC 9162, 2.1.3.2).

    Raises ProofError where it has not the hashes that such a proof has.
    """
    if not 0 <= index < size:
        raise ProofError(f"there is no leaf {index} in a tree of {size}")
    _check(leaf, *proof)
    root = leaf
    for is_left, other in zip(_sides(index, size - 1, len(proof)), proof):
        root = node_hash(other, root) if is_left else node_hash(root, other)
    return root


def _sides(place: int, last: int, count: int) -> list[bool]:
    """Return of *count* hashes on the way up from *place* whether each is the left of its pair.

    *last* is the last place beside it. Raises ProofError where the root takes another number.
    """
    sides = []
    for _ in range(count):
        if last == 0:
            raise ProofError("the proof is too long")
        sides.append(bool(place & 1) or place == last)
        if sides[-1]:
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    return sides


def check_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise ProofError unless *proof* shows that *leaf* is in the tree with this root."""
    if root_by(index, size, leaf, proof) != root:
        raise ProofError("the proof leads to another root")


def check_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise ProofError unless the tree of *new* leaves continues that of *old* (2.1.4.2)."""
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} leaves does not continue one of {old}")
    _check(old_root, new_root, *proof)
    if old in (0, new):
        if proof:
            raise ProofError("the proof is too long")
        if old_root != (new_root if old else EMPTY_ROOT):
            raise ProofError("trees of the same size have different roots")
        return
    # A complete old tree is a node of the new one, and is not told again.
    rest = [old_root, *proof] if old.bit_count() == 1 else list(proof)
    first, second = _climb(old, new, rest)
    if first != old_root:
        raise ProofError("the proof does not begin with the old root")
    if second != new_root:
        raise ProofError("the proof leads to another root")


def _climb(old: int, new: int, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the roots of the old and the new tree that *proof* leads to."""
    if not proof:
        raise ProofError("the proof is too short")
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first, *rest = proof
    second = first
    for is_left, other in zip(_sides(place, last, len(rest)), rest):
        if is_left:
            first, second = node_hash(other, first), node_hash(other, second)
        else:
            second = node_hash(second, other)
    return first, second


def _check(*hashes: bytes) -> None:
    if len(hashes) > MOST_HASHES:
        raise ProofError(f"the proof has over {MOST_HASHES} hashes")
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofError(f"a hash has not {HASH_BYTES} bytes")
