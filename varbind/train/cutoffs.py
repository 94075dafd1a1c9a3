"""Suggested cut-offs of PHRED, with what was measured at each of them on loci that were left out of the training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.train.score import equal_loci

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.effect.effect_model import Cutoff

__all__ = ["suggested_cutoffs"]

PHREDS = {"high recall": 10.0, "recommended": 15.0, "high precision": 20.0}
"""The cut-offs by name; they pass 10, 3 and 1 % of background SNVs."""

LEAST_GAIN = 2.0
"""A cut-off is recommended if its precision is certainly this many times the share of changes among all variants."""

DRAWS = 1_000
BLOCK = 10
"""The number of bases that are drawn together in the bootstrap, since neighbouring variants change the same site."""


def suggested_cutoffs(
    phreds: NDArray[np.float64],
    changes: NDArray[np.float64],
    loci: NDArray[np.str_],
    positions: NDArray[np.int64],
    *,
    seed: int = 1,
) -> list[Cutoff]:
    """Measure the cut-offs on left-out loci, which all have the same weight.

    A cut-off is left out if its precision is below the share of changes among all variants, because picking variants at
    random would be better; there is none if nothing changes activity. The middle one is only recommended if the lower
    end of the 95 % interval of its precision is at least twice that share; the interval is a bootstrap of blocks of 10
    bases.

    Args:
        phreds: PHRED of N variants from predictions of left-out loci, (N,).
        changes: The posterior probability that each changes activity, (N,).
        loci: The name of the locus of each variant, (N,).
        positions: Their positions, (N,).
        seed: The seed of the bootstrap.
    """
    weights = equal_loci(loci)
    base_rate = float(weights @ changes)
    if not base_rate:
        return []
    drawn = _drawn_weights(weights, loci, positions, seed)
    found: list[Cutoff] = []
    for purpose, phred in PHREDS.items():
        passed = phreds >= phred
        share = float(weights @ passed)
        if not share or float(weights @ (changes * passed)) / share < base_rate:
            continue
        # A draw without any variant above the cut-off says nothing of its precision.
        shares = drawn @ passed
        precisions = (drawn @ (changes * passed))[shares > 0] / shares[shares > 0]
        low, high = (float(value) for value in np.quantile(precisions, [0.025, 0.975]))
        found.append(
            {
                "name": "middle" if purpose == "recommended" and low < LEAST_GAIN * base_rate else purpose,
                "phred": phred,
                "precision": float(weights @ (changes * passed)) / share,
                "precision_low": low,
                "precision_high": high,
                "recall": float(weights @ (changes * passed)) / base_rate,
                "base_rate": base_rate,
                "background": float(10 ** (-phred / 10)),
            }
        )
    return found


def _drawn_weights(
    weights: NDArray[np.float64], loci: NDArray[np.str_], positions: NDArray[np.int64], seed: int
) -> NDArray[np.float64]:
    """The weights of the variants in each draw of the bootstrap, (draws, N): blocks are drawn within loci."""
    rng = np.random.default_rng(seed)
    drawn = np.zeros((DRAWS, len(weights)))
    for locus in np.unique(loci):
        own = np.flatnonzero(loci == locus)
        blocks, number = np.unique(positions[own] // BLOCK, return_inverse=True)
        times = rng.multinomial(len(blocks), np.full(len(blocks), 1 / len(blocks)), size=DRAWS)
        drawn[:, own] = times[:, number] * weights[own]
    return drawn
