"""Peak sequences of a binding assay: files enter, base codes and labels leave, negatives are made here.

The files are those of DeepBind (2015): gzipped tables with the columns FoldID, EventID, seq and Bound.
A file with positives only gets its negatives from `shuffled_negatives`.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import Codes, dinucleotide_shuffle, encode
from varbind.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["PeakSequences", "read_peak_sequences", "shuffled_negatives", "split_rows"]

HEADER = ("FoldID", "EventID", "seq", "Bound")


@dataclass(frozen=True, slots=True)
class PeakSequences:
    """Sequences of one length and whether the protein binds them.

    Attributes:
        codes: base codes, shape (N, L).
        bound: shape (N,); at least one is true.
    """

    codes: Codes
    bound: NDArray[np.bool_]

    @property
    def positives(self) -> Codes:
        """Base codes of the bound sequences, shape (P, L)."""
        return self.codes[self.bound]

    @property
    def negatives(self) -> Codes:
        """Base codes of the unbound sequences, shape (N - P, L)."""
        return self.codes[~self.bound]


def read_peak_sequences(path: Path) -> PeakSequences:
    """Read a gzipped table of FoldID, EventID, seq and Bound.

    Args:
        path: of the file; sequences in letters A, C, G, T, N of any case, all of one length.

    Raises:
        InputError: the file cannot be read, a row is malformed (with its line), or nothing is bound.
    """
    try:
        with gzip.open(path, "rt", encoding="ascii") as lines:
            return _parse(lines, path)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"not readable as gzipped text: {error}", remedy="fetch the file again", path=path) from error


def _parse(lines: Iterable[str], path: Path) -> PeakSequences:
    rows = enumerate((line.rstrip("\r\n").split("\t") for line in lines), start=1)
    number, columns = next(rows, (1, []))
    if tuple(columns) != HEADER:
        raise InputError(
            f"the header is {columns}, expected {list(HEADER)}",
            remedy="give a DeepBind .seq.gz file",
            path=path,
            line=number,
        )
    sequences: list[str] = []
    bound: list[bool] = []
    for number, columns in rows:
        problem = _problem_of(columns, length=len(sequences[0]) if sequences else None)
        if problem:
            raise InputError(problem, remedy="correct or remove the row", path=path, line=number)
        sequences.append(columns[2])
        bound.append(columns[3] == "1")
    if not any(bound):
        raise InputError("no bound sequence", remedy="give a file with rows of Bound = 1", path=path)
    codes = encode("".join(sequences)).reshape(len(sequences), -1)
    return PeakSequences(codes, np.array(bound))


def _problem_of(columns: list[str], *, length: int | None) -> str:
    """What is wrong with a row; empty if nothing."""
    if len(columns) != len(HEADER):
        return f"{len(columns)} columns, expected {len(HEADER)}"
    sequence, bound = columns[2:]
    foreign = set(sequence.upper()) - set("ACGTN")
    if foreign or not sequence:
        return f"the sequence holds {sorted(foreign)}, expected the letters A, C, G, T and N"
    if length is not None and len(sequence) != length:
        return f"the sequence has {len(sequence)} bases, expected {length} as in the first row"
    if bound not in {"0", "1"}:
        return f"Bound is {bound!r}, expected 0 or 1"
    return ""


def shuffled_negatives(positives: Codes, rng: np.random.Generator) -> Codes:
    """One dinucleotide-preserving shuffle of every positive, row by row (DeepBind 2015, ChIP-seq).

    Args:
        positives: base codes, shape (N, L).
        rng: the source of randomness.

    Returns:
        Base codes, shape (N, L).
    """
    shuffles = np.empty_like(positives)
    for row, codes in enumerate(positives):
        shuffles[row] = dinucleotide_shuffle(codes, rng)
    return shuffles


def split_rows(count: int, rng: np.random.Generator, *, fraction: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Set a random fraction of the rows aside.

    Args:
        count: number of rows.
        rng: the source of randomness.
        fraction: share of the rows that is held out, rounded to whole rows.

    Returns:
        Row numbers that are kept and row numbers that are held out, each ascending.

    Raises:
        UsageError: one of the two would be empty.
    """
    held = round(count * fraction)
    if not 0 < held < count:
        raise UsageError(f"a share of {fraction} of {count} rows leaves one side empty", remedy="give more rows")
    order = rng.permutation(count)
    return np.sort(order[held:]), np.sort(order[:held])
