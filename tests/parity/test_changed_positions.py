"""Scoring only what a variant changes gives the bytes of scoring both alleles whole, by kernel and by fallback."""

import os
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import network_shape, random_stack

from varbind.core.window import Window, flank_of
from varbind.nn.ensemble import Ensemble
from varbind.nn.plan import Plan

SHAPES = [
    network_shape(window=25, detector_len=14),
    network_shape(window=25, detector_len=16, mean_pooling=True, hidden=32, double_stranded=False),
    network_shape(window=25, detector_len=20, mean_pooling=True),
    network_shape(window=31, detector_len=24, hidden=32),
    network_shape(window=51, detector_len=36, detectors=19, mean_pooling=True, hidden=3),
    network_shape(window=51, detector_len=1, detectors=3),
    network_shape(window=3, detector_len=32),
]
WIDEST = flank_of(51)


@pytest.fixture(scope="module")
def ensembles():
    rng = np.random.default_rng(5)
    stacks = [random_stack(rng, shape, 3, prefix=f"S{i}.") for i, shape in enumerate(SHAPES)]
    model_ids = [model_id for stack in stacks for model_id in stack.model_ids]
    lookup = Ensemble(stacks, model_ids, threads=1)
    with mock.patch.dict(os.environ, {"VARBIND_NO_NUMBA": "1"}):
        matrix = Ensemble(stacks, model_ids)
    return lookup, matrix


@st.composite
def changes(draw):
    """Windows with any change of up to 20 bases, N among the bases, some of them neighbours or repeats."""
    codes = st.integers(0, 4)
    flank = st.lists(codes, min_size=WIDEST, max_size=WIDEST)
    allele = st.lists(codes, max_size=20)
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
    """Three alternate alleles, one of them twice, and an unchanged one: four alleles, one reference pass."""
    ref = np.zeros(9, dtype=np.uint8)
    alts = [ref.copy() for _ in range(5)]
    for alt, base in zip(alts, (1, 2, 3, 3, 0), strict=True):
        alt[4] = base
    plan, references, alternates = Plan.of_windows([Window(ref, alt, padded=False) for alt in alts], flank=4)
    work = plan.work(detector_len=3)
    assert len(set(references)) == 1
    assert alternates == [1, 2, 3, 3, 0]
    assert work.bounds.tolist() == [[0, 4, 7, 11], *[[4, 4, 7, 7]] * 3]
    assert work.alleles.tolist() == [[0, 0, 11], [0, 1, 11], [0, 2, 11], [0, 3, 11]]
