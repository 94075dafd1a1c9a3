"""Describes one annotated allele in plain words: its gene, its changes of binding and activity, and how rare they are.

A description is a list of labels with one or more sentences, which name the INFO key of every number. A summary is a
few short sentences for a cell of a table.
"""

from __future__ import annotations

from math import isnan, nan
from typing import TYPE_CHECKING

from varbind.annotate.info_reader import UNANNOTATED
from varbind.annotate.info_schema import CONS_PHRED_KEY
from varbind.core.transcript import SPLICE_BASES, TranscriptRegion
from varbind.core.variant import Status, trim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.annotate.annotated_variants import AnnotatedVariant, NearbyGene
    from varbind.annotate.info_reader import ProteinChange

__all__ = ["LIMITS", "REASONS", "UNUSUAL_PHRED", "describe", "frequency_text", "shortened", "summary"]

UNUSUAL_PHRED = 10.0
"""A change that more than one in ten background variants reaches is described as not unusual."""

LIMITS = (
    "These numbers compare the predicted changes with those of background promoter variants. They do not say that the "
    "variant causes a disease, that the named protein binds here in a living cell, or in which cell type. The "
    "prediction of activity for a promoter that was not measured is uncertain."
)
"""What the numbers of an allele do not say."""

_GENES_NAMED = 3
_CLEAR = 2
"""The direction of a change of activity is certain enough from this number of standard errors."""
REASONS: dict[str, str] = {
    Status.REF_MISMATCH: "REF is not the sequence of the reference at this position. Annotate with the reference of "
    "the build on which the variant was called.",
    Status.REF_UNKNOWN: "the reference has letters other than A, C, G and T under REF.",
    Status.NO_CONTIG: "the reference has no such contig. Give the matching reference, or --contig-map, to annotate.",
    Status.OFF_CONTIG: "the position is beyond the end of the contig. Check that the reference is of the right build.",
    Status.TELOMERE: "POS 0 or the base after the end of the contig denotes a telomere.",
    Status.SYMBOLIC: "a symbolic allele does not state its bases.",
    Status.BREAKEND: "a breakend does not state a short change of the sequence.",
    Status.STAR: "* stands for a deletion that another record describes.",
    Status.NO_ALT: "ALT is not an allele.",
    Status.AMBIGUOUS_ALT: "ALT has letters other than A, C, G and T.",
    Status.BAD_ALLELE: "REF and ALT must be alleles in letters of bases.",
    Status.TOO_LONG: "the allele is longer than --max-indel allows, by default 50 bases.",
    Status.OUTSIDE: "the allele lies outside every promoter. varbind annotate --everywhere scores such alleles.",
    UNANNOTATED: "the record has no key of varbind, which is usual outside promoters. varbind annotate --everywhere "
    "scores such records.",
}
_FLAGS = {
    "padded": "padded: the sequence window extends beyond the end of the contig and was filled with N.",
    "in_training": "in_training: the second stage was trained on this change, so its values are not a prediction.",
    "size_extrapolated": "size_extrapolated: the allele is longer than any background variant, so its PHREDs compare "
    "it with the longest ones of its kind.",
    "no_tss": "no_tss: no transcription start is known for the allele, so its PHRED compares it with background "
    "variants without one.",
}
_REGIONS: dict[str, str] = {
    TranscriptRegion.CDS: "in its coding sequence",
    TranscriptRegion.SPLICE: f"in a splice site, which includes {SPLICE_BASES} bases of the intron",
    TranscriptRegion.UTR5: "in its 5' untranslated region",
    TranscriptRegion.UTR3: "in its 3' untranslated region",
    TranscriptRegion.EXON: "in an exon of its non-coding transcript",
    TranscriptRegion.INTRON: "in an intron",
}


def describe(variant: AnnotatedVariant) -> list[tuple[str, str]]:
    """Describe an allele: labels, each with one or more sentences."""
    parts = [("Gene", _place_text(variant))] if variant.genes or not variant.why_not else []
    if not variant.why_not:
        parts += [
            ("Rarity", _rarity_text(variant.numbers)),
            ("Loss", _binding_text(variant.losses, variant.numbers.get("LOSS_PHRED"), "loss")),
            ("Gain", _binding_text(variant.gains, variant.numbers.get("GAIN_PHRED"), "gain")),
            ("Activity", _activity_text(variant.numbers)),
        ]
    return [*parts, ("Status", _status_text(variant))]


