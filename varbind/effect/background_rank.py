"""PHREDs against the background curves of a second stage, with and without the evidence of conservation.

With it, the sum of two pieces of evidence is compared with all pairs of a background variant, which has a probability
of a loss and no site in a genome, and a common variant, which has a conservation. Both are independent in such pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.bank.null_distribution import phred

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.bank.background import VariantKind
    from varbind.bank.null_distribution import ShareCurve

__all__ = ["combined_phreds", "phreds", "quantile_steps"]


def quantile_steps(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The levels of quantiles that stand for a sample, denser towards its upper end, and their weights.

    Rare pairs are those with the few common variants that are as conserved as pathogenic ones.

    Args:
        count: The number of quantiles.

    Returns:
        The levels, in (0, 1), and the weights, whose sum is 1, float64 (count,) each.
    """
    edges = 1 - (1 - np.arange(count + 1) / count) ** 3
    return (edges[:-1] + edges[1:]) / 2, np.diff(edges)


def phreds(
    log_loss: NDArray[np.float64],
    distances: NDArray[np.float64],
    kinds: Sequence[VariantKind],
    curves: Mapping[str, Mapping[VariantKind, ShareCurve]],
) -> NDArray[np.float64]:
    """PHRED of each variant against the background of its kind with or without a start, (B,).

    NaN where the kind has no curve.

    Args:
        log_loss: The logarithm of the probability of a loss, (B,).
        distances: The distances to the nearest start, (B,); NaN where there is none.
        kinds: The kinds of the variants.
        curves: The background curves of the second stage, by name and by kind.
    """
    found = np.full(len(log_loss), np.nan)
    for rows, curve in _rows_of_curves(distances, kinds, curves):
        found[rows] = phred(curve.share(log_loss[rows]))
    return found


def combined_phreds(
    log_loss: NDArray[np.float64],
    evidence: NDArray[np.float64],
    common: NDArray[np.float64],
    distances: NDArray[np.float64],
    kinds: Sequence[VariantKind],
    curves: Mapping[str, Mapping[VariantKind, ShareCurve]],
) -> NDArray[np.float64]:
    """-10 log10 of the share of pairs whose sum is at least as large, (B,).

    With S of background variants and the evidence G of common ones, the share of pairs with S + G >= s + g is the
    weighted mean, over the quantiles of G, of the share of background variants with S >= s + g - G. NaN where the kind
    has no curve.

    Args:
        log_loss: The logarithm of the probability of a loss, which the curves rank, (B,).
        evidence: The log-odds of conservation, on the scale of `log_loss`, (B,).
        common: Q quantiles (`quantile_steps`) of the evidence of common variants with the same tracks, (B, Q).
        distances: The distances to the nearest start, (B,); NaN where there is none.
        kinds: The kinds of the variants.
        curves: The background curves of the second stage, by name and by kind.
    """
    found, (_, weights) = np.full(len(log_loss), np.nan), quantile_steps(common.shape[1])
    for rows, curve in _rows_of_curves(distances, kinds, curves):
        sums = log_loss[rows] + evidence[rows]
        shares = curve.share(sums[:, None] - common[rows])
        # Running sums are added one by one; `mean` chooses an order that depends on the shape.
        share = np.add.accumulate(shares * weights, axis=1)[:, -1]
        found[rows] = phred(np.minimum(share, 1.0))
    return found


def _rows_of_curves(
    distances: NDArray[np.float64],
    kinds: Sequence[VariantKind],
    curves: Mapping[str, Mapping[VariantKind, ShareCurve]],
) -> Iterator[tuple[list[int], ShareCurve]]:
    """The rows of the variants that each curve of PHRED ranks: those of a kind, with or without a start."""
    no_start = np.isnan(distances)
    for name, chosen in (("score", ~no_start), ("score_no_tss", no_start)):
        rows_of_kinds: dict[VariantKind, list[int]] = {}
        for row in np.flatnonzero(chosen).tolist():
            rows_of_kinds.setdefault(kinds[row], []).append(row)
        for kind, curve in curves.get(name, {}).items():
            if kind in rows_of_kinds:
                yield rows_of_kinds[kind], curve
