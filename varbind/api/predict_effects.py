"""The second stage of a bank, fitted to the models that are scored; and what it says of variants."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from varbind.annotate.settings import AnnotateSettings
from varbind.bank.background import kind_of
from varbind.core.called_variant import normalised_variants
from varbind.effect.effect_model import EffectModel
from varbind.effect.features import VariantSites, transversion
from varbind.effect.second_stage import SecondStage
from varbind.errors import ResourceError, UsageError
from varbind.io.card_folder import WEIGHTS
from varbind.io.effects import read_effect
from varbind.kernels.dense import dense
from varbind.scoring.scorer import SEQUENCES_A_BATCH, Scorer, batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.called_variant import NamedReference
    from varbind.core.variant import Variant

__all__ = ["predict_effects", "scored_with"]

logger = logging.getLogger(__name__)


def scored_with(
    bank: Bank, listed: Bank, tracks: Sequence[str], settings: AnnotateSettings
) -> tuple[Bank, SecondStage | None]:
    """The models to score, for the lists and for the second stage, and the second stage.

    Args:
        bank: all models.
        listed: those whose losses and gains are listed.
        tracks: names of the conservation tracks.
        settings: which second stage, and whether it explains.

    Raises:
        ResourceError: the second stage that was named reads models or weights that the bank lacks, or is damaged. The
            bank's own is left out then, with a warning.
        UsageError: an explanation is asked for, and there is no head that can give it.
    """
    effect = bank.effect if settings.effect != "none" and isinstance(bank.effect, EffectModel) else None
    if settings.effect not in {None, "none"}:
        effect = read_effect(settings.effect)
    if effect is not None:
        effect = _among_joined(effect, bank)
    if effect is not None and (misfit := _misfit(effect, bank)):
        if settings.effect is not None:
            remedy = "give the bank that it was trained on"
            raise ResourceError(misfit, path=settings.effect, remedy=remedy)
        # Of a bank of which models were taken: what is left is as good as ever.
        logger.warning("no second stage: %s", misfit)
        effect = None
    if settings.explain and (effect is None or effect.activity is None):
        raise UsageError("--explain without an activity head", remedy="use a bank with a second stage")
    if effect is None:
        return listed, None
    wanted = {*listed.model_ids, *effect.card.model_ids}
    scored = bank.select([model_id for model_id in bank.model_ids if model_id in wanted])
    return scored, SecondStage(effect, scored.model_ids, tracks, explain=settings.explain, dense=dense)


def _among_joined(effect: EffectModel, bank: Bank) -> EffectModel:
    """The second stage with its models under the ids that they have beside those of other banks."""
    cards = [card for card in bank.cards if card.digests.get(WEIGHTS, "none") == effect.card.bank.get("sha256")]
    if not bank.own_ids or not cards:
        return effect
    return effect.renamed({bank.own_id(model.model_id): model.model_id for model in cards[0].models})


def _misfit(effect: EffectModel, bank: Bank) -> str:
    """Why the second stage cannot read a bank: other models, or other networks by the same names; empty if it can."""
    if lacking := set(effect.card.model_ids) - set(bank.model_ids):
        return f"it reads {len(lacking)} models that the bank lacks, such as {min(lacking)}"
    if effect.card.bank.get("sha256") not in {card.digests.get(WEIGHTS, "none") for card in bank.cards}:
        return f"it was trained on a bank {effect.card.bank.get('name')} of other weights"
    return ""


def predict_effects(
    variants: Iterable[Variant], reference: NamedReference, bank: Bank
) -> dict[str, NDArray[np.float64]]:
    """What a bank's second stage says of B variants, from sequence alone.

    Args:
        variants: normalised variants on contigs of the reference, as `varbind.normalise` makes them.
        reference: the genome that they were normalised on; the flanks come from it.
        bank: with a second stage.

    Returns:
        By INFO key without its prefix, such as `ACTIVITY`, float64 (B,); NaN where there is no value. Where DeepFind
        reads a distance to the start, its training mean stands in.

    Raises:
        ResourceError: the bank has no second stage, or lacks models that it reads.
        UsageError: these are no variants, or no reference.
        InputError: a variant disagrees with the reference, or is not normalised on it.
    """
    scored, stage = scored_with(bank, bank, (), AnnotateSettings())
    if stage is None:
        raise ResourceError("the bank has no second stage", remedy="`varbind train effect` makes one")
    checked = normalised_variants(variants, reference)
    parts: list[dict[str, NDArray[np.float64]]] = []
    with Scorer(scored) as scorer:
        for batch in batches(checked, SEQUENCES_A_BATCH):
            scores = scorer.score([scorer.cut(variant, reference) for variant in batch])
            transversions = np.array([transversion(variant) for variant in batch])
            sites = VariantSites(np.full(len(batch), np.nan), transversions)
            parts.append(stage.predict(scores, sites, [kind_of(variant) for variant in batch]).values)
    return {key: np.concatenate([np.zeros(0), *(part[key] for part in parts)]) for key in stage.keys.names}
