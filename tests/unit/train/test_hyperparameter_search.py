"""Calibration finds a planted motif, and its search is what it says."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracles import ARRAY_NAMES
from planted import one_way_sequences, repeated_sequences
from trials import planted

from varbind.core.deepbind import DeepBindStack
from varbind.core.sequence import decode, encode
from varbind.core.sequence_set import SequenceSet
from varbind.datasets.binding_dataset import BindingData
from varbind.errors import InputError
from varbind.train.hyperparameter_search import KernelThreads, _folds, calibrate, score_stacks
from varbind.train.hyperparameters import Calibration, Optimizer, Search, Setting
from varbind.train.trial import Examples, Trial

pytest.importorskip("sklearn", reason="needs the extra `train`")

QUICK = Calibration(trials=6, checkpoints=(20, 60), ensemble_size=2, detector_len=8, window=9)
SINGLE = replace(QUICK, ensemble_size=1)


def assert_equal_stacks(one, other):
    assert (one.config, one.model_ids) == (other.config, other.model_ids)
    for name in ARRAY_NAMES:
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


def run(data, calibration=QUICK, threads=2):
    with ThreadPoolExecutor(threads) as pool:
        return calibrate(data, calibration, model_id="A", seed=1, engine=KernelThreads(pool, lambda _: None))


@pytest.mark.parametrize("calibration", [QUICK, SINGLE], ids=["mean", "single"])
@pytest.mark.parametrize("is_classification", [True, False])
def test_a_planted_motif_is_found(calibration, is_classification):
    found = run(planted(is_classification=is_classification), calibration)
    fresh = planted(count=500)
    scores = score_stacks([found.stack], fresh.sequences)[:, 0]
    assert np.median(scores[fresh.targets == 1]) > np.quantile(scores[fresh.targets == 0], 0.95)
    assert found.log[0].mean > (0.95 if is_classification else -0.15)  # the variance is 0.25


def as_data(found, *, is_classification):
    """Letters and targets, as a network learns from them."""
    codes = np.stack([encode(text) for text, _ in found])
    targets = np.array([target for _, target in found], dtype=np.float32)
    if not is_classification:
        targets = (targets - targets.mean()) / targets.std()
    return BindingData(SequenceSet.of_one_length(codes), targets, np.arange(len(codes)) % 12, is_classification)


def test_a_motif_is_found_in_sequences_of_any_lengths():
    """Bases are cut from the ends of sequences; the motif is left whole, and the length says nothing of the class."""
    data, rng = planted(600), np.random.default_rng(1)
    texts = [decode(codes)[rng.integers(0, 5) :][: rng.integers(30, 40)] for codes in data.sequences]
    cut = replace(data, sequences=SequenceSet.of_texts(texts))
    found = run(cut)
    assert found.log[0].mean > 0.85
    whole = score_stacks([found.stack], cut.sequences)[:, 0]
    one_by_one = [score_stacks([found.stack], cut.sequences[row : row + 1])[0, 0] for row in range(0, 600, 60)]
    assert whole[::60].tolist() == one_by_one


@pytest.mark.parametrize("double_stranded", [True, False])
def test_one_strand_is_told_from_the_other_where_one_is_read(double_stranded):
    """Both read, a sequence and its complement have equal scores."""
    calibration = replace(QUICK, double_stranded=double_stranded)
    found = run(as_data(one_way_sequences(240), is_classification=True), calibration)
    assert found.stack.config.double_stranded == double_stranded
    fresh = as_data(one_way_sequences(200, seed=1), is_classification=True)
    scores = score_stacks([found.stack], fresh.sequences)[:, 0]
    difference = np.median(scores[fresh.targets == 1]) - np.quantile(scores[fresh.targets == 0], 0.9)
    assert (difference > 0) == (not double_stranded)
    assert (found.log[0].mean > 0.9) == (not double_stranded)


def test_where_numbers_count_means_are_pooled():
    found = run(
        as_data(repeated_sequences(), is_classification=False), replace(SINGLE, trials=8, checkpoints=(50, 150))
    )
    means = {row.setting for row in found.log if found.settings[row.setting].mean_pooling}
    best, without = (max(row.mean for row in found.log if (row.setting in means) is mean) for mean in (True, False))
    assert best > without + 0.05
    assert found.stack.config.mean_pooling
    fresh = as_data(repeated_sequences(seed=1), is_classification=False)
    assert np.corrcoef(score_stacks([found.stack], fresh.sequences)[:, 0], fresh.targets)[0, 1] > 0.8


def test_means_are_pooled_of_measured_values_only():
    data = planted(is_classification=False)
    measured = run(data, replace(QUICK, trials=20, checkpoints=(1,)))
    assert {setting.mean_pooling for setting in measured.settings} == {False, True}
    assert {setting.mean_pooling for setting in run(planted()).settings} == {False}
    rng, other = np.random.default_rng(0), np.random.default_rng(0)
    one, both = Setting.draw(rng), Setting.draw(other, mean_pooling=(False, True))
    assert replace(both, mean_pooling=False) == one  # drawn last


def test_the_log_holds_every_rating():
    found = run(planted(), Calibration(trials=3, checkpoints=(5, 9), search=Search.RANDOM))
    log = found.log
    assert len(found.settings) == 3
    assert sorted((row.setting, row.steps) for row in log) == [(s, steps) for s in range(3) for steps in (5, 9)]
    assert all(len(row.ratings) == 3 for row in log)
    assert [row.mean for row in log] == sorted((row.mean for row in log), reverse=True)


def test_halving_goes_on_with_the_better_half():
    log = run(planted(), Calibration(trials=5, checkpoints=(5, 9, 12), search=Search.HALVING)).log
    at = {steps: {row.setting: row.mean for row in log if row.steps == steps} for steps in (5, 9, 12)}
    assert [len(at[steps]) for steps in (5, 9, 12)] == [5, 3, 2]
    assert set(at[9]) == set(sorted(at[5], key=lambda s: -at[5][s])[:3])


def test_the_network_is_the_mean_of_the_best():
    data = planted()
    found = run(data)
    order = list(dict.fromkeys(row.setting for row in found.log))
    chosen = found.chosen(QUICK)
    assert [row.setting for row in chosen] == order[:2]
    assert all(row.mean == max(r.mean for r in found.log if r.setting == row.setting) for row in chosen)
    everything = Examples.of(
        data.sequences, data.targets, QUICK.detector_len, is_classification=True, double_stranded=True
    )
    members = []
    for row in chosen:
        setting = found.settings[row.setting]
        trial = Trial(QUICK.config(setting), setting, everything, np.arange(len(data.sequences)), [1, 1, row.setting])
        trial.advance(row.steps)
        members.append(trial.stack("A"))
    assert_equal_stacks(found.stack, DeepBindStack.mean_of(members))


def test_networks_of_one_model_have_no_hidden_layer():
    assert {setting.hidden for setting in run(planted()).settings} == {0}
    assert {setting.hidden for setting in run(planted(), SINGLE).settings} == {0, 32}


def test_one_setting_is_its_own_mean():
    found = run(planted(), replace(QUICK, trials=1))
    assert found.stack.config.members == len(found.chosen(QUICK)) == 1


def test_threads_do_not_show():
    one, other = (run(planted(), threads=threads) for threads in (1, 2))
    assert one.log == other.log
    assert_equal_stacks(one.stack, other.stack)


def zeros(count):
    return SequenceSet.of_one_length(np.zeros((count, 9), np.uint8))


@given(st.lists(st.integers(0, 6), min_size=40, max_size=60), st.integers(2, 4))
def test_groups_are_not_split(groups, count):
    assume(len(set(groups)) >= count)
    data = BindingData(zeros(len(groups)), np.zeros(len(groups), np.float32), np.array(groups), is_classification=False)
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
    data = BindingData(zeros(count), labels, np.arange(count) % groups, is_classification=True)
    with pytest.raises(InputError, match=text):
        run(data)


@given(st.sampled_from(list(Optimizer)), st.integers(0, 2**32 - 1))
def test_settings_lie_in_their_ranges(optimizer, seed):
    """DeepBind 2015, supplementary section 3, for Nesterov's rule."""
    setting = Setting.draw(np.random.default_rng(seed), optimizer=optimizer)
    assert 5e-4 <= setting.rate <= (5e-2 if optimizer is Optimizer.NESTEROV else 1e-2)
    assert setting.dropout in {0, 0.25, 0.5}
    assert setting.hidden in {0, 32}
    assert 1e-15 <= setting.detector_decay <= 1e-3
    assert 1e-10 <= setting.network_decay <= 1e-3
    if optimizer is Optimizer.NESTEROV:
        assert 0.95 <= setting.momentum <= 0.99
        assert 1e-7 <= setting.detector_scale <= 1e-3
        assert 1e-5 <= setting.network_scale <= 1e-2
    assert Setting(**{**setting.as_dict(), "optimizer": Optimizer(setting.as_dict()["optimizer"])}) == setting


