"""Peaks of a binding assay: a peak file and a reference enter, the bases around the summits leave."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.contigs import ContigNames
from varbind.core.sequence import Codes, encode
from varbind.datasets.peak_formats import SUMMIT, SUMMIT_COLUMN, PeakFormat, PeakLine, formats_of, other_table
from varbind.datasets.text_input import checked_number, columns_of, untracked_lines
from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.io.reference import Reference

__all__ = ["PEAK_LENGTH", "Peak", "PeakRegions", "Unused", "peak_regions", "read_peaks", "strongest"]

PEAK_LENGTH = 101
"""Bases around a summit (DeepBind 2015, ChIP-seq)."""

MOST_BEYOND = 0.1
"""Of the peaks; a larger share that ends beyond its contig means another genome build."""

PLACE_DIGITS = 18
"""No place on a contig has more."""

LINES_THAT_TELL = 1_000
"""From the start of a file: what formats its lines have is told from these."""

_GIVE = "give BED, narrowPeak, broadPeak or gappedPeak"


class Unused(StrEnum):
    """Why a peak trains nothing."""

    NO_CONTIG = "no_contig"
    OFF_CONTIG = "off_contig"
    EDGE = "edge"
    UNKNOWN_BASES = "unknown_bases"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Peak:
    """One line.

    Attributes:
        contig: as the file names it.
        centre: the summit where the file states it, else the middle, 0-based.
        end: of the peak, 0-based and exclusive.
        strength: signal of a narrowPeak, broadPeak or gappedPeak, score of a BED; None where there is none.
    """

    contig: str
    centre: int
    end: int
    strength: float | None


@dataclass(frozen=True, slots=True)
class PeakRegions:
    """Sequences around peaks, in the order of the genome.

    Attributes:
        codes: base codes, (N, PEAK_LENGTH).
        contigs: number of the contig of each, int64 (N,).
        unused: peaks left out, by reason.
    """

    codes: Codes
    contigs: NDArray[np.int64]
    unused: Counter[Unused]


def read_peaks(path: str) -> list[Peak]:
    """Read BED, narrowPeak, broadPeak or gappedPeak, plain or compressed, told by their columns.

    Raises:
        InputError: there is no peak, or a line is malformed.
    """
    lines = (_line(text, path, number) for number, text in untracked_lines(path))
    head = list(islice(lines, LINES_THAT_TELL))
    if not head:
        raise InputError("holds no peak", path=path, remedy=_GIVE)
    formats, peaks = formats_of(head), []
    for line in chain(head, lines):
        if len(line.columns) not in formats:
            formats |= formats_of([line])
        peaks.append(_peak(line, formats[len(line.columns)], path))
    return peaks


def strongest(peaks: Sequence[Peak], count: int, path: str) -> list[Peak]:
    """The strongest peaks, in the order of the file; the earlier one at a tie.

    Raises:
        InputError: the file states no strengths, or one for all.
    """
    strengths = [peak.strength for peak in peaks if peak.strength is not None]
    if len(strengths) < len(peaks) or (len(peaks) > count and len(set(strengths)) < 2):
        found = "one score for all peaks" if strengths else "no scores"
        remedy = "give narrowPeak or broadPeak (signal, column 7) or BED with scores (column 5), or leave --top out"
        raise InputError(f"{found}: which are the strongest cannot be told", path=path, remedy=remedy)
    order = np.argsort(-np.array(strengths), kind="stable")[:count]
    return [peaks[index] for index in np.sort(order)]


def peak_regions(
    peaks: Sequence[Peak], reference: Reference, path: str, *, renamed: Mapping[str, str] | None = None
) -> PeakRegions:
    """Cut the bases around each peak's centre.

    Args:
        peaks: of one file.
        reference: of the genome on which they were called.
        path: of the file, for messages.
        renamed: the reference's name of a contig by the peaks' name, where neither the same name nor another common
            style of it says which contig is meant.

    Raises:
        InputError: no peak can be used, or too many end beyond their contigs.
    """
    names = ContigNames(reference.contigs, renamed=renamed)
    number_of = {contig: number for number, contig in enumerate(reference.contigs)}
    unused: Counter[Unused] = Counter()
    placed: dict[tuple[int, int], str] = {}
    for peak in peaks:
        contig = names.resolve(peak.contig)
        reason = _flaw(peak, None if contig is None else reference.length(contig))
        if contig is None or reason is not None:
            unused[reason or Unused.NO_CONTIG] += 1
        elif (number_of[contig], peak.centre) in placed:
            unused[Unused.DUPLICATE] += 1
        else:
            placed[number_of[contig], peak.centre] = contig
    _refuse_other_build(unused, len(peaks), path)
    codes, contigs = [], []
    for (number, centre), contig in sorted(placed.items()):
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


def _line(text: str, path: str, line: int) -> PeakLine:
    # Spreadsheets leave tabs behind the last column.
    columns = columns_of(text.rstrip())
    if len(columns) < 3 or not (
        columns[1].isdecimal() and columns[2].isdecimal() and len(columns[1] + columns[2]) <= PLACE_DIGITS
    ):
        raise _no_peak(columns, path, line)
    start, end = int(columns[1]), int(columns[2])
    if end <= start:
        raise InputError(f"the peak {start}-{end} is empty", path=path, line=line, remedy="END must exceed START")
    return PeakLine(line, columns, start, end)


def _no_peak(columns: Sequence[str], path: str, line: int) -> InputError:
    """What stands there in place of a peak."""
    known = other_table(columns)
    found = known[0] if known else repr(" ".join(columns[:3])[:80])
    what = f"found {found}, expected CHROM, START and END"
    return InputError(what, path=path, line=line, remedy=known[1] if known else _GIVE)


def _peak(line: PeakLine, peak_format: PeakFormat, path: str) -> Peak:
    column = peak_format.strength_column
    strength = _strength(line.columns[column : column + 1], path, line.line)
    centre = (line.start + line.end) // 2
    if peak_format is PeakFormat.NARROW:
        word = line.columns[SUMMIT_COLUMN]
        match = SUMMIT.fullmatch(word)
        summit = int(match[1]) if match else line.end
        if summit < -1 or summit >= line.end - line.start:
            what = f"the summit (column 10) is {word!r}, expected a place in the peak or -1"
            remedy = "give narrowPeak, or only the columns of BED (cut -f 1-6)"
            raise InputError(what, path=path, line=line.line, remedy=remedy)
        centre = centre if summit == -1 else line.start + summit
    return Peak(line.columns[0], centre, line.end, strength)


def _strength(column: Sequence[str], path: str, line: int) -> float | None:
    if not column or column[0].strip() in {".", ""}:
        return None
    return checked_number(column[0], "score", path, line, "correct it")


def _flaw(peak: Peak, length: int | None) -> Unused | None:
    """Why a peak cannot be used, as far as its place tells."""
    if length is None:
        return Unused.NO_CONTIG
    if peak.end > length:
        return Unused.OFF_CONTIG
    fits = peak.centre >= PEAK_LENGTH // 2 and peak.centre + PEAK_LENGTH // 2 < length
    return None if fits else Unused.EDGE


def _refuse_other_build(unused: Counter[Unused], peaks: int, path: str) -> None:
    beyond = unused[Unused.OFF_CONTIG]
    if beyond > MOST_BEYOND * peaks:
        what = f"wrong genome build? {beyond:,} of {peaks:,} peaks end beyond their contig"
        raise InputError(what, path=path, remedy="give the FASTA of the genome on which they were called")


def _nothing_left(unused: Counter[Unused], peaks: Sequence[Peak], reference: Reference, path: str) -> InputError:
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in unused.items())
    what = f"no peak can be used ({reasons}): the peaks are on {peaks[0].contig}, ..."
    remedy = "give the FASTA of their genome, or --contig-map where the names differ"
    return InputError(f"{what}, the reference has {next(iter(reference.contigs))}, ...", path=path, remedy=remedy)