def summary(
    gene: NearbyGene | None,
    loss: ProteinChange | None = None,
    gain: ProteinChange | None = None,
    *,
    activity: float = nan,
    standard_error: float = nan,
    why_not: str = "",
) -> str:
    """Summarise an allele and one of its genes in a few short sentences.

    Args:
        gene: the gene; None where there is none.
        loss: the strongest loss of binding; None where nothing is lost.
        gain: the strongest gain of binding; None where nothing is gained.
        activity: ACTIVITY; NaN where there is no prediction.
        standard_error: ACTIVITY_SE; NaN where it is not known.
        why_not: the reason why the allele has no score; empty where it has one.
    """
    parts = [f"The allele lies {_distance_text(gene)}."] if gene else []
    if why_not:
        return " ".join([*parts, f"It has no score, because {_reason_text(why_not)}"])
    parts.append(_strongest_text(loss, gain))
    if not isnan(activity):
        parts.append(_direction_text(activity, standard_error))
    return " ".join(parts)


def frequency_text(phred: float) -> str:
    """State the share of a PHRED in words, as `about 1 in 500`.

    Args:
        phred: -10 log10 of the share, 0 or larger.
    """
    one_in = 10 ** (phred / 10)
    if one_in > 1e6:
        return "fewer than 1 in 1,000,000"
    if one_in < 3:
        return f"about {100 / one_in:.0f} in 100"
    digits = max(0, len(f"{one_in:.0f}") - 2)
    return f"about 1 in {round(one_in, -digits):,.0f}"


