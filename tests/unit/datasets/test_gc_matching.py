"""Unbound sequences of the same share of G and C, none twice while there are others."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from varbind.datasets.gc_matching import GC_BINS, gc_matched


def bins(codes):
    return np.rint(np.isin(codes, (1, 2)).mean(axis=1) * GC_BINS).astype(int)


@given(st.integers(1, 30), st.integers(1, 60), st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_each_has_its_own_of_the_nearest_share(bound, unbound, length, seed):
    rng = np.random.default_rng(seed)
    codes = [rng.integers(0, 4, (count, length)).astype(np.uint8) for count in (bound, unbound)]
    rows = gc_matched(*codes, np.random.default_rng(seed))
    wanted, there = map(bins, codes)
    apart = np.abs(there[rows] - wanted)
    assert apart.tolist() == [int(np.abs(there - own).min()) for own in wanted]
    for own in np.unique(there):
        taken = rows[there[rows] == own]
        _, times = np.unique(taken, return_counts=True)
        assert not len(taken) or times.max() - (times.min() if len(times) == (there == own).sum() else 0) <= 1


def test_a_seed_gives_the_same_rows():
    codes = np.random.default_rng(1).integers(0, 4, (50, 20)).astype(np.uint8)
    one, again, other = (gc_matched(codes[:10], codes, np.random.default_rng(seed)).tolist() for seed in (1, 1, 2))
    assert one == again != other
