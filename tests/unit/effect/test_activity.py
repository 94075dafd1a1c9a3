"""The activity head against loops over models, outputs and loci, and a variant's bytes whatever stands beside it."""

from dataclasses import replace

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from second_stages import random_activity, random_scale

from varbind.bank.background import VariantKind
from varbind.core.dense import dense_in_order
from varbind.effect.features import VariantSites
from varbind.effect.head import HeadInputs, HeadResult
from varbind.errors import ResourceError

MODELS, LOCI, ROWS, OUTPUTS = 37, 11, 60, 5


def made(seed=0, outputs=OUTPUTS):
    rng = np.random.default_rng(seed)
    return random_activity(rng, random_scale(rng, MODELS), loci=LOCI, outputs=outputs)


def scores(seed=1, rows=ROWS, models=MODELS):
    return np.random.default_rng(seed).normal(size=(2, rows, models)).astype(np.float32)


HEAD, ALONE = made(), made(outputs=0)
REF, ALT = scores()
LOCAL = np.random.default_rng(2).normal(size=(ROWS, OUTPUTS))
# As the second stage takes its columns out of those of a run, which numpy lays out column by column.
PICKED = list(range(MODELS))
BATCHES = st.lists(st.integers(0, ROWS - 1), min_size=1, max_size=20)


def predicted(head, rows, alt=ALT, local=LOCAL):
    """By the head, which reads the results of the local head."""
    count = len(rows)
    sites = VariantSites(np.full(count, np.nan), np.full(count, np.nan))
    results = {"local": HeadResult(parts={"outputs": local[rows]})}
    scored = REF[rows][:, PICKED], alt[rows][:, PICKED]
    ids = [f"M{number}" for number in range(MODELS)]
    inputs = HeadInputs(ids, *scored, sites, [VariantKind.SNV] * count, {}, results, dense_in_order)
    return head.predict(inputs)


def everything(head, rows):
    found = predicted(head, rows)
    return [*found.values.values(), *found.parts.values()]


def test_changes_are_the_bound_change_and_z_of_each_model():
    changes = HEAD.changes(REF, ALT)
    assert changes.shape == (ROWS, 2, MODELS)
    np.testing.assert_array_equal(changes[:, 0], HEAD.scale.bound_change(REF, ALT))
    np.testing.assert_array_equal(changes[:, 1], HEAD.scale.z(REF, ALT))


def test_contributions_are_the_weighted_changes_and_sum_to_the_activity():
    changes = HEAD.changes(REF, ALT)
    parts, found = HEAD.contributions(changes), predicted(HEAD, range(ROWS))
    for row in range(ROWS):
        slow = [
            sum(float(changes[row, kind, model]) * float(HEAD.weights[kind, model]) for kind in range(2))
            for model in range(MODELS)
        ]
        local = sum(float(one) * float(weight) for one, weight in zip(LOCAL[row], HEAD.local_weights, strict=True))
        assert parts[row] == pytest.approx(slow, rel=tolerances.ORACLE, abs=tolerances.ORACLE)
        assert found.parts["local"][row] == pytest.approx(local, rel=tolerances.ORACLE, abs=tolerances.ORACLE)
        assert found.values["ACTIVITY"][row] == pytest.approx(
            sum(slow) + local, rel=tolerances.ORACLE, abs=tolerances.ORACLE
        )
    assert found.parts["contributions"].tobytes() == parts.tobytes()
    assert found.parts["bound_changes"].tobytes() == np.ascontiguousarray(changes[:, 0]).tobytes()


def test_without_weights_of_its_outputs_the_local_head_is_not_read():
    """Not even if it is there."""
    assert (HEAD.needs.heads, ALONE.needs.heads) == (("local",), ())
    assert HEAD.needs.models == ALONE.needs.models == MODELS
    found, other = predicted(ALONE, range(ROWS)), predicted(ALONE, range(ROWS), local=LOCAL + 1)
    assert not found.parts["local"].any()
    slow = ALONE.contributions(ALONE.changes(REF, ALT)).sum(axis=1)
    assert found.values["ACTIVITY"] == pytest.approx(slow, rel=tolerances.ORACLE, abs=tolerances.ORACLE)
    for name, values in found.values.items():
        assert values.tobytes() == other.values[name].tobytes()


def slow_error(head, changes, outputs):
    """Efron and Stein's jackknife of one variant: the loci in turn left out."""
    inputs = [float(changes[kind, model]) for kind in range(2) for model in range(changes.shape[1])]
    inputs += [float(one) for one in outputs]
    predictions = [sum(one * float(weight) for one, weight in zip(inputs, refit, strict=True)) for refit in head.refits]
    mean = sum(predictions) / len(predictions)
    variance = (len(predictions) - 1) / len(predictions) * sum((one - mean) ** 2 for one in predictions)
    return variance**0.5


@pytest.mark.parametrize("outputs", [0, OUTPUTS])
@pytest.mark.parametrize("seed", range(3))
def test_errors_are_the_jackknife_over_loci(seed, outputs):
    head, (ref, alt) = made(seed, outputs), scores(seed + 7, rows=6)
    changes, local = head.changes(ref, alt), LOCAL[:6, :outputs]
    slow = [slow_error(head, *one) for one in zip(changes, local, strict=True)]
    assert head.errors(changes, local) == pytest.approx(slow, rel=tolerances.ORACLE)
    assert min(slow) > 0


def test_two_loci_are_enough_and_equal_ones_leave_no_error():
    refits = np.stack([HEAD.refits[0]] * 2)
    changes = HEAD.changes(REF, ALT)
    assert not replace(HEAD, refits=refits).errors(changes, LOCAL).any()
    refits[1] += 1
    expected = np.abs(changes.sum(axis=(1, 2)) + LOCAL.sum(axis=1)) / 2
    assert replace(HEAD, refits=refits).errors(changes, LOCAL) == pytest.approx(expected, rel=1e-5)


@given(BATCHES)
def test_no_change_of_binding_and_of_the_outputs_is_exactly_no_activity(rows):
    found = predicted(HEAD, rows, alt=REF, local=np.zeros_like(LOCAL))
    assert not any(values.any() for values in [*found.values.values(), *found.parts.values()])


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
    own, other = HEAD.errors(changes, LOCAL), HEAD.errors(np.asfortranarray(changes), np.asfortranarray(LOCAL))
    assert own.tobytes() == other.tobytes()


def test_nothing_in_nothing_out():
    changes = HEAD.changes(REF[:0], ALT[:0])
    assert HEAD.contributions(changes).shape == (0, MODELS)
    assert HEAD.errors(changes, LOCAL[:0]).shape == (0,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": HEAD.weights[:, 1:]},
        {"weights": HEAD.weights[:1]},
        {"weights": HEAD.weights[0]},
        {"refits": HEAD.refits[:, 1:]},
        {"local_weights": HEAD.local_weights[1:]},
        {"local_weights": np.zeros(0)},
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
@pytest.mark.parametrize("name", ["weights", "local_weights", "refits"])
def test_a_weight_that_is_no_number_is_refused(name, value):
    array = getattr(HEAD, name).copy()
    array[..., -1] = value
    with pytest.raises(ResourceError, match="not a finite number"):
        replace(HEAD, **{name: array})
