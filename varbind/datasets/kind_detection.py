"""Detection of the kind of binding data from the first lines of a file, whatever its name."""

from __future__ import annotations

from varbind.datasets.binding_dataset import DataKind
from varbind.datasets.peak_formats import known_other_format
from varbind.datasets.sequence_table import has_sequence_header, is_deepbind_table, is_fastq
from varbind.datasets.text_input import data_lines, split_columns
from varbind.errors import InputError

__all__ = ["detect_kind"]


def detect_kind(path: str) -> DataKind:
    """Detect the kind of data from the first line of a file: peaks, bound sequences or values, which may be labels.

    Raises:
        InputError: the file cannot be read, or has none of the known formats.
    """
    number, first = next(data_lines(path), (1, ""))
    columns = split_columns(first)
    if first.startswith(">") or is_deepbind_table(first) or is_fastq(path):
        return DataKind.BOUND
    if has_sequence_header(first):
        return DataKind.VALUES
    if columns and set(columns[0].upper()) <= set("ACGTUN"):
        return DataKind.BOUND if len(columns) == 1 else DataKind.VALUES
    if len(columns) > 2 and columns[1].isdecimal() and columns[2].isdecimal():
        return DataKind.PEAKS
    if known := known_other_format(columns):
        raise InputError(f"found {known[0]}, expected peaks", path=path, line=number, remedy=known[1])
    what = f"found {' '.join(columns[:3])[:60]!r}, expected peaks, sequences, or a table of sequence and label or value"
    raise InputError(what, path=path, line=number, remedy="give BED, narrowPeak, FASTA or a table, or state --kind")
