"""The background curves of a second stage, which turn its scores into PHREDs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.bank.background import VariantKind
from varbind.bank.binding_changes import BindingEffects
from varbind.bank.null_distribution import GAIN, LOSS, ShareCurve
from varbind.effect.activity import ActivityHead
from varbind.effect.features import VariantSites
from varbind.effect.score import ScoreHead
from varbind.effect.second_stage import SecondStage
from varbind.scoring.background import (
    BATCH,
    BackgroundRecipe,
    PromoterSource,
    background_scorer,
    background_variants,
)
from varbind.scoring.scorer import batches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.effect.effect_model import EffectModel

__all__ = ["EFFECT_BACKGROUND", "effect_curves"]

EFFECT_BACKGROUND = BackgroundRecipe(snvs=100_002, others=10_000, seed=2016)
"""Drawn with another seed than the backgrounds of banks, whose variants define the PHRED of each family."""


def effect_curves(
    effect: EffectModel,
    bank: Bank,
    recipe: BackgroundRecipe = EFFECT_BACKGROUND,
    *,
    device: str = "cpu",
    threads: int | None = None,
    progress: Progress | None = None,
) -> tuple[dict[str, dict[VariantKind, ShareCurve]], NDArray[np.float64]]:
    """The curves of the log-odds of SCORE, and of the strongest loss and gain of the default models.

    Args:
        effect: The second stage, without curves.
        bank: The bank whose scores it reads.
        recipe: The numbers of background variants and the seed.
        device: The device that scores: `cpu`, `cuda` or `cuda:N`.
        threads: The number of CPU threads that score; None = all.
        progress: Called with (variants done, total).

    Returns:
        The curves by name in `CURVES` and by kind, and the log-odds of SCORE of the SNVs, which are empty without the
        score head.
    """
    default, done = bank.select_default(), 0
    wanted = {*default.model_ids, *effect.card.model_ids}
    scored = bank.select([model_id for model_id in bank.model_ids if model_id in wanted])
    listed = [scored.model_ids.index(model_id) for model_id in default.model_ids]
    # Only SCORE has a curve, and the other heads would take most of the time.
    heads = {name: head for name, head in effect.heads.items() if name in {ActivityHead.name, ScoreHead.name}}
    stage = SecondStage(replace(effect, heads=heads), scored.model_ids)
    effects = BindingEffects(default.models, default.background)
    curves: dict[str, dict[VariantKind, ShareCurve]] = {name: {} for name in ("score", "loss", "gain")}
    log_odds_of_snvs = np.zeros(0)
    with background_scorer(scored, device=device, threads=threads) as scorer:
        for kind, windows in background_variants(recipe, PromoterSource()):
            parts: dict[str, list[NDArray[np.floating]]] = {name: [] for name in curves}
            for batch in batches(windows, BATCH):
                scores = scorer.score(batch)
                predicted = stage.predict(scores, _nowhere(len(batch)), [kind] * len(batch))
                if predicted.log_odds is not None:
                    parts["score"].append(predicted.log_odds)
                if default.background is not None:
                    strengths = effects.strengths(scores.delta[:, listed], kind)
                    parts["loss"].append(strengths[LOSS])
                    parts["gain"].append(strengths[GAIN])
                done += len(batch)
                if progress:
                    progress(done, recipe.total)
            found = {name: np.concatenate(part) for name, part in parts.items() if part}
            for name, sample in found.items():
                curves[name][kind] = ShareCurve.of(sample)
            if kind is VariantKind.SNV:
                log_odds_of_snvs = found.get("score", log_odds_of_snvs)
    return {name: by_kind for name, by_kind in curves.items() if by_kind}, log_odds_of_snvs


def _nowhere(count: int) -> VariantSites:
    """The sites of generated variants, which have no place in a genome."""
    return VariantSites(np.full(count, np.nan), np.full(count, np.nan))
