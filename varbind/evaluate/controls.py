"""Controls: how well variants are predicted without binding motifs.

The mutation rate of a base depends on its two neighbours, so classes of variants that were made by different processes
differ in these three bases alone. Any method that reads sequence uses them too and is therefore compared with these
controls: sequence contexts, GC content, and networks with shuffled detectors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from varbind.core.deepbind import deepbind_stacks
from varbind.core.sequence import BASES, N_CODE
from varbind.errors import InputError
from varbind.gate import optional_import
from varbind.train.effect_tables import FLANK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.deepbind import DeepBindStack
    from varbind.core.sequence import Codes
    from varbind.core.variant import Variant
    from varbind.datasets.variant_table import VariantTable

__all__ = [
    "CONTEXTS",
    "SnvBases",
    "boosted_scores",
    "context_log_odds",
    "gain_of_gc",
    "matched_rows",
    "one_hot_bases",
    "one_hot_contexts",
    "shuffle_detectors",
]

CONTEXTS = 192
"""Number of sequence contexts: three bases, and the base that the middle one is changed to; strands are distinct."""

PSEUDO_COUNT = 2.0
"""Number of variants with average odds that are added to every context."""

ROUNDS = 100
"""Number of boosted trees."""


@dataclass(frozen=True, slots=True)
class SnvBases:
    """The bases around N single-base changes.

    Attributes:
        ref: base codes with the changed base in the middle, uint8 (N, W).
        alt: code of the alternate base, uint8 (N,).
    """

    ref: Codes
    alt: Codes

    @classmethod
    def of_table(cls, table: VariantTable) -> SnvBases:
        """Read the bases from the windows of a table.

        Raises:
            InputError: a variant is not an SNV, or the base or a neighbour is unknown.
        """
        for variant, line in zip(table.variants, table.lines, strict=True):
            if len(variant.ref) != 1 or len(variant.alt) != 1:
                what = f"{variant.ref or '-'} to {variant.alt or '-'} is not a single-base change"
                raise InputError(what, path=table.path, line=line, remedy="remove the row")
        ref = np.stack([window.ref for window in table.windows])
        middle = ref.shape[1] // 2
        alt = np.array([window.alt[middle] for window in table.windows], dtype=np.uint8)
        unknown = np.flatnonzero((ref[:, middle - 1 : middle + 2] == N_CODE).any(axis=1) | (alt == N_CODE))
        if len(unknown):
            what = "the base or a neighbour is unknown"
            raise InputError(what, path=table.path, line=table.lines[unknown[0]], remedy="remove the row")
        return cls(ref, alt)

    def contexts(self) -> NDArray[np.int64]:
        """Return the code of the three bases and the change, 0 to 191, int64 (N,)."""
        middle = self.ref.shape[1] // 2
        left, middle_base, right = self.ref[:, middle - 1 : middle + 2].astype(np.int64).T
        change = (self.alt - middle_base) % 4 - 1
        codes: NDArray[np.int64] = ((left * 4 + middle_base) * 4 + right) * 3 + change
        return codes

    def gc(self) -> NDArray[np.float64]:
        """Return the GC content of the known bases, float64 (N,)."""
        found = ((self.ref == BASES.index("C")) | (self.ref == BASES.index("G"))).sum(axis=1)
        share: NDArray[np.float64] = found / (self.ref != N_CODE).sum(axis=1)
        return share

    def one_hot(self) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """Return names and values of one-hot features, float32 (N, 4 W + 4); an unknown base is 0 everywhere."""
        places = [str(place) for place in range(-(self.ref.shape[1] // 2), self.ref.shape[1] // 2 + 1)]
        names = tuple(f"{place}:{base}" for place in (*places, "alt") for base in BASES)
        codes = np.column_stack([self.ref, self.alt])  # (N, W + 1)
        hot = codes[:, :, None] == np.arange(len(BASES), dtype=np.uint8)
        return names, hot.reshape(len(codes), -1).astype(np.float32)


def context_log_odds(contexts: NDArray[np.int64], labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the log-odds of being simulated in each context, shrunk towards the overall log-odds, float64 (192,).

    Args:
        contexts: context of each variant (`SnvBases.contexts`), (N,).
        labels: true = simulated, bool (N,); both classes must be present.
    """
    simulated, derived = (np.bincount(contexts[rows], minlength=CONTEXTS) for rows in (labels, ~labels))
    share = labels.mean()
    odds: NDArray[np.float64] = np.log(simulated + PSEUDO_COUNT * share) - np.log(derived + PSEUDO_COUNT * (1 - share))
    return odds


