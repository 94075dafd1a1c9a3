"""Position matrices as rows of numbers, under a line that names their columns or under a name (>).

| layout | formats |
|---|---|
| columns with names, such as `Pos A C G T` or `A C G T` | CIS-BP, RNAcompete, TRANSFAC |
| rows under a name, with or without letters | JASPAR, HOMER, HOCOMOCO, plain rows |

Rows that begin with a letter hold the counts of that base (JASPAR). Without letters, four rows with any other number of
counts than four are A, C, G and T (the raw PFM of JASPAR), and rows of four counts are positions (HOMER, HOCOMOCO).
Four rows of four counts could be either: the other matrices of the file or a HOMER header decide, or the matrix is
refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from varbind.datasets.position_matrix import FORMATS, PositionMatrix, frequencies_of, parse_numbers
from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Lines = Sequence[tuple[int, str]]

__all__ = ["column_matrices", "has_column_header", "has_matrix_rows", "row_matrices"]

_COLUMNS = re.compile(r"\s*(pos\s+|po\s+|p0\s+)?([acgtu](?:\s+[acgtu]){3})\s*", re.IGNORECASE)
_NUMBERS = re.compile(r"\s*[-+.]?\d")
_NAME_LINES = (">", "Motif", "AC", "ID", "NA", "Gene")
"""Starts of lines that name a matrix, in the order of preference."""
_STARTS = re.compile(r">|;|//|\s*[-+.]?\d|\s*\[|\s*[ACGTU][\s\[|:]+[-+.\d]", re.IGNORECASE)
"""How a file of such matrices starts: with a name, a comment or a row."""
_LETTERED = re.compile(r"\s*([ACGTU])\s*(?:[\[|:\s]\s*)(.*)", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(\.\d*)?(e[-+]?\d+)?", re.IGNORECASE)
_BRACKETS = str.maketrans("[]", "  ")
_BASES = "ACGT"
_WRITE_LETTERS = "begin the rows with A, C, G and T, or give MEME"


class _Row(NamedTuple):
    """A line of numbers.

    Attributes:
        line: number of the line in the file.
        letter: the base whose counts it holds, in upper case; empty if it names none.
        numbers: counts or frequencies.
    """

    line: int
    letter: str
    numbers: tuple[float, ...]


class _Columns(NamedTuple):
    """The order of the bases, and whether a column of positions precedes them."""

    letters: str
    has_position: bool


def has_column_header(lines: Lines) -> bool:
    """Return whether a line of a file names the four columns of a matrix."""
    return any(_columns_of(text) is not None for _, text in lines)


def column_matrices(lines: Lines, path: str) -> Iterator[PositionMatrix]:
    """Read every matrix of a file; other lines about a motif are skipped.

    Args:
        lines: lines of the file with their numbers, without blank lines.
        path: path of the file, for messages.

    Raises:
        InputError: a row is malformed, has no line of column names above it, or is not the next position.
    """
    names: dict[str, str] = {}
    place = 0
    while place < len(lines):
        line, text = lines[place]
        place += 1
        columns = _columns_of(text)
        if columns is not None:
            end = next((other for other in range(place, len(lines)) if not _NUMBERS.match(lines[other][1])), len(lines))
            yield _column_matrix(lines[place:end], columns, names, path, line)
            names, place = {}, end
        elif _NUMBERS.match(text):
            what = "no line of column names stands above the row"
            raise InputError(what, path=path, line=line, remedy="write Pos A C G T above it")
        else:
            start = text[:1] if text.startswith(">") else text.split()[0]
            if start in _NAME_LINES:
                names.setdefault(start, " ".join(text[len(start) :].split()))


def _columns_of(text: str) -> _Columns | None:
    """The columns that a line names, or None."""
    match = _COLUMNS.fullmatch(text)
    letters = "".join(match[2].split()).upper().replace("U", "T") if match else ""
    if match is None or sorted(letters) != list("ACGT"):
        return None
    return _Columns(letters, has_position=match[1] is not None)


def _column_matrix(rows: Lines, columns: _Columns, names: dict[str, str], path: str, line: int) -> PositionMatrix:
    found = tuple(dict.fromkeys(names[start] for start in _NAME_LINES if names.get(start)))
    name = next(iter(found), "without a name")
    if not rows:
        what = f"the matrix {name} has no rows"
        raise InputError(what, path=path, line=line, remedy="fetch the file again, or remove the matrix")
    lines = [number for number, _ in rows]
    table = np.array([_column_row(text, columns, path, number) for number, text in rows])
    if columns.has_position:
        _check_positions(table[:, 0], lines, path)
        table = table[:, 1:]
    order = [columns.letters.index(base) for base in "ACGT"]
    return PositionMatrix(found, line, frequencies_of(table[:, order], lines, name, path))


def _check_positions(positions: NDArray[np.float64], lines: Sequence[int], path: str) -> None:
    """Refuse a position that does not follow the previous one, since a row must be missing."""
    expected = positions[0] + np.arange(len(positions))
    if len(wrong := np.flatnonzero(positions != expected)):
        what = f"the position is {positions[wrong[0]]:g}, expected {expected[wrong[0]]:g}"
        raise InputError(
            what, path=path, line=lines[wrong[0]], remedy="restore the missing row, or correct the numbers"
        )


def _column_row(text: str, columns: _Columns, path: str, line: int) -> tuple[float, ...]:
    """Four numbers, after their position if there is one; TRANSFAC has a consensus letter at the end."""
    words = text.split()
    width = 4 + columns.has_position
    if len(words) == width + 1 and words[-1].isalpha():
        words.pop()
    if len(words) != width:
        what = f"the row has {len(words)} columns, expected {width} as in the line that names them"
        raise InputError(what, path=path, line=line, remedy="correct the row")
    return parse_numbers(words, path, line)


@dataclass(slots=True)
class _Block:
    """The lines of one matrix."""

    header: str | None
    line: int
    rows: list[_Row] = field(default_factory=list)

    @property
    def has_letters(self) -> bool:
        """Whether the rows name their bases."""
        return any(row.letter for row in self.rows)

    @property
    def is_of_homer(self) -> bool:
        """Whether the header has a consensus, a name and a threshold, separated by tabs."""
        cells = (self.header or "").split("\t")
        return len(cells) > 2 and _NUMBER.fullmatch(cells[2].strip()) is not None

    @property
    def names(self) -> tuple[str, ...]:
        """The name of the matrix and its other names; empty if the file gives none."""
        if self.header is None:
            return ()
        cells = [cell.strip() for cell in self.header.split("\t")]
        words = self.header.split()
        if self.is_of_homer:
            found = [cells[1], cells[0]]
        elif self.has_letters or len(cells) > 1:
            found = [*(words[:1] if self.has_letters else cells[:1]), " ".join(words), " ".join(words[1:])]
        else:
            found = [self.header.strip(), *words[:1], " ".join(words[1:])]
        return tuple(dict.fromkeys(name for name in found if name))

    @property
    def shown_name(self) -> str:
        """The name for messages."""
        return next(iter(self.names), "without a name")


def has_matrix_rows(lines: Lines) -> bool:
    """Return whether a file starts as one of these formats does; an empty file may be any of them."""
    return not lines or _STARTS.match(lines[0][1]) is not None


def row_matrices(lines: Lines, path: str) -> Iterator[PositionMatrix]:
    """Read every matrix of a file.

    Args:
        lines: lines of the file with their numbers, without blank lines.
        path: path of the file, for messages.

    Raises:
        InputError: a line is not a row of numbers, or the rows are not a matrix or can be read in two ways.
    """
    blocks = _blocks(lines, path)
    for block in blocks:
        _check_widths(block, path)
    forms = {_rows_are_positions(block) for block in blocks if not block.has_letters} - {None}
    for block in blocks:
        counts, places = _lettered(block, path) if block.has_letters else _unlettered(block, forms, path)
        yield PositionMatrix(block.names, block.line, frequencies_of(counts, places, block.shown_name, path))


def _blocks(lines: Lines, path: str) -> list[_Block]:
    """Group the rows under their names."""
    blocks: list[_Block] = []
    ended = True
    for line, text in lines:
        if text.startswith(">"):
            blocks.append(_Block(text[1:], line))
        elif text.startswith((";", "//")):  # a comment, and the end of a matrix, of RSAT
            ended = ended or text.startswith("//")
            continue
        else:
            if ended:
                blocks.append(_Block(None, line))
            blocks[-1].rows.append(_row(text, path, line))
        ended = False
    _refuse_gap(blocks, path)
    return blocks


def _row(text: str, path: str, line: int) -> _Row:
    match = _LETTERED.fullmatch(text)
    letter, rest = (match[1].upper().replace("U", "T"), match[2]) if match else ("", text)
    return _Row(line, letter, parse_numbers(rest.translate(_BRACKETS).split(), path, line))


def _refuse_gap(blocks: Sequence[_Block], path: str) -> None:
    """Refuse a gap between rows without a name, since another matrix may start there, or a row may be missing."""
    for block in blocks:
        lines = [row.line for row in block.rows]
        gaps = [after for before, after in pairwise(lines) if after > before + 1]
        if block.header is None and gaps:
            what = "a second matrix starts here without a name, or a line is missing"
            raise InputError(what, path=path, line=gaps[0], remedy="write > and a name above each matrix")


def _check_widths(block: _Block, path: str) -> None:
    if not block.rows:
        what = f"the matrix {block.shown_name} has no rows"
        raise InputError(what, path=path, line=block.line, remedy="remove the name, or fetch the file again")
    first = block.rows[0]
    for row in block.rows:
        if len(row.numbers) != len(first.numbers) or not row.numbers:
            what = f"the matrices cannot be read: the row has {len(row.numbers)} numbers"
            what += f", expected {len(first.numbers) or 'some'} as in line {first.line}"
            raise InputError(
                what, path=path, line=row.line, remedy=f"correct the matrix {block.shown_name}, or {FORMATS}"
            )


def _rows_are_positions(block: _Block) -> bool | None:
    """Whether rows without letters are positions, or else bases; None where they could be either, or are neither."""
    height, width = len(block.rows), len(block.rows[0].numbers)
    if block.is_of_homer and width == 4:
        return True
    if (height == 4) == (width == 4):
        return None
    return width == 4


def _lettered(block: _Block, path: str) -> tuple[NDArray[np.float64], list[int]]:
    """Counts of a matrix whose rows name their bases, (width, 4), and the line of each position."""
    rows: dict[str, _Row] = {}
    for row in block.rows:
        if not row.letter or row.letter in rows:
            found = f"a second row {row.letter}" if row.letter else "a row without a letter"
            what = f"{found} in the matrix {block.shown_name}, expected one row each of A, C, G and T"
            raise InputError(what, path=path, line=row.line, remedy="write > and a name above each matrix")
        rows[row.letter] = row
    if len(rows) < 4:
        what = f"the matrix {block.shown_name} has rows of {', '.join(sorted(rows))}, expected A, C, G and T"
        raise InputError(what, path=path, line=block.line, remedy="add the missing rows; is the file cut off?")
    counts = np.array([rows[letter].numbers for letter in _BASES]).T
    return counts, [block.rows[0].line] * len(counts)


def _unlettered(block: _Block, forms: set[bool | None], path: str) -> tuple[NDArray[np.float64], list[int]]:
    """Counts of a matrix whose rows are positions or bases, (width, 4), and the line of each position."""
    counts = np.array([row.numbers for row in block.rows])
    are_positions = _rows_are_positions(block)
    if are_positions is None and counts.shape == (4, 4):
        if len(forms) != 1:
            what = f"the matrix {block.shown_name} has four rows of four numbers, which may be positions or bases"
            raise InputError(what, path=path, line=block.line, remedy=_WRITE_LETTERS)
        are_positions = next(iter(forms))
    if are_positions is None:
        what = f"the matrix {block.shown_name} has {counts.shape[0]} rows of {counts.shape[1]} numbers"
        what += ", expected four rows (A, C, G, T), or rows of four"
        raise InputError(what, path=path, line=block.line, remedy=_WRITE_LETTERS)
    if are_positions:
        return counts, [row.line for row in block.rows]
    return counts.T, [block.line] * counts.shape[1]
