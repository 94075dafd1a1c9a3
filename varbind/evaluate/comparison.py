"""Comparison of a bank with other methods: means over data sets, and the significance of the difference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from varbind.evaluate.evaluation_data import Metric
from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Comparison", "Pair", "Result", "compare", "signed_rank_p"]

MIN_PAIRS = 6
"""Smallest number of pairs with a p-value; with five pairs it is never below 0.03."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one method on one data set.

    Attributes:
        set_id: id of the data set.
        protein: protein whose binding was measured.
        task: name of the group of data sets that are averaged.
        experiment: cell line, array, or other detail.
        method: name of the method.
        model_id: id of the model that scored; empty for methods without models.
        sequences: number of sequences that were scored.
        bound: number of them that count as bound in areas under curves.
        in_set: number of sequences in the whole set.
        metrics: the metrics that are defined.
    """

    set_id: str
    protein: str
    task: str
    experiment: str
    method: str
    model_id: str
    sequences: int
    bound: int
    in_set: int
    metrics: Mapping[Metric, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """The metric of the bank and of another method on one data set."""

    protein: str
    bank: float
    method: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The bank and another method on all data sets of a task on which both have the metric.

    Attributes:
        task: task of the data sets.
        metric: the metric that is compared.
        method: name of the method; the bank itself has a row with all its data sets.
        pairs: one pair for each data set.
        is_bank: whether the method is the bank itself.
    """

    task: str
    metric: Metric
    method: str
    pairs: Sequence[Pair]
    is_bank: bool = False

    @property
    def proteins(self) -> int:
        """Number of different proteins."""
        return len({pair.protein.casefold() for pair in self.pairs})

    @property
    def mean_bank(self) -> float:
        """Mean metric of the bank over the data sets."""
        return float(np.mean([pair.bank for pair in self.pairs]))

    @property
    def mean_method(self) -> float:
        """Mean metric of the method over the data sets."""
        return float(np.mean([pair.method for pair in self.pairs]))

    @property
    def above(self) -> float | None:
        """Share of data sets on which the bank is better; None for the bank itself."""
        return None if self.is_bank else float(np.mean([pair.bank > pair.method for pair in self.pairs]))

    @property
    def p(self) -> float | None:
        """P-value of `signed_rank_p`; None for the bank itself."""
        differences = [pair.bank - pair.method for pair in self.pairs]
        return None if self.is_bank else signed_rank_p(differences)


def compare(results: Sequence[Result], bank: str) -> list[Comparison]:
    """Compare a bank with every method, by task and metric, in the order of the results.

    Args:
        results: results of all methods on all data sets.
        bank: name of the bank that the other methods are compared with.
    """
    of_bank = {result.set_id: result for result in results if result.method == bank}
    found = []
    for task in dict.fromkeys(result.task for result in results):
        for metric in Metric:
            for method in dict.fromkeys(result.method for result in results):
                of_method = [result for result in results if (result.task, result.method) == (task, method)]
                pairs = _pairs(of_method, of_bank, metric)
                if pairs:
                    found.append(Comparison(task, metric, method, pairs, is_bank=method == bank))
    return found


def signed_rank_p(differences: Sequence[float]) -> float | None:
    """P-value that the bank is better: one-sided Wilcoxon signed-rank test over sets (as in Alipanahi et al. 2015).

    Pairs without a difference are left out (Wilcoxon 1945); the test is exact for up to 50 pairs without ties.

    Args:
        differences: metric of the bank minus that of the method, for each data set.

    Returns:
        The p-value; None with fewer than six data sets, or if all pairs are equal.
    """
    unequal = np.array([difference for difference in differences if difference], dtype=np.float64)
    if len(differences) < MIN_PAIRS or not len(unequal):
        return None
    test = optional_import("scipy.stats", needed_for="evaluation").wilcoxon(unequal, alternative="greater")
    return float(test.pvalue)


def _pairs(of_method: Iterable[Result], of_bank: Mapping[str, Result], metric: Metric) -> list[Pair]:
    """Pairs of results on the data sets for which both have the metric."""
    return [
        Pair(result.protein, of_bank[result.set_id].metrics[metric], result.metrics[metric])
        for result in of_method
        if metric in result.metrics and result.set_id in of_bank and metric in of_bank[result.set_id].metrics
    ]
