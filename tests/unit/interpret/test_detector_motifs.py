"""Motifs of detectors: each rule as its source states it, against a loop over sequences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from motif_banks import CRE, motif_model, planted
from oracles import deepbind_config, random_stack

from varbind.core.sequence import encode, reverse_complement
from varbind.errors import UsageError
from varbind.interpret.detector_motifs import Detectors, MotifRule, detector_motifs, information


def codes_of(letters):
    return np.stack([encode(text) for text in letters])


def random_detectors(seed, *, double_stranded=True):
    rng = np.random.default_rng(seed)
    return Detectors(
        rng.normal(0, 1, (3, 4, 4)).astype(np.float32), rng.normal(0, 0.5, 3).astype(np.float32), double_stranded
    )


def best_window(detectors, detector, sequence):
    """The best window of one sequence by a loop, and its activation."""
    strands = [sequence, reverse_complement(sequence)] if detectors.double_stranded else [sequence]
    width = detectors.weights.shape[1]
    best, window = -np.inf, None
    for strand in strands:
        for start in range(len(strand) - width + 1):
            own = strand[start : start + width]
            rows = [
                detectors.weights[detector, i, base] if base < 4 else detectors.weights[detector, i].mean()
                for i, base in enumerate(own)
            ]
            value = max(float(np.sum(rows, dtype=np.float64) + detectors.biases[detector]), 0.0)
            if value > best + 1e-6:
                best, window = value, own
    return best, window


def motif_of(windows, weights):
    counts = np.array(
        [
            [sum(w for own, w in zip(windows, weights, strict=True) if own[i] == base) for base in range(4)]
            for i in range(len(windows[0]))
        ]
    )
    return counts / counts.sum(axis=1, keepdims=True)


@given(st.integers(0, 10_000), st.booleans(), st.integers(5, 12))
def test_the_published_rule(seed, double_stranded, length):
    rng = np.random.default_rng([seed, 1])
    detectors = random_detectors(seed, double_stranded=double_stranded)
    sequences = rng.integers(0, 4, (40, length)).astype(np.uint8)
    found = {motif.detector: motif for motif in detector_motifs(detectors, sequences, min_windows=3)}
    for detector in range(3):
        possible = sum(max(column.max(), 0) for column in detectors.weights[detector]) + detectors.biases[detector]
        best = [best_window(detectors, detector, sequence) for sequence in sequences]
        kept = [window for value, window in best if value > 0 and value >= 0.7 * possible]
        # A value at the threshold may fall on either side by rounding.
        near = any(abs(value - 0.7 * possible) < 1e-4 for value, _ in best)
        if near:
            continue
        assert (detector in found) == (len(kept) >= 3)
        if len(kept) >= 3:
            assert found[detector].windows == len(kept)
            np.testing.assert_allclose(found[detector].shares, motif_of(kept, np.ones(len(kept))), atol=1e-6)


@given(st.integers(0, 10_000))
def test_the_rule_of_the_code(seed):
    rng = np.random.default_rng([seed, 2])
    detectors = random_detectors(seed)
    sequences = rng.integers(0, 4, (30, 9)).astype(np.uint8)
    found = {
        motif.detector: motif for motif in detector_motifs(detectors, sequences, MotifRule.KOO_CODE, min_windows=3)
    }
    for detector in range(3):
        best = [best_window(detectors, detector, sequence) for sequence in sequences]
        largest = max(value for value, _ in best)
        if any(abs(value - 0.5 * largest) < 1e-4 for value, _ in best):
            continue
        kept = [(window, value) for value, window in best if value > 0.5 * largest]
        if len(kept) < 3:
            assert detector not in found
            continue
        shares = motif_of([window for window, _ in kept], [value for _, value in kept])
        informative = [i for i, bits in enumerate(information(shares)) if bits > 0.5]
        if not informative:
            assert detector not in found
            continue
        clipped = shares[max(informative[0] - 3, 0) : informative[-1] + 4]
        np.testing.assert_allclose(found[detector].shares, clipped, atol=1e-5)


def test_softmax_needs_no_sequences():
    detectors = random_detectors(3)
    motifs = detector_motifs(detectors, np.zeros((0, 0), dtype=np.uint8), MotifRule.SOFTMAX)
    for motif, weights in zip(motifs, detectors.weights.astype(np.float64), strict=True):
        np.testing.assert_allclose(
            motif.shares, np.exp(weights) / np.exp(weights).sum(axis=1, keepdims=True), rtol=1e-6
        )
        assert motif.windows == 0


@pytest.mark.parametrize("rule", [MotifRule.KOO, MotifRule.KOO_CODE])
def test_a_planted_motif_comes_back(rule):
    _, stack = motif_model("m", "P", CRE)
    sequences = codes_of([text for text, bound in planted(CRE, count=200) if bound])
    (motif,) = detector_motifs(Detectors.of_deepbind(stack, 0), sequences, rule)
    assert "".join("ACGT"[base] for base in motif.shares.argmax(axis=1)) == CRE
    assert information(motif.shares).min() > 1.5


def test_all_networks_of_a_model():
    stack = random_stack(np.random.default_rng(0), deepbind_config(members=3, detectors=5, detector_len=7), 2)
    detectors = Detectors.of_deepbind(stack, 1)
    assert detectors.weights.shape == (15, 7, 4)
    # The second detector of the third network of the second model.
    np.testing.assert_array_equal(detectors.weights[11], stack.detectors[5, :, :, 1])
    assert detectors.biases[11] == stack.thresholds[5, 1]


def test_information():
    shares = np.array([[1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0]])
    np.testing.assert_allclose(information(shares), [2, 0, 1])


def test_detectors_that_find_nothing_have_no_motif():
    silent = Detectors(np.zeros((1, 4, 4), dtype=np.float32), np.array([-1], dtype=np.float32), double_stranded=False)
    sequences = np.zeros((20, 6), dtype=np.uint8)
    assert detector_motifs(silent, sequences) == []
    assert detector_motifs(silent, sequences, MotifRule.KOO_CODE) == []
    with pytest.raises(UsageError, match="3 bases, fewer than the 4 of a detector"):
        detector_motifs(silent, sequences[:, :3])
