"""Sequences of a binding assay, from FASTA, lists and tables, with their labels or measured values."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from varbind.core.sequence_set import SequenceSet
from varbind.datasets.text_input import checked_number, checked_sequence, numbered_lines, split_columns
from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = [
    "BASES_MAX",
    "GROUP_NAMES",
    "SequenceTable",
    "checked_labels",
    "has_sequence_header",
    "is_deepbind_table",
    "is_fastq",
    "read_bound_sequences",
    "read_sequence_table",
    "refuse_unknown_labels",
]

BASES_MAX = 2_000
"""Largest number of bases of a sequence; those of DeepBind (2015) had 14 to 101."""

DEEPBIND_HEADER = ["FoldID", "EventID", "seq", "Bound"]
"""Header of the tables that DeepBind was trained on; their peaks are sorted by strength, the strongest first."""

SEQUENCE_NAMES = {"sequence", "seq"}
LABEL_NAMES = {"label", "bound", "labels", "class", "is_bound"}
VALUE_NAMES = {"value", "values"}
TARGET_NAMES = ({"label", "bound", "value"}, {*LABEL_NAMES, *VALUE_NAMES, "target", "y"})
GROUP_NAMES = ({"chromosome", "chrom", "group"}, {"chr", "contig", "seqname", "seqnames"})
"""Names of columns; the names of the second set are used only if a table has none of the first."""
PART_NAMES = {"set", "part", "probe_set"}


@dataclass(frozen=True, slots=True)
class SequenceTable:
    """Sequences with labels or measured values.

    Attributes:
        sequences: N sequences of any lengths.
        targets: labels or values, float64 (N,).
        lines: line numbers in the file, for messages.
        groups: number of the group that stays in one fold, such as a chromosome, int64 (N,); None = not stated.
        target_name: name of the column of targets, in lower case; empty without a header.
    """

    sequences: SequenceSet
    targets: NDArray[np.float64]
    lines: Sequence[int]
    groups: NDArray[np.int64] | None = None
    target_name: str = ""

    @property
    def labels(self) -> NDArray[np.float64] | None:
        """Labels, 1 bound and 0 unbound, float64 (N,), if the targets are 1 and 0, or 1 and -1; else None."""
        if np.isin(self.targets, (0, 1)).all():
            return self.targets
        if np.isin(self.targets, (-1, 1)).all():
            return (self.targets > 0).astype(np.float64)
        return None

    @property
    def is_labelled(self) -> bool:
        """Whether the targets are labels: 1 and 0, or 1 and -1 in a column without the name of values."""
        if np.isin(self.targets, (0, 1)).all():
            return True
        return self.labels is not None and self.target_name not in VALUE_NAMES

    @property
    def is_named_label(self) -> bool:
        """Whether the column of targets has the name of labels."""
        return self.target_name in LABEL_NAMES


def read_bound_sequences(path: str) -> SequenceSet:
    """Read bound sequences from FASTA, FASTQ, a list, or the bound ones of a DeepBind .seq.gz table.

    Raises:
        InputError: there is no sequence, or one is not DNA or RNA or has more than `BASES_MAX` bases.
    """
    _, first = next(numbered_lines(path), (0, ""))
    if is_deepbind_table(first):
        table = read_sequence_table(path)
        return table.sequences[table.targets == 1]
    if is_fastq(path):
        return _checked(list(_fastq(numbered_lines(path, has_comments=False), path)), path)
    lines = numbered_lines(path)
    found = _fasta(lines, path) if first.startswith(">") else _list(lines, path)
    return _checked(list(found), path)


def is_fastq(path: str) -> bool:
    """Return whether a file starts as FASTQ does: a name after @, a sequence, and a line with +."""
    first = [text[0] for _, text in islice(numbered_lines(path, has_comments=False), 3)]
    return first[:1] == ["@"] and first[2:] == ["+"]


def is_deepbind_table(line: str) -> bool:
    """Return whether a first line is that of a DeepBind table, whose unbound sequences are shuffles and not used."""
    return split_columns(line) == DEEPBIND_HEADER


def read_sequence_table(path: str, part: str = "") -> SequenceTable:
    """Read a table of sequences with labels (1 and 0, or 1 and -1) or values, and with groups if a column is named.

    Sequence and target are the first two columns, or those that a header names; further columns are ignored.

    Args:
        path: path of the table.
        part: the rows to read, by their value in the column `set`, such as one of two sets of probes; empty = all rows.

    Raises:
        InputError: there is no row or no such part, a sequence is not DNA or RNA or has more than `BASES_MAX` bases, or
            a target is not a number.
    """
    # Rows need not have one number of columns, and may be separated by blanks; pandas reads neither with line numbers.
    lines = numbered_lines(path)
    number, first = next(lines, (1, ""))
    if has_sequence_header(first):
        places = _named(first, path, number, has_parts=bool(part))
    else:
        places = _Places(0, 1)
        lines = chain([(number, first)] if first else [], lines)
    rows = [_row(text, places, path, number) for number, text in lines]
    if part:
        rows = _rows_of(part, rows, places, path)
    numbers = [row.line for row in rows]
    sequences = _checked([(row.line, row.sequence) for row in rows], path)
    groups = None
    if places.group is not None:
        groups = np.unique([row.group for row in rows], return_inverse=True)[1].astype(np.int64)
    return SequenceTable(sequences, np.array([row.target for row in rows]), numbers, groups, places.target_name)


def checked_labels(table: SequenceTable, path: str) -> NDArray[np.float64]:
    """Return the labels, 1 bound and 0 unbound, float64 (N,), of a table that must hold labels.

    Raises:
        InputError: a target is not a label, or some are 0 and others -1.
    """
    if table.labels is not None:
        return table.labels
    foreign = np.flatnonzero(~np.isin(table.targets, (-1, 0, 1)))
    place = foreign[0] if len(foreign) else np.flatnonzero(table.targets == -1)[0]
    found = f"label is {table.targets[place]:g}" if len(foreign) else "labels are -1, 0 and 1"
    what = f"the {found}, expected 0 or 1 throughout, or -1 or 1 throughout"
    raise InputError(what, path=path, line=table.lines[place], remedy="give --kind values for measured values")


def refuse_unknown_labels(table: SequenceTable, path: str) -> None:
    """Refuse labels of two values, or of 1, 0 and -1, if it is unclear which of them mean bound.

    Raises:
        InputError: a column of labels holds two values that are neither 1 and 0 nor 1 and -1, or 1, 0 and -1.
    """
    values = np.unique(table.targets)
    if table.is_named_label and table.labels is None and (len(values) == 2 or np.isin(values, (-1, 0, 1)).all()):
        *first, last = (f"{value:g}" for value in values)
        what = f"the labels are {', '.join(first)} and {last}, expected 1 (bound) and 0 (not), or 1 and -1"
        raise InputError(what, path=path, line=table.lines[0], remedy="write 1 and 0, or give --kind values")


def has_sequence_header(line: str) -> bool:
    """Return whether the first line of a table is a header."""
    return any(column.lower() in SEQUENCE_NAMES for column in split_columns(line))


class _Places(NamedTuple):
    """The columns of a table."""

    sequence: int
    target: int
    group: int | None = None
    part: int | None = None
    target_name: str = ""


class _Row(NamedTuple):
    line: int
    sequence: str
    target: float
    group: str
    part: str


def _rows_of(part: str, rows: Sequence[_Row], places: _Places, path: str) -> list[_Row]:
    if places.part is None:
        what = f"no header names a column set, expected one for the part {part!r}"
        raise InputError(what, path=path, remedy="name the columns in a header")
    found = [row for row in rows if row.part == part]
    if rows and not found:
        known = ", ".join(sorted({row.part for row in rows})[:8])
        what = f"no row is of the set {part!r}, expected one of {known}"
        raise InputError(what, path=path, remedy="correct the column part")
    return found


def _named(header: str, path: str, line: int, *, has_parts: bool) -> _Places:
    """Find the columns by their names, that of parts only if it is needed."""
    names = [name.lower() for name in split_columns(header)]

    def places_of(*sets: set[str]) -> list[int]:
        found = ([place for place, name in enumerate(names) if name in known] for known in sets)
        return next(filter(None, found), [])

    sequences, targets, groups = places_of(SEQUENCE_NAMES), places_of(*TARGET_NAMES), places_of(*GROUP_NAMES)
    if len(sequences) != 1 or len(targets) != 1 or len(groups) > 1:
        what = f"the header is {', '.join(names)}, expected one column named sequence, one named label, bound or value"
        what += ", and at most one named group, chrom or chromosome"
        remedy = (
            "rename or remove columns, or remove the header and put the sequence first and the label or value second"
        )
        raise InputError(what, path=path, line=line, remedy=remedy)
    # Where no part is asked for, several columns may have the names of parts.
    parts = places_of(PART_NAMES) if has_parts else []
    if has_parts and len(parts) != 1:
        what = f"{len(parts) or 'no'} columns are named set, expected one for the part of the table"
        raise InputError(what, path=path, line=line, remedy="name one column set")
    return _Places(sequences[0], targets[0], next(iter(groups), None), next(iter(parts), None), names[targets[0]])


def _row(text: str, places: _Places, path: str, line: int) -> _Row:
    columns = split_columns(text)
    if len(columns) <= max(places.sequence, places.target, places.group or 0, places.part or 0):
        what = f"found {len(columns)} columns, expected a sequence and a label or value"
        raise InputError(what, path=path, line=line, remedy="separate them by a tab")
    target = checked_number(columns[places.target], "label or value", path, line, "correct or remove the row")
    group, part = ("" if place is None else columns[place] for place in (places.group, places.part))
    return _Row(line, checked_sequence(columns[places.sequence], path, line), target, group, part)


def _list(lines: Iterable[tuple[int, str]], path: str) -> Iterator[tuple[int, str]]:
    return ((number, checked_sequence(text, path, number)) for number, text in lines)


def _fasta(lines: Iterable[tuple[int, str]], path: str) -> Iterator[tuple[int, str]]:
    """Yield each sequence with the line of its name."""
    start, parts = 0, list[str]()
    for number, text in lines:
        if not text.startswith(">"):
            parts.append(checked_sequence(text, path, number))
            continue
        if start:
            yield start, checked_sequence("".join(parts), path, start)
        start, parts = number, []
    yield start, checked_sequence("".join(parts), path, start)


def _fastq(lines: Iterable[tuple[int, str]], path: str) -> Iterator[tuple[int, str]]:
    """Yield each read with its line; qualities are not used."""
    texts = iter(lines)
    for start, name in texts:
        record = [(start, name), *islice(texts, 3)]
        number, sequence = record[min(1, len(record) - 1)]
        if len(record) < 4 or name[0] != "@" or record[2][1][0] != "+" or len(record[3][1]) != len(sequence):
            what = "expected a read in four lines: a name after @, the bases, +, and a quality for each base"
            raise InputError(what, path=path, line=start, remedy="remove the read, or check that the file is whole")
        yield number, checked_sequence(sequence, path, number)


def _checked(rows: Sequence[tuple[int, str]], path: str) -> SequenceSet:
    """The sequences of numbered lines, of which there is at least one and none is too long."""
    if not rows:
        raise InputError("holds no sequence", path=path, remedy="give one sequence per line, FASTA or a table")
    for number, sequence in rows:
        if len(sequence) > BASES_MAX:
            what = f"the sequence has {len(sequence):,} bases, expected at most {BASES_MAX:,}"
            raise InputError(what, path=path, line=number, remedy="cut it to the bases around the site")
    return SequenceSet.of_texts([sequence for _, sequence in rows])
