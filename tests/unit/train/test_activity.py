"""The activity head's regression: what was planted is found on loci that did not train, and no locus sees itself."""

from dataclasses import replace

import numpy as np
import pytest
import tolerances
from second_stages import random_scale

from varbind.errors import InputError
from varbind.train.activity import PENALTIES, fit_activity, left_out_activity
from varbind.train.activity_data import ActivityData
from varbind.train.metrics import spearman

LOCI, ROWS, MODELS, OUTPUTS, PAIRS = 6, 60, 8, 3, 40
SCALE = random_scale(np.random.default_rng(0), MODELS)
ASSAYS = ("ChIP",) * 3 + ("SELEX",) * 5
WEIGHTS = np.array([1.0, -0.5, 0, 0, 0, 0, 0, 0])
LOCAL_WEIGHTS = np.array([0.0, 0.8, 0.0])
CHROMOSOMES = ("pairs of chromosome 1", "pairs of chromosome 2", "pairs of other chromosomes")


def made(seed=0, noise=0.3, signal=1.0):
    """Effects that follow the bound changes of two models, each locus with a scale and a level of its own."""
    rng = np.random.default_rng(seed)
    changes = rng.normal(size=(LOCI * ROWS, 2, MODELS)) * rng.uniform(0.2, 3, (2, MODELS))
    loci = np.repeat([f"L{number}" for number in range(LOCI)], ROWS)
    scales, levels = rng.uniform(0.5, 2, LOCI).repeat(ROWS), 0.3 * rng.normal(size=LOCI).repeat(ROWS)
    effects = scales * (signal * changes[:, 0] @ WEIGHTS + noise * rng.normal(size=len(loci))) + levels
    return ActivityData(changes, effects, rng.uniform(0.05, 0.2, len(loci)), loci, ASSAYS, "in.tsv")


def with_local(data, seed=1):
    """The same loci, where the second output of a local head has an effect too."""
    local = np.random.default_rng(seed).normal(size=(len(data.effects), OUTPUTS)) * [3, 1, 0.5]
    return replace(data, effects=data.effects + local @ LOCAL_WEIGHTS, local=local)


def with_pairs(data, seed=2, noise=0.3, weight=2.0):
    """The same loci and pairs of alleles of three parts, whose effects have the same law, without a level."""
    rng, count = np.random.default_rng(seed), PAIRS * len(CHROMOSOMES)
    changes = rng.normal(size=(count, 2, MODELS)) * rng.uniform(0.2, 3, (2, MODELS))
    effects = changes[:, 0] @ WEIGHTS + noise * rng.normal(size=count)
    weights = rng.uniform(0.5, 1.5, count)
    local = None
    if data.local is not None:
        outputs = rng.normal(size=(count, OUTPUTS))
        effects, local = effects + outputs @ LOCAL_WEIGHTS, np.concatenate([data.local, outputs])
    return replace(
        data,
        changes=np.concatenate([data.changes, changes]),
        effects=np.concatenate([data.effects, effects]),
        errors=np.concatenate([data.errors, np.full(count, 0.1)]),
        loci=np.concatenate([data.loci, np.repeat(CHROMOSOMES, PAIRS)]),
        local=local,
        pair_weights=np.concatenate([np.zeros(len(data.effects)), weight * weights / weights.sum()]),
    )


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
    assert effect[0, 0] > effect[0, 1] > 2 * effect[:, 2:].max()


def test_the_outputs_of_the_local_head_are_weighed_beside_the_models():
    data = with_local(made())
    fit = fit_activity(data, SCALE)
    assert fit.head.local_weights.shape == (OUTPUTS,)
    effect = np.abs(fit.head.local_weights) * data.local.std(axis=0)
    assert effect[1] > 5 * max(effect[0], effect[2])
    without = fit_activity(replace(data, local=None), SCALE)
    assert without.head.local_weights.shape == (0,)
    assert np.mean(within_loci(data, fit.left_out)) > np.mean(within_loci(data, without.left_out)) + 0.02


