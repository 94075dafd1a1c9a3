"""Peaks of a binding assay: BED or narrowPeak and a reference enter, the bases around the summits leave."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.contigs import ContigNames
from varbind.core.sequence import Codes, encode
from varbind.errors import InputError
from varbind.train.lines import checked_number, untracked_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.io.fasta import Reference

__all__ = ["PEAK_LENGTH", "Peak", "PeakRegions", "Unused", "peak_regions", "read_peaks", "strongest"]

PEAK_LENGTH = 101
"""Bases around a summit (DeepBind 2015, ChIP-seq)."""

MOST_BEYOND = 0.1
"""Of the peaks; a larger share that ends beyond its contig means another genome build."""

NARROW_PEAK_COLUMNS = 10


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
        strength: signal of a narrowPeak, score of a BED; None where there is none.
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
    """Read BED or narrowPeak, plain or compressed.

    Raises:
        InputError: there is no peak, or a line is malformed.
    """
    peaks = [_peak(text, path, number) for number, text in untracked_lines(path)]
    if not peaks:
        raise InputError("holds no peak", path=path, remedy="give BED or narrowPeak")
    return peaks


def strongest(peaks: Sequence[Peak], count: int, path: str) -> list[Peak]:
    """The strongest peaks, in the order of the file; the earlier one at a tie.

    Raises:
        InputError: the file states no strengths, or one for all.
    """
    strengths = [peak.strength for peak in peaks if peak.strength is not None]
    if len(strengths) < len(peaks) or (len(peaks) > count and len(set(strengths)) < 2):
        found = "one score for all peaks" if strengths else "no scores"
        remedy = "give narrowPeak (column 7) or BED with scores (column 5), or leave --top out"
        raise InputError(f"{found}: which are the strongest cannot be told", path=path, remedy=remedy)
    order = np.argsort(-np.array(strengths), kind="stable")[:count]
    return [peaks[index] for index in np.sort(order)]


def peak_regions(peaks: Sequence[Peak], reference: Reference, path: str) -> PeakRegions:
    """Cut the bases around each peak's centre.

    Args:
        peaks: of one file.
        reference: of the genome on which they were called.
        path: of the file, for messages.

    Raises:
        InputError: no peak can be used, or too many end beyond their contigs.
    """
    names = ContigNames(reference.contigs)
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


def _peak(text: str, path: str, line: int) -> Peak:
    columns = text.split("\t") if "\t" in text else text.split()
    if len(columns) < 3 or not all(column.strip().isdecimal() for column in columns[1:3]):
        what = f"found {' '.join(columns[:3])!r}, expected CHROM, START and END"
        raise InputError(what, path=path, line=line, remedy="give BED or narrowPeak")
    start, end = int(columns[1]), int(columns[2])
    if end <= start:
        raise InputError(f"the peak {start}-{end} is empty", path=path, line=line, remedy="END must exceed START")
    if len(columns) != NARROW_PEAK_COLUMNS:
        return Peak(columns[0], (start + end) // 2, end, _strength(columns[4:5], path, line))
    summit = columns[9].strip()
    if summit != "-1" and not (summit.isdecimal() and int(summit) < end - start):
        what = f"the summit (column 10) is {summit!r}, expected a place in the peak or -1"
        raise InputError(what, path=path, line=line, remedy="give narrowPeak")
    centre = (start + end) // 2 if summit == "-1" else start + int(summit)
    return Peak(columns[0], centre, end, _strength(columns[6:7], path, line))


def _strength(column: list[str], path: str, line: int) -> float | None:
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
    return InputError(f"{what}, the reference has {next(iter(reference.contigs))}, ...", path=path, remedy="rename")
