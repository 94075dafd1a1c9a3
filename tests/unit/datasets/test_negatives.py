"""Negatives: GC-matched sequences are the nearest ones, and shuffles keep the dinucleotides."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import dinucleotides

from varbind.core.sequence import encode
from varbind.core.sequence_set import SequenceSet
from varbind.datasets.negatives import GC_BINS, dinucleotide_shuffles, match_gc


def shuffles(codes, rng):
    """The shuffles of sequences of one length, (N, L)."""
    return dinucleotide_shuffles(SequenceSet.of_one_length(codes), rng).codes


def bins(codes):
    return np.rint(np.isin(codes, (1, 2)).mean(axis=1) * GC_BINS).astype(int)


@given(st.integers(1, 30), st.integers(1, 60), st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_each_has_its_own_of_the_nearest_share(bound, unbound, length, seed):
    rng = np.random.default_rng(seed)
    codes = [rng.integers(0, 4, (count, length)).astype(np.uint8) for count in (bound, unbound)]
    rows = match_gc(*map(SequenceSet.of_one_length, codes), np.random.default_rng(seed))
    wanted, there = map(bins, codes)
    apart = np.abs(there[rows] - wanted)
    assert apart.tolist() == [int(np.abs(there - own).min()) for own in wanted]
    for own in np.unique(there):
        taken = rows[there[rows] == own]
        _, times = np.unique(taken, return_counts=True)
        assert not len(taken) or times.max() - (times.min() if len(times) == (there == own).sum() else 0) <= 1


def test_a_seed_gives_the_same_rows():
    codes = SequenceSet.of_one_length(np.random.default_rng(1).integers(0, 4, (50, 20)).astype(np.uint8))
    one, again, other = (match_gc(codes[:10], codes, np.random.default_rng(seed)).tolist() for seed in (1, 1, 2))
    assert one == again != other


@given(st.lists(st.lists(st.integers(0, 4), min_size=12, max_size=12), min_size=1, max_size=4), st.integers(0, 2**32))
def test_dinucleotides_and_ends_are_kept(rows, seed):
    codes = np.array(rows, dtype=np.uint8)
    before = codes.copy()
    found = shuffles(codes, np.random.default_rng(seed))
    assert np.array_equal(codes, before)
    for sequence, shuffled in zip(codes, found, strict=True):
        assert dinucleotides(shuffled) == dinucleotides(sequence)
        assert (shuffled[0], shuffled[-1]) == (sequence[0], sequence[-1])


@given(st.integers(0, 3), st.integers(0, 2**32))
def test_short_sequences(length, seed):
    codes = np.random.default_rng(seed).integers(0, 5, (3, length)).astype(np.uint8)
    assert shuffles(codes, np.random.default_rng(seed)).shape == (3, length)


def test_every_order_comes_equally_often():
    """ACAGATA has the six orders of the loops ACA, AGA and ATA."""
    codes = np.tile(np.array([0, 1, 0, 2, 0, 3, 0], dtype=np.uint8), (6000, 1))
    found = Counter(map(tuple, shuffles(codes, np.random.default_rng(0)).tolist()))
    assert len(found) == 6
    assert all(abs(count - 1000) < 130 for count in found.values())  # four standard deviations


@pytest.mark.parametrize("text", ["ACGTACGA", "AACACAGA", "TTGTGATC", "NANCNANA"])
def test_a_shuffle_reaches_every_arrangement(text):
    values = encode(text)
    arrangements = {
        order
        for order in permutations(values.tolist())
        if dinucleotides(np.array(order)) == dinucleotides(values) and order[0] == values[0] and order[-1] == values[-1]
    }
    assert len(arrangements) > 1
    codes = np.tile(values, (60 * len(arrangements), 1))
    assert set(map(tuple, shuffles(codes, np.random.default_rng(1)).tolist())) == arrangements


def test_a_long_shuffle_is_another_sequence():
    rng = np.random.default_rng(2)
    codes = np.tile(rng.integers(0, 4, 101).astype(np.uint8), (10, 1))
    shuffled = shuffles(codes, rng)
    assert (shuffled == codes).mean() < 0.6
    assert len({row.tobytes() for row in shuffled}) == len(shuffled)


def test_equal_seeds_give_equal_shuffles():
    codes = np.random.default_rng(0).integers(0, 4, (5, 60)).astype(np.uint8)
    one, other, third = (shuffles(codes, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, third)
    assert not np.array_equal(one, codes)


@given(st.lists(st.text("ACGTN", min_size=1, max_size=9), min_size=1, max_size=6), st.integers(0, 2**32))
def test_a_padding_is_not_shuffled(texts, seed):
    """The shuffle of a sequence holds its own bases alone, and those of equal length are as without the others."""
    sequences = SequenceSet.of_texts(texts)
    found = list(dinucleotide_shuffles(sequences, np.random.default_rng(seed)))
    for sequence, shuffled in zip(sequences, found, strict=True):
        assert len(shuffled) == len(sequence)
        assert dinucleotides(shuffled) == dinucleotides(sequence)
        assert (shuffled[0], shuffled[-1]) == (sequence[0], sequence[-1])


def test_a_padding_does_not_dilute_the_gc_content():
    bound = SequenceSet.of_texts(["GCGC", "ATGCATGCATGC"])
    unbound = SequenceSet.of_texts(["ATATATATATAT", "GGCC", "ACACACACACAC"])
    assert match_gc(bound, unbound, np.random.default_rng(0)).tolist() == [1, 2]
