"""The DeepFind network against loops over numbers in double precision, and against itself in other batches."""

import math
from functools import partial

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st

from varbind.effect.deepfind import DeepFindHead, deepfind_logits
from varbind.kernels.cpu.kernel_loading import has_compiled_kernel
from varbind.kernels.dense import dense

heads = st.tuples(st.integers(1, 30), st.integers(1, 3), st.integers(1, 40), st.integers(0, 2**32 - 1))


def random_head(features, networks, units, seed):
    rng = np.random.default_rng(seed)
    sizes = DeepFindHead.expected_shapes(features, networks, units)
    arrays = {name: (rng.normal(size=size) / math.sqrt(features)).astype(np.float32) for name, size in sizes.items()}
    arrays["spread"] = np.exp(arrays["spread"])
    return DeepFindHead(features=tuple(f"f{i}" for i in range(features)), limit=3.0, **arrays)


def random_values(head, rows, seed):
    """Some beyond the limit, some missing."""
    rng = np.random.default_rng(seed)
    values = rng.normal(scale=3, size=(rows, len(head.features))).astype(np.float32)
    values[rng.random(values.shape) < 0.1] = np.nan
    return values


def logit(head, row):
    """One variant in Python's own double precision."""
    inputs = []
    for value, center, spread in zip(row.tolist(), head.center.tolist(), head.spread.tolist(), strict=True):
        scaled = 0.0 if math.isnan(value) else (value - center) / spread
        inputs.append(max(-head.limit, min(head.limit, scaled)))
    total = 0.0
    for network in range(len(head.hidden)):
        total += float(head.output_bias[network])
        for unit in range(head.hidden.shape[2]):
            value = float(head.hidden_bias[network, unit])
            for feature, read in enumerate(inputs):
                value += read * float(head.hidden[network, feature, unit])
            total += max(value, 0.0) * float(head.output[network, unit])
    return total / len(head.hidden)


@given(heads, st.integers(0, 2**32 - 1))
def test_the_network_is_the_written_one(shape, seed):
    head = random_head(*shape)
    values = random_values(head, 3, seed)
    found = deepfind_logits(head, values)
    assert found.dtype == np.float64
    # Single precision in the hidden layer: a few units of tens of terms of order one.
    np.testing.assert_allclose(found, [logit(head, row) for row in values], rtol=0, atol=10 * tolerances.SINGLE)


@given(heads, st.integers(1, 70), st.integers(0, 2**32 - 1), st.data())
def test_a_variant_has_the_same_bytes_in_any_batch(shape, rows, seed, data):
    head = random_head(*shape)
    values = random_values(head, rows, seed)
    whole = deepfind_logits(head, values)
    chosen = data.draw(st.lists(st.integers(0, rows - 1), min_size=1, max_size=5))
    assert deepfind_logits(head, values[chosen]).tobytes() == whole[chosen].tobytes()
    assert deepfind_logits(head, values[:1].astype(np.float64)).tobytes() == whole[:1].tobytes()


@pytest.mark.skipif(not has_compiled_kernel(), reason="needs numba")
@given(heads, st.integers(0, 70), st.integers(0, 2**32 - 1))
def test_the_kernel_gives_the_bytes_of_numpy(shape, rows, seed):
    head = random_head(*shape)
    values = random_values(head, rows, seed)
    by_kernel = deepfind_logits(head, values, dense=partial(dense, compiled=True))
    assert by_kernel.tobytes() == deepfind_logits(head, values).tobytes()


def test_the_head_is_the_mean_of_its_networks():
    head = random_head(5, 3, 4, 0)
    arrays = ("hidden", "hidden_bias", "output", "output_bias")
    values = random_values(head, 6, 1)
    alone = [
        deepfind_logits(
            DeepFindHead(
                head.features, head.center, head.spread, head.limit, *(getattr(head, a)[n : n + 1] for a in arrays)
            ),
            values,
        )
        for n in range(3)
    ]
    np.testing.assert_allclose(
        deepfind_logits(head, values), np.mean(alone, axis=0), rtol=tolerances.ORACLE, atol=tolerances.ORACLE
    )
