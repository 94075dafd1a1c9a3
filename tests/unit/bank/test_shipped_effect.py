"""What the shipped second stage promises: every head, honest cut-offs, planted signs, and the same bytes always."""

import math
import os
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from integration.runs import records, spawn
from quick_cases import first_quick

import varbind
from varbind.annotate.settings import AnnotateSettings
from varbind.api.annotate_vcf import annotate_vcf
from varbind.bank.background import VariantKind
from varbind.bank.null_distribution import phred
from varbind.cli.demo import copy_example
from varbind.effect.effect_model import CURVES
from varbind.effect.features import VariantSites
from varbind.effect.second_stage import SecondStage
from varbind.errors import ResourceError
from varbind.io.banks import WEIGHTS, find_bank, read_bank, read_card
from varbind.kernels.cpu import cpu
from varbind.kernels.dense import dense
from varbind.scoring.background import (
    CONTEXT,
    BackgroundRecipe,
    PromoterSource,
    background_scorer,
    background_windows,
)

HEADS = ("local", "activity", "score", "deepfind", "conservation")
KEYS = ("SCORE", "PHRED", "ACTIVITY", "ACTIVITY_SE", "DEEPFIND")


@pytest.fixture(scope="module")
def effect(shipped_bank):
    assert shipped_bank.effect is not None
    return shipped_bank.effect


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return copy_example(tmp_path_factory.mktemp("example"))


def annotate(example, bank, output, **options):
    settings = AnnotateSettings(everywhere=True, **options)
    annotate_vcf(example / "variants.vcf", output, reference=example / "reference.fa", bank=bank, settings=settings)
    return output.read_bytes()


