"""The score's calibration: a simulated law is found, every locus counts the same, and the error is a loop's."""

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st

from varbind.effect.score import logistic
from varbind.errors import InputError
from varbind.train.score import calibration_error, fit_score, suggested_cutoffs


def simulated(seed=0, loci=12, rows=600, constant=-1.0):
    """Sizes and outcomes by a logistic law in the logarithms; and the true probabilities."""
    rng = np.random.default_rng(seed)
    sizes = np.exp(rng.normal(-1, 1.2, (loci * rows, 2)))
    true = logistic(constant + 1.6 * np.log(sizes[:, 0]) + 0.7 * np.log(sizes[:, 1]))
    return sizes, rng.random(len(sizes)) < true, np.repeat([f"L{n:02}" for n in range(loci)], rows), true


def test_a_simulated_law_is_calibrated_on_other_variants():
    sizes, measurable, loci, _ = simulated()
    head = fit_score(sizes, measurable, loci)
    fresh, outcomes, _, true = simulated(seed=1)
    found = logistic(head.log_odds(fresh))
    error, _ = calibration_error(found, outcomes, np.ones(len(found)))
    assert error < 0.02
    assert np.abs(found - true).mean() < 0.02
    assert np.corrcoef(np.log(found), np.log(true))[0, 1] > 0.99
    # One that is twice as sure of itself is told.
    worse, _ = calibration_error(logistic(2 * head.log_odds(fresh)), outcomes, np.ones(len(found)))
    assert worse > 2 * error + 0.02


def test_it_is_the_most_likely_law():
    sizes, measurable, loci, _ = simulated(rows=100)
    head = fit_score(sizes, measurable, loci)
    logs = np.log(sizes + head.floors)

    def likelihood(weights, constant):
        """Every locus with the same weight, as there are as many variants in each."""
        odds = logs @ weights + constant
        return -np.logaddexp(0, np.where(measurable, -odds, odds)).mean()

    best = likelihood(head.weights, head.constant)
    for step in (-0.05, 0.05):
        assert likelihood(head.weights, head.constant + step) < best
        for place in range(2):
            assert likelihood(head.weights + step * (np.arange(2) == place), head.constant) < best


def test_floors_are_a_tenth_of_the_medians():
    sizes, measurable, loci, _ = simulated(rows=20)
    assert fit_score(sizes, measurable, loci).floors == pytest.approx(0.1 * np.median(sizes, axis=0))


def test_every_locus_counts_the_same():
    """A locus that is there many times over, variant by variant, changes nothing."""
    sizes, measurable, loci, _ = simulated(rows=40, loci=5)
    many = np.concatenate([np.arange(len(loci)), np.tile(np.flatnonzero(loci == "L00"), 9)])
    one, other = (fit_score(sizes[rows], measurable[rows], loci[rows]) for rows in (slice(None), many))
    # The medians that set the floors do change: compare on floors of nothing.
    tiny = np.exp(np.random.default_rng(2).normal(3, 1, (50, 2)))
    assert other.log_odds(tiny) == pytest.approx(one.log_odds(tiny), abs=0.2)
    weighted = fit_score(sizes[many], measurable[many], np.arange(len(many)).astype(str))
    gap = np.abs(other.log_odds(tiny) - one.log_odds(tiny)).mean()
    assert gap < 0.5 * np.abs(weighted.log_odds(tiny) - one.log_odds(tiny)).mean()


def test_order_and_names_of_loci_do_not_matter():
    sizes, measurable, loci, _ = simulated(rows=40, loci=5)
    order = np.random.default_rng(3).permutation(len(loci))
    one = fit_score(sizes, measurable, loci)
    renamed = np.char.add("x", loci)[order]
    other = fit_score(sizes[order], measurable[order], renamed)
    assert [*other.weights, other.constant] == pytest.approx([*one.weights, one.constant], rel=1e-6)


def test_the_constant_alone_is_that_of_the_loci_that_calibrate():
    low, high = simulated(constant=-2.5, loci=6), simulated(seed=1, constant=0.5, loci=6)
    sizes, measurable = (np.concatenate([a, b]) for a, b in zip(low[:2], high[:2], strict=True))
    loci = np.concatenate([low[2], np.char.add("h", high[2])])
    chosen = np.arange(len(loci)) < len(low[0])
    whole, own = fit_score(sizes, measurable, loci), fit_score(sizes, measurable, loci, chosen)
    np.testing.assert_array_equal(own.weights, whole.weights)
    assert own.constant < whole.constant - 0.5
    assert logistic(own.log_odds(low[0])).mean() == pytest.approx(low[1].mean(), abs=0.01)
    assert logistic(whole.log_odds(low[0])).mean() > low[1].mean() + 0.1


