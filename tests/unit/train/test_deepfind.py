"""DeepFind learns what is planted, from what is there, and equal runs give equal bytes however they were stopped."""

from dataclasses import fields, replace

import numpy as np
import pytest

from varbind.effect.deepfind import DeepFindHead, deepfind_logits
from varbind.errors import InputError, OutputError, UsageError

torch = pytest.importorskip("torch", reason="needs the extra `train`")

from varbind.train import deepfind  # noqa: E402
from varbind.train.deepfind import DeepFindData, DeepFindSetting, fit_deepfind, fit_network  # noqa: E402

FEATURES = 6
NAMES = tuple(f"f{i}" for i in range(FEATURES))
QUICK = DeepFindSetting(hidden=16, rate=1e-2, batch=64, epochs=3, networks=3)
THOROUGH = replace(QUICK, hidden=32, dropout=0.2, input_dropout=0.0, rate=2e-2, epochs=15, networks=2)


def planted(rows=1500, seed=0):
    """Labels that depend on the sign of a product: no feature alone says anything. 20 chromosomes of unequal size."""
    rng = np.random.default_rng(seed)
    features = (rng.normal(size=(rows, FEATURES)) * 3 + 5).astype(np.float32)
    labels = (features[:, 0] - 5) * (features[:, 1] - 5) + rng.normal(size=rows) > 0
    groups = np.array([f"chr{i}" for i in rng.integers(1, 21, rows) ** 2 // 20])
    return features, labels, groups


def auc(labels, scores):
    """How often a positive is above a negative, by all pairs."""
    above = scores[labels][:, None] - scores[~labels]
    return ((above > 0) + 0.5 * (above == 0)).mean()


def as_bytes(head):
    arrays = [f.name for f in fields(DeepFindHead) if f.name not in {"features", "limit"}]
    return b"|".join(getattr(head, name).tobytes() for name in arrays)


def test_a_planted_signal_is_learnt():
    features, labels, groups = planted()
    head = fit_deepfind(DeepFindData(features, labels, groups, NAMES), THOROUGH, seed=1)
    held_out, truth, _ = planted(seed=9)
    assert head.features == NAMES
    assert head.hidden.shape == (2, FEATURES, 32)
    assert auc(truth, deepfind_logits(head, held_out)) > 0.9
    # Chance has a standard error of .015 with 1,500 rows.
    assert abs(auc(np.roll(truth, 7), deepfind_logits(head, held_out)) - 0.5) < 0.06


def test_equal_seeds_give_equal_bytes_and_others_do_not():
    data = planted(400)
    first, again, other = (as_bytes(fit_deepfind(DeepFindData(*data, NAMES), QUICK, seed=seed)) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_nothing_global_shows_or_is_changed():
    data = planted(400)
    before = torch.get_num_threads()
    heads = []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].tobytes()
        heads.append(as_bytes(fit_deepfind(DeepFindData(*data, NAMES), QUICK, seed=3)))
        assert torch.get_num_threads() == threads
        assert torch.equal(torch.get_rng_state(), state)
        assert np.random.get_state()[1].tobytes() == numpy_state
        torch.manual_seed(99)
    torch.set_num_threads(before)
    assert heads[0] == heads[1]


def test_the_data_are_left_alone():
    data = planted(300)
    before = [array.tobytes() for array in data]
    for array in data:
        array.flags.writeable = False
    head = fit_deepfind(DeepFindData(*data, NAMES), QUICK, seed=0)
    fit_network(head.standardise(data[0]), data[1], data[2] == "chr0", QUICK, 0)
    assert [array.tobytes() for array in data] == before


@pytest.mark.parametrize("finished", [0, 1, 2])
def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(tmp_path, monkeypatch, finished):
    data = planted(400)
    unbroken = fit_deepfind(DeepFindData(*data, NAMES), QUICK, seed=3)
    trained, fit = [], deepfind._fit

    def counting(*arguments):
        if len(trained) == finished and not stopped:
            stopped.append(True)
            raise KeyboardInterrupt
        trained.append(arguments)
        return fit(*arguments)

    stopped = []
    monkeypatch.setattr(deepfind, "_fit", counting)
    with pytest.raises(KeyboardInterrupt):
        fit_deepfind(DeepFindData(*data, NAMES), QUICK, seed=3, checkpoints=tmp_path / "new" / "state")
    steps = []
    told = {"progress": lambda done, total: steps.append((done, total))}
    again = fit_deepfind(DeepFindData(*data, NAMES), QUICK, seed=3, checkpoints=tmp_path / "new" / "state", **told)
    assert as_bytes(again) == as_bytes(unbroken)
    assert len(trained) == QUICK.networks
    assert steps == sorted(steps)
    assert steps[-1] == (9, 9)


def test_what_is_kept_is_used_only_where_nothing_has_changed(tmp_path, monkeypatch):
    features, labels, groups = planted(300)
    trained, fit = [], deepfind._fit
    monkeypatch.setattr(deepfind, "_fit", lambda *arguments: trained.append(arguments) or fit(*arguments))
    setting = replace(QUICK, epochs=1, networks=1)

    def count(features=features, labels=labels, groups=groups, setting=setting, seed=0, names=NAMES):
        trained.clear()
        fit_deepfind(DeepFindData(features, labels, groups, names), setting, seed=seed, checkpoints=tmp_path)
        return len(trained)

    changes = {
        "seed": 1,
        "setting": replace(setting, rate=1e-3),
        "features": features + 1,
        "labels": ~labels,
        "groups": np.roll(groups, 1),
        "names": NAMES[::-1],
    }
    assert (count(), count()) == (1, 0)
    for name, value in changes.items():
        assert (name, count(**{name: value}), count()) == (name, 1, 1)
    (tmp_path / "network-0.safetensors").write_bytes(b"damaged")
    assert (count(), count()) == (1, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "network-0.safetensors"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(OutputError, match="state: cannot be written"):
        fit_deepfind(DeepFindData(*planted(300), NAMES), QUICK, seed=0, checkpoints=tmp_path / "state")


def test_the_published_setting_trains():
    features, labels, groups = planted(600)
    setting = replace(DeepFindSetting.as_published(), epochs=8)
    assert (setting.hidden, setting.batch, setting.momentum, setting.decay, setting.networks) == (
        200,
        128,
        0.9,
        1e-6,
        1,
    )
    steps = []
    head = fit_deepfind(
        DeepFindData(features, labels, groups, NAMES),
        replace(setting, rate=0.05),
        seed=0,
        progress=lambda *step: steps.append(step),
    )
    assert steps[:8] == [(epoch, 8) for epoch in range(1, 9)]  # no epoch is saved
    assert auc(labels, deepfind_logits(head, features)) > 0.7


def test_missing_values_and_constant_features():
    features, labels, groups = planted(1000)
    rng = np.random.default_rng(1)
    features[rng.random(features.shape) < 0.1] = np.nan
    features[:, 2], features[:, 3] = 0.1, np.nan
    head = fit_deepfind(
        DeepFindData(features, labels, groups, NAMES), replace(QUICK, epochs=10, input_dropout=0.0), seed=0
    )
    np.testing.assert_allclose(head.center[:2], np.nanmean(features[:, :2], axis=0), rtol=1e-5)
    np.testing.assert_allclose(head.spread[:2], np.nanstd(features[:, :2], axis=0), rtol=1e-5)
    assert head.center[2:4].tolist() == [np.float32(0.1), 0]
    assert head.spread[2:4].tolist() == [1, 1]
    assert (head.standardise(features)[:, 2:4] == 0).all()
    assert auc(labels, deepfind_logits(head, features)) > 0.75


def test_whole_groups_about_a_tenth_are_left_out_different_ones_each_time():
    _, labels, groups = planted(4000)
    masks = list(deepfind._validations(labels, groups, 6, 0))
    for mask in masks:
        assert not set(groups[mask]) & set(groups[~mask])
        assert 0.03 < mask.mean() <= 0.1
    assert not (masks[0] & masks[1]).any()
    assert len({mask.tobytes() for mask in masks}) == 6


def test_a_group_larger_than_a_tenth_is_left_out_where_there_is_no_other():
    labels = np.array([False, True] * 6)
    groups = np.array(["a"] * 6 + ["b"] * 6)
    first, second = deepfind._validations(labels, groups, 2, 0)
    assert (first == ~second).all()
    assert first.sum() == 6
    # A group of one class is no validation: more are left out.
    (mask,) = deepfind._validations(np.sort(labels), np.array(list("aaabbbcccddd")), 1, 0)
    assert len(np.unique(np.sort(labels)[mask])) == 2


def test_the_best_epoch_is_kept():
    features, labels, groups = planted(500)
    labels = np.roll(labels, 1)  # nothing to learn, so the last epoch is not the best
    inputs = (features - 5) / 3
    validation = np.isin(groups, np.unique(groups)[:5])
    network = fit_network(inputs, labels, validation, replace(QUICK, epochs=30, patience=30), 5)
    short = fit_network(inputs, labels, validation, replace(QUICK, epochs=network.epoch), 5)
    assert 1 < network.epoch < 30
    assert short.validation_auc == network.validation_auc
    assert all(short.arrays[name].tobytes() == network.arrays[name].tobytes() for name in network.arrays)
    steps = []
    setting = replace(QUICK, epochs=network.epoch + 9, patience=2)
    fit_network(inputs, labels, validation, setting, 5, progress=lambda *step: steps.append(step))
    assert steps[-1][0] < setting.epochs
    head = DeepFindHead(
        NAMES, np.float32([5] * 6), np.float32([3] * 6), 6.0, *(a[None] for a in network.arrays.values())
    )
    assert auc(labels[validation], deepfind_logits(head, features[validation])) == pytest.approx(network.validation_auc)


def test_data_that_cannot_be_learnt_from_are_refused():
    features, labels, groups = planted(100)
    for one_class in (np.zeros(100, dtype=bool), np.ones(100, dtype=bool)):
        with pytest.raises(InputError, match="one class"):
            DeepFindData(features, one_class, groups, NAMES)
        with pytest.raises(InputError, match="both classes"):
            fit_network(features, one_class, np.arange(100) < 20, QUICK, 0)
    with pytest.raises(InputError, match="one group"):
        DeepFindData(features, labels, np.full(100, "chr1"), NAMES)
    features[3, 4] = np.inf
    with pytest.raises(InputError, match="infinite"):
        DeepFindData(features, labels, groups, NAMES)
    with pytest.raises(ValueError, match="100 labels"):
        DeepFindData(features[:, :-1], labels, groups, NAMES)


def test_no_network_is_told():
    setting = replace(QUICK, rule="sgd", rate=1e30)
    with pytest.raises(UsageError, match="lower learning rate"):
        fit_deepfind(DeepFindData(*planted(200), NAMES), setting, seed=0)


@pytest.mark.parametrize(
    "wrong", [{"hidden": 0}, {"dropout": 1.0}, {"input_dropout": -0.1}, {"rule": "x"}, {"epochs": 0}]
)
def test_a_setting_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="cannot be trained"):
        DeepFindSetting(**wrong)


@pytest.mark.cuda
def test_a_gpu_learns_the_same():
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    features, labels, groups = planted()
    head = fit_deepfind(DeepFindData(features, labels, groups, NAMES), THOROUGH, seed=1, device="cuda")
    held_out, truth, _ = planted(seed=9)
    assert auc(truth, deepfind_logits(head, held_out)) > 0.9
