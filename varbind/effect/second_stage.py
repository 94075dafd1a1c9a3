"""The second stage over the score columns of a run: predictions for variants from their scores and their sites."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.dense import dense_in_order
from varbind.effect.activity import ActivityHead
from varbind.effect.conservation import ConservationHead
from varbind.effect.deepfind import DeepFindHead
from varbind.effect.effect_model import key_of_place, key_of_window
from varbind.effect.features import AROUND, VariantSites
from varbind.effect.head import Head, HeadInputs, HeadKey, HeadResult
from varbind.effect.local import LocalHead
from varbind.effect.score import ScoreHead
from varbind.effect.stated_cutoffs import state_cutoffs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.bank.background import VariantKind
    from varbind.core.dense import Dense
    from varbind.core.scores import BindingScores
    from varbind.core.variant import Variant
    from varbind.core.window import Window
    from varbind.effect.effect_model import EffectModel

__all__ = ["EFFECT_KEYS", "HEADS", "LOCAL_NETWORK", "EffectKeys", "Prediction", "SecondStage"]

LOCAL_NETWORK = "local_network"
"""The name of the part of the local head among the contributions of the models to ACTIVITY."""

HEADS: dict[str, type[Head]] = {
    ConservationHead.name: ConservationHead,
    DeepFindHead.name: DeepFindHead,
    LocalHead.name: LocalHead,
    ActivityHead.name: ActivityHead,
    ScoreHead.name: ScoreHead,
}
"""The heads by name, in the order in which they predict: a head comes after those whose results it reads.

The INFO keys are written in the reverse order, so that the values that summarise others come first.
"""

EFFECT_KEYS: dict[str, HeadKey] = {key.name: key for head in reversed(HEADS.values()) for key in head.keys}
"""The INFO keys by name, in the order in which they are written. A run writes those of the heads that it can use."""


@dataclass(frozen=True, slots=True)
class EffectKeys:
    """The INFO keys of the second stage that a run writes.

    Attributes:
        keys: The keys of the heads, in order.
        explain: The number of contributions to ACTIVITY that EXPLAIN lists, the largest ones; 0 = no EXPLAIN.
    """

    keys: tuple[HeadKey, ...] = ()
    explain: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of `keys` without the prefix."""
        return tuple(key.name for key in self.keys)


@dataclass(frozen=True, slots=True)
class Prediction:
    """The predictions of the second stage for B variants.

    Attributes:
        values: The values by INFO key without the prefix, float64 (B,); NaN where there is no value.
        log_loss: The logarithm of the probability of a loss, which PHRED ranks, float64 (B,); None without the score
            head.
        contributions: The contribution of each model to ACTIVITY, and that of the local network, float64 (B, M + 1);
            None without the activity head.
    """

    values: dict[str, NDArray[np.float64]]
    log_loss: NDArray[np.float64] | None = None
    contributions: NDArray[np.float64] | None = None


