"""Box plots of scores around spliced exons (DeepBind, Alipanahi et al. 2015, figure 5), as SVG."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.datasets.exon_table import ExonGroup
from varbind.errors import UsageError, output_errors
from varbind.evaluate.figure import COLOURS, STYLE
from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from varbind.bank.bank import Bank
    from varbind.evaluate.splicing import RegionScores, SplicingRow

__all__ = ["MOST_SHOWN", "draw_splicing", "write_splicing_figure"]

logger = logging.getLogger(__name__)

MOST_SHOWN = 12
"""Number of models in the figure, those with the smallest p-values."""

WHISKERS = (5, 95)
"""Percentiles at which the whiskers end, as in the paper."""

ACROSS = 3
GROUPS = {ExonGroup.UP: COLOURS[0], ExonGroup.CONTROL: "#999999", ExonGroup.DOWN: COLOURS[1]}


def write_splicing_figure(path: Path, found: Sequence[RegionScores], rows: Sequence[SplicingRow], bank: Bank) -> None:
    """Write the figure of `draw_splicing`; without matplotlib there is only a message.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        figure = draw_splicing(found, rows, bank)
    except UsageError as error:
        logger.warning("no figure; the table is written: %s", error)
        return
    with output_errors(path):
        path.write_bytes(figure)


def draw_splicing(found: Sequence[RegionScores], rows: Sequence[SplicingRow], bank: Bank) -> bytes:
    """Draw the scores of each region and group, with the mark of the p-value above each group.

    Args:
        found: scores of each region.
        rows: comparisons with the controls.
        bank: the models, in the order of the scores.

    Raises:
        UsageError: matplotlib is not installed.
    """
    figures = optional_import("matplotlib.figure", needed_for="the figure")
    style = optional_import("matplotlib.style", needed_for="the figure")
    smallest = dict.fromkeys(bank.model_ids, 1.0)
    for row in rows:
        smallest[row.model_id] = min(smallest[row.model_id], row.p)
    shown = sorted(bank.model_ids, key=smallest.__getitem__)[:MOST_SHOWN]
    across = min(ACROSS, len(shown))
    down = -(-len(shown) // across)
    with style.context(["default", STYLE]):
        figure = figures.Figure(figsize=(3.2 * across, 2.6 * down), layout="constrained")
        axes = figure.subplots(down, across, squeeze=False).ravel()
        for ax, model_id in zip(axes, shown, strict=False):
            column = bank.model_ids.index(model_id)
            _panel(ax, found, [row for row in rows if row.model_id == model_id], column)
            ax.set_title(f"{bank.models[column].protein}, {model_id}", fontsize=8)
        for ax in axes[len(shown) :]:
            ax.set_axis_off()
        handles = [figures.mpl.patches.Patch(color=colour, label=str(group)) for group, colour in GROUPS.items()]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(GROUPS), frameon=False)
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def _panel(ax: Any, found: Sequence[RegionScores], rows: Sequence[SplicingRow], column: int) -> None:
    """One model: four regions, three boxes in each."""
    marks = {(row.region, row.group): row.band for row in rows}
    for place, scored in enumerate(found):
        for shift, (group, colour) in enumerate(GROUPS.items()):
            own = scored.of_group(group)[:, column]
            if not len(own):
                continue
            x = place + 0.28 * (shift - 1)
            box = ax.boxplot(own, positions=[x], widths=0.22, whis=WHISKERS, showfliers=False, patch_artist=True)
            box["boxes"][0].set(facecolor=colour, linewidth=0.6)
            box["medians"][0].set(color="black", linewidth=1)
            top = float(np.percentile(own, WHISKERS[1]))
            ax.annotate(marks.get((str(scored.region), str(group)), ""), (x, top), ha="center", va="bottom", fontsize=8)
    ax.set_xticks(range(len(found)), [str(scored.region) for scored in found])
    ax.set_ylabel("score", fontsize=8)
    ax.margins(y=0.12)
