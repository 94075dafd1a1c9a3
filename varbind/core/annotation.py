"""What is written into column 8: the keys, their header lines, and the values of one record.

One value an ALT, in order; a missing value is `.`, never 0. A key with no value for any allele is left
out. Numbers are `%.6g` of single precision, so that VCF and BCF agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import compress
from math import isnan
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from varbind.core.variant import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.core.effects import BindingEffect, FamilyChange
    from varbind.core.tss import GeneHit

__all__ = [
    "EFFECT_NAMES",
    "ENCODED_CONTROLS",
    "KEY_NAMES",
    "TRACK_STEM",
    "AlleleAnnotation",
    "EffectKeys",
    "header_lines",
    "info_text",
]

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

# Of the second stage: name, Description; every one is a Float. Those that are written depend on its heads.
_EFFECT_KEYS = {
    "SCORE": "Calibrated probability, 0 to 1, that the allele measurably changes promoter activity, from sequence "
    "alone; not pathogenicity",
    "SCORE_CONS": "SCORE with the log-odds of the conservation tracks added, none where they have no value; no "
    "calibrated probability",
    "PHRED": "-10 log10 of the share of background promoter variants of the same kind and size whose SCORE is at least "
    "as high",
    "ACTIVITY": "Predicted change of promoter activity, log2, averaged over cell types; negative = loss",
    "ACTIVITY_SE": "Standard error of ACTIVITY over the loci that trained it (jackknife)",
    "DEEPFIND": "Output, 0 to 1, of the DeepFind network: simulated rather than derived variants; mostly mutational "
    "process, not pathogenicity",
}
EXPLAIN = "EXPLAIN"
EFFECT_NAMES = tuple(_EFFECT_KEYS)

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
    (
        "FLAG",
        "String",
        "Caveats on a scored allele, joined by &: padded = the window runs off the contig, in_training = the second "  # noqa: ISC004
        "stage was trained on this change in this sequence, or on this variant of its set, size_extrapolated = longer "
        "than any background variant, so PHREDs compare it with the longest ones of its kind",
    ),
)

KEY_NAMES = (*EFFECT_NAMES, EXPLAIN, *(name for name, _, _ in _KEYS))


@dataclass(frozen=True, slots=True)
class AlleleAnnotation:
    """All that is known about one ALT.

    Attributes:
        status: whether it was scored.
        effect: its binding effect; None unless scored.
        genes: promoters it lies in, nearest first.
        padded: its window runs off the contig.
        in_training: the second stage was trained on it.
        size_extrapolated: it is longer than the background variants that its PHREDs compare it with.
        predicted: values of the second stage, in the order of its keys; NaN where one has none.
        explained: what each model adds to the activity, most first.
        conservation: mean of each track over its reference bases, in the order of the tracks; NaN where
            a track has no value.
    """

    status: Status
    effect: BindingEffect | None = None
    genes: tuple[GeneHit, ...] = ()
    padded: bool = False
    in_training: bool = False
    size_extrapolated: bool = False
    predicted: tuple[float, ...] = ()
    explained: tuple[tuple[str, float], ...] = ()
    conservation: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class EffectKeys:
    """Which keys of the second stage a run writes.

    Attributes:
        names: of numbers, in order, without the prefix.
        explain: whether what each model adds is written.
        cutoffs: a sentence on suggested cut-offs of SCORE.
    """

    names: tuple[str, ...] = ()
    explain: bool = False
    cutoffs: str = ""


def header_lines(
    prefix: str, version: str, tracks: Sequence[str], *, genes: bool, effect: EffectKeys | None = None
) -> list[str]:
    """The `##INFO` lines of the keys that a run may write."""
    effect = effect or EffectKeys()
    keys = [(name, "Float", _EFFECT_KEYS[name]) for name in effect.names]
    keys = [(name, kind, text + effect.cutoffs if name == "SCORE" else text) for name, kind, text in keys]
    if effect.explain:
        text = "What each model adds to ACTIVITY, largest first, model_id|log2 joined by &; the sum is ACTIVITY"
        keys.append((EXPLAIN, "String", text))
    keys += [key for key in _KEYS if genes or key[0] not in {"GENE", "TSSDIST"}]
    keys += [
        (f"{TRACK_STEM}{track}", "Float", f"Mean of the track {track} over the allele's reference bases")
        for track in tracks
    ]
    return [
        f'##INFO=<ID={prefix}_{name},Number=A,Type={kind},Description="{text}",Source="varbind",Version="{version}">'
        for name, kind, text in keys
    ]


def info_text(
    alleles: Sequence[AlleleAnnotation], prefix: str, tracks: Sequence[str] = (), effect_names: tuple[str, ...] = ()
) -> str:
    """`KEY=value;...` for one record, one value an ALT."""
    keys = _keys_written(prefix, tuple(tracks), effect_names)
    columns = zip(*[_values(allele, len(tracks), len(effect_names)) for allele in alleles], strict=True)
    return ";".join(
        [
            key + ",".join([value or "." for value in column])
            for key, column in zip(keys, columns, strict=True)
            if any(column)
        ]
    )


@cache
def _keys_written(prefix: str, tracks: tuple[str, ...], effect_names: tuple[str, ...]) -> tuple[str, ...]:
    """`KEY=` in order."""
    *stems, status, flag = (name for name, _, _ in _KEYS)
    names = (*effect_names, EXPLAIN, *stems, *(f"{TRACK_STEM}{track}" for track in tracks), status, flag)
    return tuple(f"{prefix}_{name}=" for name in names)


def _values(allele: AlleleAnnotation, tracks: int, predicted: int) -> list[str | None]:
    """Values of one ALT in the order of the keys; what is missing is empty or None."""
    effect, genes = allele.effect, allele.genes
    bound: list[str | None] = [None] * 4
    if effect:
        bound = [
            _changes(effect.losses),
            _changes(effect.gains),
            _number(effect.loss_phred),
            _number(effect.gain_phred),
        ]
    return [
        *(map(_number, allele.predicted) if allele.predicted else [None] * predicted),
        "&".join([f"{_encode(model_id)}|{share:.6g}" for model_id, share in allele.explained]),
        *bound,
        "&".join([_gene(hit) for hit in genes]),
        str(genes[0].distance) if genes else None,
        *(map(_number, allele.conservation[:tracks]) if allele.conservation else [None] * tracks),
        allele.status.value,
        _flags(allele.padded, allele.in_training, allele.size_extrapolated),
    ]


_FLAGS = ("padded", "in_training", "size_extrapolated")


@cache
def _flags(*raised: bool) -> str:
    """Those of `_FLAGS` that are raised."""
    return "&".join(compress(_FLAGS, raised))


def _number(value: float | None) -> str | None:
    if value is None or isnan(value):
        return None
    return f"{float(np.float32(value)) + 0.0:.6g}"


def _changes(changes: Sequence[FamilyChange]) -> str:
    return "&".join(
        [
            f"{_names(change.model.family, change.model.protein, change.model.model_id)}"
            f"|{change.delta:.4g}|{change.z:.4g}"
            for change in changes
        ]
    )


@lru_cache(maxsize=1 << 14)
def _names(*words: str) -> str:
    """Names joined; the same few come with every record."""
    return "|".join(map(_encode, words))


def _gene(hit: GeneHit) -> str:
    tss = hit.tss
    names = _names(tss.symbol, tss.gene_id, tss.transcript_id)
    return f"{names}|{tss.strand}|{hit.distance}|{'+'.join(map(_encode, tss.tags))}"


_CONTROLS = [*map(chr, (*range(0x20), *range(0x7F, 0xA0))), "\N{LINE SEPARATOR}", "\N{PARAGRAPH SEPARATOR}"]
ENCODED_CONTROLS = {ord(letter): quote(letter) for letter in _CONTROLS}
"""What neither a field of VCF nor a cell of a table holds as it is: it would end a line, or steer a terminal."""

_RESERVED = ENCODED_CONTROLS | {ord(letter): quote(letter) for letter in '%;=,|&+ "'}


@lru_cache(maxsize=1 << 14)
def _encode(word: str) -> str:
    """Percent-encode what would break the field (VCF 4.3, section 1.2), and what we join words by."""
    return word.translate(_RESERVED)
