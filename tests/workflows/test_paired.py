"""The paired comparison of two banks."""

import numpy as np
import pytest
from paired import above, paired_areas

from varbind.train.metrics import auc


def slow_shares(bound, scores):
    found = []
    for own, score in zip(bound, scores, strict=True):
        others = [other for is_bound, other in zip(bound, scores, strict=True) if is_bound != own]
        won = [1.0 if (score > other) == own and score != other else 0.5 if score == other else 0.0 for other in others]
        found.append(sum(won) / len(won))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_those_of_all_pairs_and_their_mean_is_the_auc(seed):
    rng = np.random.default_rng(seed)
    bound, scores = rng.random(60) < 0.4, rng.integers(0, 12, 60) / 4
    found = above(bound, scores)
    assert found == pytest.approx(slow_shares(bound, scores))
    assert found[bound].mean() == pytest.approx(auc(bound, scores))
    assert found[~bound].mean() == pytest.approx(auc(bound, scores))


def test_the_interval_covers_the_true_difference_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    bound = np.repeat([True, False], 150)
    covered, draws = 0, 400
    for _ in range(draws):
        shared = rng.normal(size=300) + bound
        # Both methods are equally good, so the true difference is 0.
        (first, second), error = paired_areas(bound, *(shared + rng.normal(size=(2, 300))))
        covered += abs(second - first) < 1.96 * error
    assert 0.92 <= covered / draws <= 0.98


def test_equal_methods_have_no_difference_and_no_error():
    scores = np.arange(10.0)
    assert paired_areas(scores > 4, scores, scores) == ((1.0, 1.0), 0.0)
