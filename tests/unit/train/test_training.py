"""Training sets become a bank: results of a killed run are reused or removed, and each set has its own seed."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import numpy as np
import pytest
import tolerances
from planted import write_files
from trials import planted

from varbind.datasets.binding_dataset import BindingDataset
from varbind.datasets.dataset_loading import load_dataset
from varbind.errors import InputError, OutputError, ResourceError, UsageError
from varbind.io.banks import read_bank
from varbind.scoring.background import BackgroundRecipe
from varbind.scoring.selftest import run_selftest
from varbind.train.hyperparameter_search import calibrate, engine_on
from varbind.train.hyperparameters import Calibration, Penalty, Search
from varbind.train.training import METHOD, TrainingPlan, count_steps, task_steps, train_bank

pytest.importorskip("sklearn", reason="needs the extra `train`")
pytest.importorskip("torch", reason="needs the extra `train`")

PLAN = TrainingPlan(
    Calibration(trials=2, checkpoints=(5,), detector_len=6, window=11), recipe=BackgroundRecipe(snvs=300, others=100)
)


@pytest.fixture
def bound(tmp_path):
    """One small set."""
    return BindingDataset(id="A", protein="A", file=str(write_files(tmp_path) / "bound.fa"))


def test_a_bank_is_written_and_returned(tmp_path, bound):
    bank = train_bank([bound], tmp_path / "bank", PLAN)
    assert read_bank(tmp_path / "bank").models == bank.models
    assert bank.models[0].training["data"]["folds"] == "neighbours in the file"
    assert {path.name for path in (tmp_path / "bank").iterdir()} >= {"card.json", "ratings.tsv"}


@pytest.mark.slow
def test_what_a_killed_run_left_does_not_show(tmp_path, bound):
    train_bank([bound], tmp_path / "bank", PLAN)
    for name in ("bank", "bank.partial"):
        (tmp_path / "other.training" / name).mkdir(parents=True)
        (tmp_path / "other.training" / name / "card.json").write_text("cut")
    (tmp_path / "other.training" / "A.safetensors").write_bytes(b"cut")
    (tmp_path / "other.training" / "A.partial").write_bytes(b"cut")
    train_bank([bound], tmp_path / "other", PLAN)
    for name in ("weights.safetensors", "background.safetensors", "ratings.tsv"):
        assert (tmp_path / "other" / name).read_bytes() == (tmp_path / "bank" / name).read_bytes()
    assert not (tmp_path / "other.training").exists()


def test_an_output_that_cannot_be_made_is_told(tmp_path, bound):
    with pytest.raises(OutputError, match="cannot be written"):
        train_bank([bound], f"{bound.file}/bank", PLAN)


def test_equal_ids_are_refused(tmp_path, bound):
    with pytest.raises(UsageError, match="two data sets have the same id"):
        train_bank([bound, bound], tmp_path / "bank", PLAN)


def test_sequences_that_are_all_equal_make_no_folds(tmp_path, bound):
    (tmp_path / "bound.fa").write_text(">a\nACGTACGTTA\n" * 40)
    with pytest.raises(InputError, match=r"bound.fa: found 1 groups of sequences, expected at least 3"):
        train_bank([bound], tmp_path / "bank", PLAN)


def test_a_set_has_its_own_seed():
    sets = [BindingDataset(id=name, protein="A", file="x") for name in ("A", "B")]
    seeds = {own.seed_from(seed) for seed in (1, 2) for own in sets}
    assert len(seeds) == 4


def test_what_the_kernel_has_trained_stays_valid(bound):
    """Records of a device are its own: they are not the same to the byte."""
    facts = load_dataset(bound, None, folds=3, top=None, seed=1)[1]
    keys = {device: replace(PLAN, device=device).key_of(bound, facts) for device in ("cpu", "cuda", "cuda:1")}
    stated = asdict(PLAN.calibration)
    assert stated.pop("penalty") is Penalty.L2  # which no key stated before there was a choice
    parts = [METHOD, "A", 1, stated, facts.examples_sha256]
    assert keys["cpu"] == hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    assert keys["cuda"] == keys["cuda:1"] != keys["cpu"]
    published = replace(PLAN, calibration=replace(PLAN.calibration, penalty=Penalty.L1))
    assert published.key_of(bound, facts) not in keys.values()


def test_the_published_search_penalises_absolute_values():
    published = Calibration.as_published()
    assert published.as_dict()["penalty"] == "l1"
    assert Calibration().penalty is Penalty.L2


@pytest.mark.slow
def test_a_bank_is_trained_on_a_device(tmp_path, bound):
    banks = [train_bank([bound], tmp_path / device, replace(PLAN, device=device)) for device in ("cpu", "torch:cpu")]
    members = [bank.models[0].training["members"] for bank in banks]
    assert [member["setting"] for member in members[0]] == [member["setting"] for member in members[1]]
    for one, other in zip(*(bank.stacks[0].detectors for bank in banks), strict=True):
        np.testing.assert_allclose(one, other, atol=tolerances.DEVICE_STEPS[1], rtol=0)
    assert run_selftest(banks[1]).passed


def test_a_missing_device_is_told_at_once(tmp_path, bound):
    with pytest.raises(ResourceError, match="device cuda:4096 is not available; use --device cpu or auto"):
        train_bank([bound], tmp_path / "bank", replace(PLAN, device="cuda:4096"))
    assert not (tmp_path / "bank.training").exists()


SMALL_SEARCH = Calibration(trials=5, folds=2, checkpoints=(2, 5), detector_len=6, window=7)


@pytest.mark.parametrize("device", ["cpu", "torch:cpu"])
@pytest.mark.parametrize("search", Search)
@pytest.mark.parametrize("ensemble_size", [1, 3])
def test_progress_counts_the_steps_of_every_task_once(device, search, ensemble_size):
    calibration = replace(SMALL_SEARCH, search=search, ensemble_size=ensemble_size)
    calls = []
    with ThreadPoolExecutor(2) as threads:
        engine = engine_on(device, threads, count_steps(calibration, 2, lambda *call: calls.append(call)))
        for model_id in "AB":
            calibrate(planted(48, is_classification=False), calibration, model_id=model_id, seed=1, engine=engine)
    total = 2 * sum(task_steps(calibration))
    # Threads report every task, a device every round.
    assert len(calls) == 2 * (len(task_steps(calibration)) if device == "cpu" else 3)
    assert [done for done, *_ in calls] == sorted({done for done, *_ in calls})
    assert calls[-1] == (total, total, "steps")


def test_steps_of_a_halving_search():
    calibration = Calibration(trials=5, folds=2, checkpoints=(2, 5, 9), ensemble_size=2)
    assert task_steps(calibration) == [2] * 10 + [3] * 6 + [4] * 4 + [9] * 2


def test_steps_are_counted_without_a_callback():
    count_steps(SMALL_SEARCH, 1, None)(3)
