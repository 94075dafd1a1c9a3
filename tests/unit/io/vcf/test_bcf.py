"""BCF keeps every value, INFO/END too."""

import pytest

from varbind.errors import OutputError
from varbind.io.vcf.bcf import encode
from varbind.io.vcf.variants import open_variants

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


LOST = [
    (5, b"good", "0"),
    (5, b"1e-90", "0"),
    (7, b"END=2147483648", "END=."),
    (7, b"END=9.5", "END=9"),
    (7, b"END=soon", "END=."),
]


@pytest.mark.parametrize(("column", "value", "becomes"), LOST)
def test_no_value_is_lost_in_silence(tmp_path, column, value, becomes):
    fields = [b"1", b"5", b".", b"A", b"C", b".", b".", b"."]
    fields[column] = value
    (tmp_path / "text").write_bytes(HEADER + RECORDS + b"\t".join(fields) + b"\n")
    what = rf"^x: cannot be written as BCF: record 3 \(1:5\) has '{value.decode()}', which would become '{becomes}'"
    with pytest.raises(OutputError, match=what):
        encode(str(tmp_path / "text"), str(tmp_path / "bcf"), output_type="b", name="x")
    assert [path.name for path in tmp_path.iterdir()] == ["text"]


def test_a_position_beyond_bcf_is_refused(tmp_path):
    header = HEADER.replace(b"END,Number=1,Type=Integer", b"X,Number=1,Type=Integer")
    (tmp_path / "text").write_bytes(header + b"1\t10010000100\t.\tA\tC\t.\t.\t.\n")
    with pytest.raises(OutputError, match=r"record 1 \(1:10010000100\) ends behind 2,147,483,647"):
        encode(str(tmp_path / "text"), str(tmp_path / "bcf"), output_type="b", name="x")


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_blank_lines_have_no_place(tmp_path, end):
    first, second = RECORDS.splitlines()
    (tmp_path / "text").write_bytes(end.join([*HEADER.splitlines(), b"", first, b"", second, b"", b""]))
    encode(str(tmp_path / "text"), str(tmp_path / "bcf"), output_type="b", name="x")
    with open_variants(tmp_path / "bcf") as variants:
        assert b"".join(record.line for record in variants) == RECORDS


NAMED = HEADER.replace(b"##contig", b'##INFO=<ID=N,Number=1,Type=String,Description="n">\n##contig')


def test_bytes_that_are_not_utf8_survive(tmp_path):
    (tmp_path / "text").write_bytes(NAMED + b"1\t5\t.\tA\tC\t.\t.\tN=caf\xe9\n1\t6\t.\tA\tC\t.\t.\tEND=6;M\n")
    encode(str(tmp_path / "text"), str(tmp_path / "bcf"), output_type="u", name="x")
    assert b"caf\xe9" in (tmp_path / "bcf").read_bytes()


def test_beside_them_no_value_is_lost_either(tmp_path):
    (tmp_path / "text").write_bytes(NAMED + b"1\t5\t.\tA\tC\t.\t.\tN=caf\xe9;END=2147483648\n")
    with pytest.raises(OutputError, match=r"has 'END=2147483648', which would become 'END=\.'"):
        encode(str(tmp_path / "text"), str(tmp_path / "bcf"), output_type="b", name="x")
    assert [path.name for path in tmp_path.iterdir()] == ["text"]
