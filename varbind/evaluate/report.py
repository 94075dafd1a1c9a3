"""What an evaluation leaves: results enter, a folder of tables and a figure leaves, whole or not at all."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from varbind.errors import UsageError, output_errors
from varbind.evaluate.cells import decimal, markdown
from varbind.evaluate.comparison import compare
from varbind.evaluate.figure import draw
from varbind.evaluate.metrics import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from varbind.evaluate.comparison import Comparison, Result

__all__ = ["RESULT_COLUMNS", "SUMMARY_COLUMNS", "Report", "write_report"]

logger = logging.getLogger(__name__)

RESULT_COLUMNS = (
    "set",
    "protein",
    "task",
    "experiment",
    "contender",
    "model_id",
    "sequences",
    "bound",
    "in_set",
    *(str(metric) for metric in Metric),
)
SUMMARY_COLUMNS = (
    "task",
    "metric",
    "contender",
    "sets",
    "proteins",
    "mean_bank",
    "mean_contender",
    "bank_above",
    "p",
)


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to tell.

    Attributes:
        bank: name of the bank that the others are compared with.
        results: of every set and contender, in the order of the sets.
        method: sentences on how the numbers came about.
        remarks: sentences on what was left out, and what to be wary of.
    """

    bank: str
    results: Sequence[Result]
    method: Sequence[str]
    remarks: Sequence[str]


def write_report(folder: Path, report: Report) -> str:
    """Write `results.tsv`, `summary.tsv`, `summary.md`, and `figure.svg` if there is matplotlib.

    Args:
        folder: that is there.
        report: what to write.

    Returns:
        The text of `summary.md`.

    Raises:
        OutputError: a file cannot be written.
    """
    comparisons = compare(report.results, report.bank)
    summary = _markdown(report, comparisons)
    files = {
        "results.tsv": _table(RESULT_COLUMNS, [_result_cells(result) for result in report.results]),
        "summary.tsv": _table(SUMMARY_COLUMNS, [_summary_cells(one) for one in comparisons]),
        "summary.md": summary.encode(),
        "figure.svg": _figure(comparisons, report.bank),
    }
    with output_errors(folder):
        for name, content in files.items():
            if content is not None:
                (folder / name).write_bytes(content)
    return summary


def _figure(comparisons: Sequence[Comparison], bank: str) -> bytes | None:
    """None, and a line that says why, where there is none."""
    try:
        figure = draw(comparisons, bank)
    except UsageError as error:
        logger.warning("no figure, all else is written: %s", error)
        return None
    if figure is None:
        logger.info("no figure: nothing is compared with %s; give --against", bank)
    return figure


def _result_cells(result: Result) -> list[str]:
    facts = [result.set_id, result.protein, result.task, result.experiment, result.contender, result.model_id]
    counts = [result.sequences, result.bound, result.in_set]
    return [*facts, *map(str, counts), *(decimal(result.metrics.get(metric), 6) for metric in Metric)]


def _summary_cells(one: Comparison) -> list[str]:
    counts = [str(len(one.pairs)), str(one.proteins)]
    means = [decimal(value, 6) for value in (one.mean_bank, one.mean_contender, one.above)]
    return [one.task, str(one.metric), one.contender, *counts, *means, _p(one.p)]


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    return "".join("\t".join(row) + "\n" for row in [columns, *rows]).encode()


def _markdown(report: Report, comparisons: Sequence[Comparison]) -> str:
    """For people."""
    bank = markdown(report.bank)
    lines = [f"# {bank} evaluated", "", *(f"{sentence}  " for sentence in report.method), ""]
    header = ["task", "metric", "contender", "sets", "proteins", bank, "contender's", f"{bank} above", "p"]
    lines += [_row(header), _row(["---"] * 3 + ["---:"] * 6)]
    lines += [_row(_markdown_cells(one)) for one in comparisons]
    if report.remarks:
        lines += ["", "Remarks:", "", *(f"- {markdown(remark)}" for remark in report.remarks)]
    return "\n".join(lines) + "\n"


def _markdown_cells(one: Comparison) -> list[str]:
    above = "" if one.above is None else f"{100 * one.above:.0f} %"
    means = [decimal(one.mean_bank, 3), "" if one.is_bank else decimal(one.mean_contender, 3)]
    name = "(all its sets)" if one.is_bank else markdown(one.contender)
    return [
        markdown(one.task),
        one.metric.heading,
        name,
        str(len(one.pairs)),
        str(one.proteins),
        *means,
        above,
        _p(one.p),
    ]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"
