"""The kind of data is told by the first lines, and other formats are named."""

import codecs

import pytest
from planted import write_lines

from varbind.datasets.binding_dataset import DataKind
from varbind.datasets.kind_detection import detect_kind
from varbind.errors import InputError


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b">a\nACGT\n", DataKind.BOUND),
        (b"ACGU\n", DataKind.BOUND),
        (b"FoldID\tEventID\tseq\tBound\n", DataKind.BOUND),
        (b"ACGT\t1\n", DataKind.VALUES),
        (b"chr\tsequence\tlabel\n", DataKind.VALUES),
        (b"track name=x\nchr1\t1\t9\n", DataKind.PEAKS),
        (b"chr1 1 9\n", DataKind.PEAKS),
        (b"@read\nACGT\n+\n#III\n", DataKind.BOUND),
    ],
)
def test_the_kind_is_detected_from_the_first_line(tmp_path, mark, text, kind):
    (tmp_path / "in").write_bytes(mark + text)
    assert detect_kind(str(tmp_path / "in")) is kind


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
def test_other_formats_are_named(tmp_path, lines, text):
    with pytest.raises(InputError, match=text):
        detect_kind(str(write_lines(tmp_path / "in", lines)))
