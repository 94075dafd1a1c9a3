"""Results on simulated and derived variants: one row for each method and protocol, and their tables."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from varbind.evaluate.bootstrap_auc import Areas
from varbind.evaluate.tables import decimal, escaped, markdown_row, tsv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.evaluate.splits import Protocol

__all__ = ["ClassesRow", "MethodAreas", "classes_markdown", "classes_table"]

NOTE = (
    "Simulated variants against derived ones, which were made by different processes; this is not a measure of "
    "pathogenicity. In brackets: 95 % intervals from 1,000 draws of genes. Compare every line with `192 contexts` "
    "(three bases alone) and `shuffled detectors` (detectors without motifs, the mean of several draws). With several "
    "folds, only pairs within a fold are compared."
)


@dataclass(frozen=True, slots=True)
class ClassesRow:
    """The result of a method with a protocol. Areas are NaN where they are undefined.

    Attributes:
        method: name of the method, or of a difference of two methods.
        protocol: how the method was trained and evaluated.
        networks: number of networks whose mean it is; 0 for a method without networks.
        draw: number of the bank with shuffled detectors, from 1; 0 = the mean of all such banks, or another method.
        variants: number of variants with a score.
        simulated: number of them that are simulated.
        missing: number of variants without a score.
        auc: area under the ROC curve, or a difference of two areas.
        low: lower end of its 95 % interval over genes.
        high: upper end of the interval.
        within_contexts: mean of the areas within the 192 contexts, weighted by their numbers of pairs.
        within_low: lower end of its 95 % interval over genes.
        within_high: upper end of the interval.
    """

    method: str
    protocol: Protocol
    networks: int
    draw: int
    variants: int
    simulated: int
    missing: int
    auc: float
    low: float
    high: float
    within_contexts: float
    within_low: float
    within_high: float


@dataclass(frozen=True, slots=True)
class MethodAreas:
    """The areas of one method, and the numbers of variants behind them.

    Attributes:
        areas: areas, or a difference of two areas.
        variants: number of variants with a score.
        simulated: number of them that are simulated.
        missing: number of variants without a score.
    """

    areas: Areas
    variants: int
    simulated: int
    missing: int

    @classmethod
    def of(cls, areas: Areas, labels: NDArray[np.bool_], scores: NDArray[np.floating]) -> MethodAreas:
        """Count the scores (N,); NaN is a missing score."""
        scored = ~np.isnan(scores)
        variants = int(scored.sum())
        return cls(areas, variants, int(labels[scored].sum()), len(scored) - variants)

    @classmethod
    def mean_of(cls, draws: Sequence[MethodAreas]) -> MethodAreas:
        """Average the areas of several draws on the same variants."""
        return replace(draws[0], areas=Areas.mean_of([draw.areas for draw in draws]))

    def minus(self, other: MethodAreas) -> MethodAreas:
        """Subtract the areas of another method on the same variants."""
        return replace(self, areas=self.areas.minus(other.areas))

    def row(self, method: str, protocol: Protocol, networks: int, draw: int = 0) -> ClassesRow:
        """Return the row of the table, with intervals."""
        whole, within = self.areas.intervals()
        counts = (self.variants, self.simulated, self.missing)
        areas = (self.areas.whole, *whole, self.areas.within, *within)
        return ClassesRow(method, protocol, networks, draw, *counts, *areas)


def classes_table(rows: Sequence[ClassesRow]) -> str:
    """Return all rows as TSV with a header; undefined values are empty."""
    names = [field.name for field in fields(ClassesRow)]
    return tsv(names, [[_cell(getattr(row, name)) for name in names] for row in rows])


def classes_markdown(rows: Sequence[ClassesRow]) -> str:
    """Return one Markdown table for each protocol, without the single draws."""
    text = ""
    for protocol in dict.fromkeys(row.protocol for row in rows):
        shown = [row for row in rows if row.protocol == protocol and not row.draw]
        lines = [
            f"**{protocol[0].upper()}{protocol[1:]}**",
            "",
            "| method | networks | AUC (95 %) | inside contexts (95 %) | simulated of variants | no score |",
            "|---|---:|---:|---:|---:|---:|",
            *map(_line, shown),
        ]
        text += "\n".join(lines) + "\n\n"
    return f"{text}{NOTE}\n"


def _line(row: ClassesRow) -> str:
    cells = [
        escaped(row.method),
        str(row.networks or ""),
        _area(row.auc, row.low, row.high),
        _area(row.within_contexts, row.within_low, row.within_high),
        f"{row.simulated} of {row.variants}",
        str(row.missing),
    ]
    return markdown_row(cells)


def _area(value: float, low: float, high: float) -> str:
    return "" if isnan(value) else f"{value:.3f} ({low:.3f} to {high:.3f})"


def _cell(value: str | float) -> str:
    return decimal(value, 4) if isinstance(value, float) else str(value)