def shortened(text: str, most: int) -> str:
    """Shorten a text to a number of characters, of which the last one is then an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def _place_text(variant: AnnotatedVariant) -> str:
    what = _change_text(variant)
    if not variant.genes:
        return f"{what} was scored without a gene, because none is near or no genes were given."
    first, *others = variant.genes
    sentences = [f"{what} lies {_distance_text(first)}."]
    sentences += [f"It also lies {_distance_text(gene)}." for gene in others[: _GENES_NAMED - 1]]
    more = len(variant.genes) - _GENES_NAMED
    sentences += [f"The promoters of {_counted(more, 'more gene')} contain it as well."] if more > 0 else []
    if any(gene.is_coding for gene in variant.genes):
        sentences.append("In coding sequences and splice sites, the effect on the protein or on splicing may matter "
                         "more than the effect on the promoter.")  # fmt: skip
    return " ".join(sentences)


def _change_text(variant: AnnotatedVariant) -> str:
    """Name the kind of change, as the subject of a sentence."""
    if not (variant.ref + variant.alt).isalpha() or variant.why_not:
        return f"The allele {shortened(variant.alt, 20)}"
    _, ref, alt = trim(variant.pos, variant.ref.upper(), variant.alt.upper())
    if not ref:
        return f"The insertion of {_counted(len(alt), 'base')}"
    if not alt:
        return f"The deletion of {_counted(len(ref), 'base')}"
    if len(ref) == len(alt):
        return f"The change of {_counted(len(ref), 'base')}"
    return f"The replacement of {_counted(len(ref), 'base')} by {len(alt):,}"


def _distance_text(gene: NearbyGene) -> str:
    start = f"the transcription start of {gene.symbol or 'a gene without a symbol'}"
    if gene.distance:
        side = "upstream" if gene.distance < 0 else "downstream"
        text = f"{_counted(abs(gene.distance), 'base')} {side} of {start}"
    else:
        text = f"at {start}"
    region = _REGIONS.get(gene.region)
    return f"{text}, {region}" if region else text


def _binding_text(changes: Sequence[ProteinChange], phred: float | None, kind: str) -> str:
    if not changes:
        return f"No {kind} of binding is listed."
    is_unusual = phred is None or phred >= UNUSUAL_PHRED
    start = "The largest predicted" if is_unusual else "Nothing unusual: the largest predicted"
    sentences = [f"{start} {kind} of binding is that of {_protein_text(changes[0])}."]
    if phred is not None:
        sentences.append(
            f"A {kind} this large, of any family, is found in {frequency_text(phred)} background promoter variants of "
            f"the same kind and size ({kind.upper()}_PHRED {phred:.1f})."
        )
    if len(changes) > 1:
        others = " and ".join(_protein_text(change) for change in changes[1:3])
        sentences.append(f"The next {'candidate is' if len(changes) == 2 else 'candidates are'} {others}.")
    else:
        sentences.append("No other candidate is listed; varbind annotate --top sets how many are.")
    return " ".join(sentences)


def _protein_text(change: ProteinChange) -> str:
    """A protein with its family, where that has another name."""
    return f"{change.protein} (family {change.family_name})" if change.family_name else change.protein


def _activity_text(numbers: dict[str, float]) -> str:
    activity, error = numbers.get("ACTIVITY"), numbers.get("ACTIVITY_SE")
    if activity is None:
        return "No change of activity was predicted, because the file was annotated without a second stage."
    if activity == 0:
        return "No change of promoter activity is expected (ACTIVITY 0)."
    share = 100 * 2**activity
    value = f"ACTIVITY {activity:+.2g} log2"
    direction = "fall" if activity < 0 else "rise"
    if error is None:
        return f"Promoter activity is expected to {direction} to {share:.0f} % of that of REF ({value})."
    low, high = 100 * 2 ** (activity - error), 100 * 2 ** (activity + error)
    text = (
        f"Promoter activity is expected to {direction} to about {share:.0f} % of that of REF ({value}); with its "
        f"standard error of {error:.2g}, to between {low:.0f} and {high:.0f} %."
    )
    if abs(activity) < _CLEAR * error:
        text += " This is less than two standard errors from no change, so even the direction is uncertain."
    return text


def _rarity_text(numbers: dict[str, float]) -> str:
    phred, score = numbers.get("PHRED"), numbers.get("SCORE")
    if phred is None:
        return "The file has no PHRED for this allele; LOSS_PHRED and GAIN_PHRED state how rare its changes are."
    text = (
        f"So high a probability of lower activity is found in {frequency_text(phred)} background promoter variants of "
        f"the same kind and size (PHRED {phred:.1f})."
    )
    if numbers.get("ACTIVITY", 0.0) > 0:
        text += " PHRED ranks losses only, and a gain is predicted here: see GAIN_PHRED for gains of binding."
    if score is not None:
        text += f" SCORE is {score:.2f}, the estimated probability of a change of activity by more than 0.3 log2."
    if "SCORE_CONS" in numbers:
        text += f" With the evidence of conservation it is {numbers['SCORE_CONS']:.2f} (SCORE_CONS)."
    if (conserved := numbers.get(CONS_PHRED_KEY)) is not None:
        share = frequency_text(conserved)
        text += f" With this evidence {share} background variants rank as high ({CONS_PHRED_KEY} {conserved:.1f})."
    return text


def _status_text(variant: AnnotatedVariant) -> str:
    sentences = ["ok: the allele was scored."]
    if variant.why_not:
        sentences = [f"{variant.why_not}: the allele has no score, because {_reason_text(variant.why_not)}"]
    sentences += [_FLAGS.get(flag, f"{flag}: a caveat that this version does not know.") for flag in variant.flags]
    if variant.filter not in {"", "PASS"}:
        sentences.append(f"FILTER is {variant.filter}.")
    return " ".join(sentences)


def _reason_text(why_not: str) -> str:
    """Why an allele has no score, as the end of a sentence, and often a second one with the remedy."""
    return REASONS.get(why_not, "the file does not say why. Annotate it again.")


def _strongest_text(loss: ProteinChange | None, gain: ProteinChange | None) -> str:
    if loss and gain:
        return f"The strongest loss of binding is that of {_z_text(loss)}, the strongest gain that of {_z_text(gain)}."
    if loss:
        return f"The strongest loss of binding is that of {_z_text(loss)}; no gain is listed."
    if gain:
        return f"The strongest gain of binding is that of {_z_text(gain)}; no loss is listed."
    return "No loss or gain of binding is listed."


def _z_text(change: ProteinChange) -> str:
    family = f"family {change.family_name}, " if change.family_name else ""
    return f"{change.protein} ({family}z = {change.z:.1f})"


def _direction_text(activity: float, standard_error: float) -> str:
    number = f"log2 change {activity:+.2g}"
    if not isnan(standard_error):
        number += f", standard error {standard_error:.2g}"
    if abs(activity) < _CLEAR * standard_error or activity == 0:
        return f"No clear change of promoter activity is predicted ({number})."
    return f"Promoter activity is predicted to {'fall' if activity < 0 else 'rise'} ({number})."


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