def test_settings_that_diverge_are_left_out(monkeypatch):
    """The first two of six explode; with all of them nothing is left."""
    data, draw = planted(is_classification=False), Calibration.draw
    drawn = []

    def wild(calibration, rng, *, is_classification):
        own = draw(calibration, rng, is_classification=is_classification)
        drawn.append(own)
        return replace(own, optimizer=Optimizer.NESTEROV, rate=1e9, detector_scale=1.0) if len(drawn) <= count else own

    count = 2
    monkeypatch.setattr(Calibration, "draw", wild)
    found = run(data)
    assert {row.setting for row in found.log} == {2, 3, 4, 5}
    assert len(found.chosen(QUICK)) == found.stack.config.members == 2
    count = 100
    with pytest.raises(InputError, match="every network diverged"):
        run(data)


def test_what_diverges_on_everything_gives_way_to_the_next(monkeypatch):
    data = planted()
    usual = run(data)

    class Unlucky(Trial):
        """Explodes where the seed is that of a last training of the best setting."""

        def __init__(self, shape, setting, examples, rows, seed, **penalty):
            super().__init__(shape, setting, examples, rows, seed, **penalty)
            self.is_unlucky = list(seed[1:]) == [1, usual.log[0].setting]

        @property
        def has_diverged(self):
            return self.is_unlucky or super().has_diverged

    monkeypatch.setattr("varbind.train.hyperparameter_search.Trial", Unlucky)
    found = run(data)
    best = [row.setting for row in usual.chosen(replace(QUICK, ensemble_size=3))]
    assert [row.setting for row in found.chosen(QUICK)] == best[1:]


def test_the_published_search():
    calibration = Calibration.as_published()
    assert [steps for _, steps, _ in calibration.rounds()] == [4_000, 8_000, 12_000, 16_000, 20_000]
    assert {going_on for going_on, _, _ in calibration.rounds()} == {30}
    setting = calibration.draw(np.random.default_rng(1), is_classification=True)
    assert (setting.optimizer, calibration.folds, calibration.ensemble_size) == (Optimizer.NESTEROV, 3, 1)
    assert 0.95 <= setting.momentum <= 0.99