def boosted_scores(
    training: NDArray[np.float64],
    labels: NDArray[np.bool_],
    test: NDArray[np.float64],
    *,
    categories: tuple[int, ...] = (),
    seed: int,
    threads: int | None = None,
) -> NDArray[np.float64]:
    """Train gradient-boosted trees and return their log-odds.

    Args:
        training: features of the training variants, (N, F); NaN = missing.
        labels: labels of the training variants, bool (N,).
        test: features of the test variants, (T, F).
        categories: columns with codes of fewer than 255 categories.
        seed: seed of all random numbers.
        threads: number of CPU threads; None = all.

    Returns:
        Log-odds of the test variants, float64 (T,).

    Raises:
        UsageError: scikit-learn is not installed.
    """
    ensemble = optional_import("sklearn.ensemble", needed_for="evaluation")
    with threadpool_limits(limits=threads):
        trees = ensemble.HistGradientBoostingClassifier(
            max_iter=ROUNDS, early_stopping=False, categorical_features=list(categories) or None, random_state=seed
        ).fit(training, labels)
        scores: NDArray[np.float64] = trees.decision_function(test)
    return scores


def matched_rows(
    rows: NDArray[np.intp], contexts: NDArray[np.int64], labels: NDArray[np.bool_], seed: int | tuple[int, ...]
) -> NDArray[np.intp]:
    """Balance the classes: in every context, the larger class is cut to the size of the smaller one.

    Args:
        rows: rows to choose from, (R,).
        contexts: context of all variants, (N,).
        labels: labels of all variants, bool (N,).
        seed: seed of the choice.

    Returns:
        The rows that are kept, in ascending order.
    """
    shuffled = np.random.default_rng(seed).permutation(rows)
    kind = contexts[shuffled] * 2 + labels[shuffled]
    order = np.argsort(kind, kind="stable")
    sizes = np.bincount(kind, minlength=2 * CONTEXTS)
    place = np.arange(len(rows)) - (np.cumsum(sizes) - sizes)[kind[order]]
    kept = place < sizes.reshape(-1, 2).min(axis=1)[kind[order] // 2]
    return np.sort(shuffled[order[kept]])


def gain_of_gc(variants: Sequence[Variant]) -> NDArray[np.float64]:
    """Return the number of G and C in the alternate allele minus that in the reference allele, float64 (N,)."""
    return np.array([float(_gc_count(variant.alt) - _gc_count(variant.ref)) for variant in variants])


def _gc_count(allele: str) -> int:
    return allele.count("G") + allele.count("C")


def one_hot_bases(table: VariantTable, length: int) -> NDArray[np.float64]:
    """Return one-hot codes of reference windows of at most L bases and of single alternate bases, (N, 4 L + 4)."""
    features = np.zeros((len(table), length + 1, 5))
    for row, (window, variant) in enumerate(zip(table.windows, table.variants, strict=True)):
        features[row, np.arange(len(window.ref)), window.ref] = 1
        if len(variant.alt) == 1:
            features[row, length, window.alt[FLANK]] = 1
    return features[:, :, :4].reshape(len(table), -1)


def one_hot_contexts(table: VariantTable) -> NDArray[np.float64]:
    """Return one-hot codes of the contexts of SNVs, float64 (N, 192); 0 for other variants and unknown bases."""
    features = np.zeros((len(table), CONTEXTS))
    for row, (window, variant) in enumerate(zip(table.windows, table.variants, strict=True)):
        bases = SnvBases(window.ref[None, FLANK - 1 : FLANK + 2], window.alt[FLANK : FLANK + 1])
        if len(variant.ref) == len(variant.alt) == 1 and max(*bases.ref[0], *bases.alt) < N_CODE:
            features[row, bases.contexts()[0]] = 1
    return features


def shuffle_detectors(bank: Bank, seed: int | Sequence[int]) -> Bank:
    """Return the same networks with the weights of each detector permuted over its positions and bases.

    Such a bank has no motifs: its scores depend on base composition, and on the process that made the variants, but
    not on binding. Trained and evaluated like the bank itself, it shows how much of a result is due to the motifs.
    Positions without weights, which pad a narrow matrix, stay as they are, so that the control is as wide as the
    detector.

    Args:
        bank: the bank, which is not changed.
        seed: seed of the permutations.

    Returns:
        The bank without its background and its second stage, which describe other scores.
    """
    rng = np.random.default_rng(seed)
    networks = deepbind_stacks(bank.stacks, needed_for="the control of permuted detectors")
    stacks = tuple(_permuted(stack, rng) for stack in networks)
    return replace(bank, stacks=stacks, background=None, effect=None)


def _permuted(stack: DeepBindStack, rng: np.random.Generator) -> DeepBindStack:
    detectors = stack.detectors.copy()  # (K, m, 4, D)
    for network in detectors:
        for number in range(network.shape[-1]):
            detector = network[..., number]  # (m, 4)
            counting = detector.any(axis=1)
            weights = detector[counting]
            detector[counting] = rng.permutation(weights.ravel()).reshape(weights.shape)
    return replace(stack, arrays={**stack.arrays, "detectors": detectors})
