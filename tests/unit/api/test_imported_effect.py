"""An import takes the second stage that travels with the package for these very weights, and no other."""

from dataclasses import replace

import pytest
from integration.runs import EXAMPLE
from second_stages import random_effect

import varbind
from varbind.annotate.settings import AnnotateSettings
from varbind.api import import_deepbind as importing
from varbind.errors import ResourceError
from varbind.io.banks import BACKGROUND_MINIMUM, WEIGHTS, read_card
from varbind.io.deepbind_text import write_deepbind_folder
from varbind.io.effects import EFFECT_FOLDER, write_effect
from varbind.scoring.background import BackgroundRecipe

pytest.importorskip("torch", reason="needs the extra `train`")

RECIPE = BackgroundRecipe(snvs=150, others=BACKGROUND_MINIMUM, seed=1)


def export(shipped_bank, folder, model_ids):
    """As published text files."""
    chosen = shipped_bank.select(model_ids)
    write_deepbind_folder(folder, chosen.models, chosen.stacks)
    return folder


@pytest.fixture(scope="module")
def published(shipped_bank, tmp_path_factory):
    return export(shipped_bank, tmp_path_factory.mktemp("text") / "set", ["USF1", "SP3.matrix"])


@pytest.fixture(scope="module")
def bare(published, tmp_path_factory):
    """The import where nothing travels with the package."""
    folder = tmp_path_factory.mktemp("bare")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "shipped_effects", lambda: folder / "none")
        bank = varbind.import_deepbind(published, folder / "bank", recipe=RECIPE)
    return bank, folder / "bank"


def card_for(effect, sha256):
    return replace(effect, card=replace(effect.card, bank={"name": "published", "sha256": sha256}))


@pytest.fixture
def shipped(bare, tmp_path, monkeypatch):
    """Two second stages: one for the published weights, one for others, which comes first by name."""
    folder = tmp_path / "effects"
    monkeypatch.setattr(importing, "shipped_effects", lambda: folder)
    write_effect(folder / "a", card_for(random_effect(bare[0], seed=1), "0" * 64))
    write_effect(folder / "b", card_for(random_effect(bare[0], seed=2), read_card(bare[1]).digests[WEIGHTS]))
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def annotated(bank, path):
    """INFO of the example."""
    settings = AnnotateSettings(everywhere=True, proteins=("all",))
    varbind.annotate_vcf(
        EXAMPLE / "variants.vcf", path, reference=EXAMPLE / "reference.fa", bank=bank, settings=settings
    )
    return path.read_text()


def test_without_one_there_is_none(bare, tmp_path):
    bank, folder = bare
    assert bank.effect is None
    assert not (folder / EFFECT_FOLDER).exists()
    assert varbind.load_bank(folder).effect is None
    assert "VARBIND_ACTIVITY" not in annotated(bank, tmp_path / "out.vcf")


def test_the_one_for_these_weights_is_copied(published, shipped, tmp_path):
    bank = varbind.import_deepbind(published, tmp_path / "bank", recipe=RECIPE)
    assert contents(tmp_path / "bank" / EFFECT_FOLDER) == contents(shipped / "b")
    read = varbind.load_bank(tmp_path / "bank")
    assert read.effect.card == bank.effect.card
    found = annotated(read, tmp_path / "read.vcf")
    assert found.count("VARBIND_ACTIVITY=") > 30
    assert annotated(bank, tmp_path / "returned.vcf") == found


def test_neither_name_nor_background_tell_the_weights(published, shipped, tmp_path):
    """The digest is of what scores."""
    recipe = BackgroundRecipe(snvs=160, others=BACKGROUND_MINIMUM, seed=2)
    bank = varbind.import_deepbind(published, tmp_path / "other", recipe=recipe)
    assert bank.effect.card.name == "random"
    assert contents(tmp_path / "other" / EFFECT_FOLDER) == contents(shipped / "b")


def test_other_weights_have_none(shipped_bank, shipped, tmp_path):
    folder = export(shipped_bank, tmp_path / "set", ["USF2", "SP3.matrix"])
    assert varbind.import_deepbind(folder, tmp_path / "bank", recipe=RECIPE).effect is None
    assert not (tmp_path / "bank" / EFFECT_FOLDER).exists()


def test_damage_of_the_one_that_is_wanted_is_told(published, shipped, tmp_path):
    (shipped / "a" / WEIGHTS).write_bytes(b"damaged")
    assert varbind.import_deepbind(published, tmp_path / "fine", recipe=RECIPE).effect is not None
    (shipped / "b" / WEIGHTS).write_bytes(b"damaged")
    with pytest.raises(ResourceError, match="sha256 differs"):
        varbind.import_deepbind(published, tmp_path / "bank", recipe=RECIPE)
