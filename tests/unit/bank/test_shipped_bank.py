"""What the shipped bank promises: enough proteins, complete cards, licences that allow it, little room."""

import numpy as np

from varbind.io.banks import find_bank

LICENCES = {"MIT"}
MEGABYTES = 25


def trained(bank):
    return [model for model in bank.models if "members" in model.training]


def test_proteins(shipped_bank):
    proteins = {model.protein for model in shipped_bank.models}
    assert len(proteins) == len(shipped_bank.models) >= 400
    assert len(trained(shipped_bank)) >= 145
    assert {model.species for model in shipped_bank.models} == {"Homo sapiens"}


def test_what_is_read_is_not_called_trained(shipped_bank):
    matrices = [model for model in shipped_bank.models if "members" not in model.training]
    assert {model.training["data"]["kind"] for model in matrices} == {"matrix"}
    assert all(model.config.detectors == 1 and not model.default for model in matrices)
    assert all(model.model_id == f"{model.protein}.matrix" for model in matrices)


def test_default_models_learned_enough(shipped_bank):
    for model in trained(shipped_bank):
        ratings = [member["cross_validation"]["mean"] for member in model.training["members"]]
        assert model.default == (np.mean(ratings) >= 0.7), model.model_id
        assert model.model_id == model.protein


def test_cards_are_complete(shipped_bank):
    for model in trained(shipped_bank):
        shape, training = model.config, model.training
        assert (shape.detectors, shape.detector_len, shape.window) == (16, 24, 31)
        assert len(training["members"]) == shape.members == 3
        assert len(training["data"]["sha256"]) == len(training["data"]["examples_sha256"]) == 64
        assert training["calibration"]["settings"] == 30
        assert training["calibration"]["folds"] == 3
        held_out = training["held_out"]
        if model.protein == "FOXM1":
            assert set(held_out) == {"test peaks", "bound"}
        else:
            assert held_out["chromosomes"] == ["16", "20"]
            assert all(0 <= held_out[task] <= 1 for task in ("shuffled", "unbound", "gc-matched"))
    levels = shipped_bank.cards[0].quantile_levels
    assert all(len(own) == len(levels) for model in shipped_bank.models for own in model.quantiles.values())
    families = shipped_bank.cards[0].families
    assert set(families) == {model.family for model in shipped_bank.models if model.default}


def test_licences_allow_to_pass_it_on(shipped_bank):
    assert {model.training["licence"] for model in shipped_bank.models} <= LICENCES


def test_it_stays_small():
    folder = find_bank()
    assert sum(path.stat().st_size for path in folder.iterdir()) < MEGABYTES * 1_000_000
    assert {"README.md", "ratings.tsv.gz"} < {path.name for path in folder.iterdir()}
