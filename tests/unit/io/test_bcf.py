"""BCF keeps every value, INFO/END too."""

import pytest

from varbind.errors import OutputError
from varbind.io.bcf import encode
from varbind.io.variants import open_variants

HEADER = (
    b'##fileformat=VCFv4.2\n##FILTER=<ID=PASS,Description="All filters passed">\n##contig=<ID=1>\n'
    b'##INFO=<ID=END,Number=1,Type=Integer,Description="e">\n'
    b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)
RECORDS = b"1\t5\ta;b\tA\t<DEL>,C\t3.5\tPASS\tEND=90\n1\t5\t.\tA\tC\t.\t.\tEND=5\n"


@pytest.mark.parametrize("kind", ["b", "u", "b0"])
def test_there_and_back(tmp_path, kind):
    (tmp_path / "text").write_bytes(HEADER + RECORDS)
    encode(str(tmp_path / "text"), str(tmp_path / "bcf"), output_type=kind, name="x")
    with open_variants(tmp_path / "bcf") as variants:
        assert b"".join(record.line for record in variants) == RECORDS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bcf", "text"]


def test_what_nobody_declared_is_declared(tmp_path):
    (tmp_path / "text").write_bytes(HEADER + b"2\t5\t.\tA\tC\t.\todd\tX=1;Y\n")
    encode(str(tmp_path / "text"), str(tmp_path / "bcf"), output_type="b", name="x")
    with open_variants(tmp_path / "bcf") as variants:
        assert [record.line for record in variants] == [b"2\t5\t.\tA\tC\t.\todd\tX=1;Y\n"]
        assert "2" in variants.header.contig_lengths()


def test_what_htslib_refuses_names_the_output(tmp_path):
    (tmp_path / "text").write_bytes(HEADER + b"1\tx\t.\tA\tC\t.\t.\t.\n")
    with pytest.raises(OutputError, match=r"^my.bcf: cannot be written as BCF"):
        encode(str(tmp_path / "text"), str(tmp_path / "bcf"), output_type="b", name="my.bcf")
    assert not (tmp_path / "text.declared").exists()
