"""Export, import and export again: the weights stay, and the new bank is complete."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from oracles import ARRAY_NAMES

import varbind
from varbind.bank.background import VariantKind
from varbind.errors import OutputError, ResourceError
from varbind.io.banks import BACKGROUND_MINIMUM
from varbind.io.deepbind_text import write_deepbind_folder
from varbind.scoring.background import BackgroundRecipe, PromoterSource
from varbind.scoring.selftest import run_selftest

pytest.importorskip("torch", reason="needs the extra `train`")

RECIPE = BackgroundRecipe(snvs=150, others=BACKGROUND_MINIMUM, seed=1)


@pytest.fixture(scope="module")
def folder(shipped_bank, tmp_path_factory):
    """A model of three networks and a matrix of the shipped bank as published text files."""
    chosen = shipped_bank.select(["USF1", "SP3.matrix"])
    path = tmp_path_factory.mktemp("text") / "set"
    write_deepbind_folder(path, chosen.models, chosen.stacks)
    return path


@pytest.fixture(scope="module")
def imported(folder, tmp_path_factory):
    """(what the import returned, where it wrote)."""
    destination = tmp_path_factory.mktemp("bank") / "mine"
    return varbind.import_deepbind(folder, destination, recipe=RECIPE), destination


def test_weights_are_exactly_those_exported(imported, shipped_bank):
    """The networks of a model come back as models of their own."""
    bank = varbind.load_bank(imported[1])
    assert bank.model_ids == ("SP3.matrix", "USF1.1", "USF1.2", "USF1.3")
    for found, model_id in zip(bank.stacks, ("SP3.matrix", "USF1"), strict=True):
        (expected,) = shipped_bank.select([model_id]).stacks
        assert found.config == replace(expected.config, members=1)
        for name in ARRAY_NAMES:
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_scores_are_those_of_the_first_bank(imported, shipped_bank):
    texts = ["ACGTTGCAACGTNACCGGAAGTGATCACGTGACC"]
    found = varbind.score_sequences(texts, varbind.load_bank(imported[1]))[0]
    expected = varbind.score_sequences(texts, shipped_bank.select(["SP3.matrix", "USF1"]))[0]
    assert found[0].tobytes() == expected[0].tobytes()
    assert len({*found[1:].tolist()}) == 3
    assert found[1:].mean() == pytest.approx(expected[1], rel=1e-6)


def test_what_is_returned_is_what_was_written(imported):
    returned, destination = imported
    read = varbind.load_bank(destination)
    assert read.models == returned.models
    texts = ["ACGTTGCAACGTNACCGGAAGTGATCACGTGACC"]
    assert varbind.score_sequences(texts, read).tobytes() == varbind.score_sequences(texts, returned).tobytes()
    for kind in VariantKind:
        found, expected = (bank.background.changes[kind].decode() for bank in (read, returned))
        np.testing.assert_array_equal(found, expected)


def test_the_bank_is_complete(imported, shipped_bank):
    bank = varbind.load_bank(imported[1])
    card = bank.cards[0]
    assert card.name == "mine"
    assert run_selftest(bank).passed
    assert card.background["counts"]["snv"] == 150
    assert all(model.delta_sd > 0 and set(model.quantiles) == {"score", "loss", "gain"} for model in bank.models)
    matrix, network = (shipped_bank.select([own]).models[0].family for own in ("SP3.matrix", "USF1"))
    assert [model.family for model in bank.models] == [matrix, *[network] * 3]


def test_nothing_is_overwritten(folder, imported):
    before = {path.name: path.read_bytes() for path in imported[1].iterdir()}
    with pytest.raises(OutputError, match="exists already"):
        varbind.import_deepbind(folder, imported[1], recipe=RECIPE)
    assert {path.name: path.read_bytes() for path in imported[1].iterdir()} == before


def test_a_folder_without_models_leaves_nothing(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ResourceError, match="params"):
        varbind.import_deepbind(tmp_path / "empty", tmp_path / "bank", recipe=RECIPE)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_promoters_of_the_user(folder, tmp_path):
    rng = np.random.default_rng(0)
    source = PromoterSource([rng.integers(0, 4, 2_000).astype(np.uint8) for _ in range(3)])
    calls = []
    bank = varbind.import_deepbind(
        folder, tmp_path / "bank", recipe=RECIPE, source=source, progress=lambda *call: calls.append(call)
    )
    assert bank.cards[0].background["source"] == source.name
    assert calls[-1][0] == calls[-1][1] == 150 + 10 * BACKGROUND_MINIMUM


def test_a_model_without_parameters_is_refused_or_left_out(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "set")
    (copy / "params" / "USF1.2.txt").unlink()
    with pytest.raises(ResourceError, match=r"1 of 4 models have no parameter file params/ID.txt: USF1\.2; "):
        varbind.import_deepbind(copy, tmp_path / "bank", recipe=RECIPE)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    bank = varbind.import_deepbind(copy, tmp_path / "bank", recipe=RECIPE, allow_missing=True)
    assert bank.model_ids == ("SP3.matrix", "USF1.1", "USF1.3")
