"""The format of peaks is told by the types of their columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.datasets.peak_formats import PeakFormat, PeakLine, formats_of, known_other_format

BED6 = "chr1 1000 1500 p 300 ."
IDR = "2.05 2.56 1000 1500 11.2 74 1010 1490 9.8 61"


def line(text, number=1):
    columns = text.split()
    return PeakLine(number, columns, int(columns[1]), int(columns[2]))


def told(*texts):
    lines = [line(text, number) for number, text in enumerate(texts, 1)]
    (found,) = formats_of(lines).values()
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chr1 1000 1500", PeakFormat.BED),
        ("chr1 1000 1500 p", PeakFormat.BED),
        ("chr1 1000 1500 p 300", PeakFormat.BED),
        (BED6, PeakFormat.BED),
        (f"{BED6} 7.5", PeakFormat.BED),
        (f"{BED6} 7.5 8.5", PeakFormat.BED),
        (f"{BED6} x y z", PeakFormat.BED),
        (f"{BED6} x y z 5", PeakFormat.BED),
        (f"{BED6} 1000 1500 0", PeakFormat.BED9),
        (f"{BED6} 1000 1500 255,0,0", PeakFormat.BED9),
        (f"{BED6} 0 0 255,0,0", PeakFormat.BED9),
        (f"{BED6} 0 0 0", PeakFormat.BED9),
        (f"{BED6} 1000 1500 0 1 500 0", PeakFormat.BED12),
        (f"{BED6} 1000 1500 0 2 100,200, 0,300,", PeakFormat.BED12),
        (f"{BED6} 0 0 0 2 100,200 0,300 extra", PeakFormat.BED12),
        (f"{BED6} 7.5 8.5 9.5", PeakFormat.BROAD),
        (f"{BED6} 7 -1 -1", PeakFormat.BROAD),
        (f"{BED6} 7.5 8.5 9.5 {IDR}", PeakFormat.BROAD),
        (f"{BED6} 7.5 8.5 9.5 74", PeakFormat.NARROW),
        (f"{BED6} 7 -1 -1 -1", PeakFormat.NARROW),
        (f"{BED6} 0 0 0 250", PeakFormat.NARROW),
        (f"{BED6} 7.5 8.5 9.5 74.0", PeakFormat.NARROW),
        (f"{BED6} 7.5 8.5 9.5 74 x", PeakFormat.NARROW),
        (f"{BED6} 7.5 8.5 9.5 74.0 x", PeakFormat.NARROW),
        (f"{BED6} 7.5 8.5 9.5 74 {IDR}", PeakFormat.NARROW),
        (f"{BED6} 7.5 8.5 9.5 74 500 0", PeakFormat.NARROW),
        (f"{BED6} 7 8 6 1 500 0", PeakFormat.NARROW),
        (f"{BED6} 7.5 NA NA 74", PeakFormat.NARROW),
        (f"{BED6} 7.5 . . 74", PeakFormat.NARROW),
        (f"{BED6} 7.5 NA 9.5", PeakFormat.BROAD),
        (f"{BED6} . . . 74", PeakFormat.BED),
        (f"{BED6} 1100 1300 0 2 100,200 0,300 7.5 8.5 9.5", PeakFormat.GAPPED),
        (f"{BED6} 0 0 0 1 500 0 7.5 -1 -1", PeakFormat.GAPPED),
        (f"{BED6} 1000 1500 0 1 500 0 7.5 8.5 9.5 more", PeakFormat.GAPPED),
    ],
)
def test_formats(text, expected):
    assert told(text) is expected


@given(st.integers(1, 9), st.integers(0, 9))
def test_most_lines_tell(good, bad):
    texts = [f"{BED6} 7.5 8.5 9.5 74 x"] * good + [f"{BED6} 7.5 8.5 9.5 lost x"] * bad
    assert told(*texts) is (PeakFormat.NARROW if good >= bad else PeakFormat.BROAD)


def test_lines_of_another_width_have_a_format_of_their_own():
    found = formats_of([line(BED6), line(f"{BED6} 7.5 8.5 9.5")])
    assert found == {6: PeakFormat.BED, 9: PeakFormat.BROAD}


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ("chr start end length abs_summit pileup -log10(pvalue) fold_enrichment -log10(qvalue) name", "MACS"),
        ("chr start end length pileup -log10(pvalue) fold_enrichment -log10(qvalue) name", "MACS"),
        ("chrom chromStart chromEnd", "header"),
        ("seqnames start end width strand", "header"),
        ("Chr1-1 chr1 100 200 +", "HOMER"),
    ],
)
def test_tables_that_are_no_peaks_are_known(header, word):
    what, remedy = known_other_format(header.split())
    assert word in what
    assert remedy


def test_what_is_not_known_is_not_guessed():
    assert known_other_format(["chr1"]) is None
    assert known_other_format(["a", "b", "c", "d"]) is None
