"""The figures of the experiments of Zeng et al. (2016): box plots as in their Figures 2A, 3 and 4C."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import matplotlib.style
from matplotlib.figure import Figure

from varbind.evaluate.figure import COLOURS, STYLE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def draw_boxes(areas: pd.DataFrame, title: str) -> bytes:
    """Draw the AUC over the sets, a box for each method, as SVG.

    Args:
        areas: the AUC, with a row for each set and a column for each method.
        title: what the AUC is of.
    """
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure(figsize=(7.0, 3.6), layout="constrained")
        axes = figure.subplots()
        _boxes(axes, areas)
        axes.set(ylabel="AUC", title=title)
        return _svg(figure)


def draw_gaps(differences: pd.DataFrame) -> bytes:
    """Draw how far the AUC of each network is from that of the basic one, a panel for each size, as SVG.

    Args:
        differences: the differences of AUC, with a row for each set and size and a column for each network.
    """
    sizes = sorted(differences.index.unique("size"), reverse=True)
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure(figsize=(3.4 * len(sizes), 3.8), layout="constrained")
        panels = figure.subplots(1, len(sizes), sharey=True, squeeze=False)[0]
        for axes, size in zip(panels, sizes, strict=True):
            _boxes(axes, differences.xs(size, level="size"))
            axes.axhline(0, color="#999999", linewidth=0.6)
            axes.set_title(f"{size:,} peaks")
        panels[0].set_ylabel("AUC minus that of 1layer")
        return _svg(figure)


def _boxes(axes: Axes, values: pd.DataFrame) -> None:
    """A box for each column, without missing values."""
    own = [values[name].dropna().to_numpy() for name in values.columns]
    parts = axes.boxplot(own, patch_artist=True, medianprops={"color": "black"}, flierprops={"markersize": 2})
    for box in parts["boxes"]:
        box.set_facecolor(COLOURS[5])
    axes.set_xticks(range(1, len(own) + 1), values.columns, rotation=45, ha="right")


def _svg(figure: Figure) -> bytes:
    data = io.BytesIO()
    figure.savefig(data, format="svg", metadata={"Date": None, "Creator": None})
    return data.getvalue()