@pytest.fixture(scope="module")
def annotated(example, shipped_bank, tmp_path_factory):
    """The example's bytes with everything that the second stage can say, scored with the compiled kernel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cpu, "KERNEL_WORTH", 0)
        return annotate(example, shipped_bank, tmp_path_factory.mktemp("annotated") / "out.vcf", explain=20)


def values(annotated, key):
    """By record, one a scored allele."""
    names = [line.split(b"\t")[2].decode() for line in annotated.splitlines() if not line.startswith(b"#")]
    words = [info.get(f"VARBIND_{key}", ".") for info in records(annotated)]
    return {
        name: [float(word) for word in text.split(",") if word != "."] for name, text in zip(names, words, strict=True)
    }


def arrays_of(part):
    """Every array and number of a head, with those of its parts."""
    for field in fields(part):
        value = getattr(part, field.name)
        if is_dataclass(value):
            yield from arrays_of(value)
        elif not isinstance(value, tuple):
            yield np.asarray(value)


def test_it_reads_models_of_the_bank_alone(effect, shipped_bank):
    ids = effect.card.model_ids
    assert set(ids) <= set(shipped_bank.model_ids)
    assert len(set(ids)) == len(ids)
    shapes = [model.config for model in shipped_bank.models if model.model_id in set(ids)]
    assert all(shape.double_stranded and shape.window <= 31 for shape in shapes)
    assert effect.card.default_ids == list(shipped_bank.select_default().model_ids)
    assert effect.card.bank["name"] == find_bank().name
    assert effect.card.bank["sha256"] == read_card(find_bank()).digests[WEIGHTS]


def test_its_licence_is_stated(effect):
    assert effect.card.licence.startswith("MIT")
    assert effect.card.description
    assert all(len(effect.card.heads[name]["sha256"]) == 64 for name in ("activity", "deepfind", "conservation"))


def test_every_head_is_there(effect):
    assert set(HEADS) <= set(effect.card.heads)
    assert set(effect.heads) == set(HEADS)
    parts = [*effect.card.heads["activity"]["loci"], *effect.card.heads["activity"]["parts_of_pairs"]]
    assert len(effect.heads["activity"].refits) == len(parts)
    assert len(effect.heads["activity"].local_weights) == effect.heads["local"].outputs
    assert all(len(table["sha256"]) == 64 for table in effect.card.heads["activity"]["pairs"])
    assert (effect.heads["score"].weights >= 0).all()
    assert effect.heads["score"].direction[1] < 0
    assert list(effect.heads["conservation"].tracks) == effect.card.heads["conservation"]["tracks"]
    assert len(effect.heads["deepfind"].hidden) == effect.card.heads["deepfind"]["setting"]["networks"]


def test_every_number_is_finite(effect):
    for name in HEADS:
        for array in arrays_of(effect.heads[name]):
            assert np.isfinite(array).all(), name


def test_curves_are_there_for_every_kind(effect):
    assert set(effect.curves) == set(CURVES)
    for by_kind in effect.curves.values():
        assert set(by_kind) == set(VariantKind)
        for curve in by_kind.values():
            assert all(np.isfinite(array).all() for array in arrays_of(curve))
            # Beyond the sample as well, rarer never has a lower PHRED.
            reach = np.linspace(curve.values[0] - 1, 3 * curve.values[-1] + 3, 2_000)
            found = phred(curve.share(reach))
            assert found[0] == 0
            assert np.isfinite(found).all()
            assert (np.diff(found) >= 0).all()


def test_cutoffs_rise_as_fewer_background_variants_pass(effect):
    cutoffs = effect.card.cutoffs
    assert [one["phred"] for one in cutoffs] == [10, 15, 20]
    assert [one["name"] for one in cutoffs][1] in {"recommended", "middle"}
    recalls = [one["recall"] for one in cutoffs]
    assert recalls == sorted(recalls, reverse=True)
    for one in cutoffs:
        assert one["background"] == pytest.approx(10 ** (-one["phred"] / 10))
        assert 0 < one["base_rate"] <= one["precision"] <= 1
        assert 0 < one["precision_low"] <= one["precision"] <= one["precision_high"] <= 1
        assert 0 < one["recall"] <= 1
        certain = one["precision_low"] >= 2 * one["base_rate"]
        assert one["name"] != "recommended" or certain
    assert all(one["base_rate"] == effect.card.heads["score"]["share_of_changes"] for one in cutoffs)


@pytest.mark.parametrize("name", first_quick(["score", "score_no_tss"]))
def test_a_tenth_of_fresh_background_snvs_has_a_phred_of_ten(effect, shipped_bank, name):
    """3,000 SNVs that are not those of the curve: a standard error of 0.0055."""
    models = shipped_bank.select(effect.card.model_ids)
    recipe = BackgroundRecipe(snvs=3_000, others=100, seed=77)
    kind = VariantKind.SNV
    windows = list(background_windows(kind, recipe.count(kind), PromoterSource(), recipe.stream(kind)))
    heads = {head: effect.heads[head] for head in ("local", "activity", "score")}
    stage = SecondStage(replace(effect, heads=heads), models.model_ids, dense=dense)
    with background_scorer(models) as scorer:
        scores = scorer.score(windows, batch_size=512)
    near = np.random.default_rng(7).integers(-1000, 501, len(windows)).astype(float)
    distances = near if name == "score" else np.full(len(windows), np.nan)
    sites = VariantSites(distances, np.full(len(windows), np.nan))
    found = stage.predict(scores, sites, [kind] * len(windows), windows, CONTEXT).values["PHRED"]
    assert np.mean(found >= 10) == pytest.approx(0.1, abs=0.025)


def test_damage_is_told_when_the_bank_is_read(tmp_path):
    copy = tmp_path / "bank"
    (copy / "effect").mkdir(parents=True)
    for path in find_bank().iterdir():
        if path.is_file():
            (copy / path.name).symlink_to(path)
    for path in (find_bank() / "effect").iterdir():
        (copy / "effect" / path.name).write_bytes(path.read_bytes())
    assert read_bank(copy).effect.card == varbind.load_bank().effect.card
    weights = copy / "effect" / WEIGHTS
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(ResourceError, match="sha256 differs"):
        read_bank(copy)


def test_planted_sites_have_the_right_sign(annotated):
    activity = values(annotated, "ACTIVITY")
    assert activity["breaks_ETS_1"][0] < 0 < activity["makes_ETS_2"][0]
    errors = values(annotated, "ACTIVITY_SE")
    assert all(abs(activity[name][0]) > errors[name][0] > 0 for name in ("breaks_ETS_1", "makes_ETS_2"))


def test_neutral_variants_are_below_a_broken_site(annotated):
    phreds = values(annotated, "PHRED")
    neutral = [found for name, own in phreds.items() if name.startswith("neutral_") for found in own]
    assert len(neutral) == 4
    assert max(neutral) < phreds["breaks_SP1_1"][0]


def test_every_scored_allele_has_every_number(annotated):
    scored = {name: len(own) for name, own in values(annotated, "SCORE").items()}
    assert scored["deletes_spacer"] == 0
    assert sum(scored.values()) == 34
    for key in KEYS:
        found = values(annotated, key)
        assert {name: len(own) for name, own in found.items()} == scored
        assert all(math.isfinite(value) for own in found.values() for value in own)
    for key in ("SCORE", "DEEPFIND"):
        assert all(0 < value < 1 for own in values(annotated, key).values() for value in own)


@pytest.mark.parametrize(("batch", "threads"), first_quick([(7, 2), (1, 1), (7, 1), (256, 2)]))
def test_neither_batch_nor_threads_show(example, shipped_bank, annotated, tmp_path, batch, threads):
    options = {"batch_size": batch, "threads": threads, "explain": 20}
    assert annotate(example, shipped_bank, tmp_path / "out.vcf", **options) == annotated


@pytest.mark.slow
def test_numba_does_not_show(example, annotated, tmp_path):
    words = ("annotate", example / "variants.vcf", "-f", example / "reference.fa", "--everywhere", "--explain", "20")
    environment = {**os.environ, "VARBIND_NO_NUMBA": "1"}
    done = spawn(*words, "-o", tmp_path / "out.vcf", env=environment, timeout=300)
    assert done.code == 0, done.err
    # The header of a command line says more than that of a call.
    found, expected = (
        [line for line in data.splitlines() if not line.startswith(b"##varbind_")]
        for data in ((tmp_path / "out.vcf").read_bytes(), annotated)
    )
    assert found == expected
