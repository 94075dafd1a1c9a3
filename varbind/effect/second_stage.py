"""The second stage over a run's score columns: effects of variants from their binding scores and their sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.bank.null_distribution import phred
from varbind.core.dense import dense_in_order
from varbind.effect.deepfind import deepfind_logits
from varbind.effect.effect_model import key_of_place, key_of_window
from varbind.effect.features import AROUND, VariantSites, feature_matrix
from varbind.effect.score import ScoreHead, logistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.bank.background import VariantKind
    from varbind.core.dense import Dense
    from varbind.core.scores import BindingScores
    from varbind.core.variant import Variant
    from varbind.core.window import Window
    from varbind.effect.effect_model import EffectModel

__all__ = ["EffectKeys", "Prediction", "SecondStage"]


@dataclass(frozen=True, slots=True)
class EffectKeys:
    """Which keys of the second stage a run writes.

    Attributes:
        names: of numbers, in order, without the prefix.
        explain: whether what each model adds is written.
        cutoffs: a sentence on suggested cut-offs of SCORE.
    """

    names: tuple[str, ...] = ()
    explain: bool = False
    cutoffs: str = ""


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
        dense: weighted sums of rows; it gives the bytes of the default, and may be quicker.

    Attributes:
        keys: that it can give here.
        effect: as given.
    """

    def __init__(
        self,
        effect: EffectModel,
        model_ids: Sequence[str],
        tracks: Sequence[str] = (),
        *,
        explain: bool = False,
        dense: Dense = dense_in_order,
    ) -> None:
        self.effect = effect
        self._dense = dense
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
            found.values["DEEPFIND"] = logistic(deepfind_logits(effect.deepfind, features, dense=self._dense))
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


def _cutoffs(effect: EffectModel) -> str:
    """A sentence for the header."""
    told = [
        f"{one['score']:.3g} (precision {one['precision']:.2f}, recall {one['recall']:.2f}, "
        f"{100 * one['background']:.2g} % of background SNVs)"
        for one in effect.card.cutoffs
    ]
    return f"; measured on left-out loci at cut-offs of {', '.join(told)}" if told else ""
