"""A byte a change: order, sign, ties and mean are kept, and a rank to within a few per cent."""

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from varbind.bank.background import FINENESS, LEVELS_MAX, CodedChanges

changes = st.one_of(
    st.floats(-60_000, 60_000, width=32),
    st.integers(-3, 3).map(float),
    st.sampled_from([0.0, -0.0, 1e-12, -1e-12]),
)
samples = st.integers(1, 400).flatmap(lambda count: arrays(np.float32, (count, 2), elements=changes))


def normal(count, models=2, *, seed=0):
    """Changes as models have them, a fifth of them none."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(count, models)).astype(np.float32) ** 3
    return found * (rng.random((count, models)) > 0.2)


def assert_ranks_are_kept(values, codes, fineness):
    """As many are at least as large a loss (gain) as before, or at most one in `fineness` more."""
    for side in (-1, 1):
        moved = side * values > 0
        strengths, ordered = np.sort(side * values), np.sort(side * codes.astype(int))
        before = len(values) - np.searchsorted(strengths, side * values[moved], side="left")
        after = len(values) - np.searchsorted(ordered, side * codes[moved].astype(int), side="left")
        assert np.all(before <= after)
        assert np.all(after <= before + before // fineness)


@given(samples)
def test_what_is_kept(values):
    coded = CodedChanges.encode(values)
    decoded = coded.decode()
    assert (decoded.shape, decoded.dtype) == (values.shape, np.float16)
    assert coded.codes.dtype == np.uint8
    assert coded.levels.shape[1] <= LEVELS_MAX
    assert np.all(np.diff(coded.levels.astype(np.float64), axis=1) >= 0)
    assert np.all(decoded[values == 0] == 0)
    assert not np.signbit(decoded[values == 0]).any()
    assert np.all(decoded * np.sign(values) >= 0)
    for own, kept, codes in zip(values.T, decoded.T.astype(np.float64), coded.codes, strict=True):
        order = np.argsort(own, kind="stable")
        assert np.all(np.diff(kept[order]) >= 0)
        assert len({(value, code) for value, code in zip(own, codes, strict=True)}) == len(set(own.tolist()))
        error = abs(kept.mean() - own.astype(np.float64).mean())
        assert error <= tolerances.FLOAT16 * np.abs(own).mean(dtype=np.float64) + tolerances.FLOAT16_LEAST
        assert_ranks_are_kept(own, codes, FINENESS)


@given(samples, st.randoms(use_true_random=False))
def test_a_code_is_the_same_in_any_order_and_company(values, random):
    order = list(range(len(values)))
    random.shuffle(order)
    coded = CodedChanges.encode(values)
    shuffled = CodedChanges.encode(values[order])
    assert shuffled.codes.tobytes() == np.ascontiguousarray(coded.codes[:, order]).tobytes()
    assert shuffled.levels.tobytes() == coded.levels.tobytes()
    alone = CodedChanges.encode(values[:, 1:])
    assert alone.of_model(0).tobytes() == coded.of_model(1).tobytes()


def test_both_tails_are_exact():
    """Where a bin may hold one value, and that is its level."""
    values = normal(20_001)
    coded = CodedChanges.encode(values)
    order = np.argsort(values[:, 0])
    extremes = [*order[: 2 * FINENESS], *order[-2 * FINENESS :]]
    assert coded.of_model(0)[extremes].tolist() == values[extremes, 0].astype(np.float16).tolist()
    spread = np.std(coded.of_model(0).astype(np.float64)) / np.std(values[:, 0], dtype=np.float64)
    assert spread == pytest.approx(1, rel=tolerances.CODED_SPREAD)


def test_the_shipped_number_of_variants_needs_no_coarser_bins():
    for count in (1_000, 20_001):
        values = normal(count, 1)
        assert_ranks_are_kept(values[:, 0], CodedChanges.encode(values).codes[0], FINENESS)


@pytest.mark.parametrize("count", [200_000, 400_000])
def test_more_variants_have_coarser_bins(count):
    values = np.random.default_rng(1).normal(size=(count, 1))
    codes = CodedChanges.encode(values).codes[0]
    assert codes.max() < LEVELS_MAX
    assert_ranks_are_kept(values[:, 0], codes, FINENESS - 3)


def test_ties_that_break_every_bin_still_fit():
    """A run just too long for its bin after every single value."""
    parts, total, value = [], 0, 1e6
    while total < 100_000:
        for run in (1, total // FINENESS + 1):
            parts.append(np.full(run, value))
            total, value = total + run, value - 1
    values = np.concatenate([*parts, *(-part for part in parts)])[:, None]
    coded = CodedChanges.encode(values / 100)
    assert coded.levels.shape[1] <= LEVELS_MAX
    assert_ranks_are_kept(values[:, 0], coded.codes[0], FINENESS // 3)


def test_one_value():
    for value in (0.0, 2.5, -2.5):
        coded = CodedChanges.encode(np.full((300, 1), value))
        assert (coded.levels.tolist(), coded.codes.tolist()) == ([[value]], [[0] * 300])


def test_what_float16_cannot_hold():
    coded = CodedChanges.encode(np.array([[1e9], [-1e9], [1e-30], [-1e-30], [0.0]]))
    assert coded.of_model(0).tolist() == [65504, -65504, 0, 0, 0]
    assert not np.signbit(coded.of_model(0)[2:]).any()


def test_taken_and_joined():
    few, many = CodedChanges.encode(np.round(normal(500, 3))), CodedChanges.encode(normal(500, 2, seed=1))
    assert few.levels.shape[1] < many.levels.shape[1]
    joined = CodedChanges.concatenate([few, many])
    np.testing.assert_array_equal(joined.decode(), np.concatenate([few.decode(), many.decode()], axis=1))
    np.testing.assert_array_equal(joined.take([4, 0]).decode(), joined.decode()[:, [4, 0]])
    assert joined.variants == 500
