"""Base codes keep what DNA letters say, and a shuffle keeps every dinucleotide."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import dinucleotides, reverse_strand

from varbind.core.sequence import N_CODE, decode, dinucleotide_shuffle, encode, reverse_complement

codes = st.lists(st.integers(0, 4), max_size=60).map(lambda values: np.array(values, dtype=np.uint8))


@given(st.text("ACGTN", max_size=80))
def test_decoding_gives_back_what_was_encoded(text):
    assert decode(encode(text)) == text
    assert decode(encode(text.encode())) == text


@given(codes)
def test_encoding_gives_back_what_was_decoded(values):
    np.testing.assert_array_equal(encode(decode(values)), values)


@given(st.text("ACGTUNacgtun", max_size=80))
def test_case_is_ignored_and_u_is_t(text):
    np.testing.assert_array_equal(encode(text), encode(text.upper().replace("U", "T")))


def test_every_other_character_is_n():
    named = set(b"ACGTUacgtu")
    others = bytes(byte for byte in range(256) if byte not in named)
    assert set(encode(others)) == {N_CODE}
    assert len(encode(others)) == 256 - len(named)
    assert encode("A\u4e00é T").tolist() == [0, 4, 4, 4, 3]


@given(codes)
def test_reverse_complement_is_the_other_strand(values):
    np.testing.assert_array_equal(reverse_complement(values), reverse_strand(values))
    np.testing.assert_array_equal(reverse_complement(reverse_complement(values)), values)
    text = decode(values)[::-1].translate(str.maketrans("ACGT", "TGCA"))
    assert decode(reverse_complement(values)) == text


def test_reverse_complement_turns_each_row():
    rows = np.random.default_rng(0).integers(0, 5, (4, 11)).astype(np.uint8)
    for row, turned in zip(rows, reverse_complement(rows), strict=True):
        np.testing.assert_array_equal(turned, reverse_complement(row))


@given(codes, st.integers(0, 2**32 - 1))
def test_a_shuffle_keeps_dinucleotides_and_ends(values, seed):
    before = values.copy()
    shuffled = dinucleotide_shuffle(values, np.random.default_rng(seed))
    np.testing.assert_array_equal(values, before)
    assert shuffled.dtype == np.uint8
    assert dinucleotides(shuffled) == dinucleotides(values)
    assert shuffled[:1].tolist() == values[:1].tolist()
    assert shuffled[-1:].tolist() == values[-1:].tolist()


@pytest.mark.parametrize("text", ["ACGTACGA", "AACACAGA", "TTGTGATC", "NANCNANA"])
def test_a_shuffle_reaches_every_arrangement(text):
    values = encode(text)
    arrangements = {
        order
        for order in permutations(values.tolist())
        if dinucleotides(np.array(order)) == dinucleotides(values) and order[0] == values[0] and order[-1] == values[-1]
    }
    assert len(arrangements) > 1
    rng = np.random.default_rng(1)
    reached = {tuple(dinucleotide_shuffle(values, rng).tolist()) for _ in range(60 * len(arrangements))}
    assert reached == arrangements


def test_a_long_shuffle_is_another_sequence():
    rng = np.random.default_rng(2)
    values = rng.integers(0, 4, 101).astype(np.uint8)
    shuffled = [dinucleotide_shuffle(values, rng) for _ in range(10)]
    agreement = np.mean([np.mean(other == values) for other in shuffled])
    assert agreement < 0.6
    assert len({other.tobytes() for other in shuffled}) == len(shuffled)
