from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.audit.tree import (
    EMPTY_ROOT,
    consistency_proof,
    edge_places,
    extend,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_from_proof,
    root_of,
    roots_from_consistency,
)

# The eight leaves and roots of certificate-transparency's merkle_tree_test (RFC 6962 2.1.3 in numbers).
LEAVES = [bytes.fromhex(each) for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
          "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS = {
    (0, 1): [],
    (0, 8): ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
             "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"],
    (5, 8): ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
             "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
             "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
             "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"],
}  # fmt: skip


def plain_root(leaves):
    """MTH of RFC 6962 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\1" + plain_root(leaves[:k]) + plain_root(leaves[k:])).digest()


def grown(leaves):
    """The edge after all leaves, and the subtrees as they were completed."""
    edge, subtrees = [], {}
    for index, leaf in enumerate(leaves):
        subtrees[0, index] = leaf_hash(leaf)
        for level, node in enumerate(extend(edge, index, leaf_hash(leaf)), 1):
            subtrees[level, index >> level] = node
    return edge, subtrees


def proof_of(index, size, subtrees):
    return inclusion_proof(index, size, lambda level, at: subtrees[level, at])


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_certificate_transparency(size):
    assert root_of(grown(LEAVES[:size])[0]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("place", "path"), PATHS.items(), ids=str)
def test_the_proofs_are_those_of_certificate_transparency(place, path):
    assert [each.hex() for each in proof_of(*place, grown(LEAVES)[1])] == path


def test_the_root_of_nothing_is_the_hash_of_nothing():
    assert root_of([]) == EMPTY_ROOT == sha256(b"").digest()


def test_a_leaf_and_a_node_of_the_same_bytes_differ():
    left, right = leaf_hash(b"a"), leaf_hash(b"b")

    assert node_hash(left, right) != leaf_hash(left + right)


@given(st.lists(st.binary(max_size=4), max_size=70))
def test_the_root_is_the_standards(leaves):
    assert root_of(grown(leaves)[0]) == plain_root(leaves)


def test_every_leaf_of_every_tree_up_to_64_is_proven():
    leaves = [bytes([n]) for n in range(64)]
    subtrees = grown(leaves)[1]
    for size in range(1, 65):
        root = plain_root(leaves[:size])
        for index in range(size):
            proof = proof_of(index, size, subtrees)
            assert root_from_proof(leaf_hash(leaves[index]), index, size, proof) == root


def test_no_proof_of_another_leaf_place_or_length_leads_to_the_root():
    leaves = [bytes([n]) for n in range(64)]
    subtrees = grown(leaves)[1]
    for size in range(2, 65, 3):
        root = plain_root(leaves[:size])
        for index in range(size):
            proof, leaf = proof_of(index, size, subtrees), leaf_hash(leaves[index])
            assert root_from_proof(leaf_hash(b"other"), index, size, proof) != root
            assert root_from_proof(leaf, index, size, proof[:-1]) != root
            assert root_from_proof(leaf, index, size, [*proof, leaf]) is None
            assert root_from_proof(leaf, (index + 1) % size, size, proof) != root


@given(st.integers(2, 64), st.data())
def test_no_proof_with_a_changed_hash_leads_to_the_root(size, data):
    leaves = [bytes([n]) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    proof = proof_of(index, size, grown(leaves)[1])
    at = data.draw(st.integers(0, len(proof) - 1))
    proof[at] = bytes([proof[at][0] ^ 1]) + proof[at][1:]

    assert root_from_proof(leaf_hash(leaves[index]), index, size, proof) != plain_root(leaves)


@given(st.integers(0, 3000))
def test_the_edge_has_one_subtree_for_each_set_bit(size):
    places = edge_places(size)

    assert sum(1 << level for level, _ in places) == size
    assert [level for level, _ in places] == sorted((level for level, _ in places), reverse=True)
    assert not places or places[-1][1] == size - 1


GROWTHS = {
    (1, 1): [],
    (1, 8): PATHS[0, 8],
    (6, 8): ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
             "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
             "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"],
    (2, 5): ["5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"],
}  # fmt: skip


def growth_of(first, second, subtrees):
    return consistency_proof(first, second, lambda level, at: subtrees[level, at])


@pytest.mark.parametrize(("sizes", "path"), GROWTHS.items(), ids=str)
def test_the_proofs_of_growth_are_those_of_certificate_transparency(sizes, path):
    assert [each.hex() for each in growth_of(*sizes, grown(LEAVES)[1])] == path


@given(st.integers(1, 70), st.data())
def test_a_proof_of_growth_leads_to_both_roots_and_every_changed_one_does_not(second, data):
    first = data.draw(st.integers(1, second))
    leaves = [bytes([each]) for each in range(second)]
    proof = growth_of(first, second, grown(leaves)[1])
    old, new = plain_root(leaves[:first]), plain_root(leaves)

    assert roots_from_consistency(first, second, old, proof) == (old, new)
    for place in range(len(proof)):
        bent = [*proof[:place], bytes(32), *proof[place + 1 :]]
        assert roots_from_consistency(first, second, old, bent) != (old, new)
    for odd in (proof[:-1], [*proof, bytes(32)]):
        assert odd == proof or roots_from_consistency(first, second, old, odd) != (old, new)
