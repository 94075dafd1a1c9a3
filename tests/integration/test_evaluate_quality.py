"""`varbind evaluate quality`: one row about the reads in peaks, or one line about what is wrong."""

import csv
import io

import pytest
from bam_files import random_reads, write_bam
from integration.runs import call
from planted import write_lines

from varbind.evaluate.peak_quality import QUALITY_COLUMNS, measure_peak_quality


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quality")
    write_bam(folder / "in.bam", random_reads(5))
    write_lines(folder / "peaks.bed", ["chr1\t100\t300", "chr2\t900\t1000"])
    write_lines(folder / "black.bed", ["chr1\t1000\t1500"])
    write_lines(folder / "other.bed", ["scaffold_1\t100\t300"])
    (folder / "cut.bam").write_bytes((folder / "in.bam").read_bytes()[:-28])
    return folder


def table(text):
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


def test_the_row_is_that_of_the_function(folder, tmp_path):
    words = ("evaluate", "quality", folder / "in.bam", folder / "peaks.bed", "--blacklist", folder / "black.bed")
    done = call(*words)
    assert done.code == 0, done.err
    (row,) = table(done.out.decode())
    found = measure_peak_quality(*(str(folder / name) for name in ("in.bam", "peaks.bed")), blacklist=str(words[-1]))
    assert list(row) == [name for name, _ in QUALITY_COLUMNS]
    assert (row["bam"], int(row["reads"])) == (str(folder / "in.bam"), found.reads)
    assert float(row["cfrip"]) == pytest.approx(found.cfrip, rel=1e-5)
    assert f"varbind: {found.reads_in_peaks:,} of {found.reads:,} reads overlap 2 peaks; reads cover" in done.err
    assert call(*words, "-q", "-o", tmp_path / "out.tsv").err == ""
    assert (tmp_path / "out.tsv").read_bytes() == done.out


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("in.bam", "other.bed"), 3, "in.bam: found scaffold_1, ..., there chr1, ..."),
        (("cut.bam", "peaks.bed"), 3, "cut.bam: is cut off: its end marker is missing"),
        (("peaks.bed", "in.bam"), 3, "peaks.bed: not a BAM"),
        (("in.bam", "in.bam"), 3, "in.bam"),
        (("gone.bam", "peaks.bed"), 3, "gone.bam: cannot be read: No such file or directory"),
        (("in.bam", "peaks.bed", "--mitochondria", "MT"), 2, "--mitochondria names MT"),
        (("in.bam", "peaks.bed", "--mitochondria", ","), 2, "names nothing"),
        (("in.bam", "peaks.bed", "-o", "peaks.bed"), 2, "the output is the input"),
        (("in.bam", "peaks.bed", "-o", "out.xlsx"), 2, "a table of unknown kind"),
        (("in.bam", "peaks.bed", "-o", "no/out.tsv"), 5, "no"),
    ],
)
def test_what_cannot_be_measured_is_told_in_one_line(folder, monkeypatch, words, code, text):
    monkeypatch.chdir(folder)
    before = sorted(folder.iterdir())
    done = call("evaluate", "quality", *words)
    assert (done.code, text in done.error, done.out) == (code, True, b""), done.err
    assert sorted(folder.iterdir()) == before
