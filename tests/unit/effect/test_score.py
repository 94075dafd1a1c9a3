"""The score head against plain logarithms, and its probabilities between 0 and 1."""

import math
from dataclasses import replace

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st

from varbind.effect.score import ScoreHead, logistic, logit
from varbind.errors import ResourceError

HEAD = ScoreHead(np.array([0.1, 0.02]), np.array([1.5, 0.5]), -0.75)
NUMBERS = st.floats(-50, 50)


@given(st.lists(st.tuples(NUMBERS, st.lists(NUMBERS, min_size=3, max_size=3)), min_size=1, max_size=12))
def test_sizes_and_odds_are_the_slow_ones(rows):
    activity, changes = np.array([one for one, _ in rows]), np.array([own for _, own in rows])
    sizes = ScoreHead.sizes(activity, changes)
    odds = HEAD.log_odds(sizes)
    for row, (one, own) in enumerate(rows):
        size, square = abs(one), sum(value * value for value in own) / 3
        assert sizes[row] == pytest.approx([size, square], rel=tolerances.ORACLE, abs=tolerances.ORACLE)
        slow = -0.75 + 1.5 * math.log(size + 0.1) + 0.5 * math.log(square + 0.02)
        slow = slow if sizes[row].any() else -700
        assert odds[row] == pytest.approx(slow, rel=tolerances.ORACLE, abs=tolerances.ORACLE)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=12))
def test_a_row_has_the_same_bytes_in_every_batch(rows):
    sizes = np.abs(np.array(rows))
    whole = logistic(HEAD.log_odds(sizes))
    assert whole.tobytes() == b"".join(logistic(HEAD.log_odds(row[None])).tobytes() for row in sizes)
    assert whole[::-1].tobytes() == logistic(HEAD.log_odds(sizes[::-1])).tobytes()


def test_what_changes_nothing_changes_no_activity():
    odds = HEAD.log_odds(np.array([[0.0, 0.0], [0.0, 1e-9]]))
    assert logistic(odds)[0] == 0
    assert 0 < logistic(odds)[1] < 1


def test_the_sign_of_the_activity_plays_no_part():
    changes = np.ones((1, 4))
    assert (ScoreHead.sizes(np.array([-2.0]), changes) == ScoreHead.sizes(np.array([2.0]), changes)).all()


@given(st.floats(-30, 30))
def test_logit_undoes_logistic(odds):
    probability = logistic(np.array([odds]))
    assert 0 < probability[0] < 1
    assert logit(probability)[0] == pytest.approx(odds, rel=1e-3, abs=1e-9)


@given(st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=20))
def test_probabilities_rise_with_the_odds_and_never_overflow(odds):
    found = logistic(np.sort(np.array(odds)))
    assert (np.diff(found) >= 0).all()
    assert ((found > 0) == (np.sort(np.array(odds)) > -700)).all()
    assert (found <= 1).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"floors": np.array([0.1])},
        {"floors": np.array([0.1, 0.0])},
        {"floors": np.array([0.1, -1.0])},
        {"floors": np.array([0.1, np.nan])},
        {"weights": np.ones(3)},
        {"weights": np.ones((2, 1))},
    ],
)
def test_parts_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ResourceError, match="two floors above 0 and two weights"):
        replace(HEAD, **wrong)


@pytest.mark.parametrize(
    "wrong", [{"floors": np.array([1, np.inf])}, {"weights": np.array([1, np.nan])}, {"constant": np.nan}]
)
def test_what_is_not_finite_is_refused(wrong):
    with pytest.raises(ResourceError, match="not finite"):
        replace(HEAD, **wrong)
