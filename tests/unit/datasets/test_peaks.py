"""Peaks are cut around their summits; what cannot be used is counted, what is wrong is told with its line."""

import codecs
import gzip

import numpy as np
import pytest
from planted import MOTIF, peak_lines, write_lines, write_reference

from varbind.core.sequence import decode
from varbind.datasets.peaks import PEAK_LENGTH, Unused, peak_regions, read_peaks, strongest_peaks
from varbind.errors import InputError
from varbind.io.reference import Reference


@pytest.fixture
def regions(tmp_path):
    """Regions of lines, on the planted reference."""

    def cut(lines):
        path = str(write_lines(tmp_path / "peaks.bed", lines))
        with Reference(write_reference(tmp_path)) as reference:
            return peak_regions(read_peaks(path), reference, path)

    return cut


def test_the_summit_is_in_the_middle(regions):
    found = regions(peak_lines())
    assert found.codes.shape == (80, PEAK_LENGTH)
    assert {decode(codes)[46:54] for codes in found.codes} == {MOTIF}
    assert np.array_equal(found.contigs, np.repeat(np.arange(4), 20))
    assert not found.unused


def test_without_a_summit_the_centre_is_taken(regions):
    lines = peak_lines()
    summits = regions(lines)
    for other in (["\t".join(line.split("\t")[:3]) for line in lines], [line[:-3] + "-1" for line in lines]):
        assert regions(other).codes.tobytes() == summits.codes.tobytes()


def test_order_track_lines_comments_and_style_do_not_show(regions):
    lines = peak_lines()
    other = ["track name=x", "browser hide all", "# text", "", *reversed([line[3:] for line in lines])]
    assert regions(other).codes.tobytes() == regions(lines).codes.tobytes()


def test_what_is_not_used_is_counted(regions):
    extra = ["chrX\t5\t10", "chr1\t0\t20", "chr1\t1\t1000000", "\t".join(peak_lines()[0].split("\t")[:3])]
    found = regions(peak_lines() + extra)
    assert found.unused == {Unused.NO_CONTIG: 1, Unused.EDGE: 1, Unused.OFF_CONTIG: 1, Unused.DUPLICATE: 1}
    assert len(found.codes) == 80


def test_masked_places_are_counted(tmp_path):
    path = write_reference(tmp_path)
    text = path.read_text()
    start = text.index("\n") + 1 + 300
    path.write_text(text[:start] + "N" * 200 + text[start + 200 :])
    peaks = read_peaks(str(write_lines(tmp_path / "peaks.bed", peak_lines())))
    with Reference(path) as reference:
        assert peak_regions(peaks, reference, "peaks.bed").unused == {Unused.UNKNOWN_BASES: 1}


def test_another_build_is_refused(regions):
    lines = peak_lines()
    with pytest.raises(InputError, match=r"peaks.bed: wrong genome build\? 20 of 100 peaks end beyond"):
        regions(lines + [f"chr1\t{9000 + number}\t10000" for number in range(20)])
    with pytest.raises(InputError, match=r"no peak can be used \(1 no_contig\): the peaks are on X, .* has chr1"):
        regions(["X\t1\t200"])


def test_gzip_is_read(tmp_path):
    path = tmp_path / "peaks"
    path.write_bytes(gzip.compress("\n".join(peak_lines()).encode()))
    assert len(read_peaks(str(path))) == 80


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("chr1", "2: found 'chr1', expected CHROM, START and END"),
        ("chr1\ta\t5", "2: found 'chr1 a 5', expected"),
        ("chr1\t-3\t5", "2: found"),
        ("chr1\t5\t5", "2: the peak 5-5 is empty"),
        ("chr1\t5\t9\tx\tstrong", "2: the score is 'strong', expected a number"),
        ("chr1\t5\t9\t.\t0\t.\t1\t1\t1\t4", r"2: the summit \(column 10\) is '4', expected"),
        ("chr1\t5\t9\t.\t0\t.\tnan\t1\t1\t3", "2: the score is 'nan'"),
    ],
)
def test_a_malformed_line_is_told(tmp_path, line, text):
    path = write_lines(tmp_path / "peaks.bed", [peak_lines()[0], line])
    with pytest.raises(InputError, match=f"peaks.bed:{text}"):
        read_peaks(str(path))


