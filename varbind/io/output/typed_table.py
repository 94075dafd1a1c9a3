"""A table of typed columns, written as TSV or Parquet, complete or not at all.

A missing cell is empty in TSV, and null in Parquet.
"""

from __future__ import annotations

import io
from math import isnan
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from varbind.errors import UsageError
from varbind.gate import optional_import
from varbind.io.output.output_file import Destination, OutputFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

__all__ = ["TypedTable", "frame_of"]

# Whole numbers stay text until Parquet needs them, so that TSV has them as they were written.
_FRAME_TYPES = {str: "string", int: "string", float: "float32"}
_ROWS_AT_ONCE = 1 << 14
_PARQUET = ".parquet"
_TEXT = (".tsv", ".tsv.gz", ".tsv.bgz")


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
        path: the path of a `.tsv`, `.tsv.gz` or `.parquet` file; a device, a name without a suffix and `-`, which is
            standard output, get plain text.

    Raises:
        OutputError: the file cannot be created.
        UsageError: the suffix is unknown, or pyarrow is needed and missing.
    """

    def __init__(self, path: str) -> None:
        self._is_parquet = path.endswith(_PARQUET)
        name = path.rpartition("/")[2]
        if not self._is_parquet and not name.endswith(_TEXT) and "." in name:
            raise UsageError("a table of unknown kind", path=path, remedy="name it .tsv, .tsv.gz or .parquet")
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
            columns: the names of the columns, with the types of their values: `str`, `int` (64 bits) or `float`
                (single precision).
            frames: the rows, some at a time, as `frame_of` makes them. Text has no tabs and no line ends. Each frame
                becomes a row group of Parquet.
            number_text: writes a number into TSV; the default gives six significant digits.

        Raises:
            OutputError: the table cannot be written.
        """
        if self._is_parquet:
            self._write_parquet(columns, frames)
        else:
            self._out.write("\t".join(name for name, _ in columns).encode() + b"\n")
            for frame in frames:
                for start in range(0, len(frame), _ROWS_AT_ONCE):
                    self._out.write(_tsv(frame.iloc[start : start + _ROWS_AT_ONCE], number_text))
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
        types = {str: arrow.string(), int: arrow.int64(), float: arrow.float32()}
        schema = arrow.schema([(name, types[kind]) for name, kind in columns])
        # Measured numbers hardly repeat: a dictionary of them makes the file a third larger.
        repeating = [name for name, kind in columns if kind is not float]
        whole = {name: "Int64" for name, kind in columns if kind is int}
        with self._parquet.ParquetWriter(_Sink(self._out), schema, use_dictionary=repeating) as writer:
            for frame in frames:
                writer.write_table(arrow.Table.from_pandas(frame.astype(whole), schema=schema, preserve_index=False))


def _tsv(frame: pd.DataFrame, number_text: Callable[[float], str]) -> bytes:
    """The lines of a frame, in half the time of `DataFrame.to_csv` and without quotes."""
    columns = [_texts(column, number_text) for _, column in frame.items()]
    return "".join(["\t".join(row) + "\n" for row in zip(*columns, strict=True)]).encode()


def _texts(column: pd.Series, number_text: Callable[[float], str]) -> list[str]:
    """The cells of a column as TSV has them."""
    if column.dtype.kind == "f":
        return ["" if isnan(value) else number_text(value) for value in column.tolist()]
    texts: list[str] = column.to_numpy(dtype=object, na_value="").tolist()
    return texts


class _Sink(io.RawIOBase):
    """The file object to which pyarrow writes."""

    def __init__(self, out: Destination) -> None:
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._out.write(bytes(data))
        return len(data)