def test_pure_noise_is_not_predicted():
    found = []
    for seed in range(6):
        data = made(seed, signal=0.0)
        for one in left_out_activity(data):
            rows = data.rows_of[one.locus]
            found.append(spearman(one.predicted[rows], data.effects[rows]) or 0)
    # Of 36 loci of 60 variants each: a standard error of 0.13 / 6.
    assert abs(np.mean(found)) < 0.09


def with_effects_of(data, rows, seed=5):
    """The same data but for what was measured in some rows."""
    rng = np.random.default_rng(seed)
    effects, errors = data.effects.copy(), data.errors.copy()
    effects[rows], errors[rows] = rng.normal(size=len(rows)) * 50, rng.uniform(1, 9, len(rows))
    return replace(data, effects=effects, errors=errors)


@pytest.mark.parametrize("locus", ["L0", "L3"])
def test_what_was_measured_in_a_locus_plays_no_part_in_its_own_prediction(locus):
    data = with_pairs(with_local(made(noise=2.0)))
    other = with_effects_of(data, data.rows_of[locus])
    (one,), (same,) = (left_out_activity(each, [locus]) for each in (data, other))
    assert one.predicted.tobytes() == same.predicted.tobytes()
    assert (one.penalty, one.slope) == (same.penalty, same.slope)
    # And it does in that of the others.
    (one,), (changed,) = (left_out_activity(each, ["L1"]) for each in (data, other))
    assert one.predicted[data.rows_of["L1"]].tobytes() != changed.predicted[data.rows_of["L1"]].tobytes()


def test_a_refit_does_not_know_its_locus():
    data = made(noise=2.0)
    for place, locus in enumerate(data.rows_of):
        one, other = (fit_activity(each, SCALE) for each in (data, with_effects_of(data, data.rows_of[locus])))
        if one.penalty == other.penalty:
            refits = (one.head.refits[place] / one.slope, other.head.refits[place] / other.slope)
            np.testing.assert_allclose(*refits, rtol=1e-5)
        assert not np.allclose(one.head.weights, other.head.weights)


