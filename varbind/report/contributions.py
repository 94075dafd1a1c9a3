"""What each protein adds to the predicted activity of the alleles of a report, which EXPLAIN lists.

Where the file has no EXPLAIN, the second stage of the bank is asked again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from varbind.annotate.settings import AnnotateSettings
from varbind.api.predict_effects import scored_with
from varbind.bank.background import kind_of
from varbind.core.window import cut_windows
from varbind.effect.activity import ActivityHead
from varbind.effect.effect_model import EffectModel
from varbind.effect.features import VariantSites, transversion
from varbind.effect.second_stage import LOCAL_NETWORK
from varbind.scoring.scorer import SEQUENCES_A_BATCH, Scorer, batches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.bank.bank import Bank
    from varbind.core.variant import ReferenceSequence, Variant

__all__ = ["LISTED", "Contribution", "named", "predicted_contributions"]

LISTED = 10
"""The number of contributions of an allele that are shown."""


class Contribution(NamedTuple):
    """What a model adds to ACTIVITY.

    The fields are the protein of the model, the id of the model, and its contribution (log2).
    """

    protein: str
    model_id: str
    log2: float


def predicted_contributions(
    variants: Sequence[Variant], genome: ReferenceSequence, bank: Bank
) -> list[tuple[tuple[str, float], ...]]:
    """The largest contributions to the activity of each variant, as `VARBIND_EXPLAIN` lists them.

    Args:
        variants: B normalised variants on the genome.
        genome: the reference genome.
        bank: a bank with a second stage.

    Returns:
        For each variant the ids of the models with their contributions (log2), largest absolute value first; empty
        where the bank has no activity head.
    """
    if not isinstance(bank.effect, EffectModel) or ActivityHead.name not in bank.effect.heads:
        return [()] * len(variants)
    bank = replace(bank, effect=_activity_alone(bank.effect))
    models, stage = scored_with(bank, bank.select_default(), AnnotateSettings(explain=LISTED))
    if stage is None:
        return [()] * len(variants)
    found: list[tuple[tuple[str, float], ...]] = []
    with Scorer(models, flank=stage.flank) as scorer:
        for batch in batches(variants, SEQUENCES_A_BATCH):
            windows = cut_windows(batch, scorer.flank, genome)
            transversions = np.array([transversion(variant) for variant in batch])
            # ACTIVITY does not depend on the distance from the start.
            sites = VariantSites(np.full(len(batch), np.nan), transversions)
            kinds = [kind_of(variant) for variant in batch]
            prediction = stage.predict(scorer.score(windows), sites, kinds, windows, scorer.flank)
            assert prediction.contributions is not None
            found += [stage.explained(row) for row in prediction.contributions]
    return found


def named(explained: Sequence[Sequence[tuple[str, float]]], bank: Bank | None) -> list[tuple[Contribution, ...]]:
    """The contributions to each allele with the names of the proteins, where a bank knows them."""
    proteins = {model.model_id: model.protein for model in bank.models} if bank else {}
    proteins[LOCAL_NETWORK] = "bases around the change"
    return [
        tuple(Contribution(proteins.get(model_id, model_id), model_id, value) for model_id, value in own[:LISTED])
        for own in explained
    ]


def _activity_alone(effect: EffectModel) -> EffectModel:
    """The second stage with no other heads than that of the activity and those that it needs."""
    wanted = {ActivityHead.name, *effect.heads[ActivityHead.name].needs.heads}
    return replace(effect, heads={name: head for name, head in effect.heads.items() if name in wanted})
