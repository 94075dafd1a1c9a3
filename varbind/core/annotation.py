"""What is written into column 8: the keys, their header lines, and the values of one record.

One value an ALT, in order; a missing value is `.`, never 0. A key with no value for any allele is left
out. Numbers are `%.6g` of single precision, so that VCF and BCF agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.variant import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.core.effects import BindingEffect, FamilyChange
    from varbind.core.tss import GeneHit

__all__ = ["KEY_NAMES", "TRACK_STEM", "AlleleAnnotation", "header_lines", "info_text"]

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

# Name, Type, Description; every key is Number=A.
_KEYS = (
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
    ("FLAG", "String", "Caveats on a scored allele, joined by &: padded = the window runs off the contig"),
)

# Keys of the second stage: not written yet, but recognised as ours where an input holds them.
_SECOND_STAGE = ("SCORE", "SCORE_CONS", "ACTIVITY", "DEEPFIND", "PHRED")

KEY_NAMES = (*(name for name, _, _ in _KEYS), *_SECOND_STAGE)


@dataclass(frozen=True, slots=True)
class AlleleAnnotation:
    """All that is known about one ALT.

    Attributes:
        status: whether it was scored.
        effect: its binding effect; None unless scored.
        genes: promoters it lies in, nearest first.
        padded: its window runs off the contig.
        conservation: mean of each track over its reference bases, in the order of the tracks; NaN where
            a track has no value.
    """

    status: Status
    effect: BindingEffect | None = None
    genes: tuple[GeneHit, ...] = ()
    padded: bool = False
    conservation: tuple[float, ...] = ()


def header_lines(prefix: str, version: str, tracks: Sequence[str], *, genes: bool) -> list[str]:
    """The `##INFO` lines of the keys that a run may write."""
    keys = [key for key in _KEYS if genes or key[0] not in {"GENE", "TSSDIST"}]
    keys += [
        (f"{TRACK_STEM}{track}", "Float", f"Mean of the track {track} over the allele's reference bases")
        for track in tracks
    ]
    return [
        f'##INFO=<ID={prefix}_{name},Number=A,Type={kind},Description="{text}",Source="varbind",Version="{version}">'
        for name, kind, text in keys
    ]


def info_text(alleles: Sequence[AlleleAnnotation], prefix: str, tracks: Sequence[str] = ()) -> str:
    """`KEY=value;...` for one record, one value an ALT."""
    columns = {
        "BIND_LOSS": [_changes(a.effect.losses) if a.effect else None for a in alleles],
        "BIND_GAIN": [_changes(a.effect.gains) if a.effect else None for a in alleles],
        "LOSS_PHRED": [_number(a.effect.loss_phred) if a.effect else None for a in alleles],
        "GAIN_PHRED": [_number(a.effect.gain_phred) if a.effect else None for a in alleles],
        "GENE": ["&".join(map(_gene, a.genes)) or None for a in alleles],
        "TSSDIST": [str(a.genes[0].distance) if a.genes else None for a in alleles],
    }
    for index, track in enumerate(tracks):
        values = [a.conservation[index] if a.conservation else None for a in alleles]
        columns[f"{TRACK_STEM}{track}"] = [_number(value) for value in values]
    columns["STATUS"] = [a.status.value for a in alleles]
    columns["FLAG"] = ["padded" if a.padded else None for a in alleles]
    return ";".join(
        f"{prefix}_{name}={','.join(value or '.' for value in values)}"
        for name, values in columns.items()
        if any(value is not None for value in values)
    )


def _number(value: float | None) -> str | None:
    if value is None or np.isnan(value):
        return None
    return f"{float(np.float32(value)) + 0.0:.6g}"


def _changes(changes: Sequence[FamilyChange]) -> str | None:
    return "&".join(map(_change, changes)) or None


def _change(change: FamilyChange) -> str:
    model = change.model
    names = [_encode(word) for word in (model.family, model.protein, model.model_id)]
    return "|".join([*names, f"{change.delta:.4g}", f"{change.z:.4g}"])


def _gene(hit: GeneHit) -> str:
    tss = hit.tss
    words = [_encode(word) for word in (tss.symbol, tss.gene_id, tss.transcript_id)]
    return "|".join([*words, tss.strand, str(hit.distance), "+".join(map(_encode, tss.tags))])


_RESERVED = {ord(letter): f"%{ord(letter):02X}" for letter in '%;=,|&+ \t\r\n"'}


@lru_cache(maxsize=1 << 14)
def _encode(word: str) -> str:
    """Percent-encode what would break the field (VCF 4.3, section 1.2), and what we join words by."""
    return word.translate(_RESERVED)
