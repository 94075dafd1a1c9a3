"""Curves of the second stage on background variants, drawn and scored again one number at a time."""

from dataclasses import replace

import numpy as np
import pytest
import tolerances
from oracles import share_at_least
from second_stages import random_effect, scored_bank

from varbind.bank.background import VariantKind
from varbind.bank.binding_changes import BindingEffects
from varbind.bank.null_distribution import GAIN, LOSS, phred
from varbind.core.scores import BindingScores
from varbind.core.sequence import decode
from varbind.effect.effect_model import CURVES
from varbind.effect.features import VariantSites
from varbind.effect.second_stage import SecondStage
from varbind.scoring.background import (
    BATCH,
    CONTEXT,
    BackgroundRecipe,
    PromoterSource,
    background_scorer,
    background_windows,
)
from varbind.scoring.scorer import batches, score_sequences
from varbind.train.effect_curves import EFFECT_BACKGROUND, effect_curves

RECIPE = BackgroundRecipe(snvs=450, others=100, seed=9)
FEW = BackgroundRecipe(snvs=99, others=20, seed=9)
FLANK = 15


@pytest.fixture(scope="module")
def bank():
    return scored_bank()


@pytest.fixture(scope="module")
def effect(bank):
    return random_effect(bank, curves=())


@pytest.fixture(scope="module")
def made(effect, bank):
    return effect_curves(effect, bank, RECIPE, threads=1)


@pytest.fixture(scope="module")
def few(effect, bank):
    """Curves of few variants, for what does not depend on their number."""
    return effect_curves(effect, bank, FEW, threads=1)


def windows_of(kind):
    """The background variants of a kind."""
    return list(background_windows(kind, RECIPE.count(kind), PromoterSource(), RECIPE.stream(kind)))


def drawn(kind, bank):
    """Scores of both alleles of the background variants of a kind."""
    windows = windows_of(kind)
    texts = [[decode(codes[CONTEXT - FLANK : FLANK - CONTEXT]) for codes in (w.ref, w.alt)] for w in windows]
    return [score_sequences([text[allele] for text in texts], bank) for allele in range(2)]


def drawn_distances():
    """Distances to a start anywhere from 1,000 bases upstream to 500 downstream, of all kinds in turn, in batches."""
    rng, found = np.random.default_rng([RECIPE.seed, len(VariantKind)]), {}
    for kind in VariantKind:
        counts = [len(batch) for batch in batches(range(RECIPE.count(kind)), BATCH)]
        found[kind] = np.concatenate([rng.integers(-1000, 500, count, endpoint=True) for count in counts])
    return found


def slow_log_loss(effect, windows, ref, alt, distances):
    """Of variants one after another, by the heads themselves."""
    local, activity, score = (effect.heads[name] for name in ("local", "activity", "score"))
    found = []
    for row, window in enumerate(windows):
        changes = activity.changes(ref[[row]], alt[[row]])
        outputs = local.changes([window.inner(CONTEXT - 12)])
        predicted = activity.contributions(changes).sum(axis=1) + (outputs * activity.local_weights).sum(axis=1)
        odds = score.log_odds(score.evidence(predicted, changes[:, 0], distances[[row]]))
        found.append(score.log_loss(odds, predicted)[0])
    return np.array(found)


