"""What a device multiplies is what a detector reads."""

import numpy as np
import pytest
from exact import detector_outputs
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from oracles import deepbind_config, random_stack, reverse_strand

from varbind.core.window import Window
from varbind.kernels.work_plan import Plan

pytest.importorskip("torch", reason="needs the extra `gpu`")
from varbind.kernels.gpu.gpu_layout import LETTERS, ONE_HOT, Piece, detector_columns, stretch_width

codes = st.integers(0, 4)


@pytest.mark.parametrize("detector_len", range(1, 200))
def test_a_width_suits_the_tensor_cores(detector_len):
    """Bytes by 32, in at most two powers of two, and room for the 1."""
    width = stretch_width(detector_len)
    assert LETTERS * detector_len < width < 2 * LETTERS * detector_len + 32
    assert width % 32 == 0
    assert width.bit_count() <= 2


@given(st.integers(1, 40), st.integers(1, 5), st.booleans(), st.integers(0, 2**32 - 1))
def test_a_row_times_a_column_is_the_output(detector_len, detectors, double_stranded, seed):
    rng = np.random.default_rng(seed)
    shape = deepbind_config(detector_len=detector_len, detectors=detectors, double_stranded=double_stranded)
    stack = random_stack(rng, shape, 2)
    sequence = rng.integers(0, 5, 12).astype(np.uint8)
    columns = detector_columns(stack)
    assert np.abs(columns).max() < 2**31
    padded = np.pad(sequence, detector_len - 1, constant_values=4)
    rows = ONE_HOT[sliding_window_view(padded, detector_len)].reshape(-1, LETTERS * detector_len)
    rows = np.pad(np.pad(rows, ((0, 0), (0, 1)), constant_values=1), ((0, 0), (0, len(columns) - rows.shape[1] - 1)))
    found = (rows.astype(np.int64) @ columns).reshape(len(rows), 2, -1, detectors)
    for row in range(2):
        np.testing.assert_array_equal(found[:, row, 0], detector_outputs(stack, row, sequence))
        if double_stranded:
            turned = detector_outputs(stack, row, reverse_strand(sequence))
            np.testing.assert_array_equal(found[::-1, row, 1], turned)


def test_the_largest_detectors_fit():
    """T as far from the others as the fixed point allows, up and down: 31 bits with the sign."""
    stack = random_stack(np.random.default_rng(0), deepbind_config(detector_len=2, detectors=2), 1)
    stack.thresholds[:] = 0
    stack.detectors[:] = np.nextafter(np.float32(1), np.float32(0))
    stack.detectors[:, :, :3] *= -1
    stack.detectors[..., 1] *= -1
    columns = detector_columns(stack)
    assert 2**29 < np.abs(columns).max() <= 2**30


@st.composite
def variants(draw):
    """Windows with flanks of 5: substitutions, longer changes and none."""
    flanks = [draw(st.lists(codes, min_size=5, max_size=5)) for _ in range(4)]
    allele = st.one_of(st.lists(codes, min_size=1, max_size=1), st.lists(codes, max_size=4))
    windows = []
    for _ in range(draw(st.integers(1, 6))):
        left, right = draw(st.sampled_from(flanks)), draw(st.sampled_from(flanks))
        ref, alt = ([*left, *draw(allele), *right] for _ in range(2))
        windows.append(Window(np.array(ref, np.uint8), np.array(alt, np.uint8), padded=False))
    return windows


@given(variants(), st.integers(1, 8), st.data())
def test_three_cells_are_every_position_of_an_allele(windows, detector_len, data):
    plan, _, _ = Plan.of_windows(windows, flank=5)
    alleles = plan.allele_codes()
    first = data.draw(st.integers(0, len(alleles) - 1))
    last = data.draw(st.integers(first + 1, len(alleles)))
    piece = Piece.of(plan.work(detector_len), detector_len, slice(first, last))
    assert sorted(piece.positions, reverse=True) == piece.positions.tolist()
    assert piece.positions.min() > 0
    stretches = [
        sliding_window_view(piece.codes[start : start + count + detector_len - 1], detector_len).tolist()
        for start, count in zip(piece.first, piece.positions, strict=True)
    ]
    stretches.append([])  # the cell after the last one
    assert len(piece.alleles) == last - first
    for (*cells, count), allele in zip(piece.alleles, alleles[first:last], strict=True):
        found = [stretch for cell in cells for stretch in stretches[cell]]
        expected = sliding_window_view(np.pad(allele, detector_len - 1, constant_values=4), detector_len)
        assert found == expected.tolist()
        assert count == len(found)


def test_cells_are_shared():
    """Three substitutions of one site: the three cells of the reference and three middles."""
    ref = np.zeros(11, dtype=np.uint8)
    alts = np.tile(ref, (3, 1))
    alts[:, 5] = [1, 2, 3]
    plan, _, _ = Plan.of_windows([Window(ref, alt, padded=False) for alt in alts], flank=5)
    piece = Piece.of(plan.work(4), 4, slice(None))
    assert piece.positions.tolist() == [5, 5, 4, 4, 4, 4]
    assert len(piece.codes) == (piece.positions + 3).sum()
