"""Mutation maps as a picture or as a table."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import BASES
from varbind.draw.heat_map import MapMark, MapRow, draw_mutation_map
from varbind.io.output.typed_table import frame_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from varbind.draw.svg import Drawing
    from varbind.interpret.mutation_map import MutationMap
    from varbind.interpret.region_maps import RegionMap

__all__ = ["MAP_COLUMNS", "MapValue", "drawing_of", "frame_of_map"]

MAP_COLUMNS = (
    ("protein", str),
    ("model_id", str),
    ("variant", str),
    ("allele", str),
    ("chrom", str),
    ("pos", int),
    ("from", str),
    ("to", str),
    ("ref_score", float),
    ("alt_score", float),
    ("delta", float),
    ("weighted", float),
)
"""The columns of the table of a map: a row is a change of the sequence of one allele."""


class MapValue(StrEnum):
    """What a picture shows of each change."""

    DELTA = "delta"
    WEIGHTED = "weighted"


def drawing_of(found: RegionMap, value: MapValue = MapValue.DELTA) -> Drawing:
    """The picture of a map; for an allele, those of wild type and mutant on one scale."""
    model, variant = found.model, found.variant
    name = model.protein if model.model_id == model.protein else f"{model.protein} ({model.model_id})"
    title = f"{name}, {found.place}"
    unit = "change of the score" + " x the score" * (value is MapValue.WEIGHTED)
    if variant is None or found.mutant is None:
        label = f"score {_score(found.wild_type)}"
        row = MapRow(
            found.wild_type.letters,
            _values(found.wild_type, value)[: len(BASES)],
            label,
            _deletions(found.wild_type, value),
        )
        return draw_mutation_map([row], title=title, first=found.first, unit=unit)
    left = variant.pos - found.first
    ref, alt = len(variant.ref), len(variant.alt)
    longer = max(ref, alt)
    rows = [
        _aligned_row(found.wild_type, value, left + ref, longer - ref, f"wild type, score {_score(found.wild_type)}"),
        _aligned_row(found.mutant, value, left + alt, longer - alt, f"mutant, score {_score(found.mutant)}"),
    ]
    named = f"{variant.ref or '-'}>{variant.alt or '-'} at {variant.pos}"
    base = variant.alt if ref == alt == 1 else ""
    marks = [MapMark(0, left, left + longer, base, named), MapMark(1, left, left + longer)]
    return draw_mutation_map(rows, title=title, first=found.first, marks=marks, unit=unit)


def _score(found: MutationMap) -> str:
    """The score of the sequence, or the range of those of its windows."""
    own = found.ref[: len(BASES)]
    low, high = float(own.min()), float(own.max())
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"


def _values(found: MutationMap, value: MapValue) -> NDArray[np.float32]:
    return found.weighted if value is MapValue.WEIGHTED else found.delta


def _deletions(found: MutationMap, value: MapValue) -> NDArray[np.float32] | None:
    values = _values(found, value)[len(BASES) :]
    return values if len(values) else None


def _aligned_row(found: MutationMap, value: MapValue, place: int, gap: int, label: str) -> MapRow:
    """A row with gaps before the column `place`, where the other allele is longer."""
    letters = found.letters[:place] + "-" * gap + found.letters[place:]
    changes = np.insert(_values(found, value)[: len(BASES)], [place] * gap, 0, axis=1)
    removed = _deletions(found, value)
    return MapRow(
        letters, changes, label, None if removed is None else np.insert(removed, [place] * gap, np.nan, axis=1)
    )


def frame_of_map(found: RegionMap) -> pd.DataFrame:
    """The rows of a map for `MAP_COLUMNS`: every substitution position by position, then every deletion."""
    rows = list(_rows(found, found.wild_type, "ref"))
    if found.mutant is not None:
        rows += _rows(found, found.mutant, "alt")
    return frame_of(MAP_COLUMNS, rows)


def _rows(found: RegionMap, own: MutationMap, allele: str) -> Iterator[tuple[object, ...]]:
    """The cells of the map of one allele."""
    variant = found.place if found.variant is not None else None
    start = (found.model.protein, found.model.model_id, variant, allele, found.chrom or None)
    positions = _positions(found, own, allele)
    delta, weighted = own.delta, own.weighted
    for row, column in _cells(own):
        cell = row, column
        removed = own.letters[column : column + max(row - len(BASES) + 1, 1)]
        added = BASES[row] if row < len(BASES) else None
        scores = (own.ref[cell], own.alt[cell], delta[cell], weighted[cell])
        yield *start, positions[column], removed, added or "-", *scores


def _cells(own: MutationMap) -> Iterator[tuple[int, int]]:
    """The row and the column of every change of a map."""
    for column, letter in enumerate(own.letters):
        yield from ((row, column) for row, base in enumerate(BASES) if base != letter)
    for row in range(len(BASES), len(own.ref)):
        yield from ((row, column) for column in range(len(own.letters)) if not np.isnan(own.ref[row, column]))


def _positions(found: RegionMap, own: MutationMap, allele: str) -> list[str | None]:
    """The position of each base on the contig, as text; None for an inserted base."""
    variant = found.variant
    if allele == "ref" or variant is None:
        return [str(found.first + column) for column in range(len(own.letters))]
    before = variant.pos - found.first
    shared = min(len(variant.ref), len(variant.alt))
    after = range(variant.pos + len(variant.ref), variant.pos + len(variant.ref) + len(own.letters))
    places: list[int | None] = [*range(found.first, variant.pos + shared)]
    places += [None] * (len(variant.alt) - shared)
    rest = len(own.letters) - before - len(variant.alt)
    return [None if place is None else str(place) for place in [*places, *after[:rest]]]
