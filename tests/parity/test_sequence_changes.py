"""Scoring only what a change in a sequence changes gives the bytes of scoring every changed sequence whole."""

import numpy as np
import pytest
from oracles import deepbind_config, random_stack

from varbind.core.sequence import encode
from varbind.core.sequence_change import SequenceChange, deletions, substitutions
from varbind.core.window import flank_of
from varbind.interpret.mutation_map import maps_of_sequence, maps_of_windows
from varbind.scoring.ensemble import Ensemble
from varbind.scoring.scorer import Scorer

SHAPES = [
    deepbind_config(window=25, detector_len=14),
    deepbind_config(window=25, detector_len=16, mean_pooling=True, hidden=32, double_stranded=False),
    deepbind_config(window=25, detector_len=20, mean_pooling=True),
    deepbind_config(window=31, detector_len=24, hidden=32),
    deepbind_config(window=51, detector_len=36, detectors=19, mean_pooling=True, hidden=3),
    deepbind_config(window=51, detector_len=1, detectors=3),
    deepbind_config(window=31, detector_len=24, detectors=16, members=3),
    deepbind_config(window=31, detector_len=11, detectors=1),
]
MODELS = 5
PAIRS_AT_ONCE = 20


@pytest.fixture(scope="module")
def ensembles():
    """Every model alone, with the compiled kernel and with numpy."""
    rng = np.random.default_rng(11)
    stacks = [random_stack(rng, shape, MODELS, prefix=f"S{i}.") for i, shape in enumerate(SHAPES)]
    alone = [(stack.take([row]), model_id) for stack in stacks for row, model_id in enumerate(stack.model_ids)]
    return [
        [Ensemble([stack], [model_id], threads=1, compiled=compiled) for stack, model_id in alone]
        for compiled in (True, False)
    ]


def random_changes(rng, codes):
    """All substitutions, deletions of up to 15 bases, and some insertions and replacements."""
    length = len(codes)
    changes = [*substitutions(codes), *deletions(length, 15)]
    for _ in range(12):
        start = int(rng.integers(0, length + 1))
        removed = int(rng.integers(0, min(4, length - start) + 1))
        added = rng.integers(0, 5, rng.integers(1, 12)).astype(np.uint8).tobytes()
        changes.append(SequenceChange(start, removed, added))
    return [changes[place] for place in rng.permutation(len(changes))]


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 50))])
def test_changes_are_every_changed_sequence_scored_whole(ensembles, seed):
    """Twenty pairs of a random sequence and a random model; fifty seeds make a thousand."""
    rng = np.random.default_rng([seed, 17])
    for _ in range(PAIRS_AT_ONCE):
        codes = rng.choice([0, 1, 2, 3, 4], rng.integers(1, 70), p=[0.24, 0.24, 0.24, 0.24, 0.04]).astype(np.uint8)
        changes = random_changes(rng, codes)
        place = rng.integers(len(SHAPES) * MODELS)
        (window,) = ensembles[0][place].windows
        whole = ensembles[0][place].score({window: [codes, *(change.applied(codes) for change in changes)]})
        for kernel in ensembles:
            ref, alt = kernel[place].score_changes(codes, changes)
            assert ref.tobytes() == whole[0].tobytes()
            assert alt.tobytes() == whole[1:].tobytes()


@pytest.mark.parametrize("longest", [0, 3])
def test_maps_of_a_shipped_model_are_every_changed_sequence(shipped_bank, longest):
    codes = np.random.default_rng(3).integers(0, 4, 45).astype(np.uint8)
    with Scorer(shipped_bank.select(["ELK1"])) as scorer:
        (found,) = maps_of_sequence(codes, scorer, longest_deletion=longest)
        for row in range(4 + longest):
            for column in range(45):
                base = bytes([row]) if row < 4 else b""
                size = max(row - 3, 1)
                if column + size > 45:
                    assert np.isnan(found.alt[row, column])
                    continue
                changed = SequenceChange(column, size, base).applied(codes)
                ref, alt = scorer.score_codes([codes, changed])[:, 0]
                assert (found.ref[row, column], found.alt[row, column]) == (ref, alt)


