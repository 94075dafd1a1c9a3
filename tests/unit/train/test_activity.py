"""The activity head's regression: what was planted is found on loci that did not train, and no locus sees itself."""

from dataclasses import replace

import numpy as np
import pytest
import tolerances
from second_stages import random_scale

from varbind.errors import InputError
from varbind.train.activity import PENALTIES, ActivityData, fit_activity, left_out_activity
from varbind.train.metrics import spearman

LOCI, ROWS, MODELS = 6, 60, 8
SCALE = random_scale(np.random.default_rng(0), MODELS)
ASSAYS = ("ChIP",) * 3 + ("SELEX",) * 5
WEIGHTS = np.array([1.0, -0.5, 0, 0, 0, 0, 0, 0])


def made(seed=0, noise=0.3, signal=1.0):
    """Effects that follow the bound changes of two models, each locus with a scale and a level of its own."""
    rng = np.random.default_rng(seed)
    changes = rng.normal(size=(LOCI * ROWS, 2, MODELS)) * rng.uniform(0.2, 3, (2, MODELS))
    loci = np.repeat([f"L{number}" for number in range(LOCI)], ROWS)
    scales, levels = rng.uniform(0.5, 2, LOCI).repeat(ROWS), rng.normal(size=LOCI).repeat(ROWS)
    effects = scales * (signal * changes[:, 0] @ WEIGHTS + noise * rng.normal(size=len(loci))) + levels
    return ActivityData(changes, effects, rng.uniform(0.05, 0.2, len(loci)), loci, ASSAYS, "in.tsv")


def within_loci(data, predicted):
    return [spearman(predicted[rows], data.effects[rows]) or 0 for rows in data.rows_of.values()]


def test_a_planted_signal_is_found_on_left_out_loci():
    data = made()
    own = {found.locus: found.predicted[data.rows_of[found.locus]] for found in left_out_activity(data)}
    assert set(own) == set(data.rows_of)
    assert min(spearman(values, data.effects[data.rows_of[locus]]) for locus, values in own.items()) > 0.9
    fit = fit_activity(data, SCALE)
    assert min(within_loci(data, fit.left_out)) > 0.9
    assert fit.penalty in PENALTIES
    assert fit.slope > 0
    # On variants of the same law that no locus held.
    fresh = made(seed=9)
    predicted = fit.head.contributions(fresh.changes).sum(axis=1)
    assert min(within_loci(fresh, predicted)) > 0.9
    # The scale is that of the effects, which on average are once or so the planted sum.
    assert np.polyfit(predicted, fresh.changes[:, 0] @ WEIGHTS, 1)[0] == pytest.approx(1, abs=0.5)


def test_models_that_do_nothing_weigh_little():
    fit = fit_activity(made(), SCALE)
    spread = made().changes.std(axis=0)
    effect = np.abs(fit.head.weights) * spread
    assert effect[0, 0] > effect[0, 1] > 3 * effect[:, 2:].max()


def test_pure_noise_is_not_predicted():
    found = []
    for seed in range(6):
        data = made(seed, signal=0.0)
        for one in left_out_activity(data):
            rows = data.rows_of[one.locus]
            found.append(spearman(one.predicted[rows], data.effects[rows]) or 0)
    # Of 36 loci of 60 variants each: a standard error of 0.13 / 6.
    assert abs(np.mean(found)) < 0.09


def with_effects_of(data, locus, seed=5):
    """The same data but for what was measured in one locus."""
    rng, rows = np.random.default_rng(seed), data.rows_of[locus]
    effects, errors = data.effects.copy(), data.errors.copy()
    effects[rows], errors[rows] = rng.normal(size=len(rows)) * 50, rng.uniform(1, 9, len(rows))
    return replace(data, effects=effects, errors=errors)


@pytest.mark.parametrize("locus", ["L0", "L3"])
def test_what_was_measured_in_a_locus_plays_no_part_in_its_own_prediction(locus):
    data = made(noise=2.0)
    other = with_effects_of(data, locus)
    (one,), (same,) = (left_out_activity(each, [locus]) for each in (data, other))
    assert one.predicted.tobytes() == same.predicted.tobytes()
    assert (one.penalty, one.slope) == (same.penalty, same.slope)
    # And it does in that of the others.
    (one,), (changed,) = (left_out_activity(each, ["L1"]) for each in (data, other))
    assert one.predicted[data.rows_of["L1"]].tobytes() != changed.predicted[data.rows_of["L1"]].tobytes()


def test_a_refit_does_not_know_its_locus():
    data = made(noise=2.0)
    for place, locus in enumerate(data.rows_of):
        one, other = (fit_activity(each, SCALE) for each in (data, with_effects_of(data, locus)))
        if one.penalty == other.penalty:
            refits = (one.head.refits[place] / one.slope, other.head.refits[place] / other.slope)
            np.testing.assert_allclose(*refits, rtol=1e-5)
        assert not np.allclose(one.head.weights, other.head.weights)


def test_the_predictions_of_a_fit_are_those_of_its_refits():
    data = made(noise=1.0)
    fit = fit_activity(data, SCALE)
    assert fit.head.refits.shape == (LOCI, 2, MODELS)
    for place, (_, rows) in enumerate(data.rows_of.items()):
        slow = [sum(float(x) for x in (data.changes[row] * fit.head.refits[place]).ravel()) for row in rows]
        assert fit.left_out[rows] == pytest.approx(slow, rel=1e-4, abs=1e-5)


