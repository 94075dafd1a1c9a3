"""The score head against plain logarithms, and its probabilities between 0 and 1."""

import math
from dataclasses import replace

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st

from varbind.effect.score import ScoreHead, log_probability, logistic, logit, nearness, scaled_evidence
from varbind.errors import ResourceError

HEAD = ScoreHead(np.array([0.1, 0.02]), np.array([1.5, 0.25, 0.5, 0.75]), -0.75, np.array([0.5, -1.25]))
NUMBERS = st.floats(-50, 50)
DISTANCES = st.floats(-100_000, 100_000) | st.just(float("nan"))
ROWS = st.lists(
    st.tuples(NUMBERS, st.lists(NUMBERS, min_size=3, max_size=3), DISTANCES),
    min_size=1,
    max_size=12,
)


def columns(rows):
    """Activities, bound changes and distances."""
    return [np.array(column, dtype=float) for column in zip(*rows, strict=True)]


def slow_nearness(distance):
    """A half 200 bases from the place 50 bases upstream of the start."""
    return 0.0 if math.isnan(distance) else 1 / (1 + ((distance + 50) / 200) ** 2)


@given(ROWS)
def test_evidence_and_odds_are_the_slow_ones(rows):
    evidence = HEAD.evidence(*columns(rows))
    odds = HEAD.log_odds(evidence)
    losses = HEAD.log_loss(odds, columns(rows)[0])
    for row, (activity, changes, distance) in enumerate(rows):
        loss, gain, square = max(-activity, 0), max(activity, 0), sum(value * value for value in changes) / 3
        own = [math.log1p(loss / 0.1), math.log1p(gain / 0.1), math.log1p(square / 0.02), slow_nearness(distance)]
        assert evidence[row] == pytest.approx(own, rel=tolerances.ORACLE, abs=tolerances.ORACLE)
        slow = -0.75 + 1.5 * own[0] + 0.25 * own[1] + 0.5 * own[2] + 0.75 * own[3]
        slow = slow if any(own[:3]) else -700
        assert odds[row] == pytest.approx(slow, rel=tolerances.ORACLE, abs=tolerances.ORACLE)
        of_loss = -math.log1p(math.exp(-0.5 + 1.25 * activity))
        expected = -700 + of_loss if slow == -700 else -math.log1p(math.exp(-slow)) + of_loss
        assert losses[row] == pytest.approx(expected, rel=tolerances.ORACLE, abs=tolerances.ORACLE)


@given(ROWS)
def test_a_row_has_the_same_bytes_in_every_batch(rows):
    def bytes_of(some):
        activity, changes, distances = columns(some)
        odds = HEAD.log_odds(HEAD.evidence(activity, changes, distances))
        return [pair.tobytes() for pair in np.stack([logistic(odds), HEAD.log_loss(odds, activity)], axis=1)]

    whole = bytes_of(rows)
    assert whole == [bytes_of([row])[0] for row in rows]
    assert whole[::-1] == bytes_of(rows[::-1])


@given(st.floats(-5000, 5000))
def test_what_changes_nothing_changes_no_activity_however_near_the_start(distance):
    activity, changes = np.array([0.0, 0.0, 1e-9]), np.array([[0.0], [1e-9], [0.0]])
    odds = HEAD.log_odds(HEAD.evidence(activity, changes, np.full(3, distance)))
    assert logistic(odds)[0] == 0
    # However small a change is, it is one.
    assert ((logistic(odds)[1:] > 0) & (logistic(odds)[1:] < 1)).all()