class SecondStage:
    """The heads of a second stage over the score columns of a run.

    Args:
        effect: The second stage.
        model_ids: The models of the score columns, among them every model that the second stage reads.
        tracks: The names of the available conservation tracks by the tracks that the heads know, for which they stand
            (`varbind.effect.track_kinds.tracks_by_kind`).
        explain: The number of contributions that are requested, the largest ones; 0 = none.
        dense: The function for weighted sums of rows; every one gives the bytes of the default.

    Attributes:
        keys: The INFO keys that it can give in this run.
        effect: The second stage as given.
        tracks: The conservation tracks that are read, as given.
    """

    def __init__(
        self,
        effect: EffectModel,
        model_ids: Sequence[str],
        tracks: Mapping[str, str] | None = None,
        *,
        explain: int = 0,
        dense: Dense = dense_in_order,
    ) -> None:
        self.effect = effect
        self._dense = dense
        column_of = {model_id: column for column, model_id in enumerate(model_ids)}
        self._columns = [column_of[model_id] for model_id in effect.card.model_ids]
        self.tracks = dict(tracks or {})
        self._heads = _heads_in_use(effect, self.tracks)
        self.keys = EffectKeys(_keys_of(self._heads, effect), explain if ActivityHead.name in self._heads else 0)

    @property
    def flank(self) -> int:
        """The number of bases on each side of a change that its heads read."""
        return max((head.needs.flank for head in self._heads.values()), default=0)

    @property
    def reads_around(self) -> bool:
        """Whether a head reads the means of tracks around the variant."""
        return any(name.endswith(AROUND) for head in self._heads.values() for name in head.needs.features)

    def predict(
        self,
        scores: BindingScores,
        sites: VariantSites,
        kinds: Sequence[VariantKind],
        windows: Sequence[Window] = (),
        flank: int = 0,
    ) -> Prediction:
        """Predictions for B variants; the prediction for a variant does not depend on the other variants.

        Args:
            scores: The scores of the variants, with the columns given at the construction.
            sites: The sites of the variants.
            kinds: The kinds of the variants.
            windows: The sequences of both alleles of the variants; only needed if `flank` of the second stage is not 0.
            flank: The number of bases of the windows on each side of a change, at least that of the second stage.
        """
        ref, alt = scores.ref[:, self._columns], scores.alt[:, self._columns]
        results: dict[str, HeadResult] = {}
        effect = self.effect
        known = {track: sites.conservation[name] for track, name in self.tracks.items() if name in sites.conservation}
        sites = replace(sites, conservation=known)
        inputs = HeadInputs(
            effect.card.model_ids, ref, alt, sites, kinds, effect.curves, results, self._dense, windows, flank
        )
        for name, head in self._heads.items():
            results[name] = head.predict(inputs)
        return Prediction(
            {key: values for result in results.values() for key, values in result.values.items()},
            log_loss=_part(results, ScoreHead, "log_loss"),
            contributions=_contributions(results),
        )

    def has_seen(self, variant: Variant, window: Window, flank: int) -> bool:
        """Whether the second stage was trained on a variant."""
        place = key_of_place(variant.chrom, variant.pos, variant.ref, variant.alt)
        return self.effect.has_seen([key_of_window(window, flank), place])

    def explained(self, contributions: NDArray[np.float64]) -> tuple[tuple[str, float], ...]:
        """The models that contribute most to the activity of one variant, with their contributions.

        The local network is one of them.

        The largest absolute value comes first. No more models than were requested are listed, and none that
        contributes 0.

        Args:
            contributions: The contribution of each model and of the local network, (M + 1,).
        """
        order = np.argsort(-np.abs(contributions), kind="stable")[: self.keys.explain]
        ids = [*self.effect.card.model_ids, LOCAL_NETWORK]
        return tuple((ids[model], float(contributions[model])) for model in order.tolist() if contributions[model])


def _heads_in_use(effect: EffectModel, tracks: Iterable[str]) -> dict[str, Head]:
    """The heads that can predict with these tracks, in the order in which they are asked."""
    used: dict[str, Head] = {}
    for name in HEADS:
        head = effect.heads.get(name)
        if head is None or not used.keys() >= set(head.needs.heads):
            continue
        if not head.needs.tracks or not set(tracks).isdisjoint(head.needs.tracks):
            used[name] = head
    return used


def _keys_of(heads: dict[str, Head], effect: EffectModel) -> tuple[HeadKey, ...]:
    """The INFO keys that these heads give, in the order in which they are written."""
    cutoffs = state_cutoffs(effect.card.cutoffs)
    return tuple(
        replace(key, description=key.description + cutoffs) if key.name == "PHRED" else key
        for head in reversed(heads.values())
        for key in head.keys
        if (not key.head or key.head in heads) and (not key.curve or effect.curves.get(key.curve))
    )


def _contributions(results: dict[str, HeadResult]) -> NDArray[np.float64] | None:
    """The contributions of the models and of the local network to ACTIVITY; None without the activity head."""
    if ActivityHead.name not in results:
        return None
    parts = results[ActivityHead.name].parts
    return np.column_stack([parts["contributions"], parts["local"]])


def _part(results: dict[str, HeadResult], head: type[Head], name: str) -> NDArray[np.float64] | None:
    """An intermediate result of a head; None if the head is not in use."""
    return results[head.name].parts[name] if head.name in results else None
