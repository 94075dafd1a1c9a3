"""Sliding windows against a loop over windows, each strand in its own orientation."""

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from oracles import deepbind_config, random_stack, scan_score, whole_score

from varbind.core.sequence import encode, reverse_complement
from varbind.scoring.ensemble import Ensemble
from varbind.scoring.scan import ScanEnsemble, ScanRule

RULES = list(ScanRule)


@pytest.mark.parametrize(
    ("rule", "detector_len", "width"),
    [("0.1", 24, 24), ("0.1", 5, 5), ("later", 24, 36), ("later", 5, 7), ("later-all", 16, 24), ("later-all", 1, 1)],
)
def test_widths(rule, detector_len, width):
    assert ScanRule(rule).width(detector_len) == width


@pytest.mark.parametrize(
    ("rule", "length", "starts"),
    [
        ("0.1", 7, [0, 1]),
        ("0.1", 6, [0]),
        ("0.1", 5, [0]),
        ("0.1", 2, [0]),
        ("later", 10, [0, 1, 2]),
        ("later", 8, [0]),
        ("later", 7, [0]),
        ("later-all", 10, [0, 1, 2, 3]),
        ("later-all", 8, [0, 1]),
        ("later-all", 7, [0]),
    ],
)
def test_which_windows(rule, length, starts):
    codes = np.arange(length).astype(np.uint8) % 5
    rule = ScanRule(rule)
    expected = [codes[start : start + rule.width(5)].tolist() for start in starts]
    assert rule.windows(codes, 5).tolist() == expected


shapes = st.builds(
    deepbind_config,
    window=st.sampled_from([7, 9]),
    detector_len=st.integers(1, 6),
    detectors=st.integers(1, 3),
    mean_pooling=st.booleans(),
    hidden=st.sampled_from([0, 2]),
    double_stranded=st.booleans(),
)


@given(
    st.lists(shapes, min_size=1, max_size=3, unique=True),
    st.sampled_from(RULES),
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(1, 16), min_size=1, max_size=4),
)
def test_scanning_is_a_loop_over_windows(shapes, rule, seed, lengths):
    rng = np.random.default_rng(seed)
    stacks = [random_stack(rng, shape, 2, prefix=f"S{i}.") for i, shape in enumerate(shapes)]
    ids = [model_id for stack in stacks for model_id in stack.model_ids][::-1]
    sequences = [rng.integers(0, 5, length).astype(np.uint8) for length in lengths]
    found = ScanEnsemble(stacks, ids, rule=rule).score(sequences)
    assert found.dtype == np.float32
    for stack in stacks:
        for row, model_id in enumerate(stack.model_ids):
            expected = [scan_score(stack, row, codes, rule.value) for codes in sequences]
            np.testing.assert_allclose(found[:, ids.index(model_id)], expected, atol=tolerances.FUSED, rtol=0)


def test_the_window_left_out_differs_by_strand():
    """A site in the last window is missed forward and found in reverse, where it is the first."""
    rng = np.random.default_rng(5)
    stack = random_stack(rng, deepbind_config(detector_len=4, detectors=1), 1)
    stack.detectors[...] = 0
    for position, base in enumerate(encode("ACCG")):
        stack.detectors[0, position, base, 0] = 1
    stack.thresholds[...], stack.weights1[...], stack.biases1[...] = -3.5, 1, 0
    last = encode("TTTTTTACCG")
    one = {"rule": ScanRule.V0_1}
    forward = ScanEnsemble([stack.single_stranded()], stack.model_ids, **one)
    both = ScanEnsemble([stack], stack.model_ids, **one)
    every = ScanEnsemble([stack], stack.model_ids, rule=ScanRule.LATER_ALL)
    # The motif is on the forward strand only, in the one window that the forward pass skips.
    assert forward.score([last]).tolist() == [[0.0]]
    assert both.score([last]).tolist() == [[0.0]]
    assert every.score([last]).tolist() == [[0.5]]
    assert both.score([encode("TTTTTACCGT")]).tolist() == [[0.5]]
    # Turned, it stands on the reverse strand: in the first window as written, the last one in reverse.
    assert both.score([reverse_complement(last)]).tolist() == [[0.0]]
    assert every.score([reverse_complement(last)]).tolist() == [[0.5]]
    # On the reverse strand of the last window as written, which the reverse pass reads first.
    assert both.score([encode("AAAAAA" + "CGGT")]).tolist() == [[0.5]]


@pytest.mark.parametrize("rule", RULES)
def test_a_short_sequence_is_one_window(rule):
    stack = random_stack(np.random.default_rng(6), deepbind_config(detector_len=5, mean_pooling=True), 1)
    codes = encode("ACGTN"[: rule.width(5)])
    found = ScanEnsemble([stack], stack.model_ids, rule=rule).score([codes])[0, 0]
    assert found == pytest.approx(whole_score(stack, 0, codes), abs=tolerances.FUSED)
    assert found == Ensemble([stack], stack.model_ids).score({9: [codes]})[0, 0]


def test_no_sequences():
    stack = random_stack(np.random.default_rng(7), deepbind_config(), 2)
    assert ScanEnsemble([stack], stack.model_ids, rule=ScanRule.V0_1).score([]).shape == (0, 2)


@pytest.mark.parametrize("rule", RULES)
def test_the_batch_does_not_show(rule):
    rng = np.random.default_rng(8)
    stack = random_stack(rng, deepbind_config(mean_pooling=True, hidden=3), 9)
    sequences = [rng.integers(0, 5, length).astype(np.uint8) for length in rng.integers(1, 30, 40)]
    scan = ScanEnsemble([stack], stack.model_ids, rule=rule)
    alone = np.concatenate([scan.score([codes]) for codes in sequences])
    assert alone.tobytes() == scan.score(sequences).tobytes()
