"""Groups of near hashes, against a comparison of every two."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from snakedistill.data import near_duplicates
from snakedistill.data.near_duplicates import near_groups


def by_every_pair(hashes: np.ndarray, most: int) -> np.ndarray:
    """The groups by a comparison of every two hashes."""
    edges = [np.zeros((2, 0), int)]
    for i in range(len(hashes) - 1):
        near = np.flatnonzero(np.bitwise_count(hashes[i + 1 :] ^ hashes[i]) <= most) + i + 1
        edges.append(np.stack([np.full(len(near), i), near]))
    one, other = np.concatenate(edges, axis=1)
    graph = coo_array((np.ones(len(one), bool), (one, other)), shape=(len(hashes), len(hashes)))
    return connected_components(graph, directed=False)[1]


def same_groups(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two numberings put the same elements together."""
    pairs = np.unique(np.stack([one, other], axis=1), axis=0)
    return len(pairs) == len(np.unique(one)) == len(np.unique(other))


def flipped(rng: np.random.Generator, hashes: np.ndarray, bits: int) -> np.ndarray:
    """Each hash with so many of its bits flipped."""
    chosen = rng.random((len(hashes), 64)).argsort(axis=1)[:, :bits].astype(np.uint64)
    return hashes ^ np.bitwise_or.reduce(np.uint64(1) << chosen, axis=1, initial=0)


def planted(rng: np.random.Generator, images: int, most: int, ones: float) -> np.ndarray:
    """Hashes of which a share of the bits is 1; some are equal, near, just not near, and chains of near ones."""
    bits = rng.random((images, 64)) < ones
    hashes = (bits * (np.uint64(1) << np.arange(64, dtype=np.uint64))).sum(axis=1, dtype=np.uint64)
    fifth = images // 5
    hashes[:fifth] = hashes[rng.integers(fifth, images, fifth)]
    hashes[fifth : 2 * fifth] = flipped(rng, hashes[2 * fifth : 3 * fifth], most)
    hashes[2 * fifth : 2 * fifth + fifth // 2] = flipped(rng, hashes[3 * fifth : 3 * fifth + fifth // 2], most + 1)
    for i in range(4 * fifth, min(4 * fifth + 20, images - 1)):
        hashes[i + 1] = flipped(rng, hashes[i : i + 1], most)[0]
    return rng.permutation(hashes)


@pytest.mark.parametrize("ones", [0.5, 0.04])
@pytest.mark.parametrize("most", [0, 2, 4])
def test_ten_thousand_hashes_are_grouped_as_by_every_pair(most, ones):
    hashes = planted(np.random.default_rng(most), 10_000, most, ones)
    assert same_groups(near_groups(hashes, most), by_every_pair(hashes, most))


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    images=st.integers(1, 400),
    most=st.integers(0, 16),
    ones=st.floats(0, 0.5),
    long=st.sampled_from([2, 20, 1000]),
    pairs=st.sampled_from([1, 50, 2_000_000]),
)
def test_hashes_are_grouped_as_by_every_pair(seed, images, most, ones, long, pairs):
    """Also where many hashes share a band, and where pairs are joined in many steps."""
    hashes = planted(np.random.default_rng(seed), images, most, ones)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "LONG", long)
        patch.setattr(near_duplicates, "PAIRS_AT_ONCE", pairs)
        found = near_groups(hashes, most)
    assert same_groups(found, by_every_pair(hashes, most))


def test_no_hash_is_no_group():
    assert len(near_groups(np.zeros(0, np.uint64), 2)) == 0
