"""What is told of simulated and derived variants, one row a contender and protocol: areas enter, tables leave."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from varbind.evaluate.bootstrap_auc import Areas
from varbind.evaluate.cells import decimal, markdown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["ClassesRow", "Judged", "Protocol", "classes_markdown", "classes_table"]

NOTE = (
    "Simulated variants told from derived ones, which other processes made; it says nothing of pathogenicity. 95 % of "
    "1,000 draws of genes in brackets. Read every line beside `192 contexts` and `scrambled` (the mean of its draws): "
    "three bases alone, and detectors without motifs. Of several folds, pairs of one fold are compared."
)


class Protocol(StrEnum):
    """From what contenders learn, and what they are judged on."""

    HELD_OUT = "held-out chromosomes"
    MATCHED = "held-out chromosomes, matched contexts"
    GENES = "folds of whole genes"
    RANDOM = "random folds"
    PUBLISHED = "random folds, training as published"

    @property
    def word(self) -> str:
        """For a command line."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class ClassesRow:
    """A contender by a protocol.

    Attributes:
        contender: what scored, or one minus another.
        protocol: how it learnt and was judged.
        networks: whose mean it is; 0 for what is no network.
        draw: which one of the scrambled detectors, from 1; 0 = the mean of all draws, or there are none.
        variants: that have a score.
        simulated: of them.
        missing: variants without a score.
        auc: area under the ROC curve; of a difference, the difference. This and all below: NaN where undefined.
        low: of its 95 % interval, by genes.
        high: of the same.
        within_contexts: mean of the areas inside the 192 contexts, each weighted by its pairs.
        within_low: of its 95 % interval.
        within_high: of the same.
    """

    contender: str
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
class Judged:
    """Areas of some scores, and of how many.

    Attributes:
        areas: or a difference of such.
        variants: that have a score.
        simulated: of them.
        missing: variants without a score.
    """

    areas: Areas
    variants: int
    simulated: int
    missing: int

    @classmethod
    def of(cls, areas: Areas, labels: NDArray[np.bool_], scores: NDArray[np.floating]) -> Judged:
        """Count scores (N,), NaN where there is none."""
        scored = ~np.isnan(scores)
        variants = int(scored.sum())
        return cls(areas, variants, int(labels[scored].sum()), len(scored) - variants)

    @classmethod
    def mean_of(cls, draws: Sequence[Judged]) -> Judged:
        """Mean areas on the same variants."""
        return replace(draws[0], areas=Areas.mean_of([judged.areas for judged in draws]))

    def minus(self, other: Judged) -> Judged:
        """What it is better by, on the same variants."""
        return replace(self, areas=self.areas.minus(other.areas))

    def row(self, contender: str, protocol: Protocol, networks: int, draw: int = 0) -> ClassesRow:
        """With intervals."""
        whole, within = self.areas.intervals()
        counts = (self.variants, self.simulated, self.missing)
        areas = (self.areas.whole, *whole, self.areas.within, *within)
        return ClassesRow(contender, protocol, networks, draw, *counts, *areas)


def classes_table(rows: Sequence[ClassesRow]) -> str:
    """All rows as TSV with a header; what is undefined is empty."""
    names = [own.name for own in fields(ClassesRow)]
    lines = [names, *([_cell(getattr(row, name)) for name in names] for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)


def classes_markdown(rows: Sequence[ClassesRow]) -> str:
    """For people: a table a protocol, without the single draws."""
    text = ""
    for protocol in dict.fromkeys(row.protocol for row in rows):
        own = [row for row in rows if row.protocol == protocol and not row.draw]
        lines = [
            f"**{protocol[0].upper()}{protocol[1:]}**",
            "",
            "| contender | networks | AUC (95 %) | inside contexts (95 %) | simulated of variants | no score |",
            "|---|---:|---:|---:|---:|---:|",
            *map(_line, own),
        ]
        text += "\n".join(lines) + "\n\n"
    return f"{text}{NOTE}\n"


def _line(row: ClassesRow) -> str:
    cells = [
        markdown(row.contender),
        str(row.networks or ""),
        _area(row.auc, row.low, row.high),
        _area(row.within_contexts, row.within_low, row.within_high),
        f"{row.simulated} of {row.variants}",
        str(row.missing),
    ]
    return f"| {' | '.join(cells)} |"


def _area(value: float, low: float, high: float) -> str:
    return "" if isnan(value) else f"{value:.3f} ({low:.3f} to {high:.3f})"


def _cell(value: str | float) -> str:
    return decimal(value, 4) if isinstance(value, float) else str(value)
