"""A table of typed columns as a file: rows of text cells enter, TSV or Parquet leaves, whole or not at all.

An empty cell is missing: nothing between two tabs in TSV, null in Parquet.
"""

from __future__ import annotations

import io
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from varbind.errors import UsageError
from varbind.gate import optional_import
from varbind.io.output.output_file import Destination, OutputFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

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
        if self._is_parquet:
            self._write_parquet(columns, rows)
        else:
            self._out.write(_lines([[name for name, _ in columns]]))
            for piece in _pieces(rows):
                self._out.write(_lines(piece))
        self._out.prepare()
        self._out.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.__exit__(kind, error, trace)

    def _write_parquet(self, columns: Sequence[tuple[str, type]], rows: Iterable[Sequence[str]]) -> None:
        arrow = self._arrow
        types = {str: arrow.string(), int: arrow.int64(), float: arrow.float32()}
        schema = arrow.schema([(name, types[kind]) for name, kind in columns])
        with self._parquet.ParquetWriter(_Sink(self._out), schema) as writer:
            for piece in _pieces(rows):
                arrays = [
                    arrow.array(_values(cells, kind), type=types[kind])
                    for cells, (_, kind) in zip(zip(*piece, strict=True), columns, strict=True)
                ]
                writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))


def _pieces(rows: Iterable[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    rows = iter(rows)
    while piece := list(islice(rows, _ROWS_AT_ONCE)):
        yield piece


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    return "".join(["\t".join(row) + "\n" for row in rows]).encode()


def _values(cells: Sequence[str], kind: type) -> list[Any]:
    """Cells with their types; None where empty."""
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
