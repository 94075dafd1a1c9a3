"""Counts of gapped k-mers against a loop over strings, and an SVM that learns a motif."""

from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from motif_banks import CRE, planted

from varbind.core.sequence import decode, encode
from varbind.evaluate.gkm_svm import GkmSvm, gapped_kmers
from varbind.train.metrics import auc

pytest.importorskip("sklearn", reason="needs the extra `train`")

PLACES = [(0, *rest) for rest in combinations(range(1, 7), 4)]
WORDS = ["".join(letters) for letters in product("ACGT", repeat=5)]
OTHER = str.maketrans("ACGT", "TGCA")


def slow_counts(text):
    """Of both strands; a word on the other strand is read where its span lies."""
    counts = Counter()
    for strand in (text, text[::-1].translate(OTHER)):
        for start in range(len(strand) - 6):
            for number, places in enumerate(PLACES):
                word = "".join(strand[start + place] for place in places)
                counts[number, word] += "N" not in word
    return np.array([counts[number, word] for number in range(len(PLACES)) for word in WORDS], dtype=np.float64)


@given(st.lists(st.text("ACGTN", min_size=9, max_size=9), min_size=1, max_size=4))
def test_counts_are_those_of_a_loop(texts):
    found = gapped_kmers(np.array([encode(text) for text in texts]))
    for row, text in zip(found, texts, strict=True):
        counts = slow_counts(text)
        assert np.allclose(row, counts / max(np.linalg.norm(counts), 1), atol=1e-6)


def test_both_strands_count_the_same():
    codes = np.random.default_rng(0).integers(0, 4, (5, 30)).astype(np.uint8)
    turned = np.array([encode(decode(row)[::-1].translate(OTHER)) for row in codes])
    assert np.array_equal(gapped_kmers(codes), gapped_kmers(turned))


@pytest.mark.parametrize("text", ["ACGTAC", "NNNNNNNNNN"])
def test_without_a_word_there_is_nothing(text):
    assert not gapped_kmers(encode(text)[None]).any()


def test_equal_sequences_tie_whatever_stands_around_them():
    codes = np.random.default_rng(0).integers(0, 4, (450, 30)).astype(np.uint8)
    machine = GkmSvm([codes], np.arange(450) % 2 == 0)
    scores = machine.score(np.concatenate([codes, codes[::-1]]))
    assert np.array_equal(scores[:450], scores[450:][::-1])
    assert np.array_equal(scores[:450], np.concatenate([machine.score(codes[row : row + 1]) for row in range(450)]))


def test_a_machine_learns_a_motif():
    def data(seed):
        rows = planted(CRE, count=200, seed=seed)
        return np.array([encode(text) for text, _ in rows]), np.array([bound == 1 for _, bound in rows])

    codes, bound = data(1)
    machine = GkmSvm([codes[:120], codes[120:, :35]], bound)
    held_out, truth = data(2)
    assert auc(truth, machine.score(held_out)) > 0.9
