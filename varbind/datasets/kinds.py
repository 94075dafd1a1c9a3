"""What a file of binding data holds, told by its first line."""

from __future__ import annotations

from varbind.datasets.datasets import Kind
from varbind.datasets.peak_formats import other_table
from varbind.datasets.sequence_table import lists_bound_ones, names_a_sequence
from varbind.datasets.text_input import columns_of, untracked_lines
from varbind.errors import InputError

__all__ = ["told_kind"]


def told_kind(path: str) -> Kind:
    """Peaks, bound sequences, or a table of values, which may turn out to be labels.

    Raises:
        InputError: the file cannot be read, or starts as none of them does.
    """
    number, first = next(untracked_lines(path), (1, ""))
    columns = columns_of(first)
    if first.startswith(">") or lists_bound_ones(first):
        return Kind.BOUND
    if names_a_sequence(first):
        return Kind.VALUES
    if columns and set(columns[0].upper()) <= set("ACGTUN"):
        return Kind.BOUND if len(columns) == 1 else Kind.VALUES
    if len(columns) > 2 and columns[1].isdecimal() and columns[2].isdecimal():
        return Kind.PEAKS
    if known := other_table(columns):
        raise InputError(f"found {known[0]}, expected peaks", path=path, line=number, remedy=known[1])
    what = f"found {' '.join(columns[:3])[:60]!r}, expected peaks, sequences, or a table of sequence and label or value"
    raise InputError(what, path=path, line=number, remedy="give BED, narrowPeak, FASTA or a table, or state --kind")
