"""The score's calibration: a simulated law is found, every locus counts the same, and the error is a loop's."""

import math
from dataclasses import replace

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st

from varbind.effect.score import logistic, scaled_evidence
from varbind.errors import InputError
from varbind.train.score import Outcomes, ScoreData, calibrate_score, calibration_error, equal_loci, fit_score

TRUE_WEIGHTS = np.array([1.6, 0.9, 0.5, 1.2])
TRUE_SLOPE = -1.5


def simulated(seed=0, loci=12, rows=600, constant=-4.0, weights=TRUE_WEIGHTS, slope=TRUE_SLOPE):
    """Variants whose outcomes have logistic laws in their evidence, and the true probability of a change.

    The units are those that the fit takes: the median activity, and a tenth of the median mean square.
    """
    rng = np.random.default_rng(seed)
    count = loci * rows
    activity = np.exp(rng.normal(-1, 1, count)) * rng.choice([-1, 1], count)
    squares, distances = np.exp(rng.normal(0, 1, count)), rng.normal(-100, 400, count)
    distances[rng.random(count) < 0.2] = np.nan
    sizes = np.column_stack([np.maximum(-activity, 0), np.maximum(activity, 0), squares])
    units = np.array([np.median(np.abs(activity)), 0.1 * np.median(squares)])
    true = logistic(constant + scaled_evidence(sizes, distances, units) @ weights)
    changed = rng.random(count) < true
    is_loss = rng.random(count) < logistic(0.3 + slope * activity)
    outcomes = Outcomes((changed & is_loss).astype(float), (changed & ~is_loss).astype(float))
    names = np.repeat([f"L{n:02}" for n in range(loci)], rows)
    return ScoreData(activity, squares, distances, outcomes, names, np.ones(count, dtype=bool)), true


def odds_of(head, data):
    return head.log_odds(scaled_evidence(data.sizes, data.distances, head.units))


def joined(one, other):
    """The variants of both."""
    both = [
        np.concatenate([getattr(data, name) for data in (one, other)])
        for name in ("activity", "mean_squares", "distances", "loci", "calibrating")
    ]
    outcomes = Outcomes(
        *(np.concatenate([getattr(data.outcomes, name) for data in (one, other)]) for name in ("loss", "gain"))
    )
    return ScoreData(*both[:3], outcomes, *both[3:])


def with_outcomes(data, loss, gain):
    return replace(data, outcomes=Outcomes(np.asarray(loss, dtype=float), np.asarray(gain, dtype=float)))


def test_a_simulated_law_is_calibrated_on_other_variants():
    head = fit_score(simulated()[0])
    fresh, true = simulated(seed=1)
    found, outcomes = logistic(odds_of(head, fresh)), fresh.outcomes.change
    error, _ = calibration_error(found, outcomes, np.ones(len(found)))
    assert error < 0.02
    assert np.abs(found - true).mean() < 0.02
    assert np.corrcoef(np.log(found), np.log(true))[0, 1] > 0.99
    # One that is twice as sure of itself is told.
    worse, _ = calibration_error(logistic(2 * odds_of(head, fresh)), outcomes, np.ones(len(found)))
    assert worse > 2 * error + 0.02


def test_a_simulated_law_has_its_weights():
    """Of 40,000 variants: standard errors of about 0.1 at most."""
    head = fit_score(simulated(rows=3400)[0])
    assert head.weights == pytest.approx(TRUE_WEIGHTS, abs=0.25)
    assert head.constant == pytest.approx(-4, abs=0.4)
    assert head.direction == pytest.approx([0.3, TRUE_SLOPE], abs=0.15)


