"""Tables of typed columns."""

import csv
import gzip
import io

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

from varbind.errors import OutputError, UsageError
from varbind.io.output import typed_table
from varbind.io.output.typed_table import TypedTable, frame_of

COLUMNS = (("name", str), ("count", int), ("value", float))
ROWS = [("a", "-3", 0.1), (None, None, np.nan), ("é", str(2**53 + 1), np.inf)]


def written(folder, columns, frames, **options):
    """The text of a TSV file, and the same table as Parquet."""
    frames = list(frames)
    for name in ("x.tsv", "x.parquet"):
        with TypedTable(str(folder / name)) as table:
            table.write(columns, iter(frames), **options)
    return (folder / "x.tsv").read_text(encoding="utf-8"), parquet.ParquetFile(folder / "x.parquet")


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_both_kinds_hold_the_same(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(typed_table, "_ROWS_AT_ONCE", at_once)
    text, found = written(tmp_path, COLUMNS, [frame_of(COLUMNS, ROWS)])
    assert text == "name\tcount\tvalue\na\t-3\t0.1\n\t\t\né\t9007199254740993\tinf\n"
    assert [str(kind) for kind in found.schema_arrow.types] == ["string", "int64", "float"]
    assert [list(row.values()) for row in found.read().to_pylist()] == [
        ["a", -3, float(np.float32(0.1))],
        [None, None, None],
        ["é", 2**53 + 1, float("inf")],
    ]


def test_flags(tmp_path):
    columns = (("name", str), ("flag", bool))
    text, found = written(tmp_path, columns, [frame_of(columns, [("a", True), ("b", False), ("c", None)])])
    assert text == "name\tflag\na\ttrue\nb\tfalse\nc\t\n"
    assert str(found.schema_arrow.field("flag").type) == "bool"
    assert found.read().to_pydict()["flag"] == [True, False, None]


def test_numbers_of_double_precision_keep_their_digits(tmp_path):
    columns = (("name", str), ("p", np.float64))
    values = [1e-300, 1e300, 0.1, 62.0, 0.12345678901234566, np.nan, -np.inf]
    text, found = written(tmp_path, columns, [frame_of(columns, [("a", value) for value in values])])
    cells = [line.split("\t")[1] for line in text.splitlines()[1:]]
    assert cells == ["1e-300", "1e+300", "0.1", "62", "0.12345678901234566", "", "-inf"]
    assert str(found.schema_arrow.field("p").type) == "double"
    assert found.read().to_pydict()["p"] == [*values[:5], None, -np.inf]


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.csv.bgz"])
def test_csv_is_quoted_where_it_must_be(tmp_path, name):
    rows = [('a,"b"', "1", 0.5), (" c;d ", None, np.nan), ("'", "-2", 1.0)]
    with TypedTable(str(tmp_path / name)) as table:
        table.write(COLUMNS, [frame_of(COLUMNS, rows)])
    data = (tmp_path / name).read_bytes()
    text = (gzip.decompress(data) if name != "x.csv" else data).decode()
    assert text == 'name,count,value\n"a,""b""",1,0.5\n c;d ,,\n\',-2,1\n'
    read = list(csv.reader(io.StringIO(text)))
    assert read[1:] == [['a,"b"', "1", "0.5"], [" c;d ", "", ""], ["'", "-2", "1"]]


def test_frames_of_numbers(tmp_path):
    """A frame is a row group, NaN is missing, and the columns may be those of a matrix."""
    values = np.array([[0.1, np.nan], [-2.5, 1e-7], [1 / 3, 0]], dtype=np.float32)
    columns = (("name", str), ("one", float), ("two", float))
    frames = [
        pd.concat([frame_of(columns[:1], names), pd.DataFrame(part, columns=["one", "two"])], axis=1)
        for names, part in (([("a",), ("b",)], values[:2]), ([(None,)], values[2:]))
    ]
    text, found = written(tmp_path, columns, frames)
    assert text == "name\tone\ttwo\na\t0.1\t\nb\t-2.5\t1e-07\n\t0.333333\t0\n"
    assert found.num_row_groups == 2
    # Text is worth a dictionary, measured numbers are not.
    encodings = [found.metadata.row_group(0).column(i).encodings for i in range(3)]
    assert [any("DICTIONARY" in word for word in words) for words in encodings] == [True, False, False]
    assert found.read().to_pydict() == {
        "name": ["a", "b", None],
        "one": [float(value) for value in values[:, 0]],
        "two": [None, *(float(value) for value in values[1:, 1])],
    }


def test_numbers_as_a_caller_writes_them_and_no_row_at_all(tmp_path):
    text, _ = written(tmp_path, COLUMNS, [frame_of(COLUMNS, ROWS)], number_text="<{:.1f}>".format)
    assert text.splitlines()[1:] == ["a\t-3\t<0.1>", "\t\t", "é\t9007199254740993\t<inf>"]
    text, found = written(tmp_path, COLUMNS, [frame_of(COLUMNS, [])])
    assert (text, found.metadata.num_rows) == ("name\tcount\tvalue\n", 0)
    assert [str(kind) for kind in found.schema_arrow.types] == ["string", "int64", "float"]


@pytest.mark.parametrize("name", ["x.tsv", "x.tsv.gz", "x.csv", "x.parquet"])
def test_a_table_that_is_not_finished_leaves_nothing(tmp_path, name):
    def frames():
        yield frame_of(COLUMNS, ROWS)
        raise UsageError("stopped")

    (tmp_path / name).write_bytes(b"old")
    with pytest.raises(UsageError, match="stopped"), TypedTable(str(tmp_path / name)) as table:
        table.write(COLUMNS, frames())
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, b"old")]


def test_an_unknown_kind(tmp_path):
    for name in ("x.xlsx", "x.gz", "x.parquet.gz"):
        with pytest.raises(UsageError, match=r"name it \.tsv, \.tsv\.gz, \.csv, \.csv\.gz or \.parquet"):
            TypedTable(str(tmp_path / name))
    with pytest.raises(OutputError):
        TypedTable(str(tmp_path / "no" / "x.tsv"))


def test_a_full_disk_is_reported_by_its_name(tmp_path, monkeypatch):
    table = TypedTable(str(tmp_path / "x.parquet"))

    def full(_data):
        raise OutputError("cannot be written: No space left on device", path="x.parquet")

    monkeypatch.setattr(table._out, "write", full)
    with pytest.raises(OutputError, match="No space left"), table:
        table.write(COLUMNS, [frame_of(COLUMNS, ROWS)])
    assert list(tmp_path.iterdir()) == []
