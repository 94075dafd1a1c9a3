"""Detectors as whole numbers, and the output layers against their sums written one number at a time."""

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from oracles import deepbind_config, random_stack

from varbind.kernels.exact_arithmetic import DETECTOR_BITS, OutputLayers, fixed_point
from varbind.scoring.ensemble import Ensemble

# Detectors and hidden units around the numbers that are summed side by side.
shapes = st.builds(
    deepbind_config,
    detectors=st.sampled_from([1, 2, 15, 16, 17, 33]),
    mean_pooling=st.booleans(),
    hidden=st.sampled_from([0, 1, 3, 31, 32, 33, 70]),
)


def by_halves(lanes):
    while len(lanes) > 1:
        half = len(lanes) // 2
        lanes = [lanes[i] + lanes[half + i] for i in range(half)]
    return lanes[0]


def scalar_score(stack, row, maxima, means):
    """One network on the pooled values of one strand, in Python's own double precision."""
    pools = [maxima] if means is None else [maxima, means]
    features = [float(pool[d]) for d in range(len(maxima)) for pool in pools]
    weights1, biases1 = stack.weights1[row].astype(float).tolist(), stack.biases1[row].astype(float).tolist()
    if not stack.config.hidden:
        lanes = [0.0] * 16
        for first in range(0, len(maxima), 16):
            for kind in range(len(pools)):
                for d in range(first, min(first + 16, len(maxima))):
                    feature = d * len(pools) + kind
                    lanes[d - first] += features[feature] * weights1[feature][0]
        return by_halves(lanes) + biases1[0]
    units = list(biases1)
    for feature, value in enumerate(features):
        for unit in range(len(units)):
            units[unit] = units[unit] + value * weights1[feature][unit]
    products = [(u if u > 0 else 0.0) * float(w) for u, w in zip(units, stack.weights2[row], strict=True)]
    products += [0.0] * (-len(products) % 32)
    lanes = products[:32]
    for first in range(32, len(products), 32):
        lanes = [lane + product for lane, product in zip(lanes, products[first : first + 32], strict=True)]
    return by_halves(lanes) + float(stack.biases2[row])


def pooled_values(rng, shape, count, batch):
    """Maxima and means, float64 (K, D, B), a third of the detectors silent."""
    values = rng.exponential(size=(2, count, shape.detectors, batch)) * (rng.random(shape.detectors) > 0.3)[:, None]
    return values[0], values[1] if shape.mean_pooling else None


def expected_scores(stack, maxima, means):
    """Every network and sequence alone."""
    return np.array(
        [
            [
                scalar_score(stack, row, maxima[row, :, b], None if means is None else means[row, :, b])
                for b in range(maxima.shape[2])
            ]
            for row in range(len(maxima))
        ]
    )