def test_probabilities_teach_what_outcomes_teach():
    """Certain outcomes and the probabilities of the law itself give one head, but for chance."""
    data, true = simulated(rows=2000)
    of_loss = logistic(0.3 + TRUE_SLOPE * data.activity)
    soft = fit_score(with_outcomes(data, true * of_loss, true * (1 - of_loss)))
    # Without chance, only the ridge is between the fit and the law.
    assert soft.weights == pytest.approx(TRUE_WEIGHTS, abs=0.01)
    assert soft.constant == pytest.approx(-4, abs=0.01)
    assert soft.direction == pytest.approx([0.3, TRUE_SLOPE], abs=0.01)


def test_it_is_the_most_likely_law():
    """The constant given the weights; and the weights beside a constant of each locus."""
    data, _ = simulated(rows=100, constant=np.linspace(-7, -1, 12).repeat(100))
    head = fit_score(data)
    evidence, outcomes = scaled_evidence(data.sizes, data.distances, head.units), data.outcomes.change

    def likelihood(weights, constant):
        """Every locus with the same weight, as there are as many variants in each."""
        odds = evidence @ weights + constant
        return -(outcomes * np.logaddexp(0, -odds) + (1 - outcomes) * np.logaddexp(0, odds)).mean()

    best = likelihood(head.weights, head.constant)
    for step in (-0.05, 0.05):
        assert likelihood(head.weights, head.constant + step) < best
    # The best constants of the loci are found anew for every choice of the weights.
    own = [data.loci == name for name in np.unique(data.loci)]
    grid = np.linspace(-12, 4, 3201)

    def profile(weights):
        total = 0.0
        for rows in own:
            known, seen = evidence[rows] @ weights, outcomes[rows]
            odds = known[:, None] + grid
            total += (
                (-(seen[:, None] * np.logaddexp(0, -odds) + (1 - seen[:, None]) * np.logaddexp(0, odds)))
                .mean(axis=0)
                .max()
            )
        return total

    best = profile(head.weights)
    for place in range(4):
        for step in (-0.2, 0.2):
            assert profile(head.weights + step * (np.arange(4) == place)) < best


def test_units_are_the_median_activity_and_a_tenth_of_the_median_square():
    data, _ = simulated(rows=20)
    expected = [np.median(np.abs(data.activity)), 0.1 * np.median(data.mean_squares)]
    assert fit_score(data).units == pytest.approx(expected)


@pytest.mark.parametrize("place", range(4))
def test_no_evidence_has_a_negative_weight(place):
    """What would have one is left out, and the others are fitted without it."""
    data, _ = simulated(weights=np.where(np.arange(4) == place, -TRUE_WEIGHTS, TRUE_WEIGHTS), constant=-2.0)
    weights = fit_score(data).weights
    assert weights[place] == 0
    assert (np.delete(weights, place) > 0.1).all()


def test_evidence_against_a_change_has_no_weight_at_all():
    data, _ = simulated(weights=-TRUE_WEIGHTS, constant=2.0)
    head = fit_score(data)
    assert not head.weights.any()
    # What is left is the share of changes.
    assert logistic(np.array([head.constant]))[0] == pytest.approx(data.outcomes.change.mean(), abs=1e-4)


@pytest.mark.parametrize("slope", [-3.0, -0.5, 0.0, 3.0])
def test_a_predicted_gain_never_speaks_for_a_loss(slope):
    data, _ = simulated(slope=slope)
    constant, found = fit_score(data).direction
    assert found <= 0
    if slope < 0:
        assert found == pytest.approx(slope, rel=0.25)
    if slope > 0:
        assert found == 0
    assert np.isfinite(constant)


def test_loci_of_larger_effects_are_no_evidence():
    """Two of them have large predictions and many changes, but within a locus nothing depends on the predictions."""
    data, _ = simulated()
    rng, large = np.random.default_rng(3), np.char.endswith(data.loci, "1")
    changed = rng.random(len(large)) < np.where(large, 0.8, 0.1)
    lost = rng.random(len(large)) < 0.5
    activity, squares = (np.where(large, 5 * values, values) for values in (data.activity, data.mean_squares))
    moved = replace(data, activity=activity, mean_squares=squares)
    head = fit_score(with_outcomes(moved, changed & lost, changed & ~lost))
    # A constant for all loci would give the activity a weight of about 1.
    assert head.weights.max() < 0.25


