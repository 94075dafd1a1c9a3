"""The readable network is the paper's formula, written once more without torch."""

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from oracles import deepbind_config, random_stack, strand_score, whole_score

from varbind.core.sequence import encode, reverse_complement

pytest.importorskip("torch", reason="needs the extra `train`")
from varbind.nn.torch_networks import score_models

shapes = st.builds(
    deepbind_config,
    detector_len=st.integers(1, 7),
    detectors=st.integers(1, 4),
    mean_pooling=st.booleans(),
    hidden=st.sampled_from([0, 1, 3]),
    double_stranded=st.booleans(),
)


def close(expected):
    return pytest.approx(expected, rel=tolerances.ORACLE, abs=tolerances.ORACLE)


@given(shapes, st.integers(0, 2**32 - 1), st.integers(1, 14))
def test_the_network_is_the_formula(shape, seed, length):
    rng = np.random.default_rng(seed)
    stack = random_stack(rng, shape, 2)
    codes = rng.integers(0, 5, (3, length)).astype(np.uint8)
    for row in range(2):
        found = score_models(stack.take([row]), codes)[:, 0]
        assert found.dtype == np.float64
        assert found.tolist() == close([whole_score(stack, row, sequence) for sequence in codes])


def test_one_detector_by_hand():
    """A detector for AC, one position off each end: pooled 3 + 1 - 0.5, doubled and shifted."""
    stack = random_stack(
        np.random.default_rng(0), deepbind_config(detector_len=2, detectors=1, double_stranded=False), 1
    )
    for array, value in ((stack.detectors, 0), (stack.thresholds, -0.5), (stack.weights1, 2), (stack.biases1, 0.25)):
        array[...] = value
    stack.detectors[0, 0, 0, 0] = 3
    stack.detectors[0, 1, 1, 0] = 1
    assert score_models(stack, encode("GGACGG")[None])[:, 0].tolist() == [2 * 3.5 + 0.25]
    # A at the end meets padding: a quarter of the C.
    assert score_models(stack, encode("GGGA")[None])[:, 0].tolist() == [2 * (3 + 0.25 - 0.5) + 0.25]
    # Only quarters: 0.75 + 0.25 - 0.5.
    assert score_models(stack, encode("NN")[None])[:, 0].tolist() == [2 * 0.5 + 0.25]


@given(shapes, st.integers(0, 2**32 - 1))
def test_a_double_stranded_network_does_not_tell_strands_apart(shape, seed):
    rng = np.random.default_rng(seed)
    stack = random_stack(rng, shape, 1)
    codes = rng.integers(0, 5, (4, 12)).astype(np.uint8)
    forward, reverse = score_models(stack, codes)[:, 0], score_models(stack, reverse_complement(codes))[:, 0]
    if shape.double_stranded:
        assert forward.tolist() == close(reverse.tolist())
        assert forward.tolist() == close(
            [max(strand_score(stack, 0, c), strand_score(stack, 0, reverse_complement(c))) for c in codes]
        )
    else:
        assert forward.tolist() == close([strand_score(stack, 0, c) for c in codes])


def test_scoring_leaves_the_parameters_alone():
    stack = random_stack(np.random.default_rng(1), deepbind_config(hidden=2), 1)
    before = {name: array.copy() for name, array in stack.arrays.items()}
    score_models(stack, encode("ACGTNACGT")[None])
    for name, old in before.items():
        np.testing.assert_array_equal(stack.arrays[name], old)
