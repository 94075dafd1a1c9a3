"""What a file holds is told by its first line; tables that look like peaks and are none are named."""

import codecs

import pytest
from planted import write_lines

from varbind.datasets.datasets import Kind
from varbind.datasets.kinds import told_kind
from varbind.errors import InputError


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b">a\nACGT\n", Kind.BOUND),
        (b"ACGU\n", Kind.BOUND),
        (b"FoldID\tEventID\tseq\tBound\n", Kind.BOUND),
        (b"ACGT\t1\n", Kind.VALUES),
        (b"chr\tsequence\tlabel\n", Kind.VALUES),
        (b"track name=x\nchr1\t1\t9\n", Kind.PEAKS),
        (b"chr1 1 9\n", Kind.PEAKS),
    ],
)
def test_kinds(tmp_path, mark, text, kind):
    (tmp_path / "in").write_bytes(mark + text)
    assert told_kind(str(tmp_path / "in")) is kind


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (
            ["# MACS", "", "chr\tstart\tend\tlength\tabs_summit\tpileup"],
            r"in:3: found the \.xls table of MACS.*narrowPeak",
        ),
        (["chr\tstart\tend"], r"in:1: found a header line \(chr start end\).*if START counts from 0"),
        (["peak1\tchr1\t5\t9\t+"], "in:1: found a table whose first column is a name.*pos2bed"),
        (["%PDF"], "in:1: found '%PDF', expected peaks, sequences"),
    ],
)
def test_others_are_told(tmp_path, lines, text):
    with pytest.raises(InputError, match=text):
        told_kind(str(write_lines(tmp_path / "in", lines)))