def test_every_locus_counts_the_same():
    """A locus that is there many times over, variant by variant, changes nothing."""
    data, _ = simulated(rows=40, loci=5)
    many = np.concatenate([np.arange(len(data.loci)), np.tile(np.flatnonzero(data.loci == "L00"), 9)])
    one, other = fit_score(data), fit_score(data.rows(many))
    assert equal_loci(data.loci[many])[data.loci[many] == "L00"].sum() == pytest.approx(0.2)
    # The medians that set the units do change: compare on large evidence.
    fresh, _ = simulated(seed=2, rows=50)
    apart = fit_score(replace(data.rows(many), loci=np.arange(len(many)).astype(str)))
    gap = np.abs(odds_of(other, fresh) - odds_of(one, fresh)).mean()
    assert gap < 0.5 * np.abs(odds_of(apart, fresh) - odds_of(one, fresh)).mean()


def test_order_and_names_of_loci_do_not_matter():
    data, _ = simulated(rows=40, loci=5)
    order = np.random.default_rng(3).permutation(len(data.loci))
    one = fit_score(data)
    other = fit_score(replace(data, loci=np.char.add("x", data.loci)).rows(order))
    for name in ("units", "weights", "constant", "direction"):
        assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-6)


def test_the_constant_alone_is_that_of_the_loci_that_calibrate():
    low, high = (simulated(seed=seed, constant=c, loci=6)[0] for seed, c in ((0, -5.5), (1, -2.5)))
    both = joined(low, replace(high, loci=np.char.add("h", high.loci)))
    chosen = replace(both, calibrating=np.arange(len(both.loci)) < len(low.loci))
    whole, own = fit_score(both), fit_score(chosen)
    np.testing.assert_array_equal(own.weights, whole.weights)
    np.testing.assert_array_equal(own.direction, whole.direction)
    assert own.constant < whole.constant - 0.5
    assert logistic(odds_of(own, low)).mean() == pytest.approx(low.outcomes.change.mean(), abs=0.01)
    assert logistic(odds_of(whole, low)).mean() > low.outcomes.change.mean() + 0.1


def test_a_calibration_tells_how_it_does_on_the_loci_that_calibrate():
    data, _ = simulated(rows=100, loci=5)
    chosen = replace(data, calibrating=np.isin(data.loci, ["L01", "L03"]))
    found, head = calibrate_score(chosen), fit_score(chosen)
    assert found.head.weights.tolist() == head.weights.tolist()
    own = data.rows(chosen.calibrating)
    odds, changes = odds_of(head, own), own.outcomes.change
    assert found.variants.loci.tolist() == own.loci.tolist()
    np.testing.assert_array_equal(found.log_loss, head.log_loss(odds, own.activity))
    facts = found.facts
    assert facts["calibrated_on"] == ["L01", "L03"]
    assert facts["share_of_changes"] == pytest.approx(changes.mean())
    error, curve = calibration_error(logistic(odds), changes, np.ones(200))
    assert facts["calibration_error"] == pytest.approx(error)
    assert np.ravel(facts["reliability"]) == pytest.approx(np.ravel(curve))
    areas = []
    for rows in (own.loci == "L01", own.loci == "L03"):
        up, down = odds[rows & (changes > 0.5)], odds[rows & (changes < 0.5)]
        areas.append(np.mean([(a > b) + (a == b) / 2 for a in up for b in down]))
    assert facts["held_out"] == {
        "measure": "mean AUC for changes of more than 0.3 log2",
        "value": pytest.approx(np.mean(areas), abs=1e-6),
        "data": "2 left-out loci",
        "variants": 200,
    }


