"""Reading of text files: numbered lines, tables, numbers and sequences, with one clear error for a malformed line."""

from __future__ import annotations

import math
import os
import re
from typing import TYPE_CHECKING

import pandas as pd

from varbind.errors import InputError
from varbind.io.size_limits import bounded_lines
from varbind.io.vcf.input_stream import STDIN, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["checked_number", "checked_sequence", "data_lines", "numbered_lines", "read_table", "split_columns"]

_FOREIGN = re.compile(r"[^ACGTUNacgtun]")


def numbered_lines(path: str, *, has_comments: bool = True) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers, from 1, without line ends; blank lines and comments (#) are skipped.

    Args:
        path: path of a plain or compressed file.
        has_comments: whether a line that starts with # is a comment; in FASTQ it may hold qualities.

    Raises:
        InputError: the file cannot be read, is empty or damaged, or has a line that is too long.
    """
    if path == STDIN:
        raise InputError("standard input cannot be read again to resume a training", path=path, remedy="name a file")
    if os.path.isfile(path) and not os.path.getsize(path):  # noqa: PTH113, PTH202 (a path as the user wrote it)
        raise InputError("is empty", path=path)
    with Source(path) as source:
        lines = bounded_lines(source.stream, source.name, InputError, packed=lambda: source.position)
        for number, line in lines:
            text = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
            if text.strip() and not (has_comments and text.startswith("#")):
                yield number, text


def data_lines(path: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of `numbered_lines` without the `track` and `browser` lines of genome browsers.

    Raises:
        InputError: as for `numbered_lines`.
    """
    return (line for line in numbered_lines(path) if line[1].split(maxsplit=1)[0] not in {"track", "browser"})


def read_table(path: str, check_header: Callable[[Sequence[str], int], None]) -> pd.DataFrame:
    """Read a tab-separated table with a header as text.

    The lines are split here and not by `pandas.read_csv`. It does not tell the line numbers of rows after comments and
    blank lines, takes a # within a cell for the start of a comment, completes rows that are too short without an
    error, and may round the last digit of a number.

    Args:
        path: path of a plain or compressed file.
        check_header: called with the names of the columns and the number of their line before any row is read; it
            raises InputError if they are not those of the table.

    Returns:
        One row for each line, indexed by its number in the file; all cells are text.

    Raises:
        InputError: as for `numbered_lines`, or a row has another number of columns than the header.
    """
    lines = numbered_lines(path)
    number, header = next(lines, (1, ""))
    names = header.split("\t")
    check_header(names, number)
    rows = {line: text.split("\t") for line, text in lines}
    for line, cells in rows.items():
        if len(cells) != len(names):
            what = f"found {len(cells)} columns, expected {len(names)} as in the header"
            raise InputError(what, path=path, line=line, remedy="correct or remove the row")
    # Python strings, because the default string type depends on whether pyarrow is installed.
    return pd.DataFrame(list(rows.values()), index=list(rows), columns=names, dtype=object)


def split_columns(text: str) -> list[str]:
    """Split a line at its tabs, or at its blanks if there is no tab, and strip the columns."""
    return [column.strip() for column in text.split("\t" if "\t" in text else None)]


def checked_number(word: str, name: str, path: str, line: int, remedy: str) -> float:
    """Return a word as a finite number.

    Raises:
        InputError: the word is not a finite number.
    """
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"the {name} is {word!r}, expected a number", path=path, line=line, remedy=remedy)
    return number


def checked_sequence(text: str, path: str, line: int) -> str:
    """Return a sequence without surrounding blanks.

    Raises:
        InputError: the sequence is empty, or a letter is not A, C, G, T, U or N.
    """
    sequence = text.strip()
    foreign = _FOREIGN.search(sequence)
    if foreign or not sequence:
        found = f"{foreign[0]!r} at base {foreign.start() + 1}" if foreign else "nothing"
        what = f"the sequence holds {found}, expected the letters A, C, G, T, U and N"
        raise InputError(what, path=path, line=line, remedy="correct or remove it")
    return sequence
