"""Groups of 64-bit hashes that differ in few bits, found without a comparison of every two.

Two hashes that differ in at most k bits are equal in at least one of k + 1 bands of bits (Manku, Jain and Das Sarma
2007, "Detecting near-duplicates for web crawling"). So only hashes that are equal in a band are compared. Of many that
are, the other bits are divided into bands again. Hashes that are in one group already are not compared.
"""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

BITS = 64
NEIGHBOURS = 4  # in sorted order, with which each hash is compared at first
LONG = 1000  # comparisons a hash, from which on those equal in a band are divided by their other bits
PAIRS_AT_ONCE = 200_000  # pairs in memory, or as many as there are hashes


def near_groups(hashes: np.ndarray, most: int) -> np.ndarray:
    """Number the groups of hashes that are near one another, directly or by way of others.

    Time is almost linear in n while 2 ** (64 / (most + 1)) is above n; beyond, it grows towards its square.

    Args:
        hashes: uint64 [n].
        most: most bits in which two near hashes differ.

    Returns:
        int [n]: equal for hashes of a group.
    """
    values, value_of_hash = np.unique(hashes, return_inverse=True)
    search = _Search(values, most)
    search.compare_neighbours()
    search.compare(np.arange(len(values)), np.arange(BITS))
    search.settle()
    return search.group[value_of_hash]


def joined(group: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Number the groups anew, where pairs of elements join theirs.

    Args:
        group: int [n], from 0 without gaps.
        one: int [m], elements of the pairs.
        other: int [m], their partners.

    Returns:
        int [n], from 0 without gaps, in the order of the least old number in each new group.
    """
    size = group.max(initial=-1) + 1
    edges = coo_array((np.ones(len(one), bool), (group[one], group[other])), shape=(size, size))
    return connected_components(edges, directed=False)[1][group]


class _Search:
    """The groups found so far among different hashes, and the pairs that are not yet in them.

    Args:
        values: uint64 [n].
        most: most bits in which two near hashes differ.
    """

    def __init__(self, values: np.ndarray, most: int) -> None:
        self._values, self._most = values, most
        self.group = np.arange(len(values))
        self._size = np.ones(len(values), int)  # of the group of each hash
        self._waiting: list[tuple[np.ndarray, np.ndarray]] = []
        self._pairs = 0

    def compare_neighbours(self) -> None:
        """Compare neighbours in the order of the hashes, from every band on: most near hashes stand there."""
        for band in np.array_split(np.arange(BITS), self._most + 1):
            first = np.uint64(BITS - 1 - band[-1])
            rows = np.argsort(self._values << first | self._values >> (np.uint64(BITS) - first) % np.uint64(BITS))
            for distance in range(1, min(NEIGHBOURS + 1, len(rows))):
                self._compare_pairs(rows[:-distance], rows[distance:])

    def compare(self, rows: np.ndarray, free: np.ndarray) -> None:
        """Join the near ones of some hashes, which are equal in all bits but the free ones."""
        if len(free) <= self._most:
            self._join(rows[:-1], rows[1:])
            return
        for band in np.array_split(free, self._most + 1):
            if self._pairs >= max(PAIRS_AT_ONCE, len(self._values)) or len(rows) == len(self._values):
                self.settle()
            group = self.group[rows]
            if (group == group[:1]).all():
                return
            in_band = self._values[rows] & np.bitwise_or.reduce(np.uint64(1) << band.astype(np.uint64))
            order = np.lexsort((group, -self._size[rows], in_band))
            in_band, group, sorted_rows = in_band[order], group[order], rows[order]
            new_run = np.r_[True, in_band[1:] != in_band[:-1]]
            new_group = new_run | np.r_[True, group[1:] != group[:-1]]
            starts, first_of_group = np.flatnonzero(new_run), np.flatnonzero(new_group)
            lengths, in_group = np.diff(np.r_[starts, len(rows)]), np.diff(np.r_[first_of_group, len(rows)])
            within = np.add.reduceat(in_group**2, np.searchsorted(first_of_group, starts))
            long = lengths**2 - within > 2 * LONG * lengths
            for start, length in zip(starts[long], lengths[long], strict=True):
                self.compare(sorted_rows[start : start + length], np.setdiff1d(free, band))
            # In a run that is not long, each hash is compared with those after its group.
            short = np.flatnonzero(np.repeat(~long, lengths))
            partner = np.repeat(first_of_group + in_group, in_group)[short]
            end = np.repeat(starts + lengths, lengths)[short]
            while (inside := partner < end).any():
                short, partner, end = short[inside], partner[inside], end[inside]
                self._compare_pairs(sorted_rows[short], sorted_rows[partner])
                partner = partner + 1

    def settle(self) -> None:
        """Put the waiting pairs into the groups."""
        if self._waiting:
            self.group = joined(self.group, *np.concatenate(self._waiting, axis=1))
            self._size = np.bincount(self.group)[self.group]
            self._waiting, self._pairs = [], 0

    def _compare_pairs(self, one: np.ndarray, other: np.ndarray) -> None:
        near = np.bitwise_count(self._values[one] ^ self._values[other]) <= self._most
        if near.any():
            self._join(one[near], other[near])

    def _join(self, one: np.ndarray, other: np.ndarray) -> None:
        self._waiting.append((one, other))
        self._pairs += len(one)
