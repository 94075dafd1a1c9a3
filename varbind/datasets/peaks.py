"""Peaks of a binding assay, and the reference sequence around their summits.

The sequences are read by `varbind.io.reference`, which uses pysam, and not by pyfaidx. pyfaidx needs Biopython to read
BGZF, writes a missing index into the user's folder, and returns shifted sequences where an index belongs to another
version of the FASTA.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from varbind.core.contigs import ContigNames
from varbind.core.sequence import Codes, encode
from varbind.datasets.peak_formats import SUMMIT, SUMMIT_COLUMN, PeakFormat, PeakLine, formats_of, known_other_format
from varbind.datasets.text_input import checked_number, data_lines, split_columns
from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.io.reference import Reference

__all__ = [
    "PEAK_LENGTH",
    "PeakRegions",
    "Unused",
    "peak_regions",
    "read_peaks",
    "refuse_other_build",
    "strongest_peaks",
]

PEAK_LENGTH = 101
"""Number of bases around a summit (DeepBind 2015, ChIP-seq)."""

MAX_SHARE_BEYOND = 0.1
"""Largest share of peaks that may end beyond their contig; more mean another genome build."""

POSITION_DIGITS = 18
"""Largest number of digits of START and END together."""

LINES_FOR_DETECTION = 1_000
"""Number of lines from which the formats of a file are detected."""

_GIVE = "give BED, narrowPeak, broadPeak or gappedPeak"


class Unused(StrEnum):
    """Why a peak is not used."""

    NO_CONTIG = "no_contig"
    OFF_CONTIG = "off_contig"
    EDGE = "edge"
    UNKNOWN_BASES = "unknown_bases"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class PeakRegions:
    """Sequences around peaks, in the order of the genome.

    Attributes:
        codes: base codes, (N, PEAK_LENGTH).
        contigs: number of the contig of each sequence, int64 (N,).
        unused: number of peaks that were left out, by reason.
    """

    codes: Codes
    contigs: NDArray[np.int64]
    unused: Counter[Unused]


def read_peaks(path: str) -> pd.DataFrame:
    """Read BED, narrowPeak, broadPeak or gappedPeak, plain or compressed; the format is detected from the columns.

    The lines are read one by one and not by `pandas.read_csv`, because their format depends on all of them, the number
    of columns may change within a file, and an error must name its line.

    Returns:
        One row for each peak, in the order of the file: `contig`, the name in the file; `start` and `end`, 0-based and
        half-open; `centre`, the summit if the file states it, else the middle, 0-based; `strength`, the signal of a
        narrowPeak, broadPeak or gappedPeak or the score of a BED line, NaN if there is none.

    Raises:
        InputError: there is no peak, or a line is malformed.
    """
    lines = (_line(text, path, number) for number, text in data_lines(path))
    head = list(islice(lines, LINES_FOR_DETECTION))
    if not head:
        raise InputError("holds no peak", path=path, remedy=_GIVE)
    formats, peaks = formats_of(head), []
    for line in chain(head, lines):
        if len(line.columns) not in formats:
            formats |= formats_of([line])
        peak_format = formats[len(line.columns)]
        centre, strength = _centre(line, peak_format, path), _strength(line, peak_format, path)
        peaks.append((line.columns[0], line.start, line.end, centre, strength))
    return pd.DataFrame(peaks, columns=["contig", "start", "end", "centre", "strength"])


def strongest_peaks(peaks: pd.DataFrame, count: int, path: str) -> pd.DataFrame:
    """Return the strongest peaks in the order of the file; in a tie the earlier one.

    Raises:
        InputError: the file states no strengths, or the same for all peaks.
    """
    strengths = peaks["strength"]
    if strengths.isna().any() or (len(peaks) > count and strengths.nunique() < 2):
        found = "no scores" if strengths.isna().all() else "one score for all peaks"
        remedy = "give narrowPeak or broadPeak (signal, column 7) or BED with scores (column 5), or leave --top out"
        raise InputError(f"{found}, so the strongest peaks are not known", path=path, remedy=remedy)
    return peaks.nlargest(count, "strength", keep="first").sort_index()


def peak_regions(
    peaks: pd.DataFrame, reference: Reference, path: str, *, renamed: Mapping[str, str] | None = None
) -> PeakRegions:
    """Read the reference sequence around the centre of each peak.

    Args:
        peaks: peaks of one file (`read_peaks`).
        reference: the genome on which they were called.
        path: path of the file, for messages.
        renamed: the name of a contig in the reference by its name in the peaks, for contigs that are not found by the
            same name or another common style of it.

    Raises:
        InputError: no peak can be used, or too many end beyond their contigs.
    """
    placed, unused = _place(peaks, reference, renamed)
    refuse_other_build(
        unused[Unused.OFF_CONTIG], len(peaks), path, "give the FASTA of the genome on which the peaks were called"
    )
    codes, contigs = [], []
    for number, contig, centre in zip(placed["number"], placed["contig"], placed["centre"], strict=True):
        start = centre - PEAK_LENGTH // 2
        bases = encode(reference.fetch(contig, start, start + PEAK_LENGTH))
        if np.count_nonzero(bases > 3) > PEAK_LENGTH // 2:
            unused[Unused.UNKNOWN_BASES] += 1
        else:
            codes.append(bases)
            contigs.append(number)
    if not codes:
        raise _nothing_left(unused, peaks, reference, path)
    return PeakRegions(np.stack(codes), np.array(contigs, dtype=np.int64), unused)


def _place(
    peaks: pd.DataFrame, reference: Reference, renamed: Mapping[str, str] | None
) -> tuple[pd.DataFrame, Counter[Unused]]:
    """The usable peaks in the order of the genome, with contigs as the reference names and numbers them."""
    names = ContigNames(reference.contigs, renamed=renamed)
    resolved = {name: names.resolve(name) for name in peaks["contig"].unique()}
    contig = peaks["contig"].map(resolved)
    length = contig.map(reference.contigs)
    flank = PEAK_LENGTH // 2
    reason = np.select(
        [
            length.isna(),
            peaks["end"] > length,
            (peaks["centre"] < flank) | (peaks["centre"] + flank >= length),
        ],
        [Unused.NO_CONTIG, Unused.OFF_CONTIG, Unused.EDGE],
        "",
    )
    numbers = {name: number for number, name in enumerate(reference.contigs)}
    usable = peaks.assign(contig=contig, number=contig.map(numbers))[reason == ""]
    usable = usable.astype({"number": np.int64}).sort_values(["number", "centre"])
    placed = usable.drop_duplicates(["number", "centre"])
    unused = Counter(Unused(word) for word in reason if word)
    if duplicates := len(usable) - len(placed):
        unused[Unused.DUPLICATE] = duplicates
    return placed, unused


def _line(text: str, path: str, line: int) -> PeakLine:
    # Spreadsheets leave tabs behind the last column.
    columns = split_columns(text.rstrip())
    if len(columns) < 3 or not (
        columns[1].isdecimal() and columns[2].isdecimal() and len(columns[1] + columns[2]) <= POSITION_DIGITS
    ):
        raise _no_peak(columns, path, line)
    start, end = int(columns[1]), int(columns[2])
    if end <= start:
        raise InputError(f"the peak {start}-{end} is empty", path=path, line=line, remedy="END must exceed START")
    return PeakLine(line, columns, start, end)


def _no_peak(columns: Sequence[str], path: str, line: int) -> InputError:
    """The error for a line that is not a peak."""
    known = known_other_format(columns)
    found = known[0] if known else repr(" ".join(columns[:3])[:80])
    what = f"found {found}, expected CHROM, START and END"
    return InputError(what, path=path, line=line, remedy=known[1] if known else _GIVE)


def _centre(line: PeakLine, peak_format: PeakFormat, path: str) -> int:
    """The summit of a narrowPeak if it is stated, else the middle, 0-based."""
    middle = (line.start + line.end) // 2
    if peak_format is not PeakFormat.NARROW:
        return middle
    word = line.columns[SUMMIT_COLUMN]
    match = SUMMIT.fullmatch(word)
    summit = int(match[1]) if match else line.end
    if summit < -1 or summit >= line.end - line.start:
        what = f"the summit (column 10) is {word!r}, expected an offset within the peak or -1"
        remedy = "give narrowPeak, or only the columns of BED (cut -f 1-6)"
        raise InputError(what, path=path, line=line.line, remedy=remedy)
    return middle if summit == -1 else line.start + summit


def _strength(line: PeakLine, peak_format: PeakFormat, path: str) -> float:
    column = line.columns[peak_format.strength_column : peak_format.strength_column + 1]
    if not column or column[0] in {".", ""}:
        return float("nan")
    return checked_number(column[0], "score", path, line.line, "correct it")


def refuse_other_build(beyond: int, peaks: int, path: str, remedy: str) -> None:
    """Refuse peaks of which more than a tenth end beyond their contig.

    Args:
        beyond: number of peaks that end beyond the end of their contig.
        peaks: number of all peaks.
        path: path of their file, for the message.
        remedy: what the user can do.

    Raises:
        InputError: there are too many.
    """
    if beyond > MAX_SHARE_BEYOND * peaks:
        what = f"wrong genome build? {beyond:,} of {peaks:,} peaks end beyond the end of their contig"
        raise InputError(what, path=path, remedy=remedy)


def _nothing_left(unused: Counter[Unused], peaks: pd.DataFrame, reference: Reference, path: str) -> InputError:
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in unused.items())
    what = f"no peak can be used ({reasons}): the peaks are on {peaks['contig'].iloc[0]}, ..."
    remedy = "give the FASTA of their genome, or --contig-map if the names differ"
    return InputError(f"{what}, the reference has {next(iter(reference.contigs))}, ...", path=path, remedy=remedy)
