"""Position matrices with named columns, such as `Pos A C G T` or `A C G T`: CIS-BP, RNAcompete and TRANSFAC."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from varbind.datasets.position_matrix import PositionMatrix, frequencies_of, parse_numbers
from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Lines = Sequence[tuple[int, str]]

__all__ = ["column_matrices", "has_column_header"]

_COLUMNS = re.compile(r"\s*(pos\s+|po\s+|p0\s+)?([acgtu](?:\s+[acgtu]){3})\s*", re.IGNORECASE)
_ROW = re.compile(r"\s*[-+.]?\d")
_NAME_LINES = (">", "Motif", "AC", "ID", "NA", "Gene")
"""Starts of lines that name a matrix, in the order of preference."""


class _Columns(NamedTuple):
    """The order of the bases, and whether a column of positions is before them."""

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
            end = next((other for other in range(place, len(lines)) if not _ROW.match(lines[other][1])), len(lines))
            yield _matrix(lines[place:end], columns, names, path, line)
            names, place = {}, end
        elif _ROW.match(text):
            what = "the row stands under no line that names its columns"
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


def _matrix(rows: Lines, columns: _Columns, names: dict[str, str], path: str, line: int) -> PositionMatrix:
    found = tuple(dict.fromkeys(names[start] for start in _NAME_LINES if names.get(start)))
    said = next(iter(found), "without a name")
    if not rows:
        what = f"the matrix {said} has no rows"
        raise InputError(what, path=path, line=line, remedy="fetch the file again, or remove the matrix")
    lines = [number for number, _ in rows]
    table = np.array([_row(text, columns, path, number) for number, text in rows])
    if columns.has_position:
        _check_positions(table[:, 0], lines, path)
        table = table[:, 1:]
    order = [columns.letters.index(base) for base in "ACGT"]
    return PositionMatrix(found, line, frequencies_of(table[:, order], lines, said, path))


def _check_positions(positions: NDArray[np.float64], lines: Sequence[int], path: str) -> None:
    """A position that is not the next one means that a row is missing."""
    expected = positions[0] + np.arange(len(positions))
    if len(wrong := np.flatnonzero(positions != expected)):
        what = f"the position is {positions[wrong[0]]:g}, expected {expected[wrong[0]]:g}"
        raise InputError(what, path=path, line=lines[wrong[0]], remedy="restore the missing row, or number them anew")


def _row(text: str, columns: _Columns, path: str, line: int) -> tuple[float, ...]:
    """Four numbers, after their position if there is one; TRANSFAC has a consensus letter at the end."""
    words = text.split()
    width = 4 + columns.has_position
    if len(words) == width + 1 and words[-1].isalpha():
        words.pop()
    if len(words) != width:
        what = f"the row has {len(words)} columns, expected {width} as in the line that names them"
        raise InputError(what, path=path, line=line, remedy="correct the row")
    return parse_numbers(words, path, line)
