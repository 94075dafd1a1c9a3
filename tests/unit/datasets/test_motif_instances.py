"""Instances of a motif, compared with every place and every word of the length of the motif."""

import numpy as np
import pytest

from varbind.core.sequence import reverse_complement
from varbind.datasets import motif_instances
from varbind.datasets.motif_instances import best_instances
from varbind.datasets.pwm import log_odds
from varbind.errors import UsageError

WIDTH, LENGTH = 6, 30
EVERY_WORD = np.stack(np.unravel_index(np.arange(4**WIDTH), (4,) * WIDTH), axis=1)
PALINDROME = np.eye(4)[[0, 1, 2, 3, 0, 1, 2, 3]] * 0.96 + 0.01


def word_scores(matrix, words):
    """Log-odds of words (N, width), rounded to hundredths for each base."""
    return np.rint(100 * log_odds(matrix)).astype(int)[np.arange(len(matrix)), words].sum(axis=1)


def exact_p(matrix, words):
    """The share of all words that match as well or better."""
    scores = np.sort(word_scores(matrix, EVERY_WORD))
    return 1 - np.searchsorted(scores, word_scores(matrix, words)) / len(scores)


@pytest.mark.parametrize("seed", range(4))
def test_the_best_instance_is_that_of_every_place_and_every_word(seed, monkeypatch):
    monkeypatch.setattr(motif_instances, "_SEQUENCES_AT_ONCE", 37)
    rng = np.random.default_rng(seed)
    matrix = rng.dirichlet(np.full(4, 0.5), WIDTH)
    codes = rng.integers(0, 4, (100, LENGTH)).astype(np.uint8)
    places = np.arange(LENGTH - WIDTH + 1)[:, None] + np.arange(WIDTH)
    best = np.array([
        np.minimum(exact_p(matrix, row[places]), exact_p(matrix, 3 - row[places][:, ::-1])) for row in codes
    ])  # fmt: skip
    for p_max in (1.0, 0.01):
        found = best_instances(codes, matrix, p_max=p_max)
        assert found.rows.tolist() == np.flatnonzero(best.min(axis=1) <= p_max).tolist()
        assert found.starts.tolist() == best.argmin(axis=1)[found.rows].tolist()
        np.testing.assert_allclose(found.p_values, best.min(axis=1)[found.rows], rtol=1e-12)
        assert len(found.take(found.p_values < 1e-3)) == np.count_nonzero(best.min(axis=1) < 1e-3)


def test_the_best_word_of_a_motif_has_the_probability_of_one_word():
    codes = np.array([[0, 1, 2, 3, 0, 1, 2, 3]], dtype=np.uint8)
    assert best_instances(codes, PALINDROME).p_values == pytest.approx(4.0**-8)


def test_a_place_with_an_unknown_base_is_no_instance():
    codes = np.full((5, 30), 4, dtype=np.uint8)
    assert len(best_instances(codes, PALINDROME, p_max=0.99)) == 0
    codes[2, 5:13] = [0, 1, 2, 3, 0, 1, 2, 3]
    codes[3, 6:14] = reverse_complement(np.array([0, 1, 2, 3, 0, 1, 2, 3], dtype=np.uint8))
    found = best_instances(codes, PALINDROME)
    assert (found.rows.tolist(), found.starts.tolist(), found.width) == ([2, 3], [5, 6], 8)


def test_a_motif_that_does_not_fit_is_refused():
    with pytest.raises(UsageError, match="the motif has 8 bases, and 7 are searched"):
        best_instances(np.zeros((2, 7), dtype=np.uint8), PALINDROME)