def slow_ridge(data, without, penalty):
    """Weighted least squares with a penalty, locus by locus and variant by variant."""
    flat = np.array([change.ravel() for change in data.changes]) @ data.scaling
    size = flat.shape[1]
    square, moment = np.zeros((size, size)), np.zeros(size)
    used = [rows for locus, rows in data.rows_of.items() if locus not in without]
    for rows in used:
        spread = data.effects[rows].std()
        weights = [1 / ((data.errors[row] / spread) ** 2 + 1) for row in rows]
        total = sum(weights)
        mean = sum(weight * flat[row] for weight, row in zip(weights, rows, strict=True)) / total
        level = sum(weight * data.effects[row] for weight, row in zip(weights, rows, strict=True)) / total
        for weight, row in zip(weights, rows, strict=True):
            own = flat[row] - mean
            square += weight / total / len(used) * np.outer(own, own)
            moment += weight / total / len(used) * own * (data.effects[row] - level) / spread
    return data.scaling @ np.linalg.solve(square + penalty * np.eye(size), moment)


def test_weights_are_those_of_the_slow_ridge_regression():
    data = made(noise=1.0)
    fit = fit_activity(data, SCALE)
    slow = slow_ridge(data, (), fit.penalty)
    assert fit.head.weights.ravel() == pytest.approx(fit.slope * slow, rel=1e-8, abs=1e-10)
    for place, locus in enumerate(data.rows_of):
        slow = slow_ridge(data, (locus,), fit.penalty)
        assert fit.head.refits[place].ravel() == pytest.approx(fit.slope * slow, rel=1e-5, abs=1e-6)


def test_the_penalty_is_the_best_of_those_tried():
    data = made(seed=4, noise=3.0)
    ratings = []
    for penalty in PENALTIES:
        own = [
            data.changes[rows].reshape(ROWS, -1) @ slow_ridge(data, (locus,), penalty)
            for locus, rows in data.rows_of.items()
        ]
        ratings.append(
            np.mean([spearman(p, data.effects[rows]) or 0 for p, rows in zip(own, data.rows_of.values(), strict=True)])
        )
    assert fit_activity(data, SCALE).penalty == PENALTIES[int(np.argmax(ratings))]


def test_each_group_of_features_has_the_same_variance():
    """Bound changes, z and the mean, of each of two assays of three and of five models."""
    data = made()
    features = data.changes.reshape(len(data.effects), -1) @ data.scaling
    assert features.shape[1] == 2 * MODELS + 2
    groups = [range(3), range(3, 8), range(8, 11), range(11, 16), [16], [17]]
    variances = [sum(features[:, column].var() for column in group) for group in groups]
    assert variances == pytest.approx([1] * 6, rel=tolerances.ORACLE)
    # Within a group every bound change weighs the same, and a z by what it is.
    assert np.ptp([features[:, column].var() for column in range(3)]) < tolerances.ORACLE
    assert features[:, 8].std() / features[:, 9].std() == pytest.approx(
        data.changes[:, 1, 0].std() / data.changes[:, 1, 1].std()
    )
    mean = sum(features[:, column] for column in range(3))
    assert np.corrcoef(mean, features[:, 16])[0, 1] == pytest.approx(1)


def test_a_model_that_never_changes_and_one_assay_are_no_obstacle():
    data = made()
    changes = data.changes.copy()
    changes[:, :, 2] = 0
    fit = fit_activity(replace(data, changes=changes, assays=("one",) * MODELS), SCALE)
    assert not fit.head.weights[:, 2].any()
    assert min(within_loci(data, fit.left_out)) > 0.9


def test_where_nothing_changes_nothing_is_predicted():
    data = made()
    fit = fit_activity(replace(data, changes=np.zeros_like(data.changes)), SCALE)
    assert not fit.head.weights.any()
    assert not fit.left_out.any()


def test_units_of_a_locus_do_not_matter_to_the_others():
    """Effects are read in standard deviations of their locus."""
    data = made(noise=1.0)
    factors = np.where(data.loci == "L2", 7.0, 1.0)
    scaled = replace(data, effects=data.effects * factors + 3, errors=data.errors * factors)
    (one,), (other,) = (left_out_activity(each, ["L0"]) for each in (data, scaled))
    rows = data.rows_of["L0"]
    assert one.predicted[rows] / one.slope == pytest.approx(other.predicted[rows] / other.slope, rel=1e-8, abs=1e-10)


def test_progress_reaches_the_end():
    calls = []
    fit_activity(made(), SCALE, progress=lambda done, total: calls.append((done, total)))
    left_out_activity(made(), ["L1", "L2"], progress=lambda done, total: calls.append((done, total)))
    assert calls == [(done, LOCI) for done in range(1, LOCI + 1)] + [(1, 2), (2, 2)]


def few(data, rows):
    rows = np.flatnonzero(rows)
    return {
        "changes": data.changes[rows],
        "effects": data.effects[rows],
        "errors": data.errors[rows],
        "loci": data.loci[rows],
    }


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            lambda data: few(data, data.loci < "L2"),
            "in.tsv: found 2 loci, the smallest with 60 variants; give 3",
        ),
        (lambda data: few(data, np.arange(360) < 309), "in.tsv: found 6 loci, the smallest with 9 variants"),
        (
            lambda data: {"errors": np.where(np.arange(360) == 7, 0, data.errors)},
            "in.tsv: a standard error is not above 0",
        ),
        (
            lambda data: {"effects": np.where(data.loci == "L4", 2.0, data.effects)},
            "in.tsv: all effects in L4 are equal",
        ),
    ],
)
def test_data_that_teach_nothing_are_refused(change, text):
    data = made()
    with pytest.raises(InputError, match=text):
        replace(data, **change(data))
