"""The report of an evaluation: the results of all methods, their comparison with a bank, and the tables of both.

Methods are compared by means over data sets and by the significance of the difference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.errors import output_errors
from varbind.evaluate.evaluation_data import Metric
from varbind.evaluate.tables import decimal, escaped, markdown_row, tsv
from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "RESULT_COLUMNS",
    "SUMMARY_COLUMNS",
    "Comparison",
    "Pair",
    "Report",
    "Result",
    "compare",
    "signed_rank_p",
    "write_report",
]

MIN_PAIRS = 6
"""Smallest number of pairs with a p-value; with five pairs it is never below 0.03."""

RESULT_COLUMNS = (
    "set",
    "protein",
    "task",
    "experiment",
    "method",
    "model_id",
    "sequences",
    "bound",
    "in_set",
    *(str(metric) for metric in Metric),
)
SUMMARY_COLUMNS = (
    "task",
    "metric",
    "method",
    "sets",
    "proteins",
    "mean_bank",
    "mean_method",
    "bank_above",
    "p",
)


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


@dataclass(frozen=True, slots=True)
class Report:
    """The contents of a report.

    Attributes:
        bank: name of the bank that the other methods are compared with.
        results: results of every data set and method, in the order of the data sets.
        notes: sentences on how the numbers were computed.
        remarks: sentences on what was left out, and on results that are not independent.
    """

    bank: str
    results: Sequence[Result]
    notes: Sequence[str]
    remarks: Sequence[str]


def write_report(folder: Path, report: Report) -> str:
    """Write `results.tsv`, `summary.tsv` and `summary.md`.

    Args:
        folder: an existing folder.
        report: contents of the report.

    Returns:
        The text of `summary.md`.

    Raises:
        OutputError: a file cannot be written.
    """
    comparisons = compare(report.results, report.bank)
    summary = _markdown(report, comparisons)
    files = {
        "results.tsv": tsv(map(_result_cells, report.results), 6, RESULT_COLUMNS).encode(),
        "summary.tsv": tsv(map(_summary_cells, comparisons), 6, SUMMARY_COLUMNS).encode(),
        "summary.md": summary.encode(),
    }
    with output_errors(folder):
        for name, content in files.items():
            (folder / name).write_bytes(content)
    return summary


def _result_cells(result: Result) -> dict[str, Any]:
    cells = {name: getattr(result, name) for name in RESULT_COLUMNS[1:9]}
    metrics = {str(metric): value for metric, value in result.metrics.items()}
    return {"set": result.set_id, **cells, **metrics}


def _summary_cells(one: Comparison) -> dict[str, Any]:
    return {
        "task": one.task,
        "metric": one.metric,
        "method": one.method,
        "sets": len(one.pairs),
        "proteins": one.proteins,
        "mean_bank": one.mean_bank,
        "mean_method": one.mean_method,
        "bank_above": one.above,
        "p": _p(one.p),
    }


def _markdown(report: Report, comparisons: Sequence[Comparison]) -> str:
    """The summary in Markdown."""
    bank = escaped(report.bank)
    lines = [f"# {bank} evaluated", "", *(f"{sentence}  " for sentence in report.notes), ""]
    header = ["task", "metric", "method", "sets", "proteins", bank, "method's mean", f"{bank} above", "p"]
    lines += [markdown_row(header), markdown_row(["---"] * 3 + ["---:"] * 6)]
    lines += [markdown_row(_markdown_cells(one)) for one in comparisons]
    if report.remarks:
        lines += ["", "Remarks:", "", *(f"- {escaped(remark)}" for remark in report.remarks)]
    return "\n".join(lines) + "\n"


def _markdown_cells(one: Comparison) -> list[str]:
    above = "" if one.above is None else f"{100 * one.above:.0f} %"
    means = [decimal(one.mean_bank, 3), "" if one.is_bank else decimal(one.mean_method, 3)]
    name = "(all its sets)" if one.is_bank else escaped(one.method)
    return [
        escaped(one.task),
        one.metric.heading,
        name,
        str(len(one.pairs)),
        str(one.proteins),
        *means,
        above,
        _p(one.p),
    ]


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def _pairs(of_method: Iterable[Result], of_bank: Mapping[str, Result], metric: Metric) -> list[Pair]:
    """Pairs of results on the data sets for which both have the metric."""
    return [
        Pair(result.protein, of_bank[result.set_id].metrics[metric], result.metrics[metric])
        for result in of_method
        if metric in result.metrics and result.set_id in of_bank and metric in of_bank[result.set_id].metrics
    ]
