"""The INFO keys that varbind writes besides those of the second stage: their names, types and descriptions."""

from __future__ import annotations

from varbind.core.variant import Status

__all__ = ["EXPLAIN", "KEYS", "KEY_NAMES", "TRACK_STEM"]

TRACK_STEM = "CONS_"
"""A conservation track called NAME is written under this stem + NAME."""

_CHANGE = (
    "best first, one entry a protein family: FAMILY|PROTEIN|model_id|delta|z joined by &; delta is the "
    "alternate minus the reference score in units of the model, z the same in standard deviations over "
    "background SNVs"
)
_PHRED = (
    "-10 log10 of the share of background promoter variants of the same kind and size whose strongest {} "
    "over all protein families is at least as large; multiple testing is inside; 30 = one in a thousand"
)

EXPLAIN = "EXPLAIN"

# Name, Type, Description; every key is Number=A.
KEYS = (
    ("BIND_LOSS", "String", f"Strongest lost binding, {_CHANGE}; negative = loss"),
    ("BIND_GAIN", "String", f"Strongest gained binding, {_CHANGE}; positive = gain"),
    ("LOSS_PHRED", "Float", _PHRED.format("loss")),
    ("GAIN_PHRED", "Float", _PHRED.format("gain")),
    (
        "GENE",
        "String",
        "Genes in whose promoter the allele lies, or the nearest gene where everything is scored; "  # noqa: ISC004
        "nearest first: SYMBOL|GENE_ID|TX_ID|strand|distance|tags joined by &",
    ),
    (
        "TSSDIST",
        "Integer",
        "Distance in bases to the nearest transcription start on the strand of its gene; negative = upstream",
    ),
    ("STATUS", "String", f"{Status.OK} or why the allele has no score: {', '.join(list(Status)[1:])}"),
    (
        "FLAG",
        "String",
        "Caveats on a scored allele, joined by &: padded = the window runs off the contig, in_training = the second "  # noqa: ISC004
        "stage was trained on this change in this sequence, or on this variant of its set, size_extrapolated = longer "
        "than any background variant, so PHREDs compare it with the longest ones of its kind",
    ),
)

KEY_NAMES = (EXPLAIN, *(name for name, _, _ in KEYS))
