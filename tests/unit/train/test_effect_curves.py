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
from varbind.effect.score import ScoreHead
from varbind.effect.second_stage import SecondStage
from varbind.scoring.background import CONTEXT, BackgroundRecipe, PromoterSource, background_windows
from varbind.scoring.scorer import score_sequences
from varbind.train.score import EFFECT_BACKGROUND, effect_curves

RECIPE = BackgroundRecipe(snvs=600, others=200, seed=9)
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


def drawn(kind, bank):
    """Scores of both alleles of the background variants of a kind."""
    windows = background_windows(kind, RECIPE.count(kind), PromoterSource(), RECIPE.stream(kind))
    texts = [[decode(codes[CONTEXT - FLANK : FLANK - CONTEXT]) for codes in (w.ref, w.alt)] for w in windows]
    return [score_sequences([text[allele] for text in texts], bank) for allele in range(2)]


def slow_log_odds(effect, ref, alt):
    """Of variants one after another."""
    found = []
    for row in range(len(ref)):
        changes = effect.heads["activity"].changes(ref[[row]], alt[[row]])
        activity = effect.heads["activity"].contributions(changes).sum(axis=1)
        found.append(effect.heads["score"].log_odds(ScoreHead.sizes(activity, changes[:, 0]))[0])
    return np.array(found)


def assert_is_curve_of(curve, sample):
    """Within the 0.05 PHRED that a curve promises, where the tail is counted and not fitted."""
    sample = np.sort(sample)
    body = sample[: -max(50, len(sample) // 100) - 1]
    counted = np.array([share_at_least(sample.astype(np.float32), value) for value in body.astype(np.float32)])
    assert phred(curve.share(body.astype(np.float32))) == pytest.approx(phred(counted), abs=0.06)


@pytest.mark.parametrize("kind", [VariantKind.SNV, VariantKind.INS_1, VariantKind.DEL_16_50, VariantKind.MNV_2_5])
def test_curves_are_of_the_background_variants_scored_again(made, effect, bank, kind):
    curves, log_odds = made
    ref, alt = drawn(kind, bank)
    slow = slow_log_odds(effect, ref, alt)
    assert_is_curve_of(curves["score"][kind], slow)
    strengths = BindingEffects.of_bank(bank).strengths(BindingScores(bank.model_ids, ref, alt), kind)
    assert_is_curve_of(curves["loss"][kind], strengths[LOSS])
    assert_is_curve_of(curves["gain"][kind], strengths[GAIN])
    if kind is VariantKind.SNV:
        assert log_odds == pytest.approx(slow, rel=tolerances.ORACLE)


def test_every_kind_has_every_curve(made):
    curves, log_odds = made
    assert tuple(curves) == CURVES
    assert all(set(by_kind) == set(VariantKind) for by_kind in curves.values())
    assert log_odds.shape == (RECIPE.snvs,)


def test_a_tenth_of_the_background_has_a_phred_of_ten(tiny_bank):
    """Of networks whose scores are hardly ever equal."""
    curves, log_odds = effect_curves(random_effect(tiny_bank, curves=()), tiny_bank, RECIPE)
    values = phred(curves["score"][VariantKind.SNV].share(log_odds))
    assert np.mean(values >= 10) == pytest.approx(0.1, abs=tolerances.PHRED_10_SMALL)


def test_among_variants_of_a_kind_phred_rises_with_score(made, effect, bank):
    curves, _ = made
    stage = SecondStage(replace(effect, curves=curves), bank.model_ids)
    ref, alt = np.random.default_rng(3).uniform(2, 8, (2, 200, 3)).astype(np.float32)
    sites = VariantSites(np.full(200, np.nan), np.full(200, np.nan))
    for kind in VariantKind:
        found = stage.predict(BindingScores(bank.model_ids, ref, alt), sites, [kind] * 200).values
        order = np.argsort(found["SCORE"], kind="stable")
        steps = np.diff(found["PHRED"][order])
        assert (steps >= 0).all()
        assert (steps > 0).mean() > 0.2
        assert np.isfinite(found["PHRED"]).all()


def test_made_again_they_are_the_same_on_any_number_of_threads(made, effect, bank):
    curves, log_odds = effect_curves(effect, bank, RECIPE, threads=2)
    assert log_odds.tobytes() == made[1].tobytes()
    for name, by_kind in curves.items():
        for kind, curve in by_kind.items():
            for part in ("values", "shares", "tail"):
                assert getattr(curve, part).tobytes() == getattr(made[0][name][kind], part).tobytes()


def test_another_seed_draws_other_variants(made, effect, bank):
    _, log_odds = effect_curves(effect, bank, replace(RECIPE, seed=10))
    assert log_odds.tobytes() != made[1].tobytes()
    assert EFFECT_BACKGROUND.seed != BackgroundRecipe().seed


def test_without_a_score_head_there_is_no_curve_of_it(made, bank):
    curves, log_odds = effect_curves(random_effect(bank, heads=("deepfind",), curves=()), bank, RECIPE)
    assert tuple(curves) == ("loss", "gain")
    assert log_odds.shape == (0,)
    for kind in VariantKind:
        assert curves["loss"][kind].shares.tobytes() == made[0]["loss"][kind].shares.tobytes()


def test_without_a_background_of_the_bank_there_is_only_the_score(made, effect, bank):
    curves, _ = effect_curves(effect, replace(bank, background=None), RECIPE)
    assert tuple(curves) == ("score",)
    assert curves["score"][VariantKind.SNV].values.tobytes() == made[0]["score"][VariantKind.SNV].values.tobytes()


def test_only_default_models_are_the_strongest(effect, bank):
    """A model that is not default is read by the second stage, and not by the lists."""
    models = (*bank.models[:1], *(replace(model, default=False) for model in bank.models[1:]))
    other = replace(bank, models=models, cards=(replace(bank.cards[0], models=models),))
    curves, _ = effect_curves(effect, other, RECIPE)
    ref, alt = drawn(VariantKind.SNV, bank)
    one = bank.select(["M1"])
    strengths = BindingEffects.of_bank(one).strengths(
        BindingScores(one.model_ids, ref[:, :1], alt[:, :1]), VariantKind.SNV
    )
    assert_is_curve_of(curves["loss"][VariantKind.SNV], strengths[LOSS])


def test_progress_reaches_the_end(effect, bank):
    calls = []
    effect_curves(effect, bank, RECIPE, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (RECIPE.total, RECIPE.total)
    assert calls == sorted(calls)
