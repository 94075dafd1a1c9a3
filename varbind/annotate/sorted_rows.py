"""Sorts the rows of a table, the largest value first.

The last record may come first in the table, so all rows are held until the end. Where only the first rows are wanted,
the others are dropped on the way, and memory does not grow with the file.
"""

from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd

from varbind.io.output.typed_table import frame_of

__all__ = ["SortedRows"]

_ROWS_AT_ONCE = 1 << 14
_FEWEST_AT_ONCE = 1 << 10
# Double precision tells any two values apart that the text tells apart.
_SORT_COLUMNS = (("negated value", np.float64), ("level", float))


class SortedRows:
    """Rows that are sorted by a value; ties keep the order in which they were added.

    Args:
        columns: the names and types of the columns.
        top: the number of rows wanted; None = all.

    Attributes:
        added: the number of rows that were added.
    """

    def __init__(self, columns: list[tuple[str, type]], top: int | None) -> None:
        self._columns = [*columns, *_SORT_COLUMNS]
        self._top = top
        # A row may have thousands of genotypes, so that few rows wanted must mean few rows held.
        self._at_once = _ROWS_AT_ONCE if top is None else min(_ROWS_AT_ONCE, max(top, _FEWEST_AT_ONCE))
        self._last_kept: tuple[int, float] | None = None
        self.added = 0
        self._rows: list[tuple[object, ...]] = []
        self._frames: list[pd.DataFrame] = []

    def _can_hold(self, value: float, *, scored: bool) -> bool:
        """Whether a row added now can be among the first `top` ones."""
        return self._last_kept is None or _sort_key(value, scored=scored) < self._last_kept

    def add(self, row: tuple[object, ...], value: float, *, scored: bool) -> None:
        """Add a row.

        Args:
            row: its cells.
            value: the value to sort by; NaN = missing, after all other scored rows.
            scored: whether the allele has a score; rows of other alleles come last.
        """
        self.added += 1
        if self._can_hold(value, scored=scored):
            level, negated = _sort_key(value, scored=scored)
            self._rows.append((*row, negated, level))
        if len(self._rows) >= self._at_once:
            self._pack()

    def table(self) -> pd.DataFrame:
        """The first `top` rows, in order."""
        self._pack()
        return self._sorted().drop(columns=[name for name, _ in _SORT_COLUMNS])

    def _pack(self) -> None:
        """Pack the latest rows, and drop those that cannot be among the first ones."""
        self._frames.append(frame_of(self._columns, self._rows))
        self._rows = []
        if self._top is not None and sum(map(len, self._frames)) >= 2 * self._top + self._at_once:
            self._frames = [self._sorted()]
            last = self._frames[0].iloc[-1]
            self._last_kept = int(last["level"]), float(last["negated value"])

    def _sorted(self) -> pd.DataFrame:
        frame = pd.concat(self._frames, ignore_index=True)
        # lexsort keeps the order of ties.
        return frame.iloc[np.lexsort([frame[name] for name, _ in _SORT_COLUMNS])[: self._top]]


def _sort_key(value: float, *, scored: bool) -> tuple[int, float]:
    """The level and the negated value: scored alleles with a value come first, then those without one, then others."""
    missing = isnan(value)
    return (int(missing) if scored else 2), (0.0 if missing else -value)