def test_rows_are_those_of_every_array():
    data, _ = simulated(rows=10, loci=3)
    rows = np.array([3, 25, 7])
    some = data.rows(rows)
    for name in ("activity", "mean_squares", "distances", "loci", "calibrating", "sizes"):
        np.testing.assert_array_equal(getattr(some, name), getattr(data, name)[rows])
    np.testing.assert_array_equal(some.outcomes.loss, data.outcomes.loss[rows])
    np.testing.assert_array_equal(some.outcomes.gain, data.outcomes.gain[rows])


@pytest.mark.parametrize("value", [0.0, 0.3, 0.8, 1.0])
def test_outcomes_of_one_kind_are_refused(value):
    data, _ = simulated(rows=4, loci=3)
    with pytest.raises(InputError, match="all variants, or none, have probably changed activity; give variants"):
        fit_score(with_outcomes(data, np.full(12, value), np.zeros(12)))


def test_evidence_that_is_all_alike_says_nothing_and_none_at_all_is_never_a_change():
    changed = np.arange(40) % 4 == 0
    flat = ScoreData(
        np.ones(40),
        np.ones(40),
        np.zeros(40),
        Outcomes(changed.astype(float), np.zeros(40)),
        np.array(list("ab") * 20),
        np.ones(40, dtype=bool),
    )
    head = fit_score(flat)
    assert logistic(odds_of(head, flat.rows(np.array([0]))))[0] == pytest.approx(0.25, abs=0.01)
    none = replace(flat, activity=np.zeros(40), mean_squares=np.zeros(40))
    assert not logistic(odds_of(fit_score(none), none)).any()


def test_classes_that_a_line_parts_still_end_in_numbers():
    data, _ = simulated(rows=100, loci=3)
    above = np.abs(data.activity) > np.median(np.abs(data.activity))
    apart = with_outcomes(data, above & (data.activity < 0), above & (data.activity > 0))
    head = fit_score(apart)
    found = logistic(odds_of(head, apart))
    assert ((found > 0.5) == above).mean() > 0.95
    assert np.isfinite([*head.weights, head.constant, *head.direction]).all()


EFFECTS = st.lists(st.tuples(st.floats(-2, 2), st.floats(0.02, 1)), min_size=3, max_size=8)


def normal(x, mean, deviation):
    return np.exp(-(((x - mean) / deviation) ** 2) / 2) / deviation / math.sqrt(2 * math.pi)


def slow_posterior(effect, error, prior):
    """The posterior mass below -0.3 and above 0.3 by integration of prior times likelihood on a fine grid."""
    deviation = math.sqrt(prior)
    near = math.sqrt(1 / (1 / prior + 1 / error**2))
    mean = effect * prior / (prior + error**2)
    # Halves of the line, each on its own grid of midpoints, so that no cell holds an end of an interval.
    masses = []
    for low, high in ((mean - 12 * near - 3, -0.3), (-0.3, 0.3), (0.3, mean + 12 * near + 3)):
        edges = np.linspace(low, high, 200_001) if high > low else np.zeros(1)
        middles = (edges[1:] + edges[:-1]) / 2
        masses.append(float((normal(middles, 0, deviation) * normal(effect, middles, error) * np.diff(edges)).sum()))
    return masses[0] / sum(masses), masses[2] / sum(masses)


@given(EFFECTS, st.integers(1, 3))
def test_outcomes_are_posterior_probabilities(rows, copies):
    """Of normal priors around 0, whose variance in each locus is that of the effects less the errors."""
    effects, errors = (np.array(column) for column in zip(*rows, strict=True))
    if np.ptp(effects) < 0.2:
        effects = effects + np.arange(len(effects))
    loci = np.repeat([f"L{n}" for n in range(copies)], len(effects))
    scale = 1 + np.arange(copies).repeat(len(effects))
    measured, noise = np.tile(effects, copies) * scale, np.tile(errors, copies)
    found = Outcomes.of_effects(measured, noise, loci)
    for row in range(len(loci)):
        own = loci == loci[row]
        variance = np.mean((measured[own] - measured[own].mean()) ** 2)
        prior = max(variance - np.mean(noise[own] ** 2), 0.01 * variance)
        loss, gain = slow_posterior(measured[row], noise[row], prior)
        assert found.loss[row] == pytest.approx(loss, abs=1e-6)
        assert found.gain[row] == pytest.approx(gain, abs=1e-6)
        assert found.change[row] == pytest.approx(loss + gain, abs=1e-6)


