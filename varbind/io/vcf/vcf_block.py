"""Blocks of many VCF lines, with their columns as arrays, so that most records need no Python object."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from varbind.errors import InputError
from varbind.io.vcf.input_stream import piece_sizes
from varbind.io.vcf.records import POS_DIGITS, VcfRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["RecordOrder", "Selected", "VcfBlock", "in_blocks"]

_TAB, _NEWLINE = 9, 10
_ZERO = ord("0")
_NAME_BYTES = 255
_INFO_COLUMN = 8


class Selected(NamedTuple):
    """A selected record, with the lines before it that are not selected.

    Attributes:
        lines: the lines that are not selected, verbatim; they may be empty.
        n_records: the number of records among these lines, without blank lines.
        record: the selected record; None where no further record is selected.
    """

    lines: bytes
    n_records: int
    record: VcfRecord | None


@dataclass(frozen=True, slots=True)
class VcfBlock:
    """N consecutive lines of a VCF, each of which is a well-formed record.

    Attributes:
        data: the lines, verbatim with their line ends.
        number: the line number of the first line, from 1.
        path: the path of the file, for messages.
        columns: the number of columns of every line.
        bounds: the offset of each line, and the end of the last line, int64 (N + 1,).
        tabs: the offsets of the first eight tabs of each line, int64 (N, 8); seven where column 8 is the last one.
        runs: the runs of lines with the same contig: the contig, its first line and the line after its last.
        pos: POS, int64 (N,).
    """

    data: bytes
    number: int
    path: str
    columns: int
    bounds: NDArray[np.int64]
    tabs: NDArray[np.int64]
    runs: tuple[tuple[str, int, int], ...]
    pos: NDArray[np.int64]

    @classmethod
    def parse(cls, data: bytes, number: int, path: str, columns: int) -> Self | None:
        """Find the columns; None if a line is blank or malformed, so that the lines must be read one by one.

        Args:
            data: whole lines; only the last one may lack its line end.
            number: the line number of the first line, from 1.
            path: the path of the file, for messages.
            columns: the number of columns that every line must have, at least 8.
        """
        text = np.frombuffer(data, dtype=np.uint8)
        ends = np.flatnonzero(text == _NEWLINE)
        if not data.endswith(b"\n"):
            ends = np.append(ends, len(data))
        bounds = np.minimum(np.concatenate([[0], ends + 1]), len(data))
        found = np.flatnonzero(text == _TAB)
        if b"\0" in data or len(found) != len(ends) * (columns - 1):
            return None
        tabs = found.reshape(len(ends), columns - 1)
        if (tabs[:, 0] < bounds[:-1]).any() or (tabs[:, -1] >= ends).any():
            return None
        tabs = np.ascontiguousarray(tabs[:, :_INFO_COLUMN])
        runs = _runs(text, data, bounds[:-1], tabs[:, 0])
        pos = _whole_numbers(text, tabs[:, 0] + 1, tabs[:, 1])
        if runs is None or pos is None:
            return None
        return cls(data, number, path, columns, bounds, tabs, runs, pos)

    def __len__(self) -> int:
        return len(self.pos)

    def lines(self, first: int, last: int) -> bytes:
        """The bytes of the lines [first, last)."""
        return self.data[self.bounds[first] : self.bounds[last]]

    def record(self, line: int) -> VcfRecord:
        """One line as a record."""
        return VcfRecord(self.lines(line, line + 1), self.number + line, self.path, self.columns)

    def select(self, wanted: NDArray[np.bool_]) -> Iterator[Selected]:
        """All lines in order, of which those of a mask, bool (N,), are records."""
        first = 0
        for line in np.flatnonzero(wanted).tolist():
            yield Selected(self.lines(first, line), line - first, self.record(line))
            first = line + 1
        if first < len(self):
            yield Selected(self.lines(first, len(self)), len(self) - first, None)

    def alleles(self, line: int) -> tuple[bytes, bytes]:
        """REF and ALT of one line as written."""
        before_ref, before_alt, after = self.tabs[line, 2:5].tolist()
        return self.data[before_ref + 1 : before_alt], self.data[before_alt + 1 : after]

    def with_info(self, texts: Mapping[int, str]) -> Self:
        """The block with a text appended to column 8 of some lines, as `VcfRecord.with_info` appends it.

        Args:
            texts: the texts by line, from 0, in the order of the lines.
        """
        pieces, place = [], 0
        added = np.zeros(len(self), dtype=np.int64)
        for line, text in texts.items():
            start, end = self._info_bounds(line)
            is_missing = self.data[start:end] == b"."
            before = self.data[place : start if is_missing else end]
            appended = text.encode("utf-8", "surrogateescape")
            pieces += [before, appended] if is_missing else [before, b";", appended]
            place = end
            added[line] = len(appended) + (start - end if is_missing else 1)
        bounds = self.bounds + np.concatenate([[0], np.cumsum(added)])
        tabs = self.tabs + (bounds - self.bounds)[:-1, None]
        tabs[:, _INFO_COLUMN - 1 :] += added[:, None]
        return replace(self, data=b"".join([*pieces, self.data[place:]]), bounds=bounds, tabs=tabs)

    def _info_bounds(self, line: int) -> tuple[int, int]:
        """The offsets of the start and the end of column 8, without the line end."""
        start = int(self.tabs[line, _INFO_COLUMN - 2]) + 1
        if self.columns > _INFO_COLUMN:
            return start, int(self.tabs[line, _INFO_COLUMN - 1])
        return start, start + len(self.data[start : self.bounds[line + 1]].rstrip(b"\r\n"))

    def lines_with(self, word: bytes) -> NDArray[np.bool_]:
        """Which lines contain a word anywhere, bool (N,)."""
        found = np.zeros(len(self), dtype=np.bool_)
        place = self.data.find(word)
        while place >= 0:
            line = int(np.searchsorted(self.bounds, place, side="right")) - 1
            found[line] = True
            place = self.data.find(word, int(self.bounds[line + 1]))
        return found


def in_blocks(lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Join numbered lines into pieces of many lines, each with the number of its first line.

    Where they are damaged, the lines before the damage come first.
    """
    held: list[bytes] = []
    size = first = 0
    sizes = piece_sizes()
    least = next(sizes)
    try:
        for number, line in lines:
            if not held:
                first = number
            held.append(line)
            size += len(line)
            if size >= least:
                yield first, b"".join(held)
                held, size, least = [], 0, next(sizes)
    except InputError:
        if held:
            yield first, b"".join(held)
        raise
    if held:
        yield first, b"".join(held)