def test_a_loss_and_a_gain_have_weights_of_their_own():
    changes, none = np.full((2, 4), 0.1), np.array([np.nan, np.nan])
    loss, gain = HEAD.log_odds(HEAD.evidence(np.array([-2.0, 2.0]), changes, none))
    assert loss - gain == pytest.approx((1.5 - 0.25) * math.log1p(2 / 0.1))
    equal = replace(HEAD, weights=np.array([1.0, 1.0, 0.5, 0.75]))
    loss, gain = equal.log_odds(equal.evidence(np.array([-2.0, 2.0]), changes, none))
    assert loss == gain
    # Of two changes that are as likely, the loss is the likelier loss.
    log_loss = equal.log_loss(np.array([loss, gain]), np.array([-2.0, 2.0]))
    assert log_loss[0] > log_loss[1]


def test_the_probability_of_a_loss_is_a_product():
    odds, activity = np.array([-2.0, 0.0, 3.0]), np.array([-1.0, 0.5, 2.0])
    expected = logistic(odds) * logistic(0.5 - 1.25 * activity)
    assert np.exp(HEAD.log_loss(odds, activity)) == pytest.approx(expected, rel=tolerances.ORACLE)


@given(st.lists(st.floats(-10_000, 10_000), min_size=2, max_size=20))
def test_nearness_falls_with_the_distance_on_both_sides(distances):
    for sign in (-1, 1):
        ordered = np.sort(np.abs(distances))
        found = nearness(-50 + sign * ordered)
        assert (np.diff(found) <= 0).all()
        assert ((found > 0) & (found <= 1)).all()


def test_nearness_has_its_peak_and_halves_and_is_nothing_without_a_start():
    assert nearness(np.array([-50.0, 150.0, -250.0, np.nan])).tolist() == [1, 0.5, 0.5, 0]


@given(st.floats(-30, 30))
def test_logit_undoes_logistic(odds):
    probability = logistic(np.array([odds]))
    assert 0 < probability[0] < 1
    assert logit(probability)[0] == pytest.approx(odds, rel=1e-3, abs=1e-9)


@given(st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=20))
def test_probabilities_rise_with_the_odds_and_never_overflow(odds):
    odds = np.sort(np.array(odds))
    found, logs = logistic(odds), log_probability(odds)
    assert (np.diff(found) >= 0).all()
    assert ((found > 0) == (odds > -700)).all()
    assert (found <= 1).all()
    assert (np.diff(logs) >= 0).all()
    assert (logs <= 0).all()


@given(st.floats(-700, 30))
def test_a_log_probability_is_the_logarithm_of_the_probability(odds):
    """Where the probability is neither rounded to 0 nor, in double precision, to 1."""
    exact = -math.log1p(math.exp(-odds)) if odds > -30 else odds - math.exp(odds)
    assert log_probability(np.array([odds]))[0] == pytest.approx(exact, rel=tolerances.ORACLE)


def test_evidence_is_the_same_from_sizes():
    activity, changes = np.array([-0.5, 0.25]), np.array([[1.0, 2.0], [0.5, 0.0]])
    distances = np.array([10.0, np.nan])
    sizes = np.array([[0.5, 0.0, 2.5], [0.0, 0.25, 0.125]])
    from_sizes = scaled_evidence(sizes, distances, HEAD.units)
    assert from_sizes.tolist() == HEAD.evidence(activity, changes, distances).tolist()


@pytest.mark.parametrize(
    "wrong",
    [
        {"units": np.array([0.1])},
        {"units": np.array([0.1, 0.0])},
        {"units": np.array([0.1, -1.0])},
        {"units": np.array([0.1, np.nan])},
        {"weights": np.ones(3)},
        {"weights": np.ones((4, 1))},
        {"direction": np.ones(1)},
        {"direction": np.ones((2, 1))},
    ],
)
def test_parts_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ResourceError, match="two units above 0, four weights and two numbers of the direction"):
        replace(HEAD, **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"units": np.array([1, np.inf])},
        {"weights": np.array([1, 1, 1, np.nan])},
        {"constant": np.nan},
        {"direction": np.array([0, -np.inf])},
    ],
)
def test_what_is_not_finite_is_refused(wrong):
    with pytest.raises(ResourceError, match="not finite"):
        replace(HEAD, **wrong)
