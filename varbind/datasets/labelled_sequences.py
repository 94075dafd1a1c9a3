"""Sequences of one length with the labels of several proteins, which one network learns together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np

from varbind.bank.model_card import is_model_id
from varbind.datasets.sequence_table import GROUP_NAMES
from varbind.datasets.text_input import read_table
from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from varbind.core.sequence import Codes

__all__ = ["UNKNOWN_LABEL", "LabelledSequences", "read_label_matrix"]

UNKNOWN_LABEL = -1
"""The label of a protein whose binding to a sequence is not known; it does not count in the loss."""


@dataclass(frozen=True, slots=True)
class LabelledSequences:
    """Sequences of one length with labels of T tasks.

    Attributes:
        tasks: the name of each task, such as the protein.
        codes: base codes, (N, L).
        labels: 1 bound, 0 not bound, -1 not known, int8 (N, T).
        groups: the number of the group of each sequence, such as its chromosome, int64 (N,); a group is never split.
    """

    tasks: tuple[str, ...]
    codes: Codes
    labels: NDArray[np.int8]
    groups: NDArray[np.int64]

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """The sequences of some rows."""
        return type(self)(self.tasks, self.codes[rows], self.labels[rows], self.groups[rows])


def read_label_matrix(path: str) -> tuple[tuple[str, ...], NDArray[np.int8], NDArray[np.int64] | None]:
    """Read a table of labels with one row for each sequence and one column for each protein.

    A column named chromosome, chrom or group holds groups.

    Args:
        path: a tab-separated table with a header, whose other cells are 1, 0 and -1.

    Returns:
        The names of the proteins, their labels, int8 (N, T), and the number of the group of each row, int64 (N,); None
        where there is no column of groups.

    Raises:
        InputError: the table is malformed, or a protein is not bound to any sequence or to all.
    """
    table = read_table(path, partial(_check_columns, path))
    groups = None
    for column in [name for name in table.columns if name in GROUP_NAMES[0]]:
        groups = np.unique(table.pop(column), return_inverse=True)[1].astype(np.int64)
    labels = np.stack([_labels(table, name, path) for name in table.columns], axis=1)
    for name, column in zip(table.columns, labels.T, strict=True):
        counts = [int((column == label).sum()) for label in (1, 0)]
        if min(counts) == 0:
            what = f"{name} has {counts[0]:,} labels 1 and {counts[1]:,} labels 0, expected some of both"
            raise InputError(what, path=path, remedy="remove the column")
    return tuple(table.columns), labels, groups


def _check_columns(path: str, columns: Sequence[str], line: int) -> None:
    tasks = [name for name in columns if name not in GROUP_NAMES[0]]
    if not tasks or len(columns) - len(tasks) > 1:
        what = f"found {len(tasks)} columns of proteins and {len(columns) - len(tasks)} of groups"
        raise InputError(f"{what}, expected some and at most one", path=path, line=line, remedy="correct the header")
    for name in tasks:
        if not is_model_id(name) or columns.count(name) > 1:
            what = f"the column {name!r} is given twice, or cannot name a model"
            raise InputError(what, path=path, line=line, remedy="rename or remove it")


def _labels(table: pd.DataFrame, name: str, path: str) -> NDArray[np.int8]:
    words = table[name].str.strip()
    wrong = ~words.isin({"1", "0", "-1"})
    if wrong.any():
        line = int(table.index[wrong][0])
        what = f"the label of {name} is {words[line]!r}, expected 1, 0 or -1"
        raise InputError(what, path=path, line=line, remedy="correct the cell")
    return np.array([int(word) for word in words], dtype=np.int8)