class RecordOrder:
    """Whether records can be indexed: they are sorted by position, and the records of a contig are contiguous.

    Attributes:
        is_sorted: whether the records added so far can be indexed.
    """

    def __init__(self) -> None:
        self.is_sorted = True
        self._chrom, self._pos = "", -1
        self._contigs: set[str] = set()

    def add(self, chrom: str, pos: NDArray[np.int64]) -> None:
        """Add the positions of one or more successive records of one contig, int64 (N,)."""
        self.add_one(chrom, int(pos[0]))
        self.is_sorted &= bool((pos[1:] >= pos[:-1]).all())
        self._pos = int(pos[-1])

    def add_one(self, chrom: str, pos: int) -> None:
        """Add the position of one record."""
        if chrom == self._chrom:
            self.is_sorted &= pos >= self._pos
        else:
            self.is_sorted &= chrom not in self._contigs
            self._contigs.add(chrom)
            self._chrom = chrom
        self._pos = pos


def _whole_numbers(
    text: NDArray[np.uint8], first: NDArray[np.int64], end: NDArray[np.int64]
) -> NDArray[np.int64] | None:
    """The numbers in the texts [first, end); None if one is not a whole number, or is too long for int64."""
    widths = end - first
    if widths.min() < 1 or widths.max() > POS_DIGITS:
        return None
    values = np.zeros(len(widths), dtype=np.int64)
    for place in range(int(widths.max())):
        # The difference of a character below ASCII 0 wraps around to more than 9.
        digits = text[np.maximum(end - 1 - place, 0)] - np.uint8(_ZERO)
        digits[place >= widths] = 0
        if digits.max() > 9:
            return None
        values += digits * np.int64(10**place)
    return values


def _runs(
    text: NDArray[np.uint8], data: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[tuple[str, int, int], ...] | None:
    """The runs of lines with the same first field; None if such a field is very long."""
    widths = ends - starts
    widest = int(widths.max())
    if widest > _NAME_BYTES:
        return None
    places = np.arange(widest)
    letters = text[np.minimum(starts[:, None] + places, len(text) - 1)]
    letters[places >= widths[:, None]] = 0
    changes = np.flatnonzero((letters[1:] != letters[:-1]).any(axis=1)) + 1
    bounds = [0, *changes.tolist(), len(starts)]
    return tuple((data[starts[first] : ends[first]].decode("latin-1"), first, last) for first, last in pairwise(bounds))
