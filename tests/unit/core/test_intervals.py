"""Sets of positions as intervals, compared with sets of Python."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from varbind.core.intervals import Intervals

PAIRS = st.lists(st.tuples(st.integers(-20, 60), st.integers(0, 15)).map(lambda pair: (pair[0], sum(pair))), max_size=9)


def columns(pairs):
    return np.array(pairs, dtype=np.int64).reshape(-1, 2).T


def positions(pairs):
    return {place for start, end in pairs for place in range(start, end)}


@given(PAIRS)
def test_the_union_holds_each_position_once_and_its_intervals_stand_apart(pairs):
    union = Intervals.union(*columns(pairs))
    own = list(zip(union.starts.tolist(), union.ends.tolist(), strict=True))
    assert positions(own) == positions(pairs)
    assert union.total == len(positions(pairs))
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(own))
    assert all(start < end for start, end in own)


@given(PAIRS, PAIRS)
def test_covered_counts_the_positions_in_common(pairs, others):
    found = Intervals.union(*columns(pairs)).covered(*columns(others))
    assert found.tolist() == [len(positions(pairs) & set(range(start, end))) for start, end in others]
