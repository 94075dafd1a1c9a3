"""Tables of typed columns."""

import numpy as np
import pytest
from pyarrow import parquet

from varbind.errors import OutputError, UsageError
from varbind.io.output import typed_table
from varbind.io.output.typed_table import TypedTable

COLUMNS = (("name", str), ("count", int), ("value", float))
ROWS = [["a", "-3", "0.1"], ["", "", ""], ["é", str(2**53 + 1), "inf"]]


def test_both_kinds_hold_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(typed_table, "_ROWS_AT_ONCE", 2)
    for name in ("x.tsv", "x.parquet"):
        with TypedTable(str(tmp_path / name)) as table:
            table.write(COLUMNS, ROWS)
    assert (tmp_path / "x.tsv").read_text(
        encoding="utf-8"
    ) == "name\tcount\tvalue\na\t-3\t0.1\n\t\t\né\t9007199254740993\tinf\n"
    found = parquet.read_table(tmp_path / "x.parquet")
    assert [str(kind) for kind in found.schema.types] == ["string", "int64", "float"]
    assert [list(row.values()) for row in found.to_pylist()] == [
        ["a", -3, float(np.float32(0.1))],
        [None, None, None],
        ["é", 2**53 + 1, float("inf")],
    ]


def test_pieces_of_numbers(tmp_path):
    """A piece is a row group; NaN is missing, and a column of a matrix need not be contiguous."""
    values = np.array([[0.1, np.nan], [-2.5, 1e-7], [1 / 3, 0]], dtype=np.float32)
    columns = (("name", str), ("one", float), ("two", float))
    pieces = [(["a", "b"], values[:2, 0], values[:2, 1]), ([""], values[2:, 0], values[2:, 1])]
    for name in ("x.tsv", "x.parquet"):
        with TypedTable(str(tmp_path / name)) as table:
            table.write_pieces(columns, iter(pieces))
    assert (tmp_path / "x.tsv").read_text() == "name\tone\ttwo\na\t0.1\t\nb\t-2.5\t1e-07\n\t0.333333\t0\n"
    found = parquet.ParquetFile(tmp_path / "x.parquet")
    assert found.num_row_groups == 2
    # Text is worth a dictionary, measured numbers are not.
    encodings = [found.metadata.row_group(0).column(i).encodings for i in range(3)]
    assert [any("DICTIONARY" in word for word in words) for words in encodings] == [True, False, False]
    assert found.read().to_pydict() == {
        "name": ["a", "b", None],
        "one": [float(value) for value in values[:, 0]],
        "two": [None, *(float(value) for value in values[1:, 1])],
    }


@pytest.mark.parametrize("name", ["x.tsv", "x.tsv.gz", "x.parquet"])
def test_a_table_that_is_not_finished_leaves_nothing(tmp_path, name):
    def rows():
        yield ROWS[0]
        raise UsageError("stopped")

    (tmp_path / name).write_bytes(b"old")
    with pytest.raises(UsageError, match="stopped"), TypedTable(str(tmp_path / name)) as table:
        table.write(COLUMNS, rows())
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, b"old")]


def test_an_unknown_kind(tmp_path):
    for name in ("x.csv", "x.gz", "x.parquet.gz"):
        with pytest.raises(UsageError, match=r"name it \.tsv, \.tsv\.gz or \.parquet"):
            TypedTable(str(tmp_path / name))
    with pytest.raises(OutputError):
        TypedTable(str(tmp_path / "no" / "x.tsv"))


def test_a_full_disk_is_told_by_its_name(tmp_path, monkeypatch):
    table = TypedTable(str(tmp_path / "x.parquet"))

    def full(_data):
        raise OutputError("cannot be written: No space left on device", path="x.parquet")

    monkeypatch.setattr(table._out, "write", full)
    with pytest.raises(OutputError, match="No space left"), table:
        table.write(COLUMNS, ROWS)
    assert list(tmp_path.iterdir()) == []
