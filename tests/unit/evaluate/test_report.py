"""Tables say what was found, and a folder appears whole or not at all."""

import pytest

from varbind.errors import OutputError
from varbind.evaluate.evaluation_data import Metric
from varbind.evaluate.report import RESULT_COLUMNS, SUMMARY_COLUMNS, Report, Result, write_report
from varbind.io.output.atomic_files import whole_folder

pytest.importorskip("scipy", reason="needs the extra `train`")

RESULTS = [
    Result("s|1", "P", "t|1", "K562", "b|k", "m", 20, 10, 30, {Metric.AUC: 0.75}),
    Result("s|1", "P", "t|1", "K562", "GC", "", 20, 10, 30, {Metric.AUC: 0.5}),
]
REPORT = Report("b|k", RESULTS, ["One.", "Two."], ["a | b"])


def rows(path):
    header, *cells = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [dict(zip(header, row, strict=True)) for row in cells]


def test_tables(tmp_path):
    summary = write_report(tmp_path, REPORT)
    first, second = rows(tmp_path / "results.tsv")
    assert tuple(first) == RESULT_COLUMNS
    assert first["set"] == "s|1"
    assert (first["sequences"], first["bound"], first["in_set"]) == ("20", "10", "30")
    assert (first["auc"], first["pearson"], first["model_id"]) == ("0.750000", "", "m")
    assert (second["method"], second["model_id"]) == ("GC", "")
    own, gc = rows(tmp_path / "summary.tsv")
    assert tuple(own) == SUMMARY_COLUMNS
    assert (own["method"], own["mean_bank"], own["bank_above"], own["p"]) == ("b|k", "0.750000", "", "")
    assert (gc["sets"], gc["proteins"], gc["mean_method"], gc["bank_above"]) == ("1", "1", "0.500000", "1.000000")
    assert (tmp_path / "summary.md").read_text(encoding="utf-8") == summary
    assert {path.name for path in tmp_path.iterdir()} == {"results.tsv", "summary.tsv", "summary.md"}


def test_markdown_has_a_cell_a_column(tmp_path):
    lines = write_report(tmp_path, REPORT).splitlines()
    table = [line.replace("\\|", "") for line in lines if line.startswith("|")]
    assert len(table) == 4
    assert {line.count("|") for line in table} == {10}
    assert "| t\\|1 | AUC | GC | 1 | 1 | 0.750 | 0.500 | 100 % |  |" in lines
    assert "- a \\| b" in lines


def test_a_folder_gets_its_name_at_the_end(tmp_path):
    with whole_folder(tmp_path / "out") as folder:
        assert not (tmp_path / "out").exists()
        (folder / "a").write_text("a")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "a").read_text() == "a"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_folder_is_gone_after_an_error(tmp_path, error):
    def write():
        with whole_folder(tmp_path / "out") as folder:
            (folder / "a").write_text("a")
            raise error

    with pytest.raises(error):
        write()
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_taken_is_refused(tmp_path):
    (tmp_path / "out").write_text("old")
    with pytest.raises(OutputError, match="exists already; name a new folder"), whole_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out").read_text() == "old"


def test_a_name_taken_meanwhile_is_refused(tmp_path):
    def write():
        with whole_folder(tmp_path / "out"):
            (tmp_path / "out").mkdir()
            (tmp_path / "out" / "a").write_text("other")

    with pytest.raises(OutputError, match="cannot be written"):
        write()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "a").read_text() == "other"


def test_a_place_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(OutputError, match="cannot be written: No such file"), whole_folder(tmp_path / "no" / "out"):
        pass