def assert_is_curve_of(curve, sample):
    """Within the 0.05 PHRED that a curve promises, where the tail is counted and not fitted."""
    sample = np.sort(sample)
    body = sample[: -max(50, len(sample) // 100) - 1]
    counted = np.array([share_at_least(sample.astype(np.float32), value) for value in body.astype(np.float32)])
    assert phred(curve.share(body.astype(np.float32))) == pytest.approx(phred(counted), abs=0.06)


@pytest.mark.parametrize("kind", [VariantKind.SNV, VariantKind.INS_1, VariantKind.DEL_16_50, VariantKind.MNV_2_5])
def test_curves_are_of_the_background_variants_scored_again(made, effect, bank, kind):
    windows, (ref, alt) = windows_of(kind), drawn(kind, bank)
    near = drawn_distances()[kind].astype(float)
    assert_is_curve_of(made["score"][kind], slow_log_loss(effect, windows, ref, alt, near))
    nowhere = np.full(len(windows), np.nan)
    assert_is_curve_of(made["score_no_tss"][kind], slow_log_loss(effect, windows, ref, alt, nowhere))
    strengths = BindingEffects.of_bank(bank).strengths(BindingScores(bank.model_ids, ref, alt), kind)
    assert_is_curve_of(made["loss"][kind], strengths[LOSS])
    assert_is_curve_of(made["gain"][kind], strengths[GAIN])


def test_every_kind_has_every_curve(made):
    assert tuple(made) == CURVES
    assert all(set(by_kind) == set(VariantKind) for by_kind in made.values())


def test_a_start_nearby_makes_losses_likelier(made):
    """The same probability is less rare among alleles with a start."""
    for kind in VariantKind:
        reach = made["score_no_tss"][kind].values
        with_start, without = (made[name][kind].share(reach) for name in ("score", "score_no_tss"))
        assert (with_start >= without - 0.02).all()
        assert (with_start > without + 0.02).any()


def test_a_tenth_of_the_background_has_a_phred_of_ten(tiny_bank):
    """Of networks whose scores are hardly ever equal."""
    effect = random_effect(tiny_bank, curves=())
    curves = effect_curves(effect, tiny_bank, RECIPE)
    windows = windows_of(VariantKind.SNV)
    with background_scorer(tiny_bank, device="cpu", threads=1) as scorer:
        scores = scorer.score(windows)
    for name, distances in (
        ("score", drawn_distances()[VariantKind.SNV].astype(float)),
        ("score_no_tss", np.full(RECIPE.snvs, np.nan)),
    ):
        sample = slow_log_loss(effect, windows, scores.ref, scores.alt, distances)
        values = phred(curves[name][VariantKind.SNV].share(sample))
        assert np.mean(values >= 10) == pytest.approx(0.1, abs=tolerances.PHRED_10_SMALL)


@pytest.mark.parametrize("distance", [np.nan, -50.0])
def test_among_variants_of_a_kind_phred_rises_with_the_probability_of_a_loss(made, effect, bank, distance):
    stage = SecondStage(replace(effect, curves=made), bank.model_ids)
    ref, alt = np.random.default_rng(3).uniform(2, 8, (2, 200, 3)).astype(np.float32)
    sites = VariantSites(np.full(200, distance), np.full(200, np.nan))
    for kind in VariantKind:
        windows = [window.inner(CONTEXT - FLANK) for window in windows_of(kind)[:200]]
        windows *= 200 // len(windows)
        found = stage.predict(BindingScores(bank.model_ids, ref, alt), sites, [kind] * 200, windows, FLANK)
        order = np.argsort(found.log_loss, kind="stable")
        phreds = found.values["PHRED"]
        assert (np.diff(phreds[order]) >= 0).all()
        assert (np.diff(phreds[order]) > 0).mean() > 0.2
        assert np.isfinite(phreds).all()


def assert_equal_curves(one, other):
    for name, by_kind in one.items():
        for kind, curve in by_kind.items():
            for part in ("values", "shares", "tail"):
                assert getattr(curve, part).tobytes() == getattr(other[name][kind], part).tobytes(), name


def test_made_again_they_are_the_same_on_any_number_of_threads(few, effect, bank):
    assert_equal_curves(effect_curves(effect, bank, FEW, threads=2), few)


def test_another_seed_draws_other_variants(few, effect, bank):
    curves = effect_curves(effect, bank, replace(FEW, seed=10))
    for name in CURVES:
        own, other = (every[name][VariantKind.SNV].values for every in (curves, few))
        assert own.tobytes() != other.tobytes()
    assert EFFECT_BACKGROUND.seed != BackgroundRecipe().seed


def test_other_heads_change_no_curve(few, effect, bank):
    """DeepFind and conservation are not asked."""
    rest = {name: effect.heads[name] for name in ("local", "activity", "score")}
    assert_equal_curves(effect_curves(replace(effect, heads=rest), bank, FEW), few)


def test_without_a_score_head_there_is_no_curve_of_it(few, bank):
    for heads in (("deepfind",), ("local",), ("local", "activity")):
        curves = effect_curves(random_effect(bank, heads=heads, curves=()), bank, FEW)
        assert tuple(curves) == ("loss", "gain")
        assert_equal_curves(curves, few)


def test_without_a_background_of_the_bank_there_is_only_the_score(few, effect, bank):
    curves = effect_curves(effect, replace(bank, background=None), FEW)
    assert tuple(curves) == ("score", "score_no_tss")
    assert_equal_curves(curves, few)


def test_only_default_models_are_the_strongest(effect, bank):
    """A model that is not default is read by the second stage, and not by the lists."""
    models = (*bank.models[:1], *(replace(model, default=False) for model in bank.models[1:]))
    other = replace(bank, models=models, cards=(replace(bank.cards[0], models=models),))
    curves = effect_curves(effect, other, RECIPE)
    ref, alt = drawn(VariantKind.SNV, bank)
    one = bank.select(["M1"])
    strengths = BindingEffects.of_bank(one).strengths(
        BindingScores(one.model_ids, ref[:, :1], alt[:, :1]), VariantKind.SNV
    )
    assert_is_curve_of(curves["loss"][VariantKind.SNV], strengths[LOSS])


def test_progress_reaches_the_end(effect, bank):
    calls = []
    effect_curves(effect, bank, FEW, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (FEW.total, FEW.total)
    assert calls == sorted(calls)
