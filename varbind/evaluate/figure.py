"""The figures of evaluations, as SVG with the same bytes for the same numbers."""

from __future__ import annotations

import io
import logging
import warnings
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.errors import UsageError, output_errors
from varbind.evaluate.evaluation_data import Metric
from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from varbind.evaluate.report import Comparison

__all__ = ["draw", "draw_reliability", "panels", "write_figure"]

logger = logging.getLogger(__name__)

SHOWN = (Metric.AUC, Metric.PEARSON)
"""Metrics with a panel for each task."""

# Okabe and Ito (2008): colours for all kinds of colour vision; the markers differ too, for print in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
ACROSS = 3
SIDE = 2.9
"""Side of a panel in inches; the margins below leave room for axis labels, a title and the legend."""
LEFT, RIGHT, ABOVE, BELOW, LEGEND_LINE = 0.75, 0.55, 0.35, 0.6, 0.17
NAME, LINE = 24, 45
"""Number of letters of a method in a legend, and of a title."""
STYLE = {
    "svg.hashsalt": "varbind",  # without a salt, the names inside the file are random
    "text.parse_math": False,  # a name with dollars is a name
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def panels(comparisons: Sequence[Comparison]) -> dict[tuple[str, Metric], list[Comparison]]:
    """Group the comparisons with other methods by task and metric."""
    found = defaultdict(list)
    for one in comparisons:
        if one.metric in SHOWN and not one.is_bank:
            found[one.task, one.metric].append(one)
    return dict(found)


def draw(comparisons: Sequence[Comparison], bank: str) -> bytes | None:
    """Draw the bank against every other method, with a panel for each task and a dot for each protein.

    A protein with several data sets in a task has one dot at their mean; means in the legend are over data sets.

    Args:
        comparisons: comparisons of all tasks.
        bank: name of the bank.

    Returns:
        An SVG; None if nothing is compared with the bank.

    Raises:
        UsageError: matplotlib is not installed.
    """
    shown = panels(comparisons)
    if not shown:
        return None
    style = optional_import("matplotlib.style", needed_for="the figure")
    names = list(dict.fromkeys(one.method for panel in shown.values() for one in panel))
    # The user's matplotlib settings would change the bytes.
    with style.context(["default", STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure, axes = _grid(len(shown), max(map(len, shown.values())))
        for ax, ((task, metric), panel) in zip(axes, shown.items(), strict=True):
            _panel(ax, panel, names)
            ax.set(xlabel=_short(bank, LINE), ylabel="method", title=_short(f"{task}, {metric.heading}", LINE))
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Title": "varbind evaluate binding"})
    return stream.getvalue()


def write_figure(path: Path, comparisons: Sequence[Comparison], bank: str) -> None:
    """Write the figure of `draw`; without matplotlib, or if nothing is compared, there is only a message.

    Args:
        path: path of the SVG.
        comparisons: comparisons of all tasks.
        bank: name of the bank.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        figure = draw(comparisons, bank)
    except UsageError as error:
        logger.warning("no figure; all other files are written: %s", error)
        return
    if figure is None:
        logger.info("no figure: nothing is compared with %s; give --against", bank)
        return
    with output_errors(path):
        path.write_bytes(figure)


def draw_reliability(reliability: Sequence[tuple[float, float, float]]) -> bytes | None:
    """Draw the observed share of outcomes against the predicted probability, as SVG; None without matplotlib.

    Args:
        reliability: the mean probability, the observed share and the share of the weight of each bin.
    """
    try:
        figures = optional_import("matplotlib.figure", needed_for="the figure")
        style = optional_import("matplotlib.style", needed_for="the figure")
    except UsageError:
        return None
    expected, found, _ = np.array(reliability).T
    most = 1.05 * max(expected.max(), found.max())
    with style.context(["default", STYLE]):
        figure = figures.Figure(figsize=(3.6, 3.6), layout="constrained")
        axes = figure.add_subplot()
        axes.plot([0, most], [0, most], color="0.6", linewidth=1)
        axes.plot(expected, found, "o-", color="#0072B2", markersize=4, linewidth=1)
        axes.set(xlim=(0, most), ylim=(0, most), xlabel="predicted probability", ylabel="share probably changed")
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def _grid(count: int, methods: int) -> tuple[Any, list[Any]]:
    """A figure with `count` square panels, and room for a legend below each."""
    across = min(count, ACROSS)
    down = -(-count // across)
    below = BELOW + LEGEND_LINE * (methods + 1)
    wide, high = LEFT + SIDE + RIGHT, ABOVE + SIDE + below
    module = optional_import("matplotlib.figure", needed_for="the figure")
    figure = module.Figure(figsize=(wide * across, high * down))
    places = [(number % across, down - 1 - number // across) for number in range(count)]
    boxes = [(column * wide + LEFT, row * high + below) for column, row in places]
    size = SIDE / (wide * across), SIDE / (high * down)
    return figure, [figure.add_axes((x / (wide * across), y / (high * down), *size)) for x, y in boxes]


def _panel(ax: Any, comparisons: Sequence[Comparison], names: Sequence[str]) -> None:
    """Draw the dots, the diagonal and the legend."""
    points = [_points(one) for one in comparisons]
    lowest, highest = _limits(np.concatenate(points))
    ax.plot([lowest, highest], [lowest, highest], color="0.6", linewidth=1, linestyle="--", zorder=1)
    for one, dots in zip(comparisons, points, strict=True):
        place = names.index(one.method)
        name = _short(one.method, NAME)
        ax.scatter(
            *dots.T,
            s=26,
            color=COLOURS[place % len(COLOURS)],
            marker=MARKERS[place % len(MARKERS)],
            edgecolors="white",
            linewidths=0.4,
            alpha=0.85,
            zorder=2,
            label=f"{one.mean_method:.3f} {name} (bank {one.mean_bank:.3f}, {len(dots)} proteins)",
        )
    ax.set(xlim=(lowest, highest), ylim=(lowest, highest))
    legend = ax.legend(
        loc="upper left",
        bbox_to_anchor=(-0.2, -0.16),
        frameon=False,
        fontsize=8,
        title="mean over sets; the bank is better for dots below the line",
        title_fontsize=7,
        alignment="left",
        borderpad=0,
        borderaxespad=0,
    )
    legend.get_title().set_color("0.4")


def _points(comparison: Comparison) -> Any:
    """The metric of the bank and of the method for each protein, float64 (proteins, 2)."""
    by_protein = defaultdict(list)
    for pair in comparison.pairs:
        by_protein[pair.protein.casefold()].append((pair.bank, pair.method))
    return np.array([np.mean(pairs, axis=0) for pairs in by_protein.values()])


def _limits(points: Any) -> tuple[float, float]:
    """Limits of both axes, slightly beyond the dots."""
    margin = max(0.03, 0.05 * float(np.ptp(points)))
    return float(points.min()) - margin, float(points.max()) + margin


def _short(text: str, length: int) -> str:
    """Shorten a text to a length, and replace letters that XML cannot hold."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return shown if len(shown) <= length else f"{shown[: length - 1]}\u2026"
