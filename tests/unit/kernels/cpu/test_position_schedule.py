"""Every position is walked once, with the words that a loop over the sequences reads."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.core.window import Window
from varbind.kernels.cpu import position_schedule as walk
from varbind.kernels.cpu.position_schedule import BASES, Layout
from varbind.kernels.work_plan import Plan


def drawn_plan(rng, flank, changes):
    """SNVs, several at a site, and other changes of these lengths."""
    left, right = rng.integers(0, 5, (2, flank)).astype(np.uint8)
    windows = []
    for ref_len, alt_len in [(1, 1), *changes, (1, 1), (1, 1)]:
        ref, alt = (np.r_[left, rng.integers(0, 5, n).astype(np.uint8), right] for n in (ref_len, alt_len))
        windows += [Window(ref, alt, padded=False), Window(ref, np.r_[left, ref[flank:]], padded=False)]
    return Plan.of_windows(windows, flank)[0]


def digits(codes):
    value = 0
    for code in codes:
        value = value * BASES + int(code)
    return value


def text_sum(codes, first, last, detector_len, word_len):
    """The words of all positions from first to last, as numbers, together."""
    padded = [*codes.tolist(), *[4] * word_len]
    offsets = range(0, detector_len, word_len)
    return sum(digits(padded[p + j : p + j + word_len]) for p in range(first, last) for j in offsets)


def expected_cells(work, detector_len, word_len):
    cells = []
    for sequence, bounds in zip(work.sequences, work.bounds, strict=True):
        for first, last in pairwise(bounds):
            cells.append(text_sum(work.codes[sequence], first, last, detector_len, word_len))
    for item, sequence in enumerate(work.sequences):
        for before, after in work.substitutions[slice(*work.first_substitution[item : item + 2])]:
            codes, first, last = work.codes[sequence].copy(), *work.bounds[item, 1:3]
            assert codes[first + detector_len - 1] == before
            codes[first + detector_len - 1] = after
            cells.append(text_sum(codes, first, last, detector_len, word_len))
    return cells


def walked_cells(layout):
    """The same by way of the steps; a changed base adds to its word by its place."""
    cells, word_len = np.zeros(layout.cells, dtype=np.int64), layout.word_len
    for some in layout.walks():
        values = np.zeros(some.stretches + some.substitutions, dtype=np.int64)
        assert list(some.words) == sorted(set(some.words.tolist()))
        for step in some.steps:
            sums = sum(some.words[rows] for rows in step.rows)
            values[: step.stretches] += sums.reshape(-1, step.stretches).sum(axis=0)
            place, (before, after) = step.differences // 25, divmod(step.differences % 25, 5)
            changed = sums[step.changed] + (after - before) * BASES ** (word_len - 1 - place % word_len)
            if len(changed):
                values[some.stretches :] += changed.reshape(-1, some.substitutions).sum(axis=0)
        some.pool(np.add, values[:, None], cells[:, None])
    return cells


# Rows of a walk, positions of a stretch, walks kept: large, and so small that everything is cut.
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), max_size=3),
    st.integers(1, 9),
    st.integers(1, 5),
    st.sampled_from([(1024, 128, 4), (3, 2, 0), (1, 1, 0), (5, 4, 9)]),
)
def test_every_position_is_walked_once(seed, flank, changes, detector_len, word_len, sizes):
    rng = np.random.default_rng(seed)
    work = drawn_plan(rng, flank, changes).work(detector_len)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(("ROWS", "STRETCH", "WALKS_KEPT"), sizes, strict=True):
            patch.setattr(walk, name, value)
        layout = Layout(work, detector_len, word_len)
        for _ in range(2):  # as for one task after the other
            assert walked_cells(layout).tolist() == expected_cells(work, detector_len, word_len)


def test_a_step_is_bounded():
    """However many sequences and however long."""
    rng = np.random.default_rng(0)
    sequences = [rng.integers(0, 4, length).astype(np.uint8) for length in [*[150] * 1_500, 5_000]]
    layout = Layout(Plan.of_sequences(sequences)[0].work(9), 9, 5)
    counts = Counter()
    for some in layout.walks():
        for step in some.steps:
            assert len(step.rows[0]) <= walk.ROWS
            counts["positions"] += len(step.rows[0])
    assert counts["positions"] == 1_500 * 158 + 5_008
