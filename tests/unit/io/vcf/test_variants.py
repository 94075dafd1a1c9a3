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


def test_the_last_blank_line_comes_as_bytes(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(TEXT + b"\n")
    with open_variants(path) as variants:
        assert list(variants)[-1] == b"\n"
