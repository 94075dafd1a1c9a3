"""The background curves of a second stage, which turn its predictions into PHREDs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.bank.background import VariantKind
from varbind.bank.binding_changes import BindingEffects
from varbind.bank.null_distribution import GAIN, LOSS, ShareCurve
from varbind.core.tss import Promoter
from varbind.effect.activity import ActivityHead
from varbind.effect.effect_model import CURVES
from varbind.effect.features import VariantSites
from varbind.effect.local import LocalHead
from varbind.effect.score import ScoreHead
from varbind.effect.second_stage import SecondStage
from varbind.kernels.dense import dense
from varbind.scoring.background import (
    BATCH,
    CONTEXT,
    BackgroundRecipe,
    PromoterSource,
    background_scorer,
    background_variants,
    widened,
)
from varbind.scoring.scorer import batches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.core.scores import BindingScores
    from varbind.core.window import Window
    from varbind.effect.effect_model import EffectModel

__all__ = ["EFFECT_BACKGROUND", "effect_curves"]

EFFECT_BACKGROUND = BackgroundRecipe(snvs=100_002, others=10_000, seed=2016)
"""Drawn with another seed than the backgrounds of banks, whose variants define the PHRED of each family."""

CURVES_OF_HEADS = (LocalHead.name, ActivityHead.name, ScoreHead.name)
"""The heads that a curve needs; the others would take most of the time."""


def effect_curves(
    effect: EffectModel,
    bank: Bank,
    recipe: BackgroundRecipe = EFFECT_BACKGROUND,
    *,
    device: str = "cpu",
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict[str, dict[VariantKind, ShareCurve]]:
    """The curves of what PHRED ranks, with and without a start, and of the strongest loss and gain of default models.

    The background variants with a start lie anywhere in the promoter that `varbind annotate` uses by default, with
    equal probability.

    Args:
        effect: The second stage, without curves.
        bank: The bank whose scores it reads.
        recipe: The numbers of background variants and the seed.
        device: The device that scores: `cpu`, `cuda` or `cuda:N`.
        threads: The number of CPU threads that score; None = all.
        progress: Called with (variants done, total).

    Returns:
        The curves by name in `CURVES` and by kind; those of PHRED only with the score head.
    """
    background, done = _Background(effect, bank, recipe), 0
    curves: dict[str, dict[VariantKind, ShareCurve]] = {name: {} for name in CURVES}
    with background_scorer(background.scored, device=device, threads=threads) as scorer:
        for kind, windows in background_variants(recipe, PromoterSource()):
            parts: dict[str, list[NDArray[np.floating]]] = {name: [] for name in CURVES}
            for batch in batches(windows, BATCH):
                wide = list(widened(batch, scorer.flank, PromoterSource(), seed=recipe.seed))
                for name, values in background.values(batch, scorer.score(wide), kind):
                    parts[name].append(values)
                done += len(batch)
                if progress:
                    progress(done, recipe.total)
            for name, found in parts.items():
                if found:
                    curves[name][kind] = ShareCurve.of(np.concatenate(found))
    return {name: by_kind for name, by_kind in curves.items() if by_kind}


class _Background:
    """What the curves are of, for background variants."""

    def __init__(self, effect: EffectModel, bank: Bank, recipe: BackgroundRecipe) -> None:
        default = bank.select_default()
        wanted = {*default.model_ids, *effect.card.model_ids}
        self.scored = bank.select([model_id for model_id in bank.model_ids if model_id in wanted])
        self._listed = [self.scored.model_ids.index(model_id) for model_id in default.model_ids]
        heads = {name: effect.heads[name] for name in CURVES_OF_HEADS if name in effect.heads}
        self._stage = SecondStage(replace(effect, heads=heads), self.scored.model_ids, dense=dense)
        self._effects = BindingEffects.of_bank(default) if default.background is not None else None
        self._random = np.random.default_rng([recipe.seed, len(VariantKind)])

    def values(
        self, windows: list[Window], scores: BindingScores, kind: VariantKind
    ) -> Iterator[tuple[str, NDArray[np.floating]]]:
        """The values of each curve for a batch of variants of one kind."""
        if ScoreHead.name in self._stage.effect.heads:
            for name, distances in (
                ("score", self._distances(len(windows))),
                ("score_no_tss", np.full(len(windows), np.nan)),
            ):
                sites = VariantSites(distances, np.full(len(windows), np.nan))
                predicted = self._stage.predict(scores, sites, [kind] * len(windows), windows, CONTEXT)
                assert predicted.log_loss is not None
                yield name, predicted.log_loss
        if self._effects is not None:
            strengths = self._effects.strengths(scores.take(self._listed), kind)
            yield "loss", strengths[LOSS]
            yield "gain", strengths[GAIN]

    def _distances(self, count: int) -> NDArray[np.float64]:
        """Distances to the start, anywhere in a promoter."""
        reach = Promoter()
        return self._random.integers(-reach.upstream, reach.downstream, count, endpoint=True).astype(np.float64)
