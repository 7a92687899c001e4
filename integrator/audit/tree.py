"""The Merkle tree of RFC 6962 section 2.1, as arithmetic over hashes. Knows no database.

The right edge of a tree of `size` leaves is the list of roots of its complete subtrees, largest first: one per
set bit of `size`. Appending a leaf folds it into that edge and yields the subtrees it completes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

Hash = bytes
HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> Hash:
    """Hash of one entry (0x00 sets leaves apart from nodes)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """Hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def extend(edge: list[Hash], size: int, leaf: Hash) -> list[Hash]:
    """Fold `leaf` into `edge` in place; returns the subtrees it completes, level 1 upwards."""
    completed: list[Hash] = []
    while size & 1:
        leaf = node_hash(edge.pop(), leaf)
        completed.append(leaf)
        size >>= 1
    edge.append(leaf)
    return completed


def root_of(edge: Sequence[Hash]) -> Hash:
    """The tree's root from its right edge."""
    if not edge:
        return EMPTY_ROOT
    root = edge[-1]
    for left in reversed(edge[:-1]):
        root = node_hash(left, root)
    return root


def edge_places(size: int) -> list[tuple[int, int]]:
    """(level, index of the leaf that completed it) of each subtree on the right edge, largest first."""
    places, end = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            end += 1 << level
            places.append((level, end - 1))
    return places


Subtree = Callable[[int, int], Hash]
"""(level, index) -> root of the complete subtree over leaves [index << level, (index + 1) << level)."""


def range_root(start: int, end: int, subtree: Subtree) -> Hash:
    """Root over leaves [start, end), `start` aligned as RFC 6962 splits do."""
    size = end - start
    level = size.bit_length() - 1
    if size == 1 << level and start % size == 0:
        return subtree(level, start >> level)
    half = 1 << (size - 1).bit_length() - 1
    return node_hash(range_root(start, start + half, subtree), range_root(start + half, end, subtree))


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[Hash]:
    """PATH(index, D[size]) of RFC 6962 2.1.1, nearest sibling first."""
    return _path(index, 0, size, subtree)


def _path(index: int, start: int, end: int, subtree: Subtree) -> list[Hash]:
    if end - start <= 1:
        return []
    middle = start + (1 << (end - start - 1).bit_length() - 1)
    if index < middle:
        return [*_path(index, start, middle, subtree), range_root(middle, end, subtree)]
    return [*_path(index, middle, end, subtree), range_root(start, middle, subtree)]


def root_from_proof(leaf: Hash, index: int, size: int, proof: Sequence[Hash]) -> Hash | None:
    """The root that `proof` leads to (RFC 9162 2.1.3.2), or None when its length cannot be right."""
    first, last, root, left_over = index, size - 1, leaf, list(proof)
    while last:
        if first & 1 or first == last:
            if not left_over:
                return None
            root = node_hash(left_over.pop(0), root)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            if not left_over:
                return None
            root = node_hash(root, left_over.pop(0))
        first, last = first >> 1, last >> 1
    return None if left_over else root


def consistency_proof(first: int, second: int, subtree: Subtree) -> list[Hash]:
    """PROOF(first, D[second]) of RFC 6962 2.1.2; `first` lies in 1..second."""
    return _subproof(first, 0, second, subtree, whole=True)


def _subproof(first: int, start: int, end: int, subtree: Subtree, *, whole: bool) -> list[Hash]:
    size = end - start
    if first == size:
        return [] if whole else [range_root(start, end, subtree)]
    half = 1 << (size - 1).bit_length() - 1
    middle = start + half
    if first <= half:
        return [*_subproof(first, start, middle, subtree, whole=whole), range_root(middle, end, subtree)]
    return [*_subproof(first - half, middle, end, subtree, whole=False), range_root(start, middle, subtree)]


def roots_from_consistency(first: int, second: int, root: Hash, proof: Sequence[Hash]) -> tuple[Hash, Hash] | None:
    """The (first, second) roots that `proof` leads to (RFC 9162 2.1.4.2), or None when its length cannot be right.

    `root` is the first tree's root: the proof leaves it out where it is a subtree of the second.
    """
    if first == second:
        return None if proof else (root, root)
    left_over = list(proof) if first & (first - 1) else [root, *proof]
    index, last = first - 1, second - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    if not left_over:
        return None
    old = new = left_over.pop(0)
    for sibling in left_over:
        if not last:
            return None
        if index & 1 or index == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        index, last = index >> 1, last >> 1
    return None if last else (old, new)
