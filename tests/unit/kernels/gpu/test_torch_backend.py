"""Eager torch gives the exact bytes, step by step and in one go."""

import numpy as np
import pytest
from exact import exact_scores
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import deepbind_config, random_stack

from varbind.kernels.work_plan import Plan

pytest.importorskip("torch", reason="needs the extra `gpu`")
import torch

from varbind.kernels.gpu import torch_backend as matrix
from varbind.kernels.gpu.device import DeviceStacks

CPU = torch.device("cpu")

shapes = st.builds(
    deepbind_config,
    detector_len=st.integers(1, 12),
    detectors=st.sampled_from([1, 3, 16, 17]),
    mean_pooling=st.booleans(),
    hidden=st.sampled_from([0, 1, 5, 32, 33]),
    double_stranded=st.booleans(),
)


def scores(stacks, sequences):
    plan, rows = Plan.of_sequences(sequences)
    return DeviceStacks(stacks, CPU).score(plan)[rows]


@settings(max_examples=settings().max_examples // 2)
@given(st.lists(shapes, min_size=1, max_size=2), st.lists(st.integers(1, 15), min_size=1), st.integers(0, 2**32 - 1))
def test_the_exact_bytes(shapes, lengths, seed):
    rng = np.random.default_rng(seed)
    stacks = [random_stack(rng, shape, 2, prefix=f"S{i}.") for i, shape in enumerate(shapes)]
    sequences = [rng.integers(0, 5, length).astype(np.uint8) for length in lengths]
    assert scores(stacks, sequences).tobytes() == exact_scores(stacks, sequences).tobytes()


@pytest.mark.parametrize("mean_pooling", [False, True])
def test_a_step_does_not_show(monkeypatch, mean_pooling):
    """Steps of a few cells, and of a few positions of one cell, across all networks and lengths."""
    rng = np.random.default_rng(0)
    stacks = [random_stack(rng, deepbind_config(mean_pooling=mean_pooling), 11)]
    sequences = [rng.integers(0, 5, length).astype(np.uint8) for length in (3, 3, 3, 30, 31, 30)]
    whole = scores(stacks, sequences)
    for rows in (1, 4, 17, 80):
        monkeypatch.setattr(matrix, "CPU_ROWS", rows)
        assert scores(stacks, sequences).tobytes() == whole.tobytes()


def test_nothing_is_left_to_tf32():
    """Products are in double precision, whatever torch may do with single precision."""
    block = matrix.MatrixBlock(random_stack(np.random.default_rng(1), deepbind_config(), 1), CPU)
    assert block._columns.dtype == torch.float64
