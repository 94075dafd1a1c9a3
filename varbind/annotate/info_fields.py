"""Writes the INFO keys: their header lines, and the values of one record for column 8.

Every key has one value per alternate allele, in the order of ALT. A missing value is `.`, never 0, and a key without a
value for any allele is left out. Numbers are written as `%.6g` of single precision, so that VCF and BCF agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import compress
from math import isnan
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from varbind.annotate.info_schema import INFO_KEYS, NO_TSS, TRACK_KEY, InfoKey, Written
from varbind.effect.second_stage import EffectKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from varbind.bank.binding_changes import BindingEffect, FamilyChange
    from varbind.core.tss import GeneHit
    from varbind.core.variant import Status

__all__ = ["ENCODED_CONTROLS", "AlleleAnnotation", "header_lines", "info_text"]


@dataclass(frozen=True, slots=True)
class AlleleAnnotation:
    """Everything that is written about one alternate allele.

    Attributes:
        status: `ok`, or the reason why the allele has no score.
        effect: the changes of binding; None for an allele without a score.
        genes: the genes in whose promoters the allele lies, nearest first.
        padded: whether the window runs off the contig.
        in_training: whether the second stage was trained on the allele.
        size_extrapolated: whether the allele is longer than all background variants that its PHREDs compare it with.
        no_tss: whether PHRED is written, and no transcription start is known for the allele.
        predicted: the values of the second stage, in the order of its keys; NaN where a value is missing.
        explained: the model ids with the largest contributions to the activity, and the contributions, largest first.
        conservation: the mean of each track over the reference bases, in the order of the tracks; NaN where a track
            has no value.
        known: the values as a precomputed table has them, texts by key without the prefix, which are written as they
            are; None where the other attributes are written.
    """

    status: Status
    effect: BindingEffect | None = None
    genes: tuple[GeneHit, ...] = ()
    padded: bool = False
    in_training: bool = False
    size_extrapolated: bool = False
    no_tss: bool = False
    predicted: tuple[float, ...] = ()
    explained: tuple[tuple[str, float], ...] = ()
    conservation: tuple[float, ...] = ()
    known: Mapping[str, str] | None = None


def header_lines(
    prefix: str,
    version: str,
    tracks: Sequence[str],
    *,
    genes: bool,
    exons: bool = False,
    effect: EffectKeys | None = None,
) -> list[str]:
    """The `##INFO` lines of the keys that a run may write.

    Args:
        prefix: the prefix of every key.
        version: the version of varbind.
        tracks: the names of the conservation tracks.
        genes: whether the run has a gene file.
        exons: whether a gene file has exons.
        effect: the keys of the second stage; None without one.
    """
    effect = effect or EffectKeys()
    is_written = {Written.WITH_GENES: genes, Written.WITH_EXONS: exons, Written.EXPLAINED: bool(effect.explain)}
    keys = list(map(InfoKey.of_head, effect.keys))
    keys += [key for key in _keys_after_effect(tuple(tracks)) if is_written.get(key.written, True)]
    # The header lists the tracks last, column 8 before STATUS.
    keys.sort(key=lambda key: key.written is Written.PER_TRACK)
    keys = [key.with_most(effect.explain) if key.written is Written.EXPLAINED else key for key in keys]
    if "PHRED" in effect.names:
        keys = [key.with_caveat(NO_TSS) if key.name == "FLAG" else key for key in keys]
    return [
        f"##INFO=<ID={prefix}_{key.name},Number={key.number},Type={key.type},"
        f'Description="{key.description}",Source="varbind",Version="{version}">'
        for key in keys
    ]


def info_text(
    alleles: Sequence[AlleleAnnotation], prefix: str, tracks: Sequence[str] = (), effect_names: tuple[str, ...] = ()
) -> str:
    """`KEY=value;...` of one record, with one value per alternate allele.

    Args:
        alleles: the alleles in the order of ALT.
        prefix: the prefix of every key.
        tracks: the names of the conservation tracks.
        effect_names: the keys of the second stage.
    """
    fields = []
    scored = any(allele.effect is not None or allele.known is not None for allele in alleles)
    for name, value_of in _writers(tuple(tracks), effect_names, scored=scored):
        values = [value_of(allele) if allele.known is None else allele.known.get(name) for allele in alleles]
        if any(values):
            fields.append(f"{prefix}_{name}=" + ",".join([value or "." for value in values]))
    return ";".join(fields)


@cache
def _keys_after_effect(tracks: tuple[str, ...]) -> tuple[InfoKey, ...]:
    """The keys that follow those of the second stage in column 8, with one key per track."""
    keys: list[InfoKey] = []
    for key in INFO_KEYS:
        if key.written is Written.PER_TRACK:
            keys += map(key.of_track, tracks)
        elif key.written is not Written.BY_EFFECT:
            keys.append(key)
    return tuple(keys)


_WITHOUT_SCORE = {"GENE", "TSSDIST", "REGION", "STATUS"}
"""The keys, besides those of tracks, that an allele without a score can have."""


@cache
def _writers(
    tracks: tuple[str, ...], effect_names: tuple[str, ...], *, scored: bool
) -> tuple[tuple[str, Callable[[AlleleAnnotation], str | None]], ...]:
    """Every key of a run without its prefix, in order, with the function that writes its value for one allele.

    Most records of a run over a whole genome have no scored allele, so their keys are found once.
    """
    value_of = _VALUE_OF | {name: _predicted(place) for place, name in enumerate(effect_names)}
    value_of |= {TRACK_KEY.of_track(track).name: _conservation(place) for place, track in enumerate(tracks)}
    keys = _keys_after_effect(tracks)
    names = [*effect_names, *(key.name for key in keys)]
    if not scored:
        names = [key.name for key in keys if key.written is Written.PER_TRACK or key.name in _WITHOUT_SCORE]
    return tuple((name, value_of[name]) for name in names)


def _predicted(place: int) -> Callable[[AlleleAnnotation], str | None]:
    """Write the value of the second stage at a place."""
    return lambda allele: _number(allele.predicted[place]) if allele.predicted else None


def _conservation(place: int) -> Callable[[AlleleAnnotation], str | None]:
    """Write the mean of the track at a place."""
    return lambda allele: _number(allele.conservation[place]) if allele.conservation else None


_FLAGS = ("padded", "in_training", "size_extrapolated", "no_tss")


@cache
def _flags(*are_set: bool) -> str:
    """The names in `_FLAGS` of the flags that are set."""
    return "&".join(compress(_FLAGS, are_set))


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
    """Encode and join names; the same few names come with every record, so the result is cached."""
    return "|".join(map(_encode, words))


def _gene(hit: GeneHit) -> str:
    tss = hit.tss
    names = _names(tss.symbol, tss.gene_id, tss.transcript_id)
    return f"{names}|{tss.strand}|{hit.distance}|{'+'.join(map(_encode, tss.tags))}"


def _regions(genes: Sequence[GeneHit]) -> str | None:
    regions = [hit.region for hit in genes]
    return "&".join([region or "." for region in regions]) if any(regions) else None


_CONTROLS = [*map(chr, (*range(0x20), *range(0x7F, 0xA0))), "\N{LINE SEPARATOR}", "\N{PARAGRAPH SEPARATOR}"]
ENCODED_CONTROLS = {ord(letter): quote(letter) for letter in _CONTROLS}
"""Control characters with their percent-encoding: they would end a line of a VCF or a table, or control a terminal."""

_RESERVED = ENCODED_CONTROLS | {ord(letter): quote(letter) for letter in '%;=,|&+ "'}


@lru_cache(maxsize=1 << 14)
def _encode(word: str) -> str:
    """Percent-encode what would break the field (VCF 4.3, section 1.2), and the characters that join entries."""
    return word.translate(_RESERVED)


# A missing value is empty or None.
_VALUE_OF: dict[str, Callable[[AlleleAnnotation], str | None]] = {
    "EXPLAIN": lambda allele: "&".join([f"{_encode(model_id)}|{share:.6g}" for model_id, share in allele.explained]),
    "BIND_LOSS": lambda allele: _changes(allele.effect.losses) if allele.effect else None,
    "BIND_GAIN": lambda allele: _changes(allele.effect.gains) if allele.effect else None,
    "LOSS_PHRED": lambda allele: _number(allele.effect.loss_phred) if allele.effect else None,
    "GAIN_PHRED": lambda allele: _number(allele.effect.gain_phred) if allele.effect else None,
    "GENE": lambda allele: "&".join([_gene(hit) for hit in allele.genes]),
    "TSSDIST": lambda allele: str(allele.genes[0].distance) if allele.genes else None,
    "REGION": lambda allele: _regions(allele.genes),
    "STATUS": lambda allele: allele.status.value,
    "FLAG": lambda allele: _flags(allele.padded, allele.in_training, allele.size_extrapolated, allele.no_tss),
}
