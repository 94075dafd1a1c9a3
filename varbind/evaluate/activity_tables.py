"""Results of the activity and score heads: a table, a Markdown section and a figure."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import UsageError
from varbind.evaluate.activity import MEAN
from varbind.evaluate.figure import STYLE
from varbind.evaluate.tables import decimal, markdown_row, tsv
from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.evaluate.activity import ActivityEvaluation, ActivityRow

__all__ = ["activity_markdown", "activity_table", "reliability_figure"]

COLUMNS = ("method", "locus", "variants", "spearman", "spearman_low", "spearman_high", "spearman_abs", "auc")


def activity_table(evaluation: ActivityEvaluation) -> str:
    """Return the rows as TSV with a header."""
    return tsv(COLUMNS, map(_cells, evaluation.rows))


def activity_markdown(evaluation: ActivityEvaluation) -> str:
    """Return a Markdown section with the loci of each method side by side."""
    loci = list(dict.fromkeys(row.locus for row in evaluation.rows if row.locus != MEAN))
    names = list(dict.fromkeys(row.method for row in evaluation.rows))
    found = {(row.method, row.locus): row for row in evaluation.rows}
    lines = [
        "## Measured changes of activity, loci left out",
        "",
        "Spearman correlation with the effect (95 %):",
        "",
    ]
    columns = [MEAN, *loci]
    lines += _grid(columns, [(name, [_correlation(found[name, locus]) for locus in columns]) for name in names])
    lines += [
        "",
        "Spearman correlation of SCORE, or of another size, with the size of the effect; AUC of measurable changes:",
    ]
    lines += ["", *_grid(columns, [(name, [_size(found[name, locus]) for locus in columns]) for name in names])]
    lines += [
        "",
        f"Calibration error of SCORE on left-out loci: {evaluation.calibration_error:.3f}. Bins of equal weight:",
    ]
    lines += [""]
    cells = [[f"{value:.3f}" for value in bin_] for bin_ in evaluation.reliability]
    lines += _grid(["found"], [(expected, [found_share]) for expected, found_share, _ in cells], "expected")
    penalties = ", ".join(f"{locus} {penalty:g}" for locus, penalty in evaluation.penalties.items())
    return "\n".join([*lines, "", f"Penalties that were chosen on the other loci: {penalties}."])


def reliability_figure(evaluation: ActivityEvaluation) -> bytes | None:
    """Draw the observed share against the predicted probability, as SVG; None without matplotlib."""
    try:
        figures = optional_import("matplotlib.figure", needed_for="the figure")
        style = optional_import("matplotlib.style", needed_for="the figure")
    except UsageError:
        return None
    expected, found, _ = np.array(evaluation.reliability).T
    most = 1.05 * max(expected.max(), found.max())
    with style.context(["default", STYLE]):
        figure = figures.Figure(figsize=(3.6, 3.6), layout="constrained")
        axes = figure.add_subplot()
        axes.plot([0, most], [0, most], color="0.6", linewidth=1)
        axes.plot(expected, found, "o-", color="#0072B2", markersize=4, linewidth=1)
        axes.set(xlim=(0, most), ylim=(0, most), xlabel="predicted probability", ylabel="share measurably changed")
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def _grid(columns: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], corner: str = "method") -> list[str]:
    lines = [markdown_row([corner, *columns]), "|---" + "|---:" * len(columns) + "|"]
    return [*lines, *(markdown_row([name, *cells]) for name, cells in rows)]


def _cells(row: ActivityRow) -> list[str]:
    numbers = [decimal(getattr(row, name), 6) for name in COLUMNS[3:]]
    return [row.method, row.locus, str(row.variants), *numbers]


def _correlation(row: ActivityRow) -> str:
    if np.isnan(row.spearman):
        return ""
    return f"{row.spearman:.3f} ({row.spearman_low:.2f} to {row.spearman_high:.2f})"


def _size(row: ActivityRow) -> str:
    return "" if np.isnan(row.spearman_abs) else f"{row.spearman_abs:.3f}; {decimal(row.auc, 3)}"
