"""The activity head against loops over models and loci, and a variant's bytes whatever stands beside it."""

from dataclasses import replace

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from second_stages import random_activity, random_scale

from varbind.effect.score import ScoreHead
from varbind.errors import ResourceError

MODELS, LOCI, ROWS = 37, 11, 60


def made(seed=0):
    rng = np.random.default_rng(seed)
    return random_activity(rng, random_scale(rng, MODELS), loci=LOCI)


def scores(seed=1, rows=ROWS, models=MODELS):
    return np.random.default_rng(seed).normal(size=(2, rows, models)).astype(np.float32)


HEAD = made()
REF, ALT = scores()
# As the second stage takes its columns out of those of a run, which numpy lays out column by column.
PICKED = list(range(MODELS))
BATCHES = st.lists(st.integers(0, ROWS - 1), min_size=1, max_size=20)


def everything(head, rows):
    ref, alt = REF[rows][:, PICKED], ALT[rows][:, PICKED]
    changes = head.changes(ref, alt)
    parts = head.contributions(changes)
    activity = parts.sum(axis=1)
    return changes, parts, activity, head.errors(changes), ScoreHead.sizes(activity, changes[:, 0])


def test_changes_are_the_bound_change_and_z_of_each_model():
    changes = HEAD.changes(REF, ALT)
    assert changes.shape == (ROWS, 2, MODELS)
    np.testing.assert_array_equal(changes[:, 0], HEAD.scale.bound_change(REF, ALT))
    np.testing.assert_array_equal(changes[:, 1], HEAD.scale.z(REF, ALT))


def test_contributions_are_the_weighted_changes_and_sum_to_the_activity():
    changes = HEAD.changes(REF, ALT)
    parts = HEAD.contributions(changes)
    for row in range(ROWS):
        slow = [
            sum(float(changes[row, kind, model]) * float(HEAD.weights[kind, model]) for kind in range(2))
            for model in range(MODELS)
        ]
        assert parts[row] == pytest.approx(slow, rel=tolerances.ORACLE, abs=tolerances.ORACLE)
        assert parts[row].sum() == pytest.approx(sum(slow), rel=tolerances.ORACLE, abs=tolerances.ORACLE)


def slow_error(head, changes):
    """Efron and Stein's jackknife of one variant: the loci in turn left out."""
    predictions = []
    for refit in head.refits:
        total = 0.0
        for kind in range(2):
            for model in range(changes.shape[1]):
                total += float(changes[kind, model]) * float(refit[kind, model])
        predictions.append(total)
    mean = sum(predictions) / len(predictions)
    variance = (len(predictions) - 1) / len(predictions) * sum((one - mean) ** 2 for one in predictions)
    return variance**0.5


@pytest.mark.parametrize("seed", range(3))
def test_errors_are_the_jackknife_over_loci(seed):
    head, (ref, alt) = made(seed), scores(seed + 7, rows=6)
    changes = head.changes(ref, alt)
    slow = [slow_error(head, one) for one in changes]
    assert head.errors(changes) == pytest.approx(slow, rel=tolerances.ORACLE)
    assert min(slow) > 0


def test_two_loci_are_enough_and_equal_ones_leave_no_error():
    refits = np.stack([HEAD.refits[0]] * 2)
    changes = HEAD.changes(REF, ALT)
    assert not replace(HEAD, refits=refits).errors(changes).any()
    refits[1] += 1
    expected = np.abs(changes.sum(axis=(1, 2))) / 2
    assert replace(HEAD, refits=refits).errors(changes) == pytest.approx(expected, rel=1e-5)


@given(BATCHES)
def test_no_change_of_binding_is_exactly_no_activity(rows):
    changes = HEAD.changes(REF[rows], REF[rows])
    parts = HEAD.contributions(changes)
    assert not parts.any()
    assert not parts.sum(axis=1).any()
    assert not HEAD.errors(changes).any()


@given(BATCHES)
def test_a_variant_has_the_same_bytes_alone_and_in_any_batch_and_order(rows):
    whole = everything(HEAD, rows)
    for place, row in enumerate(rows):
        for batch, alone in zip(whole, everything(HEAD, [row]), strict=True):
            assert batch[place].tobytes() == alone[0].tobytes()
    for batch, backwards in zip(whole, everything(HEAD, rows[::-1]), strict=True):
        assert batch[::-1].tobytes() == backwards.tobytes()


def test_any_layout_in_memory_gives_the_same_bytes():
    changes = HEAD.changes(REF, ALT)
    other = HEAD.changes(np.asfortranarray(REF), np.asfortranarray(ALT))
    assert changes.tobytes() == other.tobytes()
    assert HEAD.errors(changes).tobytes() == HEAD.errors(np.asfortranarray(changes)).tobytes()


def test_nothing_in_nothing_out():
    changes = HEAD.changes(REF[:0], ALT[:0])
    assert HEAD.contributions(changes).shape == (0, MODELS)
    assert HEAD.errors(changes).shape == (0,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": HEAD.weights[:, 1:]},
        {"weights": HEAD.weights[:1]},
        {"weights": HEAD.weights[0]},
        {"refits": HEAD.refits[:, :, 1:]},
        {"refits": HEAD.refits[:1]},
        {"refits": HEAD.refits[:0]},
        {"refits": HEAD.refits[0]},
        {"scale": random_scale(np.random.default_rng(0), MODELS + 1)},
    ],
)
def test_weights_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ResourceError, match="the activity head has weights"):
        replace(HEAD, **wrong)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["weights", "refits"])
def test_a_weight_that_is_no_number_is_refused(name, value):
    array = getattr(HEAD, name).copy()
    array[..., -1] = value
    with pytest.raises(ResourceError, match="not a finite number"):
        replace(HEAD, **{name: array})
