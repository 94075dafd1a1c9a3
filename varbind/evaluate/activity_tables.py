"""What a judgement of the activity and score heads leaves: a table, a page for people and a figure."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import UsageError
from varbind.evaluate.activity import MEAN
from varbind.evaluate.cells import decimal
from varbind.evaluate.figure import STYLE
from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.evaluate.activity import ActivityJudged, ActivityRow

__all__ = ["activity_markdown", "activity_table", "reliability_figure"]

COLUMNS = ("contender", "locus", "variants", "signed", "signed_low", "signed_high", "unsigned", "auc")


def activity_table(judged: ActivityJudged) -> str:
    """Tab-separated, contender by contender, the mean after its loci."""
    lines = ["\t".join(COLUMNS)]
    for row in judged.rows:
        numbers = [decimal(getattr(row, name), 6) for name in COLUMNS[3:]]
        lines.append("\t".join([row.contender, row.locus, str(row.variants), *numbers]))
    return "\n".join(lines) + "\n"


def activity_markdown(judged: ActivityJudged) -> str:
    """For people: each contender's loci side by side."""
    loci = list(dict.fromkeys(row.locus for row in judged.rows if row.locus != MEAN))
    names = list(dict.fromkeys(row.contender for row in judged.rows))
    found = {(row.contender, row.locus): row for row in judged.rows}
    lines = [
        "## Measured changes of activity, loci left out",
        "",
        "Rank correlation with the signed effect (95 %):",
        "",
    ]
    columns = [MEAN, *loci]
    lines += _grid(columns, [(name, [_signed(found[name, locus]) for locus in columns]) for name in names])
    lines += [
        "",
        "Rank correlation of SCORE, or another size, with the size of the effect; AUC of measurable changes:",
    ]
    lines += ["", *_grid(columns, [(name, [_size(found[name, locus]) for locus in columns]) for name in names])]
    lines += ["", f"Calibration error of SCORE on left-out loci: {judged.calibration_error:.3f}. Bins of equal weight:"]
    lines += [""]
    cells = [[f"{value:.3f}" for value in bin_] for bin_ in judged.reliability]
    lines += _grid(["found"], [(expected, [found_share]) for expected, found_share, _ in cells], "expected")
    penalties = ", ".join(f"{locus} {penalty:g}" for locus, penalty in judged.penalties.items())
    return "\n".join([*lines, "", f"Penalties that the other loci chose: {penalties}."])


def reliability_figure(judged: ActivityJudged) -> bytes | None:
    """Probability against what was found, an SVG; None without the package that draws."""
    try:
        figures = optional_import("matplotlib.figure", needed_for="the figure")
        style = optional_import("matplotlib.style", needed_for="the figure")
    except UsageError:
        return None
    expected, found, _ = np.array(judged.reliability).T
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


def _grid(columns: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], corner: str = "contender") -> list[str]:
    lines = [f"| {corner} | {' | '.join(columns)} |", "|---" + "|---:" * len(columns) + "|"]
    return [*lines, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows)]


def _signed(row: ActivityRow) -> str:
    if np.isnan(row.signed):
        return ""
    return f"{row.signed:.3f} ({row.signed_low:.2f} to {row.signed_high:.2f})"


def _size(row: ActivityRow) -> str:
    return "" if np.isnan(row.unsigned) else f"{row.unsigned:.3f}; {decimal(row.auc, 3)}"
