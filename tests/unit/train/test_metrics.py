"""The area under the ROC curve and the rank correlation against their definitions, written out slowly."""

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st

from varbind.train.metrics import auc, spearman

pytest.importorskip("sklearn", reason="needs the extra `train`")

# There are few different scores, so that ties are common.
SCORES = st.sampled_from([-2.0, -0.5, 0.0, 0.25, 1.0, 3.0])
LABELLED = st.lists(st.tuples(st.booleans(), SCORES), min_size=2, max_size=25).filter(
    lambda rows: len({positive for positive, _ in rows}) == 2
)


def slow_auc(rows):
    pairs = [(one > other) + (one == other) / 2 for first, one in rows if first for second, other in rows if not second]
    return sum(pairs) / len(pairs)


def slow_ranks(values):
    return [sum(other < one for other in values) + (1 + sum(other == one for other in values)) / 2 for one in values]


@given(LABELLED)
def test_auc_counts_pairs_and_a_tie_is_one_half(rows):
    labels, scores = (np.array(column) for column in zip(*rows, strict=True))
    expected = pytest.approx(slow_auc(rows), abs=tolerances.ORACLE)
    assert auc(labels, scores) == expected
    assert auc(labels, scores.astype(np.float32)) == expected


@pytest.mark.parametrize("label", [True, False])
def test_one_class_has_no_area(label):
    assert auc(np.array([label, label]), np.array([1.0, 2.0])) is None


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=20))
def test_spearman_is_the_correlation_of_mean_ranks(pairs):
    one, other = np.array(pairs, dtype=float).T
    ranks = np.array([slow_ranks(one), slow_ranks(other)])
    spread = ranks.std(axis=1)
    if not spread.all():
        assert spearman(one, other) is None
        return
    slow = ((ranks[0] - ranks[0].mean()) * (ranks[1] - ranks[1].mean())).mean() / spread.prod()
    assert spearman(one, other) == pytest.approx(slow, abs=tolerances.ORACLE)