def test_outcomes_are_right_as_often_as_they_say():
    """Of real effects of a normal law and errors that are stated: of 40,000, each bin of 4,000 within 0.03."""
    rng = np.random.default_rng(0)
    real, errors = rng.normal(0, 0.3, 40_000), rng.uniform(0.05, 0.5, 40_000)
    found = Outcomes.of_effects(real + rng.normal(0, errors), errors, np.full(40_000, "L"))
    for name, happened in (("loss", real < -0.3), ("gain", real > 0.3), ("change", np.abs(real) > 0.3)):
        error, curve = calibration_error(getattr(found, name), happened, np.ones(40_000))
        assert error < 0.015
        assert max(abs(expected - share) for expected, share, _ in curve) < 0.03
    # Where the measurement says hardly anything, the prior does.
    poor = errors > 0.45
    assert found.change[poor].mean() == pytest.approx(np.mean(np.abs(real) > 0.3), abs=0.05)


def test_effects_of_the_other_sign_swap_loss_and_gain():
    rng = np.random.default_rng(1)
    effects, errors, loci = rng.normal(size=50), rng.uniform(0.1, 0.5, 50), np.array(list("ab") * 25)
    one, other = Outcomes.of_effects(effects, errors, loci), Outcomes.of_effects(-effects, errors, loci)
    assert one.loss == pytest.approx(other.gain, rel=tolerances.ORACLE)
    assert one.gain == pytest.approx(other.loss, rel=tolerances.ORACLE)


def test_a_locus_of_noise_alone_has_hardly_any_change():
    rng = np.random.default_rng(2)
    found = Outcomes.of_effects(rng.normal(0, 0.5, 500), np.full(500, 0.6), np.full(500, "L"))
    assert found.change.max() < 0.01


def test_a_locus_says_nothing_of_another():
    rng = np.random.default_rng(3)
    effects, errors, loci = rng.normal(size=60), rng.uniform(0.1, 0.5, 60), np.array(list("abc") * 20)
    whole = Outcomes.of_effects(effects, errors, loci)
    for name in "abc":
        own = loci == name
        alone = Outcomes.of_effects(effects[own], errors[own], loci[own])
        assert alone.loss.tobytes() == whole.loss[own].tobytes()


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


PROBABILITY = st.integers(0, 1000).map(lambda n: n / 1000)
ROW = st.tuples(PROBABILITY, st.booleans() | PROBABILITY, st.sampled_from([0.25, 0.5, 1.0, 4.0]))


@given(st.lists(ROW, min_size=1, max_size=80), st.integers(1, 12))
def test_the_calibration_error_is_that_of_the_loop(rows, bins):
    probabilities, outcomes, weights = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    error, curve = calibration_error(probabilities, outcomes, weights, bins)
    slow, slow_curve = slow_calibration(probabilities.tolist(), outcomes.tolist(), weights.tolist(), bins)
    assert error == pytest.approx(slow, rel=tolerances.ORACLE, abs=tolerances.ORACLE)
    assert np.ravel(curve) == pytest.approx(np.ravel(slow_curve), rel=tolerances.ORACLE, abs=tolerances.ORACLE)
    assert sum(share for *_, share in curve) == pytest.approx(1)


def test_a_perfect_forecast_has_no_error():
    outcomes = np.arange(100) < 30
    assert calibration_error(outcomes.astype(float), outcomes, np.ones(100))[0] == 0
    assert calibration_error(1.0 - outcomes, outcomes, np.ones(100))[0] == pytest.approx(1)