def test_a_refit_does_not_know_its_chromosome(monkeypatch):
    """But for the mean size of all effects of pairs, by which they are divided."""
    monkeypatch.setattr("varbind.train.activity.PENALTIES", (0.01,))
    data = with_pairs(made())
    rows, others = (data.pairs_of[name] for name in CHROMOSOMES[:2])
    effects = data.effects.copy()
    effects[rows] = -effects[rows]
    one, other = fit_activity(data, SCALE), fit_activity(replace(data, effects=effects), SCALE)
    place = list(data.rows_of | data.pairs_of).index(CHROMOSOMES[0])
    np.testing.assert_allclose(
        one.head.refits[place] / one.slope, other.head.refits[place] / other.slope, rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(one.left_out[rows] / one.slope, other.left_out[rows] / other.slope)
    assert not np.allclose(one.left_out[others] / one.slope, other.left_out[others] / other.slope, rtol=1e-2)


def test_pairs_train_with_the_loci_and_are_left_out_by_chromosome():
    data = with_pairs(made())
    assert list(data.pairs_of) == list(CHROMOSOMES)
    assert [len(rows) for rows in data.pairs_of.values()] == [PAIRS] * 3
    assert list(data.rows_of) == list(made().rows_of)
    fit = fit_activity(data, SCALE)
    assert len(fit.head.refits) == LOCI + len(CHROMOSOMES)
    for rows in data.pairs_of.values():
        assert spearman(fit.left_out[rows], data.effects[rows]) > 0.85
    # They are never left out with a locus, and nothing is asked of them there.
    for one in left_out_activity(data, ["L2"]):
        assert not one.predicted[data.is_pair].any()


def test_few_pairs_of_one_law_help_loci_of_much_noise():
    noisy, helped = [], []
    for seed in range(3):
        data = made(seed, noise=6.0)
        truth = data.changes[:, 0] @ WEIGHTS
        noisy.append(spearman(fit_activity(data, SCALE).left_out, truth))
        helped.append(spearman(fit_activity(with_pairs(data, weight=6.0), SCALE).left_out[: len(truth)], truth))
    assert np.mean(helped) > np.mean(noisy) + 0.02


def test_the_predictions_of_a_fit_are_those_of_its_refits():
    data = with_pairs(with_local(made(noise=1.0)))
    fit = fit_activity(data, SCALE)
    parts = data.rows_of | data.pairs_of
    assert fit.head.refits.shape == (len(parts), 2 * MODELS + OUTPUTS)
    for place, rows in enumerate(parts.values()):
        for row in rows:
            inputs = [*data.changes[row].ravel(), *data.local[row]]
            slow = sum(float(x) * float(w) for x, w in zip(inputs, fit.head.refits[place], strict=True))
            assert fit.left_out[row] == pytest.approx(slow, rel=1e-4, abs=1e-5)


def root(effect):
    """Of its size, with its sign."""
    return abs(effect) ** 0.5 * (1 if effect > 0 else -1)


def slow_locus(data, rows, flat):
    """The moments of a locus, variant by variant: centred, of unit variance, weighted by standard errors."""
    spread = data.effects[rows].std()
    weights = [1 / ((data.errors[row] / spread) ** 2 + 1) for row in rows]
    weights = [weight / sum(weights) for weight in weights]
    targets = [root(data.effects[row]) for row in rows]
    mean = sum(weight * flat[row] for weight, row in zip(weights, rows, strict=True))
    level = sum(weight * target for weight, target in zip(weights, targets, strict=True))
    scale = sum(weight * (target - level) ** 2 for weight, target in zip(weights, targets, strict=True)) ** 0.5
    square, moment = 0.0, 0.0
    for weight, row, target in zip(weights, rows, targets, strict=True):
        square += weight * np.outer(flat[row] - mean, flat[row] - mean)
        moment += weight * (flat[row] - mean) * (target - level) / scale
    return square, moment, 1.0


def slow_pairs(data, rows, flat):
    """The moments of pairs: with the weights of their table, and not centred, because 0 is no change."""
    pairs = np.flatnonzero(data.is_pair)
    total = sum(data.pair_weights[row] for row in pairs)
    scale = (sum(data.pair_weights[row] * abs(data.effects[row]) for row in pairs) / total) ** 0.5
    square, moment, weight = 0.0, 0.0, 0.0
    for row in rows:
        square += data.pair_weights[row] * np.outer(flat[row], flat[row])
        moment += data.pair_weights[row] * flat[row] * root(data.effects[row]) / scale
        weight += data.pair_weights[row]
    return square, moment, weight


def slow_ridge(data, without, penalty):
    """Weighted least squares with a penalty, part by part and variant by variant."""
    flat = data.changes.reshape(len(data.changes), -1)
    flat = (flat if data.local is None else np.column_stack([flat, data.local])) @ data.scaling
    parts = [slow_locus(data, rows, flat) for name, rows in data.rows_of.items() if name not in without]
    parts += [slow_pairs(data, rows, flat) for name, rows in data.pairs_of.items() if name not in without]
    square, moment, weight = (sum(values) for values in zip(*parts, strict=True))
    return data.scaling @ np.linalg.solve(square + penalty * weight * np.eye(len(moment)), moment)


@pytest.mark.parametrize(
    "data",
    [made(noise=1.0), with_local(made(noise=1.0)), with_pairs(made(noise=1.0)), with_pairs(with_local(made()))],
    ids=["loci", "local", "pairs", "both"],
)
def test_weights_are_those_of_the_slow_ridge_regression(data):
    fit = fit_activity(data, SCALE)
    slow = slow_ridge(data, (), fit.penalty)
    found = [*fit.head.weights.ravel(), *fit.head.local_weights]
    assert found == pytest.approx(fit.slope * slow, rel=1e-8, abs=1e-10)
    for place, part in enumerate(data.rows_of | data.pairs_of):
        slow = slow_ridge(data, (part,), fit.penalty)
        assert fit.head.refits[place] == pytest.approx(fit.slope * slow, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("pairs", [False, True])
def test_the_penalty_is_the_best_of_those_tried(pairs):
    """For left-out loci; pairs have no say in it."""
    data = made(seed=4, noise=3.0)
    data = with_pairs(data) if pairs else data
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


def test_the_slope_is_the_effect_per_unit_of_the_left_out_prediction():
    """With equal weights of the loci, and without the pairs."""
    data = with_pairs(made(noise=1.0))
    fit = fit_activity(data, SCALE)
    covariances, variances = [], []
    for rows in data.rows_of.values():
        predicted, effects = fit.left_out[rows] / fit.slope, data.effects[rows]
        covariances.append(((predicted - predicted.mean()) * (effects - effects.mean())).sum() / (ROWS - 1))
        variances.append(((predicted - predicted.mean()) ** 2).sum() / (ROWS - 1))
    assert fit.slope == pytest.approx(sum(covariances) / sum(variances))


def test_each_group_of_features_has_the_same_variance():
    """Bound changes, z and the mean, of each of two assays of three and of five models; local outputs have four."""
    data = with_local(made())
    features = np.hstack([data.changes.reshape(len(data.effects), -1), data.local]) @ data.scaling
    assert features.shape[1] == 2 * MODELS + OUTPUTS + 2
    groups = [range(3), range(3, 8), range(8, 11), range(11, 16), range(16, 19), [19], [20]]
    variances = [sum(features[:, column].var() for column in group) for group in groups]
    assert variances == pytest.approx([1, 1, 1, 1, 4, 1, 1], rel=tolerances.ORACLE)
    # Within a group every bound change weighs the same, and a z or an output by what it is.
    assert np.ptp([features[:, column].var() for column in range(3)]) < tolerances.ORACLE
    assert features[:, 8].std() / features[:, 9].std() == pytest.approx(
        data.changes[:, 1, 0].std() / data.changes[:, 1, 1].std()
    )
    assert features[:, 16].std() / features[:, 17].std() == pytest.approx(
        data.local[:, 0].std() / data.local[:, 1].std()
    )
    mean = sum(features[:, column] for column in range(3))
    assert np.corrcoef(mean, features[:, 19])[0, 1] == pytest.approx(1)


def test_pairs_do_not_change_the_scale_of_the_features():
    data = with_local(made())
    np.testing.assert_array_equal(with_pairs(data).scaling, data.scaling)


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
    """Roots of effects are read in standard deviations of their locus."""
    data = made(noise=1.0)
    factors = np.where(data.loci == "L2", 7.0, 1.0)
    scaled = replace(data, effects=data.effects * factors, errors=data.errors * factors)
    (one,), (other,) = (left_out_activity(each, ["L0"]) for each in (data, scaled))
    rows = data.rows_of["L0"]
    assert one.predicted[rows] / one.slope == pytest.approx(other.predicted[rows] / other.slope, rel=1e-8, abs=1e-10)


def test_effects_of_the_other_sign_give_weights_of_the_other_sign():
    data = with_pairs(with_local(made(noise=1.0)))
    one, other = (fit_activity(each, SCALE).head for each in (data, replace(data, effects=-data.effects)))
    np.testing.assert_array_equal(other.weights, -one.weights)
    np.testing.assert_array_equal(other.local_weights, -one.local_weights)


def test_progress_reaches_the_end():
    calls = []
    data = with_pairs(made())
    fit_activity(data, SCALE, progress=lambda done, total: calls.append((done, total)))
    left_out_activity(data, ["L1", "L2"], progress=lambda done, total: calls.append((done, total)))
    assert calls == [(done, LOCI + 3) for done in range(1, LOCI + 4)] + [(1, 2), (2, 2)]


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


def test_pairs_are_no_loci_and_need_an_effect():
    data = with_pairs(made())
    loci = (data.loci < "L2") | data.is_pair
    with pytest.raises(InputError, match="found 2 loci, the smallest with 60 variants"):
        replace(data, **few(data, loci), pair_weights=data.pair_weights[loci])
    name = CHROMOSOMES[0]
    with pytest.raises(InputError, match=f"a locus is named {name}; rename it, as pairs are named so"):
        replace(data, loci=np.where(data.loci == "L2", name, data.loci))
    with pytest.raises(InputError, match="all effects of pairs of alleles are 0; leave out the table of pairs"):
        replace(data, effects=np.where(data.is_pair, 0.0, data.effects))
