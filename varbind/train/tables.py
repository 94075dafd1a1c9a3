"""Sequences of a binding assay: FASTA, lists and tables enter, base codes and targets leave."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import Codes, encode
from varbind.errors import InputError
from varbind.train.datasets import HEADER, read_peak_sequences
from varbind.train.lines import checked_sequence, numbered_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["SequenceTable", "names_a_sequence", "read_bound_sequences", "read_sequence_table"]

SEQUENCE_NAMES = {"sequence", "seq"}
TARGET_NAMES = {"label", "bound", "value"}


@dataclass(frozen=True, slots=True)
class SequenceTable:
    """Sequences and what was measured of them.

    Attributes:
        codes: base codes, (N, L).
        targets: labels or values, float64 (N,).
        lines: of the file, for messages.
    """

    codes: Codes
    targets: NDArray[np.float64]
    lines: Sequence[int]

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
    if tuple(first.split("\t")) == HEADER:
        return read_peak_sequences(Path(path)).positives
    lines = numbered_lines(path)
    found = _fasta(lines, path) if first.startswith(">") else _list(lines, path)
    return _stack(list(found), path)


def read_sequence_table(path: str) -> SequenceTable:
    """A table of sequence and label (0 or 1) or value.

    These are the first two columns, or those that a header names; further columns are not read.

    Raises:
        InputError: there is no row, a sequence is not DNA or RNA, a target is no number, or lengths differ.
    """
    lines = numbered_lines(path)
    number, first = next(lines, (1, ""))
    if names_a_sequence(first):
        places = _named(first, path, number)
    else:
        places = (0, 1)
        lines = chain([(number, first)] if first else [], lines)
    rows = [(number, *_row(text, places, path, number)) for number, text in lines]
    codes = _stack([(number, sequence) for number, sequence, _ in rows], path)
    return SequenceTable(codes, np.array([target for *_, target in rows]), [number for number, *_ in rows])


def names_a_sequence(line: str) -> bool:
    """Whether the first line of a table is a header."""
    return any(column.lower() in SEQUENCE_NAMES for column in _columns(line))


def _columns(text: str) -> list[str]:
    return [column.strip() for column in (text.split("\t") if "\t" in text else text.split())]


def _named(header: str, path: str, line: int) -> tuple[int, int]:
    """Places of the sequence and the target among the columns."""
    names = [name.lower() for name in _columns(header)]
    sequences = [place for place, name in enumerate(names) if name in SEQUENCE_NAMES]
    targets = [place for place, name in enumerate(names) if name in TARGET_NAMES]
    if len(sequences) != 1 or len(targets) != 1:
        what = f"the header is {names}, expected one column sequence and one of label, bound and value"
        raise InputError(what, path=path, line=line, remedy="name the columns, or give two without a header")
    return sequences[0], targets[0]


def _row(text: str, places: tuple[int, int], path: str, line: int) -> tuple[str, float]:
    columns = _columns(text)
    if len(columns) <= max(places):
        what = f"found {len(columns)} columns, expected a sequence and a label or value"
        raise InputError(what, path=path, line=line, remedy="separate them by a tab")
    word = columns[places[1]]
    try:
        target = float(word)
    except ValueError:
        target = math.nan
    if not math.isfinite(target):
        what = f"the label or value is {word!r}, expected a number"
        raise InputError(what, path=path, line=line, remedy="correct or remove the row")
    return checked_sequence(columns[places[0]], path, line), target


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
