"""Calibration finds a planted motif, and its search is what it says."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from varbind.core.network import DeepBindStack
from varbind.errors import InputError
from varbind.train.calibration import BindingData, Calibration, Search, _folds, calibrate, score_stacks
from varbind.train.setting import Rule, Setting

pytest.importorskip("sklearn", reason="needs the extra `train`")

MOTIF = np.array([2, 2, 0, 3, 1, 1, 0], dtype=np.uint8)
QUICK = Calibration(settings=6, checkpoints=(20, 60), kept=2, detector_len=8, window=9)


def planted(count=240, *, is_classification=True):
    """Sequences of 40 bases; half hold a motif, on either strand."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (count, 40)).astype(np.uint8)
    bound = np.arange(count) % 2 == 0
    for row in np.flatnonzero(bound):
        start = rng.integers(30)
        codes[row, start : start + len(MOTIF)] = MOTIF if row % 4 else 3 - MOTIF[::-1]
    targets = bound.astype(np.float32) if is_classification else bound + rng.normal(0, 0.1, count).astype(np.float32)
    return BindingData(codes, targets, np.arange(count) % 12, is_classification)


def run(data, calibration=QUICK, threads=2):
    with ThreadPoolExecutor(threads) as pool:
        return calibrate(data, calibration, model_id="A", seed=1, threads=pool)


@pytest.mark.parametrize("is_classification", [True, False])
def test_a_planted_motif_is_found(is_classification):
    stacks, _, log = run(planted(is_classification=is_classification))
    fresh = planted(count=500)
    scores = score_stacks(stacks[:1], fresh.codes)[:, 0]
    assert np.median(scores[fresh.targets == 1]) > np.quantile(scores[fresh.targets == 0], 0.95)
    assert log[0].mean > (0.95 if is_classification else -0.05)


def test_the_log_holds_every_rating():
    _, settings, log = run(planted(), Calibration(settings=3, checkpoints=(5, 9), search=Search.RANDOM))
    assert len(settings) == 3
    assert sorted((row.setting, row.steps) for row in log) == [(s, steps) for s in range(3) for steps in (5, 9)]
    assert all(len(row.ratings) == 3 for row in log)
    assert [row.mean for row in log] == sorted((row.mean for row in log), reverse=True)


def test_halving_goes_on_with_the_better_half():
    _, _, log = run(planted(), Calibration(settings=5, checkpoints=(5, 9, 12), search=Search.HALVING))
    at = {steps: {row.setting: row.mean for row in log if row.steps == steps} for steps in (5, 9, 12)}
    assert [len(at[steps]) for steps in (5, 9, 12)] == [5, 3, 2]
    assert set(at[9]) == set(sorted(at[5], key=lambda s: -at[5][s])[:3])


def test_the_best_settings_are_trained_in_their_order():
    stacks, settings, log = run(planted())
    order = list(dict.fromkeys(row.setting for row in log))
    assert [stack.shape.hidden for stack in stacks] == [settings[number].hidden for number in order[:2]]
    assert all(stack.model_ids == ("A",) for stack in stacks)


def test_threads_do_not_show():
    found = [run(planted(), threads=threads) for threads in (1, 2)]
    assert found[0][2] == found[1][2]
    for one, other in zip(found[0][0], found[1][0], strict=True):
        for name in DeepBindStack.array_names():
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


@given(st.lists(st.integers(0, 6), min_size=40, max_size=60), st.integers(2, 4))
def test_groups_are_not_split(groups, count):
    assume(len(set(groups)) >= count)
    data = BindingData(np.zeros((len(groups), 9), np.uint8), np.zeros(len(groups), np.float32), np.array(groups), False)
    folds = _folds(data, count)
    assert len(folds) == count
    assert np.array_equal(np.sum(folds, axis=0), np.ones(len(groups)))  # each row is held out once
    for fold in folds:
        assert fold.any()
        assert not set(data.groups[fold].tolist()) & set(data.groups[~fold].tolist())


@pytest.mark.parametrize(
    ("groups", "targets", "text"),
    [(2, [0, 1], "2 groups"), (3, [1], "one class"), (3, [0, 0, 0, 0, 1], "one class")],
)
def test_too_little_is_said(groups, targets, text):
    count = 30
    labels = np.resize(np.array(targets, dtype=np.float32), count)
    if len(targets) == 5:
        labels[:] = 0
        labels[0] = 1
    data = BindingData(np.zeros((count, 20), np.uint8), labels, np.arange(count) % groups, is_classification=True)
    with pytest.raises(InputError, match=text):
        run(data)


@given(st.sampled_from(list(Rule)), st.integers(0, 2**32 - 1))
def test_settings_lie_in_their_ranges(rule, seed):
    """DeepBind 2015, supplementary section 3, for Nesterov's rule."""
    setting = Setting.draw(np.random.default_rng(seed), rule=rule)
    assert 5e-4 <= setting.rate <= (5e-2 if rule is Rule.NESTEROV else 1e-2)
    assert setting.dropout in {0, 0.25, 0.5}
    assert setting.hidden in {0, 32}
    assert 1e-15 <= setting.detector_decay <= 1e-3
    assert 1e-10 <= setting.network_decay <= 1e-3
    if rule is Rule.NESTEROV:
        assert 0.95 <= setting.momentum <= 0.99
        assert 1e-7 <= setting.detector_scale <= 1e-3
        assert 1e-5 <= setting.network_scale <= 1e-2
    assert Setting(**{**setting.as_dict(), "rule": Rule(setting.as_dict()["rule"])}) == setting
