"""A table of typed columns, written as TSV, CSV or Parquet, complete or not at all.

A missing cell is empty in TSV and CSV, and null in Parquet. A cell of CSV with a comma or a quotation mark is quoted as
RFC 4180 demands; lines end in a line feed, as on Unix.
"""

from __future__ import annotations

import csv
import io
from math import isnan
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from varbind.errors import UsageError
from varbind.gate import optional_import
from varbind.io.output.output_file import Destination, OutputFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

__all__ = ["TypedTable", "frame_of"]

# Whole numbers stay text until Parquet needs them, so that TSV and CSV have them as they were written.
_FRAME_TYPES = {str: "string", int: "string", float: "float32", np.float64: "float64", bool: "boolean"}
_ROWS_AT_ONCE = 1 << 14
_PARQUET = ".parquet"
_TSV = (".tsv", ".tsv.gz", ".tsv.bgz")
_CSV = (".csv", ".csv.gz", ".csv.bgz")


def frame_of(columns: Sequence[tuple[str, type]], rows: Sequence[Sequence[object]]) -> pd.DataFrame:
    """Make a data frame of rows for `TypedTable.write`.

    Args:
        columns: the names of the columns, with the types of their values.
        rows: the cells of each row, whole numbers as text; None or NaN where missing.
    """
    cells = list(zip(*rows, strict=True)) or [()] * len(columns)
    return pd.DataFrame(
        {name: pd.Series(values, dtype=_FRAME_TYPES[kind]) for (name, kind), values in zip(columns, cells, strict=True)}
    )


class TypedTable:
    """A table that is being written. The suffix of its path decides on the format.

    Args:
        path: the path of a `.tsv`, `.tsv.gz`, `.csv`, `.csv.gz` or `.parquet` file; a device, a name without a suffix
            and `-`, which is standard output, get TSV.

    Raises:
        OutputError: the file cannot be created.
        UsageError: the suffix is unknown, or pyarrow is needed and missing.
    """

    def __init__(self, path: str) -> None:
        self._is_parquet = path.endswith(_PARQUET)
        name = path.rpartition("/")[2]
        if not self._is_parquet and not name.endswith(_TSV + _CSV) and "." in name:
            remedy = "name it .tsv, .tsv.gz, .csv, .csv.gz or .parquet"
            raise UsageError("a table of unknown kind", path=path, remedy=remedy)
        self._lines = _csv if name.endswith(_CSV) else _tsv
        if self._is_parquet:
            # A missing package is reported before anything is read, not after hours of work.
            self._arrow = optional_import("pyarrow", needed_for="a .parquet table")
            self._parquet = optional_import("pyarrow.parquet", needed_for="a .parquet table")
        output_format = OutputFormat("v") if self._is_parquet else OutputFormat.parse(None, path)
        self._out = Destination(path, output_format)

    def write(
        self,
        columns: Sequence[tuple[str, type]],
        frames: Iterable[pd.DataFrame],
        *,
        number_text: Callable[[float], str] = "{:.6g}".format,
    ) -> None:
        """Write the complete table, and give the file its name.

        Args:
            columns: the names of the columns, with the types of their values: `str`, `int` (64 bits), `float` (single
                precision), `numpy.float64` or `bool`, which text has as `true` and `false`.
            frames: the rows, some at a time, as `frame_of` makes them. Text has no tabs and no line ends. Each frame
                becomes a row group of Parquet.
            number_text: writes a number of single precision into TSV and CSV; the default gives six significant digits.
                Numbers of double precision get as many digits as they need.

        Raises:
            OutputError: the table cannot be written.
        """
        if self._is_parquet:
            self._write_parquet(columns, frames)
        else:
            self._out.write(self._lines([[name for name, _ in columns]]))
            for frame in frames:
                for start in range(0, len(frame), _ROWS_AT_ONCE):
                    self._out.write(self._lines(_rows(frame.iloc[start : start + _ROWS_AT_ONCE], number_text)))
        self._out.prepare()
        self._out.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.__exit__(kind, error, trace)

    def _write_parquet(self, columns: Sequence[tuple[str, type]], frames: Iterable[pd.DataFrame]) -> None:
        arrow = self._arrow
        types = {str: arrow.string(), int: arrow.int64(), float: arrow.float32(), np.float64: arrow.float64()}
        types[bool] = arrow.bool_()
        schema = arrow.schema([(name, types[kind]) for name, kind in columns])
        # Measured numbers hardly repeat: a dictionary of them makes the file a third larger.
        repeating = [name for name, kind in columns if kind in {str, int}]
        whole = {name: "Int64" for name, kind in columns if kind is int}
        with self._parquet.ParquetWriter(_Sink(self._out), schema, use_dictionary=repeating) as writer:
            for frame in frames:
                writer.write_table(arrow.Table.from_pandas(frame.astype(whole), schema=schema, preserve_index=False))


def _tsv(rows: Iterable[Iterable[str]]) -> bytes:
    """The lines of TSV, in half the time of `DataFrame.to_csv` and without quotes."""
    return "".join(["\t".join(row) + "\n" for row in rows]).encode()


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    """The lines of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _rows(frame: pd.DataFrame, number_text: Callable[[float], str]) -> Iterable[tuple[str, ...]]:
    """The rows of a frame as text."""
    return zip(*[_texts(column, number_text) for _, column in frame.items()], strict=True)


def _texts(column: pd.Series, number_text: Callable[[float], str]) -> list[str]:
    """The cells of a column as text."""
    if column.dtype == np.float64:
        number_text = _double_text
    if column.dtype.kind == "f":
        return ["" if isnan(value) else number_text(value) for value in column.tolist()]
    if column.dtype.kind == "b":
        column = column.map({True: "true", False: "false"})
    texts: list[str] = column.to_numpy(dtype=object, na_value="").tolist()
    return texts


def _double_text(value: float) -> str:
    """The shortest text that gives the same number when it is read."""
    text = f"{value:.6g}"
    return text if float(text) == value else repr(value)


class _Sink(io.RawIOBase):
    """The file object to which pyarrow writes."""

    def __init__(self, out: Destination) -> None:
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._out.write(bytes(data))
        return len(data)
