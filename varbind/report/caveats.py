"""What limits the numbers of one allele, in words for a reader who does not know the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from varbind.annotate.describe import UNUSUAL_PHRED
from varbind.annotate.headline import direction_of

if TYPE_CHECKING:
    from varbind.annotate.annotated_variants import AnnotatedVariant

__all__ = ["caveats"]

_OF_FLAGS = {
    "no_tss": "No start of a gene is known near this variant, so it is compared with random variants without one.",
    "padded": "The variant lies so near the end of its contig that part of the sequence around it is unknown.",
    "size_extrapolated": "The variant is longer than every random variant that it could be compared with, so its "
    "rarity is estimated from the longest ones.",
    "in_training": "The second stage learned from a measurement of this very change, so its numbers repeat what was "
    "measured and predict nothing new.",
}
_CLEAR_ENOUGH = (
    "The predicted change of activity is less than two standard errors from none: its direction is not clear."
)
_GAIN = (
    "A rise of activity is predicted. PHRED ranks losses only and is low for every gain; read the rarity of the gain "
    "of binding in its place."
)
_CODING = (
    "The variant lies in the coding sequence or a splice site of {genes}. There, its effect on the protein or on "
    "splicing may matter more than that on the promoter."
)
_NO_PREDICTION = "The file was annotated without the second stage, so no change of activity is predicted."
_NOT_UNUSUAL = "More than one in ten random promoter variants changes the binding of some protein as much."


def caveats(variant: AnnotatedVariant) -> list[str]:
    """What limits the numbers of an allele, one or two sentences each; its flags come first."""
    found = [_OF_FLAGS.get(flag, f"{flag}: a caveat that this version does not know.") for flag in variant.flags]
    if names := [gene.symbol or "a gene without a symbol" for gene in variant.genes if gene.is_coding]:
        found.append(_CODING.format(genes=" and ".join(names)))
    direction, numbers = direction_of(variant), variant.numbers
    found += {"unclear": [_CLEAR_ENOUGH], "higher": [_GAIN], "": [_NO_PREDICTION]}.get(direction, [])
    rarest = max((numbers[key] for key in ("LOSS_PHRED", "GAIN_PHRED") if key in numbers), default=None)
    if rarest is not None and rarest < UNUSUAL_PHRED:
        found.append(_NOT_UNUSUAL)
    if variant.filter not in {"", "PASS"}:
        found.append(f"The caller marked this variant: FILTER is {variant.filter}.")
    return found