@pytest.mark.parametrize("value", [True, False])
def test_loci_of_one_outcome_cannot_set_the_constant(value):
    sizes, measurable, loci, _ = simulated(rows=40, loci=5)
    chosen = loci == "L00"
    measurable[chosen] = value
    assert fit_score(sizes, measurable, loci, chosen).constant == fit_score(sizes, measurable, loci).constant


@pytest.mark.parametrize("value", [True, False])
def test_one_outcome_is_refused(value):
    with pytest.raises(InputError, match="all variants, or none, have a measurable change; give variants"):
        fit_score(np.ones((4, 2)), np.full(4, value), np.array(list("aabb")))


def test_sizes_that_are_all_alike_say_nothing_and_none_at_all_is_never_measurable():
    measurable = np.arange(40) % 4 == 0
    head = fit_score(np.ones((40, 2)), measurable, np.array(list("ab") * 20))
    assert logistic(head.log_odds(np.ones((1, 2))))[0] == pytest.approx(0.25, abs=0.01)
    nothing = fit_score(np.zeros((40, 2)), measurable, np.array(list("ab") * 20))
    assert logistic(nothing.log_odds(np.zeros((1, 2))))[0] == 0


def test_classes_that_a_line_parts_still_end_in_numbers():
    sizes = np.exp(np.random.default_rng(0).normal(size=(300, 2)))
    head = fit_score(sizes, sizes[:, 0] > 1, np.repeat(list("abc"), 100))
    found = logistic(head.log_odds(sizes))
    assert ((found > 0.5) == (sizes[:, 0] > 1)).mean() > 0.98


def slow_calibration(probabilities, outcomes, weights, bins):
    """Variants one after another, in order of their probability, into bins of equal weight."""
    order = sorted(range(len(probabilities)), key=lambda row: probabilities[row])
    filled, reached, total = [[] for _ in range(bins)], 0.0, sum(weights)
    for row in order:
        reached += weights[row] / total
        filled[min(int(reached * bins - 1e-9), bins - 1)].append(row)
    error, curve = 0.0, []
    for rows in filled:
        if rows:
            weight = sum(weights[row] for row in rows)
            expected = sum(weights[row] * probabilities[row] for row in rows) / weight
            found = sum(weights[row] * outcomes[row] for row in rows) / weight
            error += weight / total * abs(expected - found)
            curve.append((expected, found, weight / total))
    return error, curve


ROW = st.tuples(st.integers(0, 1000).map(lambda n: n / 1000), st.booleans(), st.sampled_from([0.25, 0.5, 1.0, 4.0]))


@given(st.lists(ROW, min_size=1, max_size=80), st.integers(1, 12))
def test_the_calibration_error_is_that_of_the_loop(rows, bins):
    probabilities, outcomes, weights = (np.array(column) for column in zip(*rows, strict=True))
    error, curve = calibration_error(probabilities, outcomes, weights, bins)
    slow, slow_curve = slow_calibration(probabilities.tolist(), outcomes.tolist(), weights.tolist(), bins)
    assert error == pytest.approx(slow, rel=tolerances.ORACLE, abs=tolerances.ORACLE)
    assert np.ravel(curve) == pytest.approx(np.ravel(slow_curve), rel=tolerances.ORACLE, abs=tolerances.ORACLE)
    assert sum(share for *_, share in curve) == pytest.approx(1)


def test_a_perfect_forecast_has_no_error():
    outcomes = np.arange(100) < 30
    assert calibration_error(outcomes.astype(float), outcomes, np.ones(100))[0] == 0
    assert calibration_error(1.0 - outcomes, outcomes, np.ones(100))[0] == pytest.approx(1)


def test_a_cutoff_worse_than_chance_is_left_out_and_logged(caplog):
    caplog.set_level("INFO", logger="varbind")
    background = np.linspace(-1, 1, 1001)
    odds = np.array([-2.0, 0.0, 0.9, 0.9, 0.99, 0.99])
    weights = np.full(6, 1 / 6)
    good = np.array([False, False, True, False, True, True])
    assert [one["background"] for one in suggested_cutoffs(odds, good, weights, background)] == [0.1, 0.01]
    poor = np.array([True, True, True, True, False, False])
    found = suggested_cutoffs(odds, poor, weights, background)
    assert found == []
    assert "no cut-off of SCORE at 0.69: its precision of 0.50 is below the base rate of 0.67" in caplog.text
