"""Words what was found for one allele and gene in a few short sentences, for a column of a table."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan

__all__ = ["StrongestChange", "allele_sentence"]

_CLEAR = 2
"""A change of activity is called clear from this number of standard errors."""


@dataclass(frozen=True, slots=True)
class StrongestChange:
    """The strongest loss or gain of binding of an allele: the first entry of BIND_LOSS or BIND_GAIN.

    Attributes:
        family: the family of the protein.
        protein: the protein.
        model_id: the model of the protein.
        delta: the alternate minus the reference score, in units of the model.
        z: the same in standard deviations over background SNVs.
    """

    family: str
    protein: str
    model_id: str
    delta: float
    z: float

    def words(self) -> str:
        """The protein, with its family where that has another name, and z."""
        family = "" if self.family in {"", self.protein} else f"family {self.family.replace('_', ' ')}, "
        return f"{self.protein} ({family}z = {self.z:.1f})"


def allele_sentence(
    *,
    gene: str = "",
    distance: int | None = None,
    loss: StrongestChange | None = None,
    gain: StrongestChange | None = None,
    activity: float = nan,
    standard_error: float = nan,
    why_not: str = "",
) -> str:
    """Word the annotation of an allele for one gene.

    Args:
        gene: the symbol of the gene; empty where there is none.
        distance: the signed distance to the transcription start in bases; negative = upstream, None = no gene.
        loss: the strongest loss of binding; None where nothing is lost.
        gain: the strongest gain of binding; None where nothing is gained.
        activity: the predicted change of promoter activity, log2; NaN where there is no prediction.
        standard_error: its standard error; NaN where it is not known.
        why_not: the reason why the allele has no score; empty where it has one.
    """
    parts = [f"The allele lies {_place(gene, distance)}."] if distance is not None else []
    if why_not:
        return " ".join([*parts, f"It has no score: {why_not.replace('_', ' ')}."])
    parts.append(_binding(loss, gain))
    if not isnan(activity):
        parts.append(_activity(activity, standard_error))
    return " ".join(parts)


def _place(gene: str, distance: int) -> str:
    start = f"the transcription start of {gene or 'a gene without a symbol'}"
    if distance == 0:
        return f"at {start}"
    bases = "1 base" if abs(distance) == 1 else f"{abs(distance):,} bases"
    return f"{bases} {'upstream' if distance < 0 else 'downstream'} of {start}"


def _binding(loss: StrongestChange | None, gain: StrongestChange | None) -> str:
    if loss and gain:
        return f"The strongest loss of binding is that of {loss.words()}, the strongest gain that of {gain.words()}."
    if loss:
        return f"The strongest loss of binding is that of {loss.words()}; no protein gains binding."
    if gain:
        return f"The strongest gain of binding is that of {gain.words()}; no protein loses binding."
    return "No loss or gain of binding is listed."


def _activity(activity: float, standard_error: float) -> str:
    number = f"log2 change {activity:+.2g}"
    if not isnan(standard_error):
        number += f", standard error {standard_error:.2g}"
    if abs(activity) < _CLEAR * standard_error or activity == 0:
        return f"No clear change of promoter activity is predicted ({number})."
    return f"Promoter activity is predicted to {'fall' if activity < 0 else 'rise'} ({number})."
