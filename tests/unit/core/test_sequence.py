"""Base codes keep what DNA letters say, and a shuffle keeps every dinucleotide."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import reverse_strand

from varbind.core.sequence import N_CODE, decode, encode, require_nucleotides, reverse_complement
from varbind.errors import InputError, UsageError

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


@given(st.text(min_size=1, max_size=20))
def test_letters_that_a_sequence_may_hold(text):
    if set(text.upper()) <= set("ACGTUNRYSWKMBDHV") and text.isascii():
        require_nucleotides(text, "it")
        return
    with pytest.raises(InputError, match=r"it holds .*, which is not a nucleotide letter"):
        require_nucleotides(text, "it")


def test_a_sequence_is_a_text_of_at_least_one_letter():
    with pytest.raises(InputError, match="it is empty"):
        require_nucleotides("", "it")
    with pytest.raises(UsageError, match="it is a bytes, expected a str"):
        require_nucleotides(b"ACGT", "it")
