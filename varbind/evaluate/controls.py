"""What tells simulated from derived variants without any protein: bases around SNVs enter, codes and scores leave.

The base that mutates and its two neighbours say how often it does, so a class that was made by another process is told
by them alone. Whatever reads sequence sees them too, and is judged beside these controls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from varbind.core.sequence import BASES, N_CODE
from varbind.errors import InputError
from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.core.sequence import Codes
    from varbind.core.variant import Variant
    from varbind.datasets.variant_table import VariantTable

__all__ = ["CONTEXTS", "SnvBases", "boosted_scores", "context_log_odds", "gain_of_gc", "matched_rows"]

CONTEXTS = 192
"""Three bases, the middle one of which becomes one of three others; strands are told apart."""

PSEUDO_COUNT = 2.0
"""Variants of average odds that are added to every context."""

ROUNDS = 100
"""Trees of a boosting."""


@dataclass(frozen=True, slots=True)
class SnvBases:
    """The bases around N single-base changes.

    Attributes:
        ref: base codes, the change in the middle, uint8 (N, W).
        alt: code of the base it becomes, uint8 (N,).
    """

    ref: Codes
    alt: Codes

    @classmethod
    def of_table(cls, table: VariantTable) -> SnvBases:
        """From the windows of a table.

        Raises:
            InputError: a variant is no SNV, or it or a neighbour is not known.
        """
        for variant, line in zip(table.variants, table.lines, strict=True):
            if len(variant.ref) != 1 or len(variant.alt) != 1:
                what = f"{variant.ref or '-'} to {variant.alt or '-'} is no single-base change"
                raise InputError(what, path=table.path, line=line, remedy="remove the row")
        ref = np.stack([window.ref for window in table.windows])
        middle = ref.shape[1] // 2
        alt = np.array([window.alt[middle] for window in table.windows], dtype=np.uint8)
        unknown = np.flatnonzero((ref[:, middle - 1 : middle + 2] == N_CODE).any(axis=1) | (alt == N_CODE))
        if len(unknown):
            what = "the base or a neighbour is not known"
            raise InputError(what, path=table.path, line=table.lines[unknown[0]], remedy="remove the row")
        return cls(ref, alt)

    def contexts(self) -> NDArray[np.int64]:
        """Code of the three bases and the change, 0 to 191, int64 (N,)."""
        middle = self.ref.shape[1] // 2
        left, own, right = self.ref[:, middle - 1 : middle + 2].astype(np.int64).T
        change = (self.alt - own) % 4 - 1
        codes: NDArray[np.int64] = ((left * 4 + own) * 4 + right) * 3 + change
        return codes

    def gc(self) -> NDArray[np.float64]:
        """Share of C and G of the known bases, float64 (N,)."""
        found = ((self.ref == BASES.index("C")) | (self.ref == BASES.index("G"))).sum(axis=1)
        share: NDArray[np.float64] = found / (self.ref != N_CODE).sum(axis=1)
        return share

    def one_hot(self) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """Names and values of the features of a network that reads bases: float32 (N, 4 W + 4); N = 0 everywhere."""
        places = [str(place) for place in range(-(self.ref.shape[1] // 2), self.ref.shape[1] // 2 + 1)]
        names = tuple(f"{place}:{base}" for place in (*places, "alt") for base in BASES)
        codes = np.column_stack([self.ref, self.alt])  # (N, W + 1)
        hot = codes[:, :, None] == np.arange(len(BASES), dtype=np.uint8)
        return names, hot.reshape(len(codes), -1).astype(np.float32)


def context_log_odds(contexts: NDArray[np.int64], labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Log-odds of being simulated in each context, drawn to those of all by a few variants, float64 (192,).

    Args:
        contexts: see `SnvBases.contexts`, (N,).
        labels: true = simulated; both classes, bool (N,).
    """
    simulated, derived = (np.bincount(contexts[own], minlength=CONTEXTS) for own in (labels, ~labels))
    share = labels.mean()
    odds: NDArray[np.float64] = np.log(simulated + PSEUDO_COUNT * share) - np.log(derived + PSEUDO_COUNT * (1 - share))
    return odds


def boosted_scores(
    learnt: NDArray[np.float64],
    labels: NDArray[np.bool_],
    judged: NDArray[np.float64],
    *,
    categories: tuple[int, ...] = (),
    seed: int,
    threads: int | None = None,
) -> NDArray[np.float64]:
    """Log-odds by gradient-boosted trees.

    Args:
        learnt: features of the variants that are learnt from, NaN = missing, (N, F).
        labels: theirs, bool (N,).
        judged: features of those that are scored, (T, F).
        categories: columns that hold codes, of fewer than 255 kinds.
        seed: of all that is random.
        threads: CPU threads; None = all.

    Returns:
        float64 (T,).

    Raises:
        UsageError: scikit-learn is not installed.
    """
    ensemble = optional_import("sklearn.ensemble", needed_for="evaluation")
    with threadpool_limits(limits=threads):
        trees = ensemble.HistGradientBoostingClassifier(
            max_iter=ROUNDS, early_stopping=False, categorical_features=list(categories) or None, random_state=seed
        ).fit(learnt, labels)
        scores: NDArray[np.float64] = trees.decision_function(judged)
    return scores


def matched_rows(
    rows: NDArray[np.intp], contexts: NDArray[np.int64], labels: NDArray[np.bool_], seed: int | tuple[int, ...]
) -> NDArray[np.intp]:
    """Those of some rows that are left when in every context the larger class is cut to the size of the smaller.

    Args:
        rows: which are there, (R,).
        contexts: of all variants, (N,).
        labels: of all variants, bool (N,).
        seed: of what is left out.

    Returns:
        Ascending.
    """
    shuffled = np.random.default_rng(seed).permutation(rows)
    kind = contexts[shuffled] * 2 + labels[shuffled]
    order = np.argsort(kind, kind="stable")
    sizes = np.bincount(kind, minlength=2 * CONTEXTS)
    place = np.arange(len(rows)) - (np.cumsum(sizes) - sizes)[kind[order]]
    kept = place < sizes.reshape(-1, 2).min(axis=1)[kind[order] // 2]
    return np.sort(shuffled[order[kept]])


def gain_of_gc(variants: Sequence[Variant]) -> NDArray[np.float64]:
    """G and C of the alternate allele less those of the reference, float64 (N,)."""
    return np.array([float(_strong(variant.alt) - _strong(variant.ref)) for variant in variants])


def _strong(allele: str) -> int:
    return allele.count("G") + allele.count("C")
