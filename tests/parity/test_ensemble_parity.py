"""The fused scorer equals the readable network, one network at a time, for any shape."""

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from oracles import random_stack

from varbind.core.deepbind import DeepBindConfig, DeepBindStack
from varbind.scoring.ensemble import Ensemble
from varbind.scoring.scorer import score_sequences

pytest.importorskip("torch", reason="needs the extra `train`")
from varbind.nn.torch_networks import score_models

shapes = st.builds(
    DeepBindConfig,
    window=st.sampled_from([15, 25, 31]),
    detector_len=st.one_of(st.integers(1, 40), st.sampled_from([14, 16, 20, 24, 32, 36])),
    detectors=st.one_of(st.integers(1, 20), st.sampled_from([1, 16, 48])),
    mean_pooling=st.booleans(),
    hidden=st.sampled_from([0, 1, 5, 32]),
    double_stranded=st.booleans(),
    members=st.sampled_from([1, 1, 3]),
)


@st.composite
def sequences(draw):
    """Lengths from 1, shorter and longer than any detector, with runs of N."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    found = []
    for length in draw(st.lists(st.integers(1, 60), min_size=1, max_size=6)):
        codes = rng.integers(0, 4, length).astype(np.uint8)
        start, run = draw(st.integers(0, 60)), draw(st.integers(0, 20))
        codes[start : start + run] = 4
        found.append(codes)
    return found


def loop(stacks, model_ids, sequences_of):
    """One network, one sequence at a time, in double precision."""
    scores = np.zeros((len(next(iter(sequences_of.values()))), len(model_ids)))
    for stack in stacks:
        columns = [model_ids.index(model_id) for model_id in stack.model_ids]
        for i, codes in enumerate(sequences_of[stack.config.window]):
            scores[i, columns] = score_models(stack, codes[None])[0]
    return scores


@given(st.lists(shapes, min_size=1, max_size=3), st.integers(1, 20), sequences(), st.integers(0, 2**32 - 1))
def test_fused_is_the_loop(shapes, count, codes, seed):
    rng = np.random.default_rng(seed)
    stacks = [random_stack(rng, shape, count, prefix=f"S{i}.") for i, shape in enumerate(shapes)]
    ids = [model_id for stack in stacks for model_id in stack.model_ids]
    ids = [ids[i] for i in rng.permutation(len(ids))]
    # Each window length reads sequences of its own.
    sequences_of = {window: [c[: max(1, len(c) - window % 4)] for c in codes] for window in (15, 25, 31)}
    found = Ensemble(stacks, ids, compiled=True).score(sequences_of)
    assert found.shape == (len(codes), len(ids))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, loop(stacks, ids, sequences_of), atol=tolerances.FUSED, rtol=0)


def test_many_sequences_and_models_cross_every_chunk():
    """More rows than one matrix product takes, and more models than one piece holds."""
    rng = np.random.default_rng(1)
    shape = DeepBindConfig(31, 24, 16, mean_pooling=True, hidden=32, double_stranded=True)
    stack = random_stack(rng, shape, 19)
    codes = rng.integers(0, 5, (100, 31)).astype(np.uint8)
    found = Ensemble([stack], stack.model_ids, compiled=True).score({31: list(codes)})
    expected = np.stack([score_models(stack.take([row]), codes)[:, 0] for row in range(19)], axis=1)
    np.testing.assert_allclose(found, expected, atol=tolerances.FUSED, rtol=0)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("pooling", [(False, False, False), (False, True, True)])
def test_a_model_of_several_networks_is_their_mean(compiled, pooling):
    rng = np.random.default_rng(3)
    shapes = [DeepBindConfig(31, 24, 16, mean_pooling=mean, hidden=0, double_stranded=True) for mean in pooling]
    groups = [random_stack(rng, shape, 2) for shape in shapes]
    alone = random_stack(rng, shapes[0], 3, prefix="S")
    joined = DeepBindStack.mean_of(groups)
    stacks, ids = [alone, joined], ["M1", "S0", "S2", "M0", "S1"]
    codes = rng.integers(0, 5, (50, 31)).astype(np.uint8)
    found = Ensemble(stacks, ids, compiled=compiled).score({31: list(codes)})
    scores = dict(zip(alone.model_ids, score_models(alone, codes).T, strict=True))
    for row, model_id in enumerate(joined.model_ids):
        scores[model_id] = np.mean([score_models(stack.take([row]), codes)[:, 0] for stack in groups], axis=0)
        np.testing.assert_allclose(score_models(joined, codes)[:, row], scores[model_id], rtol=1e-6, atol=1e-9)
    expected = np.stack([scores[model_id] for model_id in ids], axis=1)
    np.testing.assert_allclose(found, expected, atol=tolerances.FUSED, rtol=0)


def test_the_shipped_bank_is_the_loop(shipped_bank):
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 5, (20, 31)).astype(np.uint8)
    found = score_sequences(["".join("ACGTN"[c] for c in row) for row in codes], shipped_bank)
    by_id = {
        model_id: scores
        for stack in shipped_bank.stacks
        for model_id, scores in zip(stack.model_ids, score_models(stack, codes).T, strict=True)
    }
    expected = np.stack([by_id[model_id] for model_id in shipped_bank.model_ids], axis=1)
    np.testing.assert_allclose(found, expected, atol=tolerances.FUSED, rtol=0)
