"""The INFO keys that varbind writes, in one schema: name, Number, Type, Description and when each is written.

The header lines, the writer, the reader and the table of keys in the README follow from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Literal, Self

from varbind.core.transcript import SPLICE_BASES
from varbind.core.variant import Status
from varbind.effect.second_stage import EFFECT_KEYS

if TYPE_CHECKING:
    from varbind.effect.head import HeadKey

__all__ = [
    "CONS_PHRED_KEY",
    "INFO_KEYS",
    "KEY_NAMES",
    "NO_TSS",
    "TRACK_KEY",
    "TRACK_STEM",
    "InfoKey",
    "Written",
    "expression_of_keys",
]

TRACK_STEM = "CONS_"
"""A conservation track called NAME is written under this stem + NAME."""

CONS_PHRED_KEY = f"{TRACK_STEM}PHRED"
"""PHRED with the evidence of conservation added. It is no track, so no track may be called PHRED."""


class Written(Enum):
    """When a key is declared in the header and may be written."""

    ALWAYS = auto()
    WITH_GENES = auto()
    WITH_EXONS = auto()
    """Only where a gene file has exons."""
    BY_EFFECT = auto()
    """Only where the second stage gives the value."""
    EXPLAINED = auto()
    """Only with `--explain`, with the number of models that are listed in place of `N`."""
    PER_TRACK = auto()
    """Once for each conservation track, with the track's name in place of `name`."""


@dataclass(frozen=True, slots=True)
class InfoKey:
    """One key of column 8.

    Attributes:
        name: the key without its prefix.
        type: the Type that the header declares.
        description: the Description that the header declares.
        written: when the key is written.
        number: the Number that the header declares; `A` is one value per alternate allele.
    """

    name: str
    type: Literal["Float", "Integer", "String"]
    description: str
    written: Written = Written.ALWAYS
    number: str = "A"

    @classmethod
    def of_head(cls, key: HeadKey) -> Self:
        """The key that a head of the second stage gives."""
        return cls(key.name, key.type, key.description, Written.BY_EFFECT)

    def with_most(self, most: int) -> InfoKey:
        """The key of a list of contributions, with the number of entries that it lists at most in its Description."""
        return replace(self, description=re.sub(r"\bN\b", str(most), self.description))

    def with_caveat(self, caveat: str) -> InfoKey:
        """The key of the flags, with one more of them in its Description."""
        return replace(self, description=f"{self.description}, {caveat}")

    def of_track(self, track: str) -> InfoKey:
        """The key of one conservation track."""
        text = self.description.replace("track name", f"track {track}")
        return InfoKey(f"{TRACK_STEM}{track}", self.type, text, self.written, self.number)


_CHANGE = (
    "rarest bound change first, one entry a protein family: FAMILY|PROTEIN|model_id|delta|z joined by &; delta is the "
    "alternate minus the reference score in units of the model, z the same in standard deviations over "
    "background SNVs"
)
_PHRED = (
    "-10 log10 of the share of background promoter variants of the same kind and size whose strongest {} "
    "over all protein families is at least as large; multiple testing is inside; 30 = one in a thousand"
)

NO_TSS = "no_tss = no transcription start is known for it, so PHRED compares it with background variants without one"
"""The flag that is declared and written only where the second stage gives PHRED."""

INFO_KEYS = (
    *map(InfoKey.of_head, EFFECT_KEYS.values()),
    InfoKey(
        "EXPLAIN",
        "String",
        "The N largest contributions of models to ACTIVITY, largest absolute value first: model_id|log2 joined by &; "
        "ACTIVITY is the sum of the contributions of all models, of which those beyond N are not listed",
        Written.EXPLAINED,
    ),
    InfoKey("BIND_LOSS", "String", f"Strongest lost binding, {_CHANGE}; negative = loss"),
    InfoKey("BIND_GAIN", "String", f"Strongest gained binding, {_CHANGE}; positive = gain"),
    InfoKey("LOSS_PHRED", "Float", _PHRED.format("loss")),
    InfoKey("GAIN_PHRED", "Float", _PHRED.format("gain")),
    InfoKey(
        "GENE",
        "String",
        "Genes in whose promoter the allele lies, or the nearest gene where everything is scored; "
        "nearest first: SYMBOL|GENE_ID|TX_ID|strand|distance|tags joined by &",
        Written.WITH_GENES,
    ),
    InfoKey(
        "TSSDIST",
        "Integer",
        "Distance in bases to the nearest transcription start on the strand of its gene; negative = upstream",
        Written.WITH_GENES,
    ),
    InfoKey(
        "REGION",
        "String",
        "Part of the transcript of each gene in GENE, in their order, in which the allele lies, joined by &: CDS, "
        f"splice (up to {SPLICE_BASES} bases into an intron), UTR5, UTR3, exon (of a non-coding transcript), intron, "
        "upstream or downstream; an allele in several parts has the first one of these; . = exons unknown",
        Written.WITH_EXONS,
    ),
    InfoKey(
        f"{TRACK_STEM}name",
        "Float",
        "Mean of the track name over the allele's reference bases",
        Written.PER_TRACK,
    ),
    InfoKey("STATUS", "String", f"{Status.OK} or why the allele has no score: {', '.join(list(Status)[1:])}"),
    InfoKey(
        "FLAG",
        "String",
        "Caveats on a scored allele, joined by &: padded = the window runs off the contig, in_training = the second "
        "stage was trained on this change in this sequence, or on this variant of its set, size_extrapolated = longer "
        "than any background variant, so PHREDs compare it with the longest ones of its kind",
    ),
)
"""Every key, in the order in which column 8 holds them."""

KEY_NAMES = tuple(key.name for key in INFO_KEYS if key.written is not Written.PER_TRACK)
"""The names of all keys but those of conservation tracks."""

TRACK_KEY = next(key for key in INFO_KEYS if key.written is Written.PER_TRACK)
"""The key that stands for those of all conservation tracks."""


def expression_of_keys(prefix: str) -> str:
    """A regular expression that every key with this prefix matches, and no other key that starts alike."""
    names = "|".join([*map(re.escape, KEY_NAMES), rf"{TRACK_STEM}[0-9A-Za-z_.]+"])
    return f"{re.escape(prefix)}_(?:{names})"