@given(shapes, st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_the_order_of_sums_is_the_written_one(shape, seed, batch):
    rng = np.random.default_rng(seed)
    stack = random_stack(rng, shape, 3)
    maxima, means = pooled_values(rng, shape, 3, batch)
    found = OutputLayers(stack).score(maxima, means)
    assert found.dtype == np.float64
    expected = expected_scores(stack, maxima, means)
    assert found.tobytes() == expected.tobytes()
    # Some of the networks, and arrays that are not contiguous.
    turned = np.asfortranarray(maxima), None if means is None else np.asfortranarray(means)
    some = OutputLayers(stack).score(turned[0][1:], None if means is None else turned[1][1:], models=slice(1, 3))
    assert some.tobytes() == expected[1:].tobytes()


@given(shapes, st.integers(0, 2**32 - 1))
def test_the_sums_are_the_network(shape, seed):
    """The order is free, the value is not."""
    rng = np.random.default_rng(seed)
    stack = random_stack(rng, shape, 2)
    maxima, means = pooled_values(rng, shape, 2, 3)
    pools = [maxima] if means is None else [maxima, means]
    features = np.stack(pools, axis=2).reshape(2, -1, 3)  # max0, mean0, max1, ...
    units = np.einsum("kpb,kph->khb", features, stack.weights1) + stack.biases1[..., None]
    expected = units[:, 0]
    if shape.hidden:
        expected = np.einsum("khb,kh->kb", np.maximum(units, 0), stack.weights2) + stack.biases2[:, None]
    found = OutputLayers(stack).score(maxima, means)
    np.testing.assert_allclose(found, expected, rtol=tolerances.ORACLE, atol=tolerances.ORACLE)


@pytest.mark.parametrize("hidden", [0, 3])
def test_silent_detectors_score_the_bias(hidden):
    """No rectified value, negative weights, and biases of minus zero: the sign of zero is the written one."""
    shape = deepbind_config(detectors=3, mean_pooling=True, hidden=hidden)
    stack = random_stack(np.random.default_rng(0), shape, 1)
    stack.weights1[...], stack.biases1[...], stack.weights2[...], stack.biases2[...] = -1, -0.0, -1, -0.0
    silent = np.zeros((1, 3, 2))
    assert OutputLayers(stack).score(silent, silent).tobytes() == expected_scores(stack, silent, silent).tobytes()


@given(shapes, st.integers(0, 2**32 - 1))
def test_torch_gives_the_bytes_of_numpy(shape, seed):
    torch = pytest.importorskip("torch", reason="needs the extra `gpu`")
    rng = np.random.default_rng(seed)
    stack = random_stack(rng, shape, 2)
    maxima, means = pooled_values(rng, shape, 2, 5)
    expected = OutputLayers(stack).score(maxima, means)
    tensors = torch.tensor(maxima), None if means is None else torch.tensor(means)
    found = OutputLayers(stack, place=torch.tensor).score(*tensors)
    assert found.numpy().tobytes() == expected.tobytes()


def test_scoring_leaves_the_pooled_values_alone():
    rng = np.random.default_rng(1)
    shape = deepbind_config(detectors=17, mean_pooling=True, hidden=4)
    maxima, means = pooled_values(rng, shape, 2, 3)
    before = maxima.tobytes(), means.tobytes()
    OutputLayers(random_stack(rng, shape, 2)).score(maxima, means)
    assert (maxima.tobytes(), means.tobytes()) == before


def test_no_negative_zero_is_left():
    """All hidden units silent, negative weights behind them, and a bias of -0: the kernel gives 0."""
    stack = random_stack(np.random.default_rng(0), deepbind_config(hidden=32), 1)
    stack.biases1[:] = -100
    stack.weights2[:] = -1
    stack.biases2[:] = -0.0
    codes = {9: [np.zeros(9, np.uint8)]}
    found = [Ensemble([stack], stack.model_ids, compiled=compiled).score(codes) for compiled in (True, False)]
    assert found[0].tobytes() == found[1].tobytes() == np.float32(0).tobytes()


@given(
    st.integers(0, 2**32 - 1),
    st.floats(-30, 30),
    st.integers(1, 40),
    st.booleans(),
)
def test_fixed_point_stays_in_its_bound(seed, magnitude, detector_len, silent):
    """Whole numbers below 2^28, each within half a step, at most m x 2^-28 of the range in all."""
    rng = np.random.default_rng(seed)
    stack = random_stack(rng, deepbind_config(detector_len=detector_len), 2)
    stack.detectors[...] *= np.float32(10.0**magnitude)
    stack.thresholds[...] *= np.float32(10.0**magnitude)
    if silent:
        stack.detectors[0, :, :, 0] = stack.thresholds[0, 0] = 0
    fixed = fixed_point(stack)
    detectors, thresholds, scale = fixed.detectors, fixed.thresholds, fixed.scale
    for whole in (detectors, thresholds):
        np.testing.assert_array_equal(whole, np.rint(whole))
    assert np.all(np.frexp(scale)[0] == 0.5)  # a power of two
    # The largest sum over any path of bases, and the range it comes from.
    largest = np.abs(detectors).max(axis=2).sum(axis=1) + np.abs(thresholds)
    assert largest.max() <= 2**DETECTOR_BITS + detector_len
    reach = np.abs(stack.detectors.astype(float)).max(axis=2).sum(axis=1) + np.abs(stack.thresholds.astype(float))
    off = np.abs(detectors * scale[:, None, None] - stack.detectors.astype(float)).max(axis=2).sum(axis=1)
    off += np.abs(thresholds * scale - stack.thresholds.astype(float))
    assert np.all(off <= (detector_len + 1) * 2.0**-DETECTOR_BITS * reach)
    if silent:
        assert not np.any(detectors[0, :, :, 0])
