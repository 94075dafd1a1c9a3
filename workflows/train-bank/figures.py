"""The figures of the model card: held-out AUC of every protein, and the kinds that broken sites are named."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure

from varbind.evaluate.figure import COLOURS, STYLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LABELLED = 6
"""Proteins that are named at either end of a row."""

OTHER = "another family"


def draw_held_out(areas: Mapping[str, Mapping[str, float]], title: str) -> bytes:
    """Draw one row of dots for each group of proteins, sorted by AUC, as SVG.

    Args:
        areas: AUC by group and protein.
        title: what the AUC is of.
    """
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(7.5, 0.6 + 1.5 * len(areas)))
        axes = figure.subplots(len(areas), 1, squeeze=False)[:, 0]
        for axis, colour, (group, own) in zip(axes, COLOURS, areas.items(), strict=False):
            ordered = sorted(own.items(), key=lambda item: item[1])
            values = [value for _, value in ordered]
            axis.plot(range(len(values)), values, "o", color=colour, markersize=3)
            axis.axhline(0.5, color="#999999", linewidth=0.6)
            axis.set_ylim(0.4, 1.02)
            axis.set_xticks([])
            axis.set_ylabel("AUC")
            axis.set_title(f"{group}: {len(values)} proteins, mean {np.mean(values):.3f}", loc="left", fontsize=9)
            _label(axis, ordered)
        figure.suptitle(title, x=0.01, ha="left", fontsize=10)
        figure.tight_layout()
        return _svg(figure)


def _label(axis: object, ordered: Sequence[tuple[str, float]]) -> None:
    lowest, highest = ordered[:LABELLED], ordered[max(len(ordered) - LABELLED, LABELLED) :]
    texts = [f"lowest: {_named(lowest)}", f"highest: {_named(highest[::-1])}"]
    for place, text in zip((0.06, 0.18), texts, strict=True):
        axis.text(0.99, place, text, transform=axis.transAxes, ha="right", fontsize=6)  # type: ignore[attr-defined]


def _named(proteins: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in proteins)


def draw_confusion(named: Mapping[str, Mapping[str, int]]) -> bytes:
    """Draw the share of broken sites of each kind (rows) by the kind that is named first (columns), as SVG."""
    kinds = list(named)
    shares = np.zeros((len(kinds), len(kinds) + 1))
    for row, counts in enumerate(named.values()):
        for name, count in counts.items():
            column = kinds.index(name) if name in kinds else len(kinds)
            shares[row, column] += count / sum(counts.values())
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(7.5, 6))
        axis = figure.subplots()
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (row, column), share in np.ndenumerate(shares):
            if share >= 0.005:
                colour = "white" if share > 0.6 else "black"
                axis.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=7, color=colour)
        axis.set_xticks(range(len(kinds) + 1), [*kinds, OTHER], rotation=60, ha="right")
        axis.set_yticks(range(len(kinds)), kinds)
        axis.set_xlabel("named first, %")
        axis.set_ylabel("broken site")
        figure.tight_layout()
        return _svg(figure)


def _svg(figure: Figure) -> bytes:
    """The figure as SVG, with the same bytes for the same numbers."""
    target = io.BytesIO()
    figure.savefig(target, format="svg", metadata={"Date": None})
    return target.getvalue()
