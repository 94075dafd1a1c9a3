"""Base codes keep what DNA letters say, and a shuffle keeps every dinucleotide."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from oracles import reverse_strand

from varbind.core.sequence import N_CODE, decode, encode, reverse_complement

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
