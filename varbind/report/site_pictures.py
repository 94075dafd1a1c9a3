"""The pictures of one site: both alleles as logos, and the effect of every substitution with the variant marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import BASES
from varbind.draw.heat_map import MapMark, MapRow, draw_mutation_map
from varbind.draw.logo import LogoRow, aligned_logos
from varbind.report.charts import background_chart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.draw.svg import Drawing
    from varbind.report.model_sites import ModelSite

__all__ = ["draw_background", "draw_logos", "draw_map"]

LEAST_BITS = 0.25
"""Columns with less information at both ends of the logos are left out."""

FAINTEST = 0.02
"""Changes that are smaller than this share of the largest one would have no colour and hardly a letter."""

AROUND = 3
"""The number of columns on both sides of the change, and of the last column with information, that are drawn."""


def draw_logos(site: ModelSite) -> Drawing:
    """Draw the reference and the alternate site; a base is as high as the model prefers it at its place."""
    columns = _columns(site)
    rows = [
        LogoRow(letters[columns], _own_heights(letters, site.heights)[columns], label)
        for letters, label in ((site.reference, "reference"), (site.alternate, "alternate"))
    ]
    start, end = site.changed
    first = site.first + sum(letter != "-" for letter in site.reference[: columns.start])
    boxed = range(start - columns.start, end - columns.start)
    return aligned_logos(*rows, title=f"What {site.change.protein} reads", first=first, boxed=boxed, unit="bits")


def draw_map(site: ModelSite, label: str) -> Drawing:
    """Draw the change of the score by every substitution in the reference, with the variant marked.

    Args:
        site: the site.
        label: the name of the variant.
    """
    letters = site.reference.replace("-", "")
    start, end = site.changed
    inserted = site.reference[start:end].count("-")
    end -= inserted
    if start == end:  # an insertion stands between two bases
        start, end = start - 1, start + 1
    base = site.alternate[start] if end - start == 1 and not inserted and site.alternate[start] in BASES else ""
    mark = MapMark(0, start, end, base, label)
    title = f"What every change of a base does to {site.change.protein}"
    changes = np.where(np.abs(site.changes) < FAINTEST * np.abs(site.changes).max(), 0, site.changes)
    return draw_mutation_map([MapRow(letters, changes, "reference")], title=title, first=site.first, marks=[mark])


def draw_background(site: ModelSite) -> Drawing | None:
    """Draw the change among those of background variants; None where there are none."""
    if not len(site.background):
        return None
    return background_chart(site.background, site.bound_change, site.change.protein)


def _columns(site: ModelSite) -> slice:
    """The columns from the first to the last one with information, and those around the change."""
    start, end = site.changed
    informative = np.flatnonzero(site.heights.sum(axis=1) >= LEAST_BITS)
    first = min([start, *informative[:1].tolist()]) - AROUND
    last = max([end, *(informative[-1:] + 1).tolist()]) + AROUND
    return slice(max(first, 0), min(last, len(site.reference)))


def _own_heights(letters: str, heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The heights of the bases that a sequence has, and 0 for all others, (L, 4)."""
    codes = np.array([BASES.find(letter) for letter in letters])
    visible = np.where(heights < FAINTEST * heights.max(), 0.0, heights)
    return np.where(codes[:, None] == np.arange(len(BASES)), visible, 0.0)
