"""The bank beside its contenders: metrics set by set enter, means and how surely the bank is above leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from varbind.evaluate.metrics import Metric
from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Comparison", "Pair", "Result", "compare", "signed_rank_p"]

FEWEST_PAIRS = 6
"""For a p-value: of five pairs none is below 0.03, whatever they are."""


@dataclass(frozen=True, slots=True)
class Result:
    """One contender on one set.

    Attributes:
        set_id: of the set.
        protein: whose binding was measured.
        task: what the set is summed up with.
        experiment: cell line, array, or other detail.
        contender: who.
        model_id: of the model that it scored with; empty where it has none.
        sequences: that were scored.
        bound: how many of them count as bound in areas under curves.
        in_set: sequences of the whole set.
        metrics: those that are defined.
    """

    set_id: str
    protein: str
    task: str
    experiment: str
    contender: str
    model_id: str
    sequences: int
    bound: int
    in_set: int
    metrics: Mapping[Metric, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """The metric of the bank and of a contender on one set."""

    protein: str
    bank: float
    contender: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The bank and a contender on the sets of a task that have the metric of both.

    Attributes:
        task: of the sets.
        metric: that is compared.
        contender: who; of the bank itself, the line of all its sets.
        pairs: a set each.
        is_bank: whether the contender is the bank itself.
    """

    task: str
    metric: Metric
    contender: str
    pairs: Sequence[Pair]
    is_bank: bool = False

    @property
    def proteins(self) -> int:
        """How many different ones."""
        return len({pair.protein.casefold() for pair in self.pairs})

    @property
    def mean_bank(self) -> float:
        """Over the sets."""
        return float(np.mean([pair.bank for pair in self.pairs]))

    @property
    def mean_contender(self) -> float:
        """Over the sets."""
        return float(np.mean([pair.contender for pair in self.pairs]))

    @property
    def above(self) -> float | None:
        """Share of sets on which the bank is above; None of the bank itself."""
        return None if self.is_bank else float(np.mean([pair.bank > pair.contender for pair in self.pairs]))

    @property
    def p(self) -> float | None:
        """See `signed_rank_p`; None of the bank itself."""
        differences = [pair.bank - pair.contender for pair in self.pairs]
        return None if self.is_bank else signed_rank_p(differences)


def compare(results: Sequence[Result], bank: str) -> list[Comparison]:
    """Every task, metric and contender that has a set in common with the bank, in the order of the results.

    Args:
        results: of all sets and contenders.
        bank: the contender that the others are compared with.
    """
    ours = {result.set_id: result for result in results if result.contender == bank}
    found = []
    for task in dict.fromkeys(result.task for result in results):
        for metric in Metric:
            for contender in dict.fromkeys(result.contender for result in results):
                theirs = [own for own in results if (own.task, own.contender) == (task, contender)]
                pairs = _pairs(theirs, ours, metric)
                if pairs:
                    found.append(Comparison(task, metric, contender, pairs, is_bank=contender == bank))
    return found


def signed_rank_p(differences: Sequence[float]) -> float | None:
    """How surely the bank is above: one-sided Wilcoxon signed-rank test over sets (as in Alipanahi et al. 2015).

    Equal pairs say nothing and are left out (Wilcoxon 1945); up to 50 pairs without ties the test is exact.

    Args:
        differences: bank minus contender, of each set.

    Returns:
        The p-value; None of fewer than six sets, or where all are equal.
    """
    unequal = np.array([difference for difference in differences if difference], dtype=np.float64)
    if len(differences) < FEWEST_PAIRS or not len(unequal):
        return None
    test = optional_import("scipy.stats", needed_for="evaluation").wilcoxon(unequal, alternative="greater")
    return float(test.pvalue)


def _pairs(theirs: Iterable[Result], ours: Mapping[str, Result], metric: Metric) -> list[Pair]:
    """Of sets that have the metric of both."""
    return [
        Pair(own.protein, ours[own.set_id].metrics[metric], own.metrics[metric])
        for own in theirs
        if metric in own.metrics and own.set_id in ours and metric in ours[own.set_id].metrics
    ]
