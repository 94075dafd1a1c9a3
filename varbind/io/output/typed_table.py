"""A table of typed columns, written as TSV or Parquet, whole or not at all.

An empty cell is missing: nothing between two tabs in TSV, null in Parquet.
"""

from __future__ import annotations

import io
from itertools import islice
from math import isnan
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from varbind.errors import UsageError
from varbind.gate import optional_import
from varbind.io.output.output_file import Destination, OutputFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from numpy.typing import NDArray

    Column = Sequence[str] | NDArray[np.float32]
    """Cells of some rows: text, empty where missing, or numbers, NaN where missing."""

__all__ = ["TypedTable"]

_ROWS_AT_ONCE = 1 << 14
_PARQUET = ".parquet"
_TEXT = (".tsv", ".tsv.gz", ".tsv.bgz")


class TypedTable:
    """A table that is being written; its suffix says how.

    Args:
        path: `.tsv`, `.tsv.gz` or `.parquet`; a device, a name without a suffix and `-`, which is standard
            output, get plain text.

    Raises:
        OutputError: the file cannot be made.
        UsageError: another suffix, or pyarrow is needed and missing.
    """

    def __init__(self, path: str) -> None:
        self._is_parquet = path.endswith(_PARQUET)
        name = path.rpartition("/")[2]
        if not self._is_parquet and not name.endswith(_TEXT) and "." in name:
            raise UsageError("a table of unknown kind", path=path, remedy="name it .tsv, .tsv.gz or .parquet")
        if self._is_parquet:
            # Before anything is read, not after hours of it.
            self._arrow = optional_import("pyarrow", needed_for="a .parquet table")
            self._parquet = optional_import("pyarrow.parquet", needed_for="a .parquet table")
        output_format = OutputFormat("v") if self._is_parquet else OutputFormat.parse(None, path)
        self._out = Destination(path, output_format)

    def write(self, columns: Sequence[tuple[str, type]], rows: Iterable[Sequence[str]]) -> None:
        """Write the whole table and give the file its name.

        Args:
            columns: names and types: `str`, `int` (64 bits) or `float` (single precision).
            rows: cells as text, without tabs and line ends.

        Raises:
            OutputError: it cannot be written.
        """
        self._write(columns, (list(zip(*piece, strict=True)) for piece in _pieces(rows)), dictionary=True)

    def write_pieces(self, columns: Sequence[tuple[str, type]], pieces: Iterable[Sequence[Column]]) -> None:
        """Write the whole table from pieces of some rows each, and give the file its name.

        Args:
            columns: as for `write`.
            pieces: one after the other, each with as many columns; a piece becomes a row group of Parquet. TSV
                holds six significant digits of the numbers of an array.

        Raises:
            OutputError: it cannot be written.
        """
        # Measured numbers hardly repeat: a dictionary of them makes the file a third larger.
        self._write(columns, pieces, dictionary=[name for name, kind in columns if kind is not float])

    def _write(
        self,
        columns: Sequence[tuple[str, type]],
        pieces: Iterable[Sequence[Column]],
        *,
        dictionary: bool | list[str],
    ) -> None:
        if self._is_parquet:
            self._write_parquet(columns, pieces, dictionary)
        else:
            self._out.write(_lines([[name for name, _ in columns]]))
            for piece in pieces:
                self._out.write(_lines(zip(*map(_texts, piece), strict=True)))
        self._out.prepare()
        self._out.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.__exit__(kind, error, trace)

    def _write_parquet(
        self,
        columns: Sequence[tuple[str, type]],
        pieces: Iterable[Sequence[Column]],
        dictionary: bool | list[str],  # noqa: FBT001 (pyarrow's own)
    ) -> None:
        arrow = self._arrow
        types = {str: arrow.string(), int: arrow.int64(), float: arrow.float32()}
        schema = arrow.schema([(name, types[kind]) for name, kind in columns])
        with self._parquet.ParquetWriter(_Sink(self._out), schema, use_dictionary=dictionary) as writer:
            for piece in pieces:
                arrays = [
                    arrow.array(_values(cells, kind), type=types[kind], from_pandas=isinstance(cells, np.ndarray))
                    for cells, (_, kind) in zip(piece, columns, strict=True)
                ]
                writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))


def _pieces(rows: Iterable[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    rows = iter(rows)
    while piece := list(islice(rows, _ROWS_AT_ONCE)):
        yield piece


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    return "".join(["\t".join(row) + "\n" for row in rows]).encode()


def _texts(cells: Column) -> Sequence[str]:
    """Cells as they stand in TSV."""
    if not isinstance(cells, np.ndarray):
        return cells
    return ["" if isnan(value) else f"{value:.6g}" for value in cells.tolist()]


def _values(cells: Column, kind: type) -> Any:
    """Cells with their types, missing ones as None or NaN."""
    if isinstance(cells, np.ndarray):
        return np.ascontiguousarray(cells)
    # The nearest single, and not the single nearest to the double that is nearest to the text.
    convert = np.float32 if kind is float else kind
    return [convert(cell) if cell else None for cell in cells]


class _Sink(io.RawIOBase):
    """What pyarrow writes to."""

    def __init__(self, out: Destination) -> None:
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._out.write(bytes(data))
        return len(data)
