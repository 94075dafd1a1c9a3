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

from varbind.core.info_keys import EXPLAIN, KEYS, TRACK_STEM
from varbind.effect.second_stage import EffectKeys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.bank.binding_changes import BindingEffect, FamilyChange
    from varbind.core.tss import GeneHit
    from varbind.core.variant import Status

__all__ = ["ENCODED_CONTROLS", "AlleleAnnotation", "header_lines", "info_text"]


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


def header_lines(
    prefix: str, version: str, tracks: Sequence[str], *, genes: bool, effect: EffectKeys | None = None
) -> list[str]:
    """The `##INFO` lines of the keys that a run may write."""
    effect = effect or EffectKeys()
    keys: list[tuple[str, str, str]] = [(key.name, key.type, key.description) for key in effect.keys]
    if effect.explain:
        text = "What each model adds to ACTIVITY, largest first, model_id|log2 joined by &; the sum is ACTIVITY"
        keys.append((EXPLAIN, "String", text))
    keys += [key for key in KEYS if genes or key[0] not in {"GENE", "TSSDIST"}]
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
    *stems, status, flag = (name for name, _, _ in KEYS)
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
