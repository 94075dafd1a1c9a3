"""The report of an evaluation: a folder with tables and a figure, which is written whole or not at all."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from varbind.errors import UsageError, output_errors
from varbind.evaluate.comparison import compare
from varbind.evaluate.evaluation_data import Metric
from varbind.evaluate.figure import draw
from varbind.evaluate.tables import decimal, escaped, markdown_row, tsv

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
    """Write `results.tsv`, `summary.tsv`, `summary.md`, and `figure.svg` if matplotlib is installed.

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
        "figure.svg": _figure(comparisons, report.bank),
    }
    with output_errors(folder):
        for name, content in files.items():
            if content is not None:
                (folder / name).write_bytes(content)
    return summary


def _figure(comparisons: Sequence[Comparison], bank: str) -> bytes | None:
    """Draw the figure; None, with a message that says why, if there is none."""
    try:
        figure = draw(comparisons, bank)
    except UsageError as error:
        logger.warning("no figure; all other files are written: %s", error)
        return None
    if figure is None:
        logger.info("no figure: nothing is compared with %s; give --against", bank)
    return figure


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
