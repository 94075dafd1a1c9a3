"""What the shipped bank promises: enough proteins, complete cards, licences that allow it, little room."""

import numpy as np
import pytest

from varbind.io.banks import find_bank

LICENCES = {
    *("MIT", "MIT; ENCODE", "CC BY 4.0"),
    "reads: European Nucleotide Archive",
}
MEGABYTES = 38
INDIRECT = "ChIP-seq, bound through other proteins"


def trained(bank):
    return [model for model in bank.models if "members" in model.training]


def test_proteins(shipped_bank):
    networks = trained(shipped_bank)
    assert len({model.protein for model in shipped_bank.models}) >= 800
    assert len({model.protein for model in networks}) >= 240
    assert len({model.protein for model in networks if model.assay != INDIRECT}) >= 215
    assert {model.species for model in shipped_bank.models} == {"Homo sapiens"}


def test_ids_say_which_network_reads_the_own_site(shipped_bank):
    """The first of two networks of a protein is NAME.regions."""
    networks = {model.model_id: model for model in trained(shipped_bank)}
    for model_id, model in networks.items():
        assert model_id in (model.protein, f"{model.protein}.regions")
        assert model_id == model.protein or model.protein in networks


def test_what_is_read_is_not_called_trained(shipped_bank):
    matrices = [model for model in shipped_bank.models if "members" not in model.training]
    assert {model.training["data"]["kind"] for model in matrices} == {"matrix"}
    assert all(model.config.detectors == 1 for model in matrices)
    assert all(model.model_id == f"{model.protein}.matrix" for model in matrices)


def test_default_models_learned_enough_and_read_their_own_sites(shipped_bank):
    for model in trained(shipped_bank):
        assert model.default == (model.training["not_default"] is None), model.model_id
        if model.default:
            ratings = [member["cross_validation"]["mean"] for member in model.training["members"]]
            assert np.mean(ratings) >= 0.7 or model.training["data"]["negatives"] == "file", model.model_id
            own = model.training["broken_sites"]["own"]
            assert own is None or own >= 0.3, model.model_id
            assert model.assay != INDIRECT


def test_cards_are_complete(shipped_bank):
    for model in trained(shipped_bank):
        shape, training = model.config, model.training
        assert (shape.detectors, shape.detector_len, shape.window) == (16, 24, 31)
        assert len(training["members"]) == shape.members == 3
        assert len(training["data"]["sha256"]) == len(training["data"]["examples_sha256"]) == 64
        assert training["calibration"]["trials"] == 30
        assert training["calibration"]["folds"] == 3
        held_out = training["held_out"]
        if model.protein == "FOXM1":
            assert {"test peaks", "bound"} <= set(held_out)
        elif held_out is not None:
            assert held_out["chromosomes"] == ["16", "20"]
            areas = [area for task, area in held_out.items() if task not in ("chromosomes", "bound")]
            assert len(areas) >= 3
            assert all(0 <= area <= 1 for area in areas)
    levels = shipped_bank.cards[0].quantile_levels
    assert all(len(own) == len(levels) for model in shipped_bank.models for own in model.quantiles.values())
    assert sum(model.training["held_out"] is None for model in trained(shipped_bank)) < 80
    families = shipped_bank.cards[0].families
    assert set(families) == {model.family for model in shipped_bank.models if model.default}


@pytest.mark.parametrize("protein", ["TEAD4", "ZNF143", "SRF", "REST"])
def test_what_is_used_by_default_reads_no_site_of_a_partner(shipped_bank, protein):
    """Networks of these learnt the site of a partner, or missed their own."""
    default = [model for model in shipped_bank.models if model.protein == protein and model.default]
    for model in default:
        if "members" in model.training:
            read = model.training["broken_sites"]
            assert read["foreign"] <= 0.75 * read["own"]


def test_licences_allow_to_pass_it_on(shipped_bank):
    assert {model.training["licence"] for model in shipped_bank.models} <= LICENCES


def test_it_stays_small():
    folder = find_bank()
    assert sum(path.stat().st_size for path in folder.iterdir()) < MEGABYTES * 1_000_000
    assert {"README.md", "ratings.tsv.gz", "held-out.svg", "broken-sites.svg"} < {
        path.name for path in folder.iterdir()
    }
