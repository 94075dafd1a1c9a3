"""From binding scores to effects: a batch of scored variants enters, the values of the second stage's keys leave."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.annotation import EffectKeys
from varbind.core.background import kind_of
from varbind.core.called_variant import normalised_variants
from varbind.core.effect_model import key_of_place, key_of_window
from varbind.core.features import AROUND, VariantSites, feature_matrix, transversion
from varbind.core.score_head import ScoreHead, logistic
from varbind.core.tails import phred
from varbind.errors import ResourceError, UsageError
from varbind.io.card_folder import WEIGHTS
from varbind.io.effect import read_effect
from varbind.nn.deepfind import deepfind_logits
from varbind.pipeline.scoring import SEQUENCES_A_BATCH, Scorer, batches
from varbind.pipeline.settings import AnnotateSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from varbind.core.background import VariantKind
    from varbind.core.bank import Bank
    from varbind.core.called_variant import NamedReference
    from varbind.core.effect_model import EffectModel
    from varbind.core.scores import BindingScores
    from varbind.core.variant import Variant
    from varbind.core.window import Window

__all__ = ["Prediction", "SecondStage", "predict_effects", "scored_with"]

logger = logging.getLogger(__name__)


class Prediction:
    """What the second stage says of B variants.

    Attributes:
        values: by key without prefix, float64 (B,); NaN where there is none.
        log_odds: of SCORE, float64 (B,); None without that head.
        contributions: what each model adds to ACTIVITY, float64 (B, M); None without that head.
    """

    def __init__(self) -> None:
        self.values: dict[str, NDArray[np.float64]] = {}
        self.log_odds: NDArray[np.float64] | None = None
        self.contributions: NDArray[np.float64] | None = None


class SecondStage:
    """The heads of a second stage over the score columns of a run.

    Args:
        effect: the second stage.
        model_ids: of the score columns, with every model that it reads.
        tracks: names of the conservation tracks at hand.
        explain: whether what each model adds is asked for.

    Attributes:
        keys: that it can give here.
        effect: as given.
    """

    def __init__(
        self, effect: EffectModel, model_ids: Sequence[str], tracks: Sequence[str] = (), *, explain: bool = False
    ) -> None:
        self.effect = effect
        column_of = {model_id: column for column, model_id in enumerate(model_ids)}
        self._columns = [column_of[model_id] for model_id in effect.card.model_ids]
        self._conserved = effect.conservation is not None and not set(tracks).isdisjoint(effect.conservation.tracks)
        self.keys = EffectKeys(self._names(), explain and effect.activity is not None, _cutoffs(effect))

    def _names(self) -> tuple[str, ...]:
        effect, names = self.effect, []
        if effect.score is not None:
            names += ["SCORE"] + ["SCORE_CONS"] * self._conserved + ["PHRED"] * bool(effect.curves.get("score"))
        if effect.activity is not None:
            names += ["ACTIVITY", "ACTIVITY_SE"]
        if effect.deepfind is not None:
            names.append("DEEPFIND")
        return tuple(names)

    @property
    def reads_around(self) -> bool:
        """Whether means of tracks around the variant are read."""
        deepfind = self.effect.deepfind
        return deepfind is not None and any(name.endswith(AROUND) for name in deepfind.features)

    def predict(self, scores: BindingScores, sites: VariantSites, kinds: Sequence[VariantKind]) -> Prediction:
        """Effects of B variants; a variant's never depend on the others.

        Args:
            scores: of the models named at the start.
            sites: of the variants.
            kinds: of the variants.
        """
        effect, found = self.effect, Prediction()
        ref, alt = scores.ref[:, self._columns], scores.alt[:, self._columns]
        if effect.activity is not None:
            changes = effect.activity.changes(ref, alt)
            found.contributions = effect.activity.contributions(changes)
            activity = found.contributions.sum(axis=1)
            found.values |= {"ACTIVITY": activity, "ACTIVITY_SE": effect.activity.errors(changes)}
            if effect.score is not None:
                found.log_odds = effect.score.log_odds(ScoreHead.sizes(activity, changes[:, 0]))
                found.values["SCORE"] = logistic(found.log_odds)
                found.values["PHRED"] = self._phreds(found.log_odds, kinds)
                if self._conserved:
                    found.values["SCORE_CONS"] = logistic(found.log_odds + self._evidence(sites, len(activity)))
        if effect.deepfind is not None:
            features = feature_matrix(effect.deepfind.features, effect.card.model_ids, ref, alt, sites)
            found.values["DEEPFIND"] = logistic(deepfind_logits(effect.deepfind, features))
        return found

    def has_seen(self, variant: Variant, window: Window, flank: int) -> bool:
        """Whether a variant trained the second stage."""
        place = key_of_place(variant.chrom, variant.pos, variant.ref, variant.alt)
        return self.effect.has_seen([key_of_window(window, flank), place])

    def explained(self, contributions: NDArray[np.float64]) -> tuple[tuple[str, float], ...]:
        """Models with what they add to one variant's activity, (M,), largest first; those that add nothing left out."""
        order = np.argsort(-np.abs(contributions), kind="stable")
        ids = self.effect.card.model_ids
        return tuple((ids[model], float(contributions[model])) for model in order.tolist() if contributions[model])

    def _phreds(self, log_odds: NDArray[np.float64], kinds: Sequence[VariantKind]) -> NDArray[np.float64]:
        phreds = np.full(len(log_odds), np.nan)
        curves = self.effect.curves.get("score", {})
        for kind in set(kinds):
            if kind in curves:
                rows = [row for row, own in enumerate(kinds) if own is kind]
                phreds[rows] = phred(curves[kind].share(log_odds[rows]))
        return phreds

    def _evidence(self, sites: VariantSites, count: int) -> NDArray[np.float64]:
        """Log-odds of the conservation head, (B,), 0 where no track has a value: no evidence either way."""
        head = self.effect.conservation
        assert head is not None
        values = np.full((count, len(head.tracks)), np.nan)
        for place, track in enumerate(head.tracks):
            if track in sites.conservation:
                values[:, place] = sites.conservation[track][:, 0]
        return np.nan_to_num(head.log_odds(values), nan=0.0)


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
    effect = None if settings.effect == "none" else bank.effect
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
    return scored, SecondStage(effect, scored.model_ids, tracks, explain=settings.explain)


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


def _cutoffs(effect: EffectModel) -> str:
    """A sentence for the header."""
    told = [
        f"{one['score']:.3g} (precision {one['precision']:.2f}, recall {one['recall']:.2f}, "
        f"{100 * one['background']:.2g} % of background SNVs)"
        for one in effect.card.cutoffs
    ]
    return f"; measured on left-out loci at cut-offs of {', '.join(told)}" if told else ""
