"""Sequences of a binding assay: FASTA, lists and tables enter, base codes and targets leave."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from varbind.core.sequence import Codes, encode
from varbind.errors import InputError
from varbind.train.lines import checked_number, checked_sequence, columns_of, numbered_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["SequenceTable", "lists_bound_ones", "names_a_sequence", "read_bound_sequences", "read_sequence_table"]

DEEPBIND_HEADER = ["FoldID", "EventID", "seq", "Bound"]
"""Of the tables that DeepBind was trained on; their peaks come strongest first."""

SEQUENCE_NAMES = {"sequence", "seq"}
TARGET_NAMES = {"label", "bound", "value"}
GROUP_NAMES = {"chromosome", "chrom", "group"}


@dataclass(frozen=True, slots=True)
class SequenceTable:
    """Sequences and what was measured of them.

    Attributes:
        codes: base codes, (N, L).
        targets: labels or values, float64 (N,).
        lines: of the file, for messages.
        groups: the number of what stays in one fold, such as a chromosome, int64 (N,); None = not stated.
    """

    codes: Codes
    targets: NDArray[np.float64]
    lines: Sequence[int]
    groups: NDArray[np.int64] | None = None

    @property
    def is_labelled(self) -> bool:
        """Whether every target is 0 or 1."""
        return bool(np.isin(self.targets, (0, 1)).all())


def read_bound_sequences(path: str) -> Codes:
    """Bound sequences, base codes (N, L): FASTA, one a line, or the bound ones of a DeepBind .seq.gz table.

    Raises:
        InputError: there is none, one is not DNA or RNA, or lengths differ.
    """
    _, first = next(numbered_lines(path), (0, ""))
    if lists_bound_ones(first):
        table = read_sequence_table(path)
        bound: Codes = table.codes[table.targets == 1]
        return bound
    lines = numbered_lines(path)
    found = _fasta(lines, path) if first.startswith(">") else _list(lines, path)
    return _stack(list(found), path)


def lists_bound_ones(line: str) -> bool:
    """Whether the first line of a table is DeepBind's: what is not bound there are shuffles, which are made anew."""
    return columns_of(line) == DEEPBIND_HEADER


def read_sequence_table(path: str) -> SequenceTable:
    """A table of sequence and label (0 or 1) or value, and if a header names it, chromosome or other group.

    Sequence and target are the first two columns, or those that a header names; further columns are not read.

    Raises:
        InputError: there is no row, a sequence is not DNA or RNA, a target is no number, or lengths differ.
    """
    lines = numbered_lines(path)
    number, first = next(lines, (1, ""))
    if names_a_sequence(first):
        places = _named(first, path, number)
    else:
        places = _Places(0, 1)
        lines = chain([(number, first)] if first else [], lines)
    rows = [_row(text, places, path, number) for number, text in lines]
    numbers = [row.line for row in rows]
    codes = _stack([(row.line, row.sequence) for row in rows], path)
    groups = None
    if places.group is not None:
        groups = np.unique([row.group for row in rows], return_inverse=True)[1].astype(np.int64)
    return SequenceTable(codes, np.array([row.target for row in rows]), numbers, groups)


def names_a_sequence(line: str) -> bool:
    """Whether the first line of a table is a header."""
    return any(column.lower() in SEQUENCE_NAMES for column in columns_of(line))


class _Places(NamedTuple):
    """Where a row holds what."""

    sequence: int
    target: int
    group: int | None = None


class _Row(NamedTuple):
    line: int
    sequence: str
    target: float
    group: str


def _named(header: str, path: str, line: int) -> _Places:
    """By the names of the columns."""
    names = [name.lower() for name in columns_of(header)]

    def places_of(known: set[str]) -> list[int]:
        return [place for place, name in enumerate(names) if name in known]

    sequences, targets, groups = map(places_of, (SEQUENCE_NAMES, TARGET_NAMES, GROUP_NAMES))
    if len(sequences) != 1 or len(targets) != 1 or len(groups) > 1:
        what = f"the header is {names}, expected one column sequence, one of label, bound and value, and one group"
        raise InputError(what, path=path, line=line, remedy="name the columns, or give two without a header")
    return _Places(sequences[0], targets[0], groups[0] if groups else None)


def _row(text: str, places: _Places, path: str, line: int) -> _Row:
    columns = columns_of(text)
    if len(columns) <= max(place for place in places if place is not None):
        what = f"found {len(columns)} columns, expected a sequence and a label or value"
        raise InputError(what, path=path, line=line, remedy="separate them by a tab")
    target = checked_number(columns[places.target], "label or value", path, line, "correct or remove the row")
    group = "" if places.group is None else columns[places.group]
    return _Row(line, checked_sequence(columns[places.sequence], path, line), target, group)


def _list(lines: Iterable[tuple[int, str]], path: str) -> Iterator[tuple[int, str]]:
    return ((number, checked_sequence(text, path, number)) for number, text in lines)


def _fasta(lines: Iterable[tuple[int, str]], path: str) -> Iterator[tuple[int, str]]:
    """Sequences with the line of each one's name."""
    start, parts = 0, list[str]()
    for number, text in lines:
        if not text.startswith(">"):
            parts.append(checked_sequence(text, path, number))
            continue
        if start:
            yield start, checked_sequence("".join(parts), path, start)
        start, parts = number, []
    yield start, checked_sequence("".join(parts), path, start)


def _stack(rows: Sequence[tuple[int, str]], path: str) -> Codes:
    """Base codes of sequences of one length, (N, L)."""
    if not rows:
        raise InputError("holds no sequence", path=path)
    first, length = rows[0][0], len(rows[0][1])
    for number, sequence in rows:
        if len(sequence) != length:
            what = f"the sequence has {len(sequence)} bases, expected {length} as in line {first}"
            raise InputError(what, path=path, line=number, remedy="cut all sequences to one length")
    text = "".join(sequence for _, sequence in rows)
    return encode(text).reshape(len(rows), length)
