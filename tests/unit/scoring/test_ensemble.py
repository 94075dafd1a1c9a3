"""The fused scorer: fixed point, grouping of sequences, and the same bytes however it is called."""

import numpy as np
import pytest
from oracles import deepbind_config, random_stack
from threadpoolctl import threadpool_limits

from varbind.core.sequence import reverse_complement
from varbind.errors import ResourceError
from varbind.kernels.cpu import cpu
from varbind.scoring.ensemble import Ensemble

SHAPES = [
    deepbind_config(window=9),
    deepbind_config(window=9, detector_len=4, mean_pooling=True, hidden=3),
    deepbind_config(window=13, detector_len=7, detectors=5, mean_pooling=True),
    deepbind_config(window=13, hidden=4, double_stranded=False),
]


@pytest.fixture(autouse=True, params=["compiled", "numpy"])
def way(request, monkeypatch):
    """Every test of this file runs with the kernel and without it."""
    if request.param == "numpy":
        monkeypatch.setenv("VARBIND_NO_NUMBA", "1")
    monkeypatch.setattr(cpu, "KERNEL_WORTH", 0)
    return request.param


@pytest.fixture(scope="module")
def stacks():
    rng = np.random.default_rng(0)
    return [random_stack(rng, shape, 11, prefix=f"S{i}.") for i, shape in enumerate(SHAPES)]


@pytest.fixture(scope="module")
def model_ids(stacks):
    every = [model_id for stack in stacks for model_id in stack.model_ids]
    return [every[i] for i in np.random.default_rng(1).permutation(len(every))]


@pytest.fixture(scope="module")
def sequences():
    """Per window 150 sequences of three lengths, a third with N, some of them twice."""
    rng = np.random.default_rng(2)
    found = {}
    for window in (9, 13):
        codes = [rng.integers(0, 4 + (i % 3 == 0), window + i % 3).astype(np.uint8) for i in range(140)]
        found[window] = codes + codes[:10]
    return found


def part(sequences, rows):
    return {window: [group[row] for row in rows] for window, group in sequences.items()}


@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_batch_does_not_show(stacks, model_ids, sequences, size):
    ensemble = Ensemble(stacks, model_ids)
    whole = ensemble.score(sequences)
    rows = range(len(whole))
    parts = [ensemble.score(part(sequences, rows[first : first + size])) for first in rows[::size]]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_the_order_does_not_show(stacks, model_ids, sequences):
    ensemble = Ensemble(stacks, model_ids)
    whole = ensemble.score(sequences)
    order = np.random.default_rng(3).permutation(len(whole))
    assert ensemble.score(part(sequences, order)).tobytes() == whole[order].tobytes()


def test_other_models_do_not_show(stacks, model_ids, sequences):
    """Alone, in another order and in another split into stacks, a model scores the same bytes."""
    whole = Ensemble(stacks, model_ids).score(sequences)
    split = [piece for stack in stacks for piece in (stack.take([4, 2]), stack.take([0, 1, 3, *range(5, 11)]))]
    backwards = Ensemble(split[::-1], model_ids[::-1]).score(sequences)
    assert np.ascontiguousarray(backwards[:, ::-1]).tobytes() == whole.tobytes()
    for stack in stacks:
        alone = Ensemble([stack.take([7])], stack.model_ids[7:8]).score(sequences)
        assert alone[:, 0].tobytes() == whole[:, model_ids.index(stack.model_ids[7])].tobytes()


def test_threads_do_not_show(stacks, model_ids):
    """Windows wide enough for a matrix product that a library would share out."""
    rng = np.random.default_rng(4)
    sequences = {window: [rng.integers(0, 5, 120).astype(np.uint8) for _ in range(60)] for window in (9, 13)}
    found = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            found.append(Ensemble(stacks, model_ids, threads=threads).score(sequences).tobytes())
    assert found[0] == found[1]


def test_torch_gives_the_bytes_of_numpy(stacks, model_ids, sequences):
    pytest.importorskip("torch", reason="needs the extra `gpu`")
    expected = Ensemble(stacks, model_ids).score(sequences)
    assert Ensemble(stacks, model_ids, device="torch:cpu").score(sequences).tobytes() == expected.tobytes()


@pytest.mark.cuda
def test_a_gpu_gives_the_bytes_of_a_cpu(stacks, model_ids, sequences):
    torch = pytest.importorskip("torch", reason="needs the extra `gpu`")
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    expected = Ensemble(stacks, model_ids).score(sequences)
    assert Ensemble(stacks, model_ids, device="cuda").score(sequences).tobytes() == expected.tobytes()


def test_a_missing_gpu_is_said(stacks, model_ids):
    torch = pytest.importorskip("torch", reason="needs the extra `gpu`")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(ResourceError, match="cuda:0"):
        Ensemble(stacks, model_ids, device="cuda:0")


def test_equal_sequences_have_equal_scores(stacks, model_ids, sequences):
    scores = Ensemble(stacks, model_ids).score(sequences)
    assert scores[140:].tobytes() == scores[:10].tobytes()
    assert len(np.unique(scores[:140], axis=0)) == 140


def test_a_turned_sequence_has_the_same_bytes_where_both_strands_are_read(stacks, sequences):
    turned = {window: [reverse_complement(codes) for codes in group] for window, group in sequences.items()}
    for stack in stacks:
        ensemble = Ensemble([stack], stack.model_ids)
        same = ensemble.score(sequences).tobytes() == ensemble.score(turned).tobytes()
        # Maxima are exact; a mean is a sum of exact values in the other order, exact as well.
        assert same == stack.config.double_stranded


def test_no_sequences(stacks, model_ids):
    ensemble = Ensemble(stacks, model_ids)
    assert ensemble.windows == (9, 13)
    assert ensemble.score({9: [], 13: []}).shape == (0, 44)


@pytest.mark.parametrize("codes", [[], [0, 5]])
def test_what_is_no_sequence(stacks, model_ids, codes):
    bad = {window: [np.array(codes, dtype=np.uint8)] for window in (9, 13)}
    with pytest.raises(ValueError, match=r"sequence|codes"):
        Ensemble(stacks, model_ids).score(bad)
