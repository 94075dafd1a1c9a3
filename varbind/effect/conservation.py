"""The conservation head: the log-odds that a variant is pathogenic, from the conservation tracks at its site.

One small network reads any subset of the tracks: its inputs are the transformed values of the known tracks, and one bit
for each track that says whether it is known. The weights of the values are not negative, and neither are those of the
hidden units, so that the log-odds never fall where a track rises (Daniels & Velikova 2010, "Monotone and partially
monotone neural networks", IEEE Transactions on Neural Networks 21).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from varbind.effect.head import Head, HeadInputs, HeadKey, HeadNeeds, HeadResult
from varbind.errors import ResourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MOST_TRACKS", "ConservationHead", "track_scores"]

MOST_TRACKS = 12
"""The largest number of tracks, because there are a slope and a distribution for each of the 2^C subsets of tracks."""

RANK_MARGIN = 0.01
"""Keeps the logarithm of a rank finite, and limits what the outermost 1 % of the values can say."""


@dataclass(frozen=True, slots=True, eq=False)
class ConservationHead(Head):
    """Log-odds of a pathogenic versus a matched common variant, from C tracks that increase with conservation.

    With s the scores of the known tracks (`track_scores`) and m the bits of the known tracks, and 0 for the others, the
    U hidden units are h = max(0, s value_weights + m mask_weights + biases), and the log-odds are slope(m) (h output +
    constant), limited to the bounds. They hold for classes of equal size: for other prior odds of pathogenic variants,
    add the logarithm of these odds.

    Attributes:
        tracks: The names of the tracks, in the order of the columns.
        is_share: Whether the values of each track lie between 0 and 1, as in phastCons, bool (C,).
        levels: Values of each track at K equal steps of its distribution in training, ascending, float64 (C, K).
        value_weights: The weights from the scores to the hidden units, none negative, float64 (C, U).
        mask_weights: The weights from the bits of the known tracks to the hidden units, float64 (C, U).
        biases: The biases of the hidden units, float64 (U,).
        output: The weights from the hidden units to the output, none negative, float64 (U,).
        constant: The bias of the output.
        slopes: The slope of each subset of tracks, float64 (2^C,), at the sum of 2^c over its columns c; the first is
            not used.
        bounds: The lowest and the highest log-odds (natural logarithm), float64 (2,).
        common: Q quantiles (`varbind.effect.combined_phred.quantile_steps`) of the log-odds of common variants from
            predictions for held-out genes, ascending, for each subset of tracks, float32 (2^C, Q); 0 for the subset
            without tracks.
        weight: The weight of the log-odds beside those of SCORE.

    Raises:
        ResourceError: The arrays do not fit together, or hold impossible values.
    """

    name: ClassVar[str] = "conservation"
    label: ClassVar[str] = "conservation"
    keys: ClassVar[tuple[HeadKey, ...]] = ()

    tracks: tuple[str, ...]
    is_share: NDArray[np.bool_]
    levels: NDArray[np.float64]
    value_weights: NDArray[np.float64]
    mask_weights: NDArray[np.float64]
    biases: NDArray[np.float64]
    output: NDArray[np.float64]
    constant: float
    slopes: NDArray[np.float64]
    bounds: NDArray[np.float64]
    common: NDArray[np.float32]
    weight: float

    def __post_init__(self) -> None:
        self._check_tracks()
        self._check_shapes()
        self._check_numbers()

    @property
    def needs(self) -> HeadNeeds:
        """At least one of its tracks."""
        return HeadNeeds(tracks=self.tracks)

    def predict(self, inputs: HeadInputs) -> HeadResult:
        """The evidence of conservation for B variants, which is none, 0, where no track has a value.

        Returns:
            The parts `log_odds` (B,), `weighted_log_odds` (B,), which is added to the log-odds of SCORE, and
            `common_log_odds` (B, Q), the weighted quantiles of common variants with the same tracks.
        """
        values = np.full((len(inputs.ref), len(self.tracks)), np.nan)
        for column, track in enumerate(self.tracks):
            if track in inputs.sites.conservation:
                values[:, column] = inputs.sites.conservation[track][:, 0]
        log_odds = np.nan_to_num(self.log_odds(values), nan=0.0)
        common = self.common[subset_of(~np.isnan(values))].astype(np.float64)
        parts = {
            "log_odds": log_odds,
            "weighted_log_odds": self.weight * log_odds,
            "common_log_odds": self.weight * common,
        }
        return HeadResult(parts=parts)

    def log_odds(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Natural logarithm of the odds of pathogenic versus matched common variants.

        The result for a variant has the same bytes in every batch.

        Args:
            values: The values of the tracks at the site of each variant, (B, C); NaN = missing.

        Returns:
            float64 (B,); NaN where no track has a value, because 0 would mean even odds.
        """
        known = ~np.isnan(values)
        subsets = subset_of(known)
        odds = np.clip(self.slopes[subsets] * self._network(values, known), *self.bounds)
        return np.where(subsets > 0, odds, np.nan)

    def _network(self, values: NDArray[np.floating], known: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The output of the network, (B,).

        Terms are added track by track and unit by unit, because the order of a sum could depend on the size of the
        batch.
        """
        units = np.tile(self.biases, (len(values), 1))
        for column, is_known in enumerate(known.T):
            scores = np.zeros(len(values))
            scores[is_known] = track_scores(
                values[is_known, column], self.levels[column], is_share=bool(self.is_share[column])
            )
            units += scores[:, None] * self.value_weights[column]
            units += is_known[:, None] * self.mask_weights[column]
        products = np.maximum(units, 0.0) * self.output
        sums: NDArray[np.float64] = np.add.accumulate(products, axis=1)[:, -1] + self.constant
        return sums

    def _check_tracks(self) -> None:
        if not 1 <= len(self.tracks) <= MOST_TRACKS:
            raise _broken(f"has {len(self.tracks)} tracks, not 1 to {MOST_TRACKS}")
        if len(set(self.tracks)) < len(self.tracks):
            raise _broken(f"names a track twice: {', '.join(self.tracks)}")

    def _check_shapes(self) -> None:
        tracks, units = len(self.tracks), len(self.biases)
        expected = {
            "is_share": (tracks,),
            "levels": (tracks, *self.levels.shape[-1:]),
            "value_weights": (tracks, units),
            "mask_weights": (tracks, units),
            "biases": (units,),
            "output": (units,),
            "slopes": (2**tracks,),
            "bounds": (2,),
            "common": (2**tracks, *self.common.shape[-1:]),
        }
        for name, shape in expected.items():
            found = getattr(self, name).shape
            if found != shape or 0 in shape:
                raise _broken(f"has {name} of shape {found}, not {shape} with at least one value")

    def _check_numbers(self) -> None:
        for name in ("levels", "value_weights", "mask_weights", "biases", "output", "constant", "slopes", "common"):
            if not np.isfinite(getattr(self, name)).all():
                raise _broken(f"has {name} that are not finite")
        for name in ("value_weights", "output", "slopes"):
            if getattr(self, name).min() < 0:
                raise _broken(f"has negative {name}, so that more conservation would be less evidence")
        for name in ("levels", "common"):
            if (np.diff(getattr(self, name), axis=1) < 0).any():
                raise _broken(f"has {name} that do not ascend")
        if self.common[0].any():
            raise _broken("has evidence without tracks")
        if not self.bounds[0] <= 0 <= self.bounds[1]:
            raise _broken(f"has bounds {self.bounds.tolist()}, which do not enclose 0")
        if not 0 <= self.weight < np.inf:
            raise _broken(f"has the weight {self.weight}, not a finite number of at least 0")


def track_scores(values: NDArray[np.floating], levels: NDArray[np.float64], *, is_share: bool) -> NDArray[np.float64]:
    """The scores by which a track enters the network: a function of the rank of a value among those of the training.

    The rank r is the share of the levels below the value, and half of those equal to it. The score of a share, such as
    phastCons, is log((r + 0.01) / (1.01 - r)), so that both of its ends are resolved. That of other values, such as
    phyloP, is -log(1.01 - r), because only their upper end means conservation; the lower one means fast evolution.

    Args:
        values: The values, none NaN, (B,).
        levels: The values of the training, ascending, (K,).
        is_share: Whether the values of the track lie between 0 and 1.

    Returns:
        float64 (B,), which does not fall where a value rises.
    """
    places = [np.searchsorted(levels, values, side=side) for side in ("left", "right")]
    ranks = (places[0] + places[1]) / (2 * len(levels))
    upper: NDArray[np.float64] = -np.log(1 + RANK_MARGIN - ranks)
    return np.log(ranks + RANK_MARGIN) + upper if is_share else upper


def subset_of(known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The number of the subset of known tracks, the sum of 2^c over the known columns c of (B, C); int64 (B,)."""
    numbers: NDArray[np.int64] = known @ (1 << np.arange(known.shape[1]))
    return numbers


def _broken(what: str) -> ResourceError:
    return ResourceError(f"the conservation head {what}", remedy="fit it again or use another one")
