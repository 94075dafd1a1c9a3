"""Predictions of the second stage of a bank, and the choice of the models that it needs scored."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from varbind.annotate.settings import AnnotateSettings
from varbind.api.variants import opened_reference
from varbind.bank.background import kind_of
from varbind.core.called_variant import normalised_variants
from varbind.core.scores import VariantEffects
from varbind.effect.activity import ActivityHead
from varbind.effect.effect_model import EffectModel
from varbind.effect.features import VariantSites, transversion
from varbind.effect.second_stage import SecondStage
from varbind.effect.track_kinds import kind_of_track, tracks_by_kind
from varbind.errors import ResourceError, UsageError
from varbind.io.cards import WEIGHTS
from varbind.io.effects import read_effect
from varbind.kernels.dense import dense
from varbind.scoring.scorer import SEQUENCES_A_BATCH, Scorer, batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.api.variants import Genome
    from varbind.bank.bank import Bank
    from varbind.core.variant import Variant

__all__ = ["predict_effects", "scored_with"]

logger = logging.getLogger(__name__)


def scored_with(bank: Bank, listed: Bank, settings: AnnotateSettings) -> tuple[Bank, SecondStage | None]:
    """The models to score, which the lists and the second stage read, and the second stage.

    The second stage of the bank is used by default; if it does not fit the bank, it is left out with a warning.

    Args:
        bank: All models.
        listed: The models whose losses and gains are listed.
        settings: The settings that choose the second stage and the conservation tracks, and whether the contributions
            of models are requested.

    Raises:
        ResourceError: The second stage in the settings is damaged, or reads models or weights that the bank lacks.
        UsageError: The contributions of models are requested, and there is no activity head.
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
        # The bank is a subset of the one that the second stage was trained on, and is usable without it.
        logger.warning("no second stage: %s", misfit)
        effect = None
    if settings.explain and (effect is None or ActivityHead.name not in effect.heads):
        raise UsageError("--explain without an activity head", remedy="use a bank with a second stage")
    if effect is None:
        why = "as --effect none requests" if settings.effect == "none" else "because the bank has none that fits"
        logger.debug("second stage: none, %s", why)
        return listed, None
    wanted = {*listed.model_ids, *effect.card.model_ids}
    scored = bank.select([model_id for model_id in bank.model_ids if model_id in wanted])
    files = {name: Path(path).name for name, path in settings.conservation.items()}
    tracks = tracks_by_kind(effect.tracks, files)
    stage = SecondStage(effect, scored.model_ids, tracks, explain=settings.explain or 0, dense=dense)
    _report_tracks(effect.tracks, tracks, files)
    source = "that of the bank" if settings.effect is None else settings.effect
    logger.debug("second stage: %s (%s), which gives %s", effect.card.name, source, ", ".join(stage.keys.names))
    logger.debug("models that are scored: %d, the listed ones and those of the second stage", len(scored.models))
    return scored, stage


def _report_tracks(known: Sequence[str], tracks: Mapping[str, str], files: Mapping[str, str]) -> None:
    """Log which conservation tracks give evidence, and warn of those whose values are only written.

    Args:
        known: The tracks that the second stage knows.
        tracks: The names of the tracks that it uses, by the known one for which they stand.
        files: The names of the files by the name of the track.
    """
    if tracks:
        logger.info("conservation: %s", ", ".join(f"{name} is used as {track}" for track, name in tracks.items()))
    unused = [name for name in files if name not in tracks.values()]
    again = [name for name in unused if kind_of_track(name, files[name]) in map(kind_of_track, tracks)]
    unknown = [name for name in unused if name not in again]
    if again:
        text = "no evidence of conservation from %s, whose values are only written: the first track of a kind counts"
        logger.warning(text, ", ".join(again))
    if unknown:
        why = "the second stage uses no track"
        if known:
            why = f"names that give evidence are {', '.join(known)}, or those of UCSC such as phyloP100way"
        text = "no evidence of conservation from %s, whose values are only written: %s"
        logger.warning(text, ", ".join(unknown), why)


def _among_joined(effect: EffectModel, bank: Bank) -> EffectModel:
    """The second stage with the ids that its models have where several banks are used together."""
    cards = [card for card in bank.cards if card.digests.get(WEIGHTS, "none") == effect.card.bank.get("sha256")]
    if not bank.original_ids or not cards:
        return effect
    return effect.renamed({bank.original_id(model.model_id): model.model_id for model in cards[0].models})


def _misfit(effect: EffectModel, bank: Bank) -> str:
    """The reason why the second stage does not fit a bank, which is models or weights that differ; empty if it fits."""
    if lacking := set(effect.card.model_ids) - set(bank.model_ids):
        return f"it reads {len(lacking)} models that the bank lacks, such as {min(lacking)}"
    if effect.card.bank.get("sha256") not in {card.digests.get(WEIGHTS, "none") for card in bank.cards}:
        return f"it was trained on a bank {effect.card.bank.get('name')} of other weights"
    return ""


def predict_effects(variants: Iterable[Variant], reference: Genome, bank: Bank) -> VariantEffects:
    """The predictions of the second stage of a bank for B variants, from sequence alone.

    Args:
        variants: Normalised variants on contigs of the reference, as `varbind.normalise` returns them.
        reference: The genome on which they were normalised, which also provides the flanks: the path of a FASTA, a
            `varbind.Reference` or a `pyfaidx.Fasta`.
        bank: A bank with a second stage.

    Returns:
        The values by INFO key without its prefix, such as `ACTIVITY`, float64 (B,); NaN where there is no value. The
        DeepFind network reads its training mean in place of the distance to the transcription start, and SCORE and
        PHRED are those of an allele without a start nearby.

    Raises:
        ResourceError: The bank has no second stage, or lacks models that it reads; or the FASTA cannot be read.
        UsageError: An argument is not a variant, or not a reference.
        InputError: A variant does not match the reference, or is not normalised on it.
    """
    scored, stage = scored_with(bank, bank, AnnotateSettings())
    if stage is None:
        raise ResourceError("the bank has no second stage", remedy="`varbind train effect` makes one")
    parts: list[dict[str, NDArray[np.float64]]] = []
    with opened_reference(reference) as genome, Scorer(scored, flank=stage.flank) as scorer:
        for batch in batches(normalised_variants(variants, genome), SEQUENCES_A_BATCH):
            windows = [scorer.cut(variant, genome) for variant in batch]
            transversions = np.array([transversion(variant) for variant in batch])
            sites = VariantSites(np.full(len(batch), np.nan), transversions)
            kinds = [kind_of(variant) for variant in batch]
            parts.append(stage.predict(scorer.score(windows), sites, kinds, windows, scorer.flank).values)
    return VariantEffects(
        {key: np.concatenate([np.zeros(0), *(part[key] for part in parts)]) for key in stage.keys.names}
    )
