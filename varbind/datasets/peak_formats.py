"""Detection of the format of a peak file from the types of its columns, and never from its name.

| format | columns | strength | how it is detected |
|---|---|---|---|
| gappedPeak | 15 or more | signal, column 13 | BED12, then three numbers |
| BED12 | 12 or more | score, column 5 | thick part (1), then as many block sizes and block starts as blocks |
| BED9 | 9 or more | score, column 5 | thick part (2) and a colour r,g,b, 0 or . |
| narrowPeak | 10 or more | signal, column 7 | as broadPeak, then the summit, a whole number (3) |
| broadPeak | 9 or more | signal, column 7 | three numbers in columns 7 to 9; the second and third may be . or NA |
| BED | 3 or more | score, column 5 | anything else |

(1) Columns 7 and 8 lie in the peak or are equal. (2) With a colour of 0 or ., they must lie in the peak; three zeros in
columns 7 to 9 are BED9 too. (3) If the tenth column is the last one, it may hold anything.

Further columns, such as those of IDR, change nothing. Lines with the same number of columns have the same format: the
first one in the order of the table that at least half of them fit, counted in the first lines of the file. (A BED9 that
is recognised only by three zeros comes after narrowPeak.) A line of a narrowPeak without a valid summit is an error, so
that no summit is lost, and so is a strength that is not a number. Other deviations are not checked.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["SUMMIT", "SUMMIT_COLUMN", "PeakFormat", "PeakLine", "formats_of", "known_other_format"]

SUMMIT_COLUMN = 9
"""Column of the summit in a narrowPeak, counted from 0."""
SUMMIT = re.compile(r"(-?\d{1,18})(?:\.0)?")
"""A whole number; tables that were written from data frames have .0 after it."""

_COLOUR = re.compile(r"\d{1,3},\d{1,3},\d{1,3}")
_COUNTS = re.compile(r"\d+(?:,\d+)*,?")


_MISSING = {".", "NA"}


class PeakFormat(Enum):
    """A format; `strength_column` is the column of its peak strengths, counted from 0."""

    BED = "BED", 4
    BED9 = "BED9", 4
    BED12 = "BED12", 4
    BROAD = "broadPeak", 6
    NARROW = "narrowPeak", 6
    GAPPED = "gappedPeak", 12

    def __init__(self, _: str, strength_column: int) -> None:
        self.strength_column = strength_column


class PeakLine(NamedTuple):
    """A line whose second and third column are whole numbers.

    Attributes:
        line: number of the line in the file.
        columns: columns of the line, without surrounding blanks.
        start: start of the peak, 0-based.
        end: end of the peak, exclusive.
    """

    line: int
    columns: Sequence[str]
    start: int
    end: int


def formats_of(lines: Iterable[PeakLine]) -> dict[int, PeakFormat]:
    """Return the format of the lines of a file by their number of columns."""
    counts: Counter[int] = Counter()
    matches: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for line in lines:
        width = len(line.columns)
        counts[width] += 1
        matches[width].update(rank for rank, (_, fits) in enumerate(_FORMATS) if fits(line))
    return {width: _format_of(matches[width], count) for width, count in counts.items()}


def _format_of(matches: Counter[int], count: int) -> PeakFormat:
    """The first format of the list that at least half of the lines fit."""
    found = (peak_format for rank, (peak_format, _) in enumerate(_FORMATS) if 2 * matches[rank] >= count)
    return next(found, PeakFormat.BED)


def _is_gapped(line: PeakLine) -> bool:
    return _is_bed12(line) and all(map(_is_number, _padded(line.columns[12:15])))


def _is_bed12(line: PeakLine) -> bool:
    """Column 10 is the number of blocks; columns 11 and 12 list their sizes and starts."""
    count, *lists = _padded(line.columns[9:12])
    if not _is_thick(line):
        return False
    if not (_is_position(count) and all(map(_COUNTS.fullmatch, lists))):
        return False
    return all(len(text.rstrip(",").split(",")) == int(count) for text in lists)


def _is_bed9(line: PeakLine) -> bool:
    """A colour follows two positions; a colour of 0 or `.` is accepted only if both positions lie in the peak."""
    thick_start, thick_end, colour = _padded(line.columns[6:9])
    if not (_is_position(thick_start) and _is_position(thick_end)):
        return False
    inside = line.start <= int(thick_start) <= int(thick_end) <= line.end
    return bool(_COLOUR.fullmatch(colour)) or (inside and colour in {"0", "."})


def _is_thick(line: PeakLine) -> bool:
    """Columns 7 and 8, the thick part, lie in the peak, or are equal, which means that there is no thick part."""
    thick_start, thick_end, _ = _padded(line.columns[6:9])
    if not (_is_position(thick_start) and _is_position(thick_end)):
        return False
    first, last = int(thick_start), int(thick_end)
    return first == last or line.start <= first <= last <= line.end


def _is_blank_bed9(line: PeakLine) -> bool:
    return _padded(line.columns[6:9]) == ("0", "0", "0")


def _is_broad(line: PeakLine) -> bool:
    """The signal is a number; the p-value and the q-value may be missing, and R writes NA for missing values."""
    signal, *others = _padded(line.columns[6:9])
    return _is_number(signal) and all(other in _MISSING or _is_number(other) for other in others)


def _is_narrow(line: PeakLine) -> bool:
    """The tenth of ten columns may hold anything, so that a malformed summit is an error and not ignored."""
    if not _is_broad(line) or len(line.columns) <= SUMMIT_COLUMN:
        return False
    return len(line.columns) == SUMMIT_COLUMN + 1 or SUMMIT.fullmatch(line.columns[SUMMIT_COLUMN]) is not None


_FORMATS: tuple[tuple[PeakFormat, Callable[[PeakLine], bool]], ...] = (
    (PeakFormat.GAPPED, _is_gapped),
    (PeakFormat.BED12, _is_bed12),
    (PeakFormat.BED9, _is_bed9),
    (PeakFormat.NARROW, _is_narrow),
    (PeakFormat.BED9, _is_blank_bed9),
    (PeakFormat.BROAD, _is_broad),
)


def _padded(columns: Sequence[str]) -> tuple[str, str, str]:
    """Return the first three columns; missing columns are empty."""
    first, second, third = (*columns, "", "", "")[:3]
    return first, second, third


def _is_position(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) < 19


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def known_other_format(columns: Sequence[str]) -> tuple[str, str] | None:
    """Recognise a first line of another format; return what it is and what to give instead, or None.

    Args:
        columns: columns of the line.
    """
    names = [column.strip().lower() for column in columns]
    if "abs_summit" in names or {"pileup", "fold_enrichment"} <= set(names):
        remedy = "give the .narrowPeak (or .broadPeak) file that MACS wrote beside it"
        return "the .xls table of MACS, whose positions count from 1", remedy
    if len(columns) > 3 and not _is_position(columns[1]) and all(map(_is_position, columns[2:4])):
        return (
            "a table whose first column is a name, as written by HOMER",
            "convert it to BED: pos2bed.pl TABLE > peaks.bed",
        )
    if len(names) > 2 and {"start", "chromstart", "peakstart", "begin"} & set(names):
        remedy = "remove that line if START counts from 0, as in BED; if it counts from 1, subtract 1 from START too"
        return f"a header line ({' '.join(columns[:3])})"[:80], remedy
    return None
