"""Sums of table rows are equal to sums of Python integers, one position at a time, to the last bit."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from oracles import deepbind_config, random_stack, reverse_strand, whole_score

from varbind.core.window import Window
from varbind.kernels.cpu import numpy_backend
from varbind.kernels.cpu.numpy_backend import NumpyStacks
from varbind.kernels.exact_arithmetic import OutputLayers, fixed_point
from varbind.kernels.work_plan import Plan

shapes = st.builds(
    deepbind_config,
    detector_len=st.sampled_from([1, 2, 4, 5, 6, 11, 16, 36]),
    detectors=st.sampled_from([1, 3, 16, 33]),
    mean_pooling=st.booleans(),
    hidden=st.sampled_from([0, 2]),
    double_stranded=st.booleans(),
)
# The scores do not depend on how the work is divided.
SIZE_NAMES = ("ROWS", "STRETCH", "LANES", "LONGEST_WORD")
sizes = st.sampled_from([(1024, 128, 64, 5), (3, 2, 1, 3), (7, 5, 200, 4), (1, 1, 64, 1)])


@contextmanager
def set_sizes(values):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(SIZE_NAMES, values, strict=True):
            patch.setattr(numpy_backend, name, value)
        yield


def strand_pools(stack, codes):
    """Maximum and sum of rectified whole numbers in quarters, each a list of Python integers (K, D)."""
    fixed, m = fixed_point(stack), stack.config.detector_len
    padded = [4] * (m - 1) + codes.tolist() + [4] * (m - 1)
    weights = (4 * fixed.detectors).astype(int)
    rows = [*(weights[:, :, base] for base in range(4)), weights.sum(axis=2) // 4]  # each (K, m, D)
    rectified = []
    for p in range(len(codes) + m - 1):
        at_position = sum(rows[padded[p + i]][:, i].astype(object) for i in range(m))
        rectified.append(np.maximum(at_position + (4 * fixed.thresholds).astype(int), 0))
    return np.max(rectified, axis=0), np.sum(rectified, axis=0)


def expected_scores(stacks, sequences):
    """Every network on every sequence, float32 (B, K)."""
    scores = []
    for codes in sequences:
        row = []
        for stack in stacks:
            scale = fixed_point(stack).scale / 4
            by_strand = []
            for strand in [codes, reverse_strand(codes)][: 1 + stack.config.double_stranded]:
                maxima, totals = (pool.astype(float) * scale for pool in strand_pools(stack, strand))
                means = totals[..., None] / (len(codes) + stack.config.detector_len - 1)
                output = OutputLayers(stack).score(maxima[..., None], means if stack.config.mean_pooling else None)
                by_strand.append(output[:, 0].astype(np.float32))
            row.append(np.max(by_strand, axis=0))
        scores.append(np.concatenate(row))
    return np.array(scores)


def scored(stacks, sequences, threads=None):
    plan, rows = Plan.of_sequences(sequences)
    scores = NumpyStacks(stacks, threads).score(plan)
    assert scores.dtype == np.float32
    assert scores.shape == (len(plan.allele_codes()), sum(len(stack.model_ids) for stack in stacks))
    return scores[rows]


def drawn_sequences(rng, lengths):
    """Sequences with N, some of nothing else."""
    return [rng.integers(rng.choice([0, 0, 0, 4]), 5, length).astype(np.uint8) for length in lengths]


def drawn_windows(rng, count, flank):
    """SNVs, several at a site, changes of length, no change at all."""
    windows = []
    for _ in range(count):
        left, right = rng.integers(0, 5, (2, flank)).astype(np.uint8)
        for ref_len, alt_len in [(1, 1), (1, 1), (2, 0), (0, 3), (2, 2), *rng.integers(0, 4, (2, 2))]:
            if flank or (ref_len and alt_len):
                ref, alt = (np.r_[left, rng.integers(0, 5, n).astype(np.uint8), right] for n in (ref_len, alt_len))
                windows.append(Window(ref, alt, padded=False))
        windows += [Window(windows[0].ref, windows[0].ref, padded=False), windows[0]]
    return windows


@given(
    st.lists(shapes, min_size=1, max_size=3, unique=True),
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
    sizes,
)
def test_whole_sequences_are_sums_of_integers(shapes, seed, lengths, chosen):
    rng = np.random.default_rng(seed)
    stacks = [random_stack(rng, shape, 3) for shape in shapes]
    sequences = drawn_sequences(rng, lengths)
    with set_sizes(chosen):
        found = scored(stacks, sequences)
    assert found.tobytes() == expected_scores(stacks, sequences).tobytes()


@given(shapes, st.integers(0, 2**32 - 1), st.integers(0, 12), sizes)
def test_changed_positions_are_the_whole(shape, seed, flank, chosen):
    """Only the changed positions of an alternate allele are computed, and the score is that of the whole allele."""
    rng = np.random.default_rng(seed)
    stacks = [random_stack(rng, shape, 2)]
    windows = drawn_windows(rng, 2, flank)
    plan, refs, alts = Plan.of_windows(windows, flank)
    with set_sizes(chosen):
        scores = NumpyStacks(stacks).score(plan)
    expected = expected_scores(stacks, [window.ref for window in windows] + [window.alt for window in windows])
    assert scores[refs + alts].tobytes() == expected.tobytes()


@given(shapes, st.integers(0, 2**32 - 1), st.integers(1, 30))
def test_the_sums_are_the_network(shape, seed, length):
    rng = np.random.default_rng(seed)
    stack = random_stack(rng, shape, 2)
    codes = rng.integers(0, 5, length).astype(np.uint8)
    expected = [whole_score(stack, row, codes) for row in range(2)]
    np.testing.assert_allclose(scored([stack], [codes])[0], expected, atol=tolerances.FUSED, rtol=0)


@pytest.mark.parametrize("mean_pooling", [False, True])
def test_batches_models_and_threads_do_not_show(mean_pooling):
    """There are more stretches than in one chunk, and more networks than in one block; the last block is smaller."""
    rng = np.random.default_rng(0)
    shape = deepbind_config(detector_len=9, detectors=16, mean_pooling=mean_pooling, hidden=3)
    stack = random_stack(rng, shape, 5)
    sequences = [rng.integers(0, 5, length).astype(np.uint8) for length in rng.integers(1, 140, 1_100)]
    whole = scored([stack], sequences)
    parts = [scored([stack], sequences[first : first + 300]) for first in range(0, 1_100, 300)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    alone = [scored([stack.take([row])], sequences) for row in range(5)]
    assert np.concatenate(alone, axis=1).tobytes() == whole.tobytes()
    with ThreadPoolExecutor(2) as threads, set_sizes((1024, 128, 32, 5)):
        assert scored([stack], sequences, threads).tobytes() == whole.tobytes()


def test_long_sequences_are_exact_in_little_memory():
    """Every position sums to nearly 2^30, far beyond 32 bits together, and positions are taken piece by piece."""
    rng = np.random.default_rng(1)
    shape = deepbind_config(detector_len=24, detectors=2, mean_pooling=True)
    stack = random_stack(rng, shape, 2)
    stack.detectors[...] = 1 + rng.random(stack.detectors.shape) / 1024
    codes = rng.integers(0, 5, 400_000).astype(np.uint8)
    tracemalloc.start()
    found = scored([stack], [codes, codes[:50_000]])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40e6  # all positions of one detector at once, in 64 bits, with its rows: twice that
    fixed = fixed_point(stack)
    rows = np.concatenate([4 * fixed.detectors, fixed.detectors.sum(axis=2, keepdims=True)], axis=2).astype(np.int64)
    for sequence, scores in zip([codes, codes[:50_000]], found, strict=True):
        padded = np.pad(sequence, 23, constant_values=4)
        positions = len(sequence) + 23
        for row in range(2):
            strands = []
            for bases in (rows[row], rows[row, ::-1, [3, 2, 1, 0, 4]].transpose(1, 0, 2)):
                sums = 4 * fixed.thresholds[row].astype(np.int64)
                sums = sum((bases[i, padded[i : i + positions]] for i in range(24)), start=sums)
                assert sums.sum() > 2**40
                best, total = sums.max(axis=0), np.maximum(sums, 0).sum(axis=0)
                scale = fixed.scale[row] / 4
                pooled = [(pool[None, :, None]) for pool in (best * scale, total * scale / positions)]
                strands.append(OutputLayers(stack.take([row])).score(*pooled)[0, 0].astype(np.float32))
            assert scores[row] == max(strands)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_sums_fit(sign):
    """One base with all the weight at each place: the bound of the fixed point is reached, both ways."""
    shape = deepbind_config(detector_len=36, detectors=2, mean_pooling=True)
    stack = random_stack(np.random.default_rng(2), shape, 1)
    stack.detectors[...] = 0
    stack.detectors[:, :, 0] = sign * np.float32(1e30)
    stack.thresholds[...] = sign * np.float32(1e28)
    stack.weights1[...] = 1e-30
    sequences = [np.zeros(100, dtype=np.uint8), np.full(3, 4, dtype=np.uint8), np.full(50, 3, dtype=np.uint8)]
    found = scored([stack], sequences)
    assert found.tobytes() == expected_scores([stack], sequences).tobytes()
    assert (found[0, 0] > 60) == (sign > 0)


def test_the_largest_change_fits():
    """From the most negative sum to the most positive one by one base: their difference needs 33 bits."""
    shape = deepbind_config(detector_len=1, detectors=1, hidden=0, double_stranded=False)
    stack = random_stack(np.random.default_rng(5), shape, 1)
    stack.detectors[0, 0, :, 0] = [-1, 1, -0.5, 0.5]
    stack.thresholds[...], stack.weights1[...], stack.biases1[...] = 0, 1, 0
    windows = [Window(*np.array(pair, dtype=np.uint8)[:, None], padded=False) for pair in ([0, 1], [1, 0], [4, 1])]
    plan, refs, alts = Plan.of_windows(windows, 0)
    assert NumpyStacks([stack]).score(plan)[refs + alts, 0].tolist() == [0, 1, 0, 1, 0, 1]


def test_a_score_beyond_single_precision_is_infinite():
    stack = random_stack(np.random.default_rng(3), deepbind_config(), 1)
    stack.detectors[...] = stack.weights1[...] = 1e30
    assert scored([stack], [np.zeros(5, dtype=np.uint8)]).tolist() == [[np.inf]]


def test_no_sequences():
    stack = random_stack(np.random.default_rng(4), deepbind_config(mean_pooling=True), 2)
    assert NumpyStacks([stack]).score(Plan()).shape == (0, 2)


def test_the_memory_of_a_chunk_is_bounded():
    """There are at most `ROWS` positions per chunk, however many sequences there are and however long they are."""
    rng = np.random.default_rng(0)
    sequences = [rng.integers(0, 4, length).astype(np.uint8) for length in [*[150] * 1_500, 5_000]]
    layout = numpy_backend._Layout(Plan.of_sequences(sequences)[0].work(9), 9)
    sizes = [chunk.rows.shape[1] for chunk in layout.chunks]
    assert max(sizes) <= numpy_backend.ROWS
    padding = [np.count_nonzero(chunk.rows[0] == len(layout.words)) for chunk in layout.chunks]
    assert sum(sizes) - sum(padding) == 1_500 * 158 + 5_008
    assert sum(padding) < 0.02 * sum(sizes)
