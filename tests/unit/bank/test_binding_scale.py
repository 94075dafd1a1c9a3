"""Scores of different models on one scale, against the formulas written out one number at a time."""

import math
from dataclasses import replace

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles import model_card

from varbind.bank.binding_scale import BindingScale
from varbind.errors import ResourceError

LEVELS = [0.01, 0.5, 0.75, 0.99]
SCALE = BindingScale(np.array([0.5, 2.0, 1.0]), np.array([0.0, 3.0, -1.0]), np.array([0.25, 1.0, 4.0]))
SCORES = arrays(np.float32, st.tuples(st.integers(1, 9), st.just(3)), elements=st.floats(-40, 40, width=32))


def card(model_id, quantiles, delta_sd=1.0):
    return model_card(model_id, delta_sd=delta_sd, quantiles={"score": quantiles})


def slow_bound(score, threshold, softness):
    """log(1 + exp(x)), the larger part taken out so that nothing overflows."""
    x = (score - threshold) / softness
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def test_a_scale_is_read_from_the_backgrounds_of_cards():
    cards = [card("A", [-1.0, 0.0, 0.5, 2.0], 0.5), card("B", [0.0, 1.0, 1.5, 1.4], 2.0)]
    scale = BindingScale.of_cards(cards, LEVELS)
    assert scale.spread.tolist() == [0.5, 2.0]
    assert scale.threshold.tolist() == [2.0, 1.4]
    assert scale.softness == pytest.approx([0.25 * 2.0, 0.25 * 0.4])


@pytest.mark.parametrize("least", [0.0, 1e-12])
def test_a_model_that_next_to_never_changes_has_units_of_its_own(least):
    scale = BindingScale.of_cards([card("A", [1.0, 1.0, 1.0, 1.0 + least], least)], LEVELS)
    assert (scale.spread.tolist(), scale.softness.tolist()) == ([1], [1])
    assert scale.threshold == pytest.approx([1])


@pytest.mark.parametrize(
    ("models", "levels"),
    [([model_card("A")], LEVELS), ([card("A", [0.0, 1.0])], [0.5, 0.9]), ([card("A", [0.0, 1.0])], [])],
    ids=["no background", "no threshold", "no levels"],
)
def test_a_model_without_a_background_is_told(models, levels):
    with pytest.raises(ResourceError, match="no background of scores; import or train the bank again"):
        BindingScale.of_cards(models, levels)


def test_a_model_without_a_background_does_not_change_the_others():
    models = [model_card("A"), card("B", [0.0, 1.0, 1.5, 1.4], 2.0)]
    scale = BindingScale.of_known(models, LEVELS)
    assert (scale.spread.tolist(), scale.threshold.tolist()) == ([1.0, 2.0], [0.0, 1.4])
    assert scale.softness == pytest.approx([1.0, 0.25 * 0.4])


def test_the_scale_of_a_real_bank(tiny_bank):
    scale = BindingScale.of_cards(tiny_bank.models, tiny_bank.cards[0].quantile_levels)
    assert scale.spread.tolist() == [model.delta_sd for model in tiny_bank.models]
    assert (scale.softness > 0).all()


@given(SCORES, st.randoms(use_true_random=False))
def test_both_changes_are_the_formulas_number_by_number(ref, random):
    alt = ref[random.sample(range(len(ref)), len(ref))]
    z, bound = SCALE.z(ref, alt), SCALE.bound_change(ref, alt)
    assert z.dtype == bound.dtype == np.float64
    for row in range(len(ref)):
        for column in range(3):
            spread, threshold, softness = (
                float(part[column]) for part in (SCALE.spread, SCALE.threshold, SCALE.softness)
            )
            r, a = float(ref[row, column]), float(alt[row, column])
            assert z[row, column] == pytest.approx((a - r) / spread, rel=tolerances.ORACLE, abs=tolerances.ORACLE)
            slow = slow_bound(a, threshold, softness) - slow_bound(r, threshold, softness)
            assert bound[row, column] == pytest.approx(slow, rel=tolerances.ORACLE, abs=tolerances.ORACLE)


@given(SCORES)
def test_no_change_is_exactly_nothing(ref):
    assert not SCALE.z(ref, ref).any()
    assert not SCALE.bound_change(ref, ref).any()


@given(SCORES, st.floats(0.5, 8))
def test_the_bound_change_has_the_sign_of_the_change_and_is_no_larger(ref, step):
    alt = ref + np.float32(step)
    bound = SCALE.bound_change(ref, alt)
    assert (bound >= 0).all()
    assert (bound <= (alt.astype(float) - ref) / SCALE.softness + tolerances.ORACLE).all()
    assert (SCALE.bound_change(alt, ref) == -bound).all()


def test_far_below_the_threshold_nothing_counts_and_far_above_all_does():
    far = 40 * SCALE.softness
    low, high = (SCALE.threshold + sign * far for sign in (-1, 1))
    assert SCALE.bound_change(low[None], low[None] - 1) == pytest.approx(0, abs=1e-15)
    assert SCALE.bound_change(high[None], high[None] + 1)[0] == pytest.approx(1 / SCALE.softness)


def test_scores_far_out_do_not_overflow():
    ref = np.array([[-3e38, 3e38, 0]], dtype=np.float32)
    assert np.isfinite(SCALE.bound_change(ref, -ref)).all()


@pytest.mark.parametrize("name", ["spread", "threshold", "softness"])
@pytest.mark.parametrize("wrong", [np.ones(2), np.array([1, np.nan, 1]), np.array([1, np.inf, 1])])
def test_an_incomplete_scale_is_refused(name, wrong):
    with pytest.raises(ResourceError, match="incomplete"):
        replace(SCALE, **{name: wrong})


@pytest.mark.parametrize("name", ["spread", "softness"])
@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_spread_of_nothing_is_refused(name, value):
    with pytest.raises(ResourceError, match="not above 0"):
        replace(SCALE, **{name: np.array([1, value, 1])})
