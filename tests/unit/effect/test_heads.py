"""The dictionary of heads: its order, the INFO keys that follow from it, and a head that is added to it."""

from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from linear_head import LinearHead
from second_stages import OWN_TRACKS, random_effect, scored_bank

from varbind.annotate.info_schema import INFO_KEYS, Written
from varbind.api.annotate_vcf import annotate_vcf
from varbind.bank.background import VariantKind
from varbind.cli.demo import copy_example
from varbind.core.scores import BindingScores
from varbind.core.window import Window
from varbind.effect.effect_model import CURVES
from varbind.effect.features import VariantSites
from varbind.effect.second_stage import EFFECT_KEYS, HEADS, SecondStage
from varbind.errors import ResourceError
from varbind.io.banks import read_bank, weights_sha256, write_bank
from varbind.io.effects import read_effect, write_effect

WEIGHTS = np.array([0.5, -2.0, 0.25])


@pytest.fixture
def bank():
    return scored_bank()


@pytest.fixture
def linear(monkeypatch):
    """A head whose class is in the dictionary during a test."""
    monkeypatch.setitem(HEADS, LinearHead.name, LinearHead)
    return LinearHead(WEIGHTS, 1.5)


def test_every_head_is_listed_by_its_name_after_the_heads_that_it_reads(bank):
    assert all(name == head.name for name, head in HEADS.items())
    heads = random_effect(bank).heads
    assert set(heads) == set(HEADS)
    for place, name in enumerate(HEADS):
        used = {*heads[name].needs.heads, *(key.head for key in heads[name].keys if key.head)}
        assert used <= set(list(HEADS)[:place]), name


def test_a_key_belongs_to_one_head_and_to_no_other_part_of_the_record():
    names = [key.name for head in HEADS.values() for key in head.keys]
    assert len(set(names)) == len(names)
    assert not set(names) & {key.name for key in INFO_KEYS if key.written is not Written.BY_EFFECT}
    assert list(EFFECT_KEYS) == [
        "SCORE", "SCORE_CONS", "PHRED", "CONS_PHRED", "ACTIVITY", "ACTIVITY_SE", "DEEPFIND",
    ]  # fmt: skip
    curves = {key.curve for key in chain.from_iterable(head.keys for head in HEADS.values())}
    assert curves - {""} <= set(CURVES)


def without(heads, name):
    """The heads without one, and without those that read it, or that read these."""
    rest = {key: head for key, head in heads.items() if key != name}
    while lacking := [key for key, head in rest.items() if not set(head.needs.heads) <= set(rest)]:
        del rest[lacking[0]]
    return rest


@pytest.mark.parametrize("name", list(HEADS))
def test_a_head_gives_the_keys_that_it_declares(bank, name):
    effect = random_effect(bank)
    stage = SecondStage(effect, bank.model_ids, OWN_TRACKS)
    declared = {key.name for key in HEADS[name].keys}
    assert declared <= set(stage.keys.names)
    rest = without(effect.heads, name)
    assert not declared & set(SecondStage(replace(effect, heads=rest), bank.model_ids, OWN_TRACKS).keys.names)


def test_an_added_head_is_stored_read_and_predicts(bank, linear, tmp_path):
    effect = random_effect(bank)
    write_effect(tmp_path / "effect", replace(effect, heads={**effect.heads, linear.name: linear}))
    found = read_effect(tmp_path / "effect")
    assert found.heads["linear"].weights.tolist() == WEIGHTS.tolist()
    assert found.heads["linear"].constant == linear.constant
    stage = SecondStage(found, bank.model_ids)
    assert stage.keys.names == ("LINEAR", *SecondStage(effect, bank.model_ids).keys.names)
    ref, alt = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    sites, codes = VariantSites(np.zeros(5), np.zeros(5)), np.zeros(25, dtype=np.uint8)
    windows = [Window(codes, codes, padded=False)] * 5
    values = stage.predict(BindingScores(bank.model_ids, ref, alt), sites, [VariantKind.SNV] * 5, windows, 12).values
    np.testing.assert_allclose(values["LINEAR"], (alt - ref) @ WEIGHTS + 1.5, rtol=1e-6)


def test_an_added_head_is_unknown_without_its_entry(bank, tmp_path):
    effect = replace(random_effect(bank), heads={"linear": LinearHead(WEIGHTS, 1.5)})
    write_effect(tmp_path / "effect", effect)
    with pytest.raises(ResourceError, match=r"linear/\w+ belongs to no head and no curve"):
        read_effect(tmp_path / "effect")


def test_an_added_head_is_checked_against_the_card(bank, linear):
    few = replace(linear, weights=WEIGHTS[:2])
    with pytest.raises(ResourceError, match="the linear head does not have the models of the card"):
        replace(random_effect(bank), heads={"linear": few})


def test_an_added_head_is_written_by_annotate(bank, linear, tmp_path):
    example, effect = copy_example(tmp_path / "example"), random_effect(bank)
    card = replace(effect.card, bank={**effect.card.bank, "sha256": weights_sha256(bank)})
    effect = replace(effect, card=card, heads={"linear": linear})
    write_bank(tmp_path / "bank", bank, effect=effect)
    out = tmp_path / "out.vcf"
    annotate_vcf(
        example / "variants.vcf",
        out,
        reference=example / "reference.fa",
        bank=read_bank(tmp_path / "bank"),
        genes=[example / "genes.gtf"],
    )
    text = out.read_text()
    header = '##INFO=<ID=VARBIND_LINEAR,Number=A,Type=Float,Description="Weighted sum of the changes of binding",'
    assert header in text
    records = [line for line in text.splitlines() if not line.startswith("#")]
    scored = [line for line in records if "VARBIND_STATUS=ok" in line]
    assert scored
    assert all("VARBIND_LINEAR=" in line for line in scored)
    # A variant that changes no score has the constant alone.
    assert any("VARBIND_LINEAR=1.5;" in line for line in scored)
    assert len({line.partition("VARBIND_LINEAR=")[2].partition(";")[0] for line in scored}) > 1
