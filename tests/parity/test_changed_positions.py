"""Scoring only what a variant changes gives the bytes of scoring both alleles whole, by kernel and by fallback."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import deepbind_config, random_stack

from varbind.core.window import Window, flank_of
from varbind.kernels.work_plan import Plan
from varbind.scoring.ensemble import Ensemble

SHAPES = [
    deepbind_config(window=25, detector_len=14),
    deepbind_config(window=25, detector_len=16, mean_pooling=True, hidden=32, double_stranded=False),
    deepbind_config(window=25, detector_len=20, mean_pooling=True),
    deepbind_config(window=31, detector_len=24, hidden=32),
    deepbind_config(window=51, detector_len=36, detectors=19, mean_pooling=True, hidden=3),
    deepbind_config(window=51, detector_len=1, detectors=3),
    deepbind_config(window=3, detector_len=32),
    deepbind_config(window=31, detector_len=24, detectors=48),
    deepbind_config(window=31, detector_len=24, detectors=16, members=3),
    # Networks of one detector share vectors, which the last one does not fill.
    deepbind_config(window=31, detector_len=11, detectors=1),
    deepbind_config(window=31, detector_len=11, detectors=1, double_stranded=False),
]
COUNTS = {1: 37}
WIDEST = flank_of(51)


@pytest.fixture(scope="module")
def ensembles():
    rng = np.random.default_rng(5)
    stacks = [random_stack(rng, s, COUNTS.get(s.detectors, 3), prefix=f"S{i}.") for i, s in enumerate(SHAPES)]
    model_ids = [model_id for stack in stacks for model_id in stack.model_ids]
    lookup = Ensemble(stacks, model_ids, threads=1, compiled=True)
    return lookup, Ensemble(stacks, model_ids, threads=1, compiled=False)


@st.composite
def changes(draw):
    """Windows with any change of up to 20 bases, N among the bases, some of them neighbours or repeats."""
    codes = st.integers(0, 4)
    flank = st.lists(codes, min_size=WIDEST, max_size=WIDEST)
    allele = st.one_of(st.lists(codes, min_size=1, max_size=1), st.lists(codes, max_size=20))
    left, right, ref = draw(flank), draw(flank), draw(allele)
    alts = draw(st.lists(allele, min_size=1, max_size=4))
    return [
        Window(np.array([*left, *ref, *right], np.uint8), np.array([*left, *alt, *right], np.uint8), padded=False)
        for alt in alts
    ]


@given(changes())
def test_changed_positions_are_the_whole(ensembles, windows):
    found = []
    for ensemble in ensembles:
        by_width = {w: [window.inner(WIDEST - flank_of(w)) for window in windows] for w in ensemble.windows}
        ref, alt = ensemble.score_windows(by_width)
        whole = ensemble.score({w: [c for x in group for c in (x.ref, x.alt)] for w, group in by_width.items()})
        assert ref.tobytes() == whole[0::2].tobytes()
        assert alt.tobytes() == whole[1::2].tobytes()
        found.append(whole.tobytes())
    assert found[0] == found[1]


def test_alleles_of_one_site_share_the_reference():
    """Three bases, one of them twice, an unchanged allele and a deletion: one reference pass, one middle of its own."""
    ref = np.array([0, 1, 2, 3, 0, 3, 2, 1, 0], dtype=np.uint8)
    alts = [ref.copy() for _ in range(5)]
    for alt, base in zip(alts, (2, 1, 3, 3, 0), strict=True):
        alt[4] = base
    alts.append(np.delete(ref, 4))
    plan, references, alternates = Plan.of_windows([Window(ref, alt, padded=False) for alt in alts], flank=4)
    assert references == [0] * 6
    assert alternates == [1, 2, 3, 3, 0, 4]
    assert [codes.tolist() for codes in plan.allele_codes()] == [c.tolist() for c in (ref, *alts[:3], alts[5])]
    work = plan.work(detector_len=3)
    assert work.lengths.tolist() == [9, 8]
    assert work.codes[0, :13].tolist() == [4, 4, *ref, 4, 4]
    assert work.bounds.tolist() == [[0, 4, 7, 11], [4, 4, 6, 6]]
    assert work.substitutions.tolist() == [[0, 2], [0, 1], [0, 3]]
    assert work.first_substitution.tolist() == [0, 3, 3]
    assert work.cells == 9
    # Left, middle and right cell, and the number of positions.
    assert work.alleles.tolist() == [[0, 1, 2, 11], [0, 6, 2, 11], [0, 7, 2, 11], [0, 8, 2, 11], [0, 4, 2, 10]]


def test_substitutions_follow_their_items():
    """Sites that take turns: cells of substitutions go by item, whatever the order of the variants."""
    sites = [np.array(codes, dtype=np.uint8) for codes in ([0, 1, 2], [3, 3, 3])]
    windows = []
    for base, site in ((0, 0), (1, 1), (3, 0)):
        alt = sites[site].copy()
        alt[1] = base
        windows.append(Window(sites[site], alt, padded=False))
    plan, references, alternates = Plan.of_windows(windows, flank=1)
    assert (references, alternates) == ([0, 2, 0], [1, 3, 4])
    work = plan.work(detector_len=2)
    assert work.substitutions.tolist() == [[1, 0], [1, 3], [3, 1]]
    assert work.first_substitution.tolist() == [0, 2, 3]
    assert work.alleles[:, 1].tolist() == [1, 6, 4, 8, 7]


LANES_PROGRAM = """
import sys
import numpy as np
from oracles import deepbind_config, random_stack
from varbind.core.window import Window
from varbind.scoring.ensemble import Ensemble
from varbind.kernels.cpu.simd import LANES
rng = np.random.default_rng(5)
shapes = [
    deepbind_config(window=25, detector_len=14, detectors=7, hidden=3),
    deepbind_config(window=25, detector_len=14, detectors=19, mean_pooling=True),
    deepbind_config(window=25, detector_len=14, detectors=1),
]
stacks = [random_stack(rng, shape, 17, prefix=f"S{i}.") for i, shape in enumerate(shapes)]
windows = []
for length in (1, 1, 1, 0, 3):
    left, right = rng.integers(0, 5, (2, 12))
    alleles = (np.array([*left, *rng.integers(0, 4, n), *right], np.uint8) for n in (1, length))
    windows.append(Window(*alleles, padded=False))
ensemble = Ensemble(stacks, [model_id for stack in stacks for model_id in stack.model_ids], threads=1, compiled=True)
print(LANES, b"".join(scores.tobytes() for scores in ensemble.score_windows({25: windows})).hex())
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="processor features of x86-64")
def test_the_width_of_a_register_does_not_show(tmp_path):
    """A processor with registers half as wide, as numba is told, gives the same bytes."""
    found = {}
    for features in (None, "+avx2,+avx,+sse4.2,+sse4.1,+ssse3,+sse3,+sse2,+sse,+64bit,+cmov,+cx8,+fxsr,+mmx"):
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        if features:
            environment |= {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": features}
            environment["NUMBA_CACHE_DIR"] = str(tmp_path)
        command = [sys.executable, "-c", LANES_PROGRAM]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        lanes, found[features] = done.stdout.split()
        assert features is None or lanes == "8"
    assert len(set(found.values())) == 1