def test_maps_of_windows_are_the_windows_of_annotation(shipped_bank):
    with Scorer(shipped_bank.select(["GABPA"])) as scorer:
        flank = flank_of(shipped_bank.select(["GABPA"]).models[0].config.window)
        assert scorer.flank == flank
        codes = np.random.default_rng(4).integers(0, 5, 2 * flank + 20).astype(np.uint8)
        (found,) = maps_of_windows(codes, scorer, longest_deletion=4)
        for row in range(8):
            for column in range(20):
                size = max(row - 3, 1)
                if column + size > 20:
                    assert np.isnan(found.alt[row, column])
                    continue
                around = codes[column : column + size + 2 * flank]
                changed = [*around[:flank], *([row] if row < 4 else []), *around[flank + size :]]
                ref, alt = scorer.score_codes([around, np.array(changed, dtype=np.uint8)])[:, 0]
                assert (found.ref[row, column], found.alt[row, column]) == (ref, alt)


@pytest.mark.slow
def test_a_network_without_a_kernel_scores_every_changed_sequence(monkeypatch):
    """The torch module of the network, one changed sequence at a time, is the oracle."""
    two_tasks = pytest.importorskip("two_tasks", reason="needs the extra `train`", exc_type=ImportError)
    two_tasks.register(monkeypatch)
    bank = two_tasks.two_tasks_bank(np.random.default_rng(0), members=2)
    codes = np.random.default_rng(6).integers(0, 5, 23).astype(np.uint8)
    with Scorer(bank) as scorer:
        maps = maps_of_sequence(codes, scorer, longest_deletion=2)
        assert [found.model_id for found in maps] == list(bank.model_ids)
        for model, found in enumerate(maps):
            for row, column in zip(*np.nonzero(~np.isnan(found.alt)), strict=True):
                change = SequenceChange(column, max(row - 3, 1), bytes([row]) if row < 4 else b"")
                expected = scorer.score_codes([change.applied(codes)])[0, model]
                assert found.alt[row, column] == expected


def test_the_kernel_of_a_device_gives_the_bytes_of_the_cpu():
    """In torch on the CPU, which stands in for a device."""
    pytest.importorskip("torch", reason="needs the extra `train`")
    rng = np.random.default_rng(7)
    for shape in SHAPES[:3]:
        stack = random_stack(rng, shape, 3)
        codes = rng.integers(0, 5, 40).astype(np.uint8)
        changes = random_changes(rng, codes)
        found = [
            Ensemble([stack], stack.model_ids, device=device).score_changes(codes, changes)
            for device in ("cpu", "torch:cpu")
        ]
        assert found[0][0].tobytes() == found[1][0].tobytes()
        assert np.ascontiguousarray(found[0][1]).tobytes() == np.ascontiguousarray(found[1][1]).tobytes()


def test_a_deletion_map_finds_a_planted_pair_of_half_sites(shipped_bank):
    """As in figure 4 of DeepBind: deleting one half of the site of RFX costs more than any substitution."""
    rng = np.random.default_rng(8)
    codes = rng.integers(0, 4, 60).astype(np.uint8)
    codes[22:36] = encode("GTTGCCATGGCAAC")
    with Scorer(shipped_bank.select(["RFX2"])) as scorer:
        (found,) = maps_of_sequence(codes, scorer, longest_deletion=15)
    delta = found.delta
    for size in (7, 15):
        best = int(np.nanargmin(delta[3 + size]))
        assert best < 36
        assert best + size > 22
    assert np.nanmin(delta[4:]) < delta[:4].min() < 0
    far = [column for column in range(60 - 15) if column >= 40]
    assert np.abs(delta[18, far]).max() < abs(np.nanmin(delta[18])) / 2
