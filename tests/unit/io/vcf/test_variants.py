"""A variant file of any kind: its header, then its records in order."""

import gzip

import pytest

from varbind.errors import InputError
from varbind.io.vcf.regions import Regions
from varbind.io.vcf.variants import open_variants

TEXT = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + b"".join(
    b"%s\t%d\t.\tA\tC\t.\t.\t.\n" % (chrom, pos) for chrom in (b"1", b"2") for pos in (5, 9, 12)
)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_lines_come_as_they_are(tmp_path, pack):
    path = tmp_path / "x"
    path.write_bytes(pack(TEXT))
    with open_variants(path) as variants:
        assert variants.header.columns == 8
        found = list(variants)
        assert b"".join([*variants.header.lines, variants.header.columns_line, *(r.line for r in found)]) == TEXT
        assert [record.number for record in found] == list(range(3, 9))
        assert variants.fraction_read() == 1.0


def test_targets(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(TEXT)
    with open_variants(path, targets=Regions.from_text("2:6-12,1:5")) as variants:
        assert [(record.chrom, record.pos) for record in variants] == [("1", 5), ("2", 9), ("2", 12)]


def test_a_refused_file_is_closed(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"nonsense\n")
    with pytest.raises(InputError, match="not a VCF/BCF"):
        open_variants(path)  # an open file would be a ResourceWarning, which is an error


def test_the_last_blank_line_is_kept_and_no_record(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(TEXT + b"\n")
    with open_variants(path) as variants:
        assert not variants.has_blank_lines
        assert list(variants.select(len))[-1] == (b"\n", 0, None)
        assert variants.has_blank_lines
    with open_variants(path) as variants:
        assert len(list(variants)) == 6


def test_a_blank_line_of_the_header_is_known_at_once(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(TEXT.replace(b"#CHROM", b"\n#CHROM"))
    with open_variants(path) as variants:
        assert variants.has_blank_lines


@pytest.mark.parametrize("targets", [None, "1:1-99,2:1-99"])
@pytest.mark.parametrize(("text", "is_sorted"), [(TEXT, True), (TEXT.replace(b"\t9\t", b"\t19\t"), False)])
def test_the_order_is_watched_in_blocks_and_line_by_line(tmp_path, targets, text, is_sorted):
    path = tmp_path / "x"
    path.write_bytes(text)
    with open_variants(path, targets=targets and Regions.from_text(targets)) as variants:
        assert len(list(variants)) == 6
        assert variants.is_sorted == is_sorted


def test_lines_that_are_not_wanted_stay_together(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(TEXT)
    rows = TEXT.splitlines(keepends=True)[2:]
    with open_variants(path) as variants:
        found = list(variants.select(lambda block: block.pos == 9))
    assert [(lines, n_records, record and record.line) for lines, n_records, record in found] == [
        (rows[0], 1, rows[1]),
        (rows[2] + rows[3], 2, rows[4]),
        (rows[5], 1, None),
    ]
