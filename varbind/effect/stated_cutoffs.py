"""The suggested cut-offs of PHRED as the Description of its key states them: both written and read here.

A report has nothing but the annotated file, whose second stage may not be at hand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.effect.effect_model import Cutoff

__all__ = ["StatedCutoff", "read_cutoffs", "state_cutoffs"]

_NUMBER = r"(\d{1,3}(?:\.\d+)?(?:e[+-]\d\d)?)"
_CUTOFF = re.compile(rf"{_NUMBER} \(([a-z ]+): precision {_NUMBER}, recall {_NUMBER}, {_NUMBER} % of background SNVs\)")


@dataclass(frozen=True, slots=True)
class StatedCutoff:
    """A suggested cut-off of PHRED, as the Description of the key states it.

    Attributes:
        phred: the cut-off.
        name: what it is for.
        precision: the share of the variants at or above it that change activity, on left-out loci.
        recall: the share of the variants that change activity that are at or above it.
        background: the share of background SNVs that pass.
    """

    phred: float
    name: str
    precision: float
    recall: float
    background: float


def state_cutoffs(cutoffs: Sequence[Cutoff]) -> str:
    """The end of the Description of PHRED, which lists the cut-offs; empty if there are none."""
    if not cutoffs:
        return ""
    measured = [
        f"{one['phred']:.3g} ({one['name']}: precision {one['precision']:.2f}, recall {one['recall']:.2f}, "
        f"{100 * one['background']:.2g} % of background SNVs)"
        for one in cutoffs
    ]
    among = f"where {100 * cutoffs[0]['base_rate']:.2g} % of all variants change activity"
    return f"; measured on left-out loci, {among}, at cut-offs of {', '.join(measured)}"


def read_cutoffs(description: str) -> tuple[StatedCutoff, ...]:
    """The cut-offs that a Description states, smallest first; none where it states none."""
    found = [
        StatedCutoff(float(phred), name, float(precision), float(recall), float(percent) / 100)
        for phred, name, precision, recall, percent in _CUTOFF.findall(description)
    ]
    return tuple(sorted(found, key=lambda cutoff: cutoff.phred))
