"""Sequences of a binding assay: FASTA, lists and tables enter, base codes and targets leave."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from varbind.core.sequence import Codes, encode
from varbind.datasets.text_input import checked_number, checked_sequence, columns_of, numbered_lines
from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = [
    "SequenceTable",
    "checked_labels",
    "lists_bound_ones",
    "names_a_sequence",
    "read_bound_sequences",
    "read_sequence_table",
    "refuse_unknown_labels",
]

DEEPBIND_HEADER = ["FoldID", "EventID", "seq", "Bound"]
"""Of the tables that DeepBind was trained on; their peaks come strongest first."""

SEQUENCE_NAMES = {"sequence", "seq"}
LABEL_NAMES = {"label", "bound", "labels", "class", "is_bound"}
VALUE_NAMES = {"value", "values"}
TARGET_NAMES = ({"label", "bound", "value"}, {*LABEL_NAMES, *VALUE_NAMES, "target", "y"})
GROUP_NAMES = ({"chromosome", "chrom", "group"}, {"chr", "contig", "seqname", "seqnames"})
"""Columns by their names: the names of the first set, and only where a table has none of them, those of the second."""


@dataclass(frozen=True, slots=True)
class SequenceTable:
    """Sequences and what was measured of them.

    Attributes:
        codes: base codes, (N, L).
        targets: labels or values, float64 (N,).
        lines: of the file, for messages.
        groups: the number of what stays in one fold, such as a chromosome, int64 (N,); None = not stated.
        target_name: of the column of targets, in lower case; empty where no header names it.
    """

    codes: Codes
    targets: NDArray[np.float64]
    lines: Sequence[int]
    groups: NDArray[np.int64] | None = None
    target_name: str = ""

    @property
    def labels(self) -> NDArray[np.float64] | None:
        """1 bound, 0 not, float64 (N,), of targets that are 1 and 0, or 1 and -1; None where they are other numbers."""
        if np.isin(self.targets, (0, 1)).all():
            return self.targets
        if np.isin(self.targets, (-1, 1)).all():
            return (self.targets > 0).astype(np.float64)
        return None

    @property
    def is_labelled(self) -> bool:
        """Whether the targets are labels: 1 and 0, or 1 and -1 in a column that is not named as one of values."""
        if np.isin(self.targets, (0, 1)).all():
            return True
        return self.labels is not None and self.target_name not in VALUE_NAMES

    @property
    def is_named_label(self) -> bool:
        """Whether the column of targets is named as one of labels."""
        return self.target_name in LABEL_NAMES


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
    """A table of sequence and label (1 and 0, or 1 and -1) or value, and the chromosome or other group if it is named.

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
    return SequenceTable(codes, np.array([row.target for row in rows]), numbers, groups, places.target_name)


def checked_labels(table: SequenceTable, path: str) -> NDArray[np.float64]:
    """1 bound, 0 not, float64 (N,), of a table that must hold labels.

    Raises:
        InputError: a target is none, or some are 0 and others -1.
    """
    if table.labels is not None:
        return table.labels
    foreign = np.flatnonzero(~np.isin(table.targets, (-1, 0, 1)))
    place = foreign[0] if len(foreign) else np.flatnonzero(table.targets == -1)[0]
    found = f"label is {table.targets[place]:g}" if len(foreign) else "labels are -1, 0 and 1"
    what = f"the {found}, expected 0 or 1 throughout, or -1 or 1 throughout"
    raise InputError(what, path=path, line=table.lines[place], remedy="give --kind values for measured values")


def refuse_unknown_labels(table: SequenceTable, path: str) -> None:
    """Refuse a few values under the name of a label, of which nobody knows which mean bound.

    Raises:
        InputError: a column of labels holds two values that are neither 1 and 0 nor 1 and -1, or 1, 0 and -1.
    """
    values = np.unique(table.targets)
    if table.is_named_label and table.labels is None and (len(values) == 2 or np.isin(values, (-1, 0, 1)).all()):
        *first, last = (f"{value:g}" for value in values)
        what = f"the labels are {', '.join(first)} and {last}, expected 1 (bound) and 0 (not), or 1 and -1"
        raise InputError(what, path=path, line=table.lines[0], remedy="write 1 and 0, or give --kind values")


def names_a_sequence(line: str) -> bool:
    """Whether the first line of a table is a header."""
    return any(column.lower() in SEQUENCE_NAMES for column in columns_of(line))


class _Places(NamedTuple):
    """Where a row holds what."""

    sequence: int
    target: int
    group: int | None = None
    target_name: str = ""


class _Row(NamedTuple):
    line: int
    sequence: str
    target: float
    group: str


def _named(header: str, path: str, line: int) -> _Places:
    """By the names of the columns."""
    names = [name.lower() for name in columns_of(header)]

    def places_of(*sets: set[str]) -> list[int]:
        found = ([place for place, name in enumerate(names) if name in known] for known in sets)
        return next(filter(None, found), [])

    sequences, targets, groups = places_of(SEQUENCE_NAMES), places_of(*TARGET_NAMES), places_of(*GROUP_NAMES)
    if len(sequences) != 1 or len(targets) != 1 or len(groups) > 1:
        what = f"the header is {names}, expected one column sequence, one of label, bound and value, and one group"
        raise InputError(what, path=path, line=line, remedy="name the columns, or give two without a header")
    return _Places(sequences[0], targets[0], groups[0] if groups else None, names[targets[0]])


def _row(text: str, places: _Places, path: str, line: int) -> _Row:
    columns = columns_of(text)
    if len(columns) <= max(places.sequence, places.target, places.group or 0):
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
