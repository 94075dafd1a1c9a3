"""Tables of variants with measured values, and the sequence around each variant.

A table has a header. If it has the columns `left` and `right`, these hold the bases around each variant, and no genome
is read; otherwise the sequence is read from the reference.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import encode
from varbind.core.variant import Variant, normalise, trim
from varbind.core.window import Window, cut_windows
from varbind.datasets.text_input import checked_number, read_table
from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from varbind.core.variant import ReferenceSequence

__all__ = ["OPTIONAL", "VariantTable", "read_variant_table"]

logger = logging.getLogger(__name__)

PLACE = ("chrom", "pos", "ref", "alt")
FLANKS = ("left", "right")
OPTIONAL = ("tss_distance", "weight", "barcodes")
_ALLELE = re.compile(r"[ACGTacgt]*")
_FLANK = re.compile(r"[ACGTNacgtn]*")
_NO_WINDOW = Window(encode(""), encode(""), padded=True)


@dataclass(frozen=True, slots=True)
class VariantTable:
    """N variants.

    Attributes:
        path: path of the file.
        lines: line numbers in the file, for messages.
        variants: trimmed if the file gives flanks, else normalised on the reference.
        windows: windows with the requested flank, filled with N if the file gives fewer bases.
        numbers: numbers by column, float64 (N,); NaN = missing.
        texts: texts by column, one for each variant.
    """

    path: str
    lines: Sequence[int]
    variants: Sequence[Variant]
    windows: Sequence[Window]
    numbers: Mapping[str, NDArray[np.float64]]
    texts: Mapping[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.variants)


def read_variant_table(
    path: str,
    *,
    flank: int,
    needed: Collection[str],
    texts: Collection[str] = (),
    reference: ReferenceSequence | None = None,
    sequence: bool = True,
) -> VariantTable:
    """Read a table with the columns chrom, pos, ref and alt, and further columns.

    Args:
        path: path of a tab-separated text, plain or compressed. An allele without bases is empty or `-`.
        flank: number of bases on each side of a window.
        needed: columns of numbers that are required in every row; further columns of numbers are optional, and may have
            missing values (`.` or NA).
        texts: optional columns of text.
        reference: genome of the variants; None = the table gives flanks.
        sequence: whether to read windows; without them neither flanks nor a genome are needed.

    Raises:
        InputError: the table is malformed.
    """
    # The names of tracks keep their case, since `varbind annotate` compares them exactly.
    known = {*PLACE, *FLANKS, *OPTIONAL, *needed, *texts}

    def named(name: str) -> str:
        name = name.strip()
        return name.lower() if name.lower() in known else name

    def check_header(header: Sequence[str], line: int) -> None:
        names = [named(name) for name in header]
        has_sequence = reference is not None or set(FLANKS) <= set(names)
        _check_header(names, {*PLACE, *needed}, path, line, whole=has_sequence or not sequence)

    table = read_table(path, check_header).rename(columns=named)
    if table.empty:
        raise InputError("holds no variant", path=path, remedy="give one variant per line below the header")
    table = table.apply(lambda column: column.str.strip())
    lines = table.index.tolist()
    rows = list(zip(lines, table.to_dict("records"), strict=True))
    has_sequence = True
    if set(FLANKS) <= set(table.columns):
        placed = [_window(cells, flank, path, line) for line, cells in rows]
    elif reference is not None:
        variants = [_on_reference(cells, reference, path, line) for line, cells in rows]
        placed = list(zip(variants, cut_windows(variants, flank, reference), strict=True))
    else:
        has_sequence = False
        placed = [(_variant(cells, path, line), _NO_WINDOW) for line, cells in rows]
    if short := sum(window.padded for _, window in placed if has_sequence):
        logger.warning("%s: %d variants have fewer than %d bases on a side; missing bases are N", path, short, flank)
    columns = [name for name in table if name not in {*PLACE, *FLANKS, *texts}]
    return VariantTable(
        path,
        lines,
        [variant for variant, _ in placed],
        [window for _, window in placed],
        {name: _numbers(table[name], path, needed=name in needed) for name in columns},
        {name: tuple(table[name]) for name in texts if name in table},
    )


def _check_header(names: Sequence[str], needed: set[str], path: str, line: int, *, whole: bool) -> None:
    if lacking := sorted(needed - set(names)):
        what = f"the header is {', '.join(names)}; it lacks {', '.join(lacking)}"
        raise InputError(what, path=path, line=line, remedy="name the columns, with tabs between them")
    if len(set(names)) < len(names):
        raise InputError("two columns have one name", path=path, line=line, remedy="rename one")
    if not whole:
        remedy = "give the genome with --fasta, or the columns left and right"
        raise InputError("the sequence around the variants is not given", path=path, line=line, remedy=remedy)


def _variant(cells: Mapping[str, str], path: str, line: int) -> Variant:
    """The variant as written."""
    pos = checked_number(cells["pos"], "position", path, line, "give a whole number from 1")
    if pos < 1 or pos != int(pos):
        what = f"the position is {cells['pos']!r}, expected a whole number from 1"
        raise InputError(what, path=path, line=line, remedy="correct or remove the row")
    ref, alt = (cells[name].replace("-", "") for name in ("ref", "alt"))
    if not (_ALLELE.fullmatch(ref) and _ALLELE.fullmatch(alt)) or ref.upper() == alt.upper():
        what = f"the alleles are {cells['ref']!r} and {cells['alt']!r}, expected two different ones of A, C, G and T"
        raise InputError(what, path=path, line=line, remedy="correct or remove the row")
    return Variant(cells["chrom"], int(pos), ref.upper(), alt.upper())


def _window(cells: Mapping[str, str], flank: int, path: str, line: int) -> tuple[Variant, Window]:
    """The variant and its window from the flanks of the row."""
    variant = _variant(cells, path, line)
    left, right = (cells[name].upper() for name in FLANKS)
    if not (_FLANK.fullmatch(left) and _FLANK.fullmatch(right)):
        what = "a flank holds other letters than A, C, G, T and N"
        raise InputError(what, path=path, line=line, remedy="correct or remove the row")
    # Trimmed as in annotation; otherwise the window would differ.
    pos, ref, alt = trim(variant.pos, variant.ref, variant.alt)
    shared = pos - variant.pos
    left, right = left + variant.ref[:shared], variant.ref[shared + len(ref) :] + right
    variant = Variant(variant.chrom, pos, ref, alt)
    padded = min(len(left), len(right)) < flank
    left, right = left[max(len(left) - flank, 0) :].rjust(flank, "N"), right[:flank].ljust(flank, "N")
    ref_codes, alt_codes = (encode(left + allele + right) for allele in (ref, alt))
    return variant, Window(ref_codes, alt_codes, padded)


def _on_reference(cells: Mapping[str, str], reference: ReferenceSequence, path: str, line: int) -> Variant:
    variant = _variant(cells, path, line)
    try:
        length = reference.length(variant.chrom)
    except KeyError as error:
        what = f"the reference has no contig {variant.chrom}"
        raise InputError(what, path=path, line=line, remedy="use the contig names of the FASTA") from error
    inside = variant.end <= length
    found = reference.fetch(variant.chrom, variant.start, variant.end) if inside else "nothing"
    if found != variant.ref:
        what = f"REF is {variant.ref or 'empty'}, the reference has {found}"
        raise InputError(what, path=path, line=line, remedy="give the reference of these variants")
    return normalise(variant.chrom, variant.pos, variant.ref, variant.alt, reference)


def _numbers(column: pd.Series[str], path: str, *, needed: bool) -> NDArray[np.float64]:
    """The numbers of a column, float64 (N,); those of a column that is not needed may be missing, NaN."""
    if needed:
        name, remedy = str(column.name), "correct or remove the row"
        cells = zip(column.index.tolist(), column, strict=True)
        return np.array([checked_number(cell, name, path, line, remedy) for line, cell in cells])
    # `pandas.to_numeric` may differ from the nearest number in the last digit.
    return np.array([_number_or_nan(word) for word in column])


def _number_or_nan(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return float("nan")