def test_the_strongest_are_kept_in_the_order_of_the_file(tmp_path):
    lines = [f"chr1\t{start}\t{start + 9}\t.\t{score}" for start, score in enumerate([5, 1, 9, 5, 9])]
    peaks = read_peaks(str(write_lines(tmp_path / "peaks.bed", lines)))
    assert strongest_peaks(peaks, 3, "x")["strength"].tolist() == [5, 9, 9]
    assert strongest_peaks(peaks, 9, "x").equals(peaks)


@pytest.mark.parametrize(("score", "text"), [("\t.\t7", "one score for all"), ("", "no scores"), ("\t.\t.", "no sco")])
def test_without_strengths_there_are_no_strongest(tmp_path, score, text):
    peaks = read_peaks(str(write_lines(tmp_path / "peaks.bed", [f"chr1\t{start}\t99{score}" for start in range(5)])))
    with pytest.raises(InputError, match=text):
        strongest_peaks(peaks, 3, "x")


def with_columns(lines, extra):
    """Lines of a narrowPeak with something behind them."""
    return [f"{line}{extra}" for line in lines]


@pytest.mark.parametrize(
    "extra",
    ["\t", "\t\t", " ", "\tq", "\t2.05\t2.56", "\t2.05\t2.56\t400\t600\t9.5\t30\t410\t590\t9.5\t20"],
    ids=["tab", "tabs", "blank", "name", "two", "IDR"],
)
def test_what_stands_behind_a_summit_does_not_show(tmp_path, extra):
    # Off the middle, so that a lost summit would show.
    lines = [line[:-3] + "30" for line in peak_lines()]
    expected = read_peaks(str(write_lines(tmp_path / "a", lines)))
    found = read_peaks(str(write_lines(tmp_path / "b", with_columns(lines, extra))))
    assert found.equals(expected)
    assert (found["centre"] - [int(line.split("\t")[1]) for line in lines]).tolist() == [30] * 80
    assert strongest_peaks(found, 2, "b")["strength"].tolist() == [78, 79]


@pytest.mark.parametrize("blank", ["\t", " "])
@pytest.mark.parametrize(
    ("columns", "strength"),
    [
        ("p 300 .", 300),
        ("p 300 . 7.5 8.5 9.5", 7.5),
        ("p 300 . 7.5 8.5 9.5 2.05 2.56 100 200 1.5", 7.5),
        ("p 300 . 120 180 0 2 10,20 0,80 7.5 8.5 9.5", 7.5),
        ("p 300 . 120 180 0 2 10,20 0,80", 300),
        ("p 300 . 120 180 255,0,0", 300),
        ("p 300 . x y z", 300),
    ],
    ids=["BED6", "broadPeak", "IDR of broadPeak", "gappedPeak", "BED12", "BED9", "BED6+3"],
)
def test_strengths_stand_in_the_column_of_the_format(tmp_path, columns, strength, blank):
    peaks = read_peaks(str(write_lines(tmp_path / "in", [f"chr1 100 200 {columns}".replace(" ", blank)])))
    assert peaks.to_dict("records") == [
        {"contig": "chr1", "start": 100, "end": 200, "centre": 150, "strength": strength}
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("chr1\t5\t99\t.\t0\t.\t1\t1\t1\t94\tx", r"2: the summit \(column 10\) is '94', expected an offset"),
        ("chr1\t5\t99\t.\t0\t.\t1\t1\t1\t-2\tx", r"2: the summit \(column 10\) is '-2', expected an offset"),
        ("chr1\t5\t99\t.\t0\t.\t1\t1\t1\t3.7\tx", r"2: the summit \(column 10\) is '3.7', expected an offset"),
        (f"chr1\t5\t{'9' * 5000}", "2: found 'chr1 5 9999"),
        ("chr\tstart\tend", "2: found a header line .*remove that line if START counts from 0"),
        ("chr\tstart\tend\tlength\tabs_summit", r"2: found the \.xls table of MACS.* give the \.narrowPeak"),
    ],
)
def test_a_line_that_does_not_fit_is_told(tmp_path, line, text):
    path = write_lines(tmp_path / "in", [f"{peak_lines()[0]}\tx", line])
    with pytest.raises(InputError, match=f"in:{text}"):
        read_peaks(str(path))


def test_a_byte_order_mark_does_not_show(tmp_path):
    expected = read_peaks(str(write_lines(tmp_path / "a", peak_lines())))
    (tmp_path / "b").write_bytes(codecs.BOM_UTF8 + (tmp_path / "a").read_bytes())
    assert read_peaks(str(tmp_path / "b")).equals(expected)
