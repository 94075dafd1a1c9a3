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
