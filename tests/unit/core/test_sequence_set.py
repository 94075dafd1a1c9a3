"""Sequences of any lengths in one array are those that went in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.core.sequence import N_CODE, decode, encode
from varbind.core.sequence_set import SequenceSet

TEXTS = st.lists(st.text("ACGTN", min_size=1, max_size=9), min_size=1, max_size=6)


def texts_of(sequences):
    return [decode(codes) for codes in sequences]


@given(TEXTS)
def test_texts_come_back(texts):
    sequences = SequenceSet.of_texts(texts)
    assert texts_of(sequences) == texts
    assert len(sequences) == len(texts)
    assert sequences.bounds == (min(map(len, texts)), max(map(len, texts)))
    for row, text in zip(sequences.codes, texts, strict=True):
        assert (row[len(text) :] == N_CODE).all()


@given(TEXTS)
def test_the_opposite_strand_is_that_of_each_sequence(texts):
    turned = SequenceSet.of_texts(texts).reverse_complement()
    complement = str.maketrans("ACGTN", "TGCAN")
    assert texts_of(turned) == [text[::-1].translate(complement) for text in texts]
    assert texts_of(turned.reverse_complement()) == texts
    for row, text in zip(turned.codes, texts, strict=True):
        assert (row[len(text) :] == N_CODE).all()


@given(TEXTS, TEXTS)
def test_parts_are_put_together(first, second):
    whole = SequenceSet.concatenated([SequenceSet.of_texts(first), SequenceSet.of_texts(second)])
    assert texts_of(whole) == first + second
    assert texts_of(whole[len(first) :]) == second
    assert texts_of(whole[np.arange(len(whole)) < len(first)]) == first
    assert texts_of(whole[np.arange(len(whole))[::-1]]) == (first + second)[::-1]


@given(TEXTS)
def test_shares_of_gc_are_those_of_the_letters(texts):
    shares = [sum(letter in "GC" for letter in text) / len(text) for text in texts]
    assert SequenceSet.of_texts(texts).gc_shares.tolist() == pytest.approx(shares)


def test_sequences_of_one_length_have_no_padding():
    codes = np.stack([encode("ACGT"), encode("GGNA")])
    assert texts_of(SequenceSet.of_one_length(codes)) == ["ACGT", "GGNA"]
    assert SequenceSet.of_one_length(codes).reverse_complement().codes.tolist() == [[0, 1, 2, 3], [3, 4, 1, 1]]
