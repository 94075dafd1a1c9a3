"""What a finished file holds, told from its bytes alone."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from integration.runs import bgzip, line, snv, to_bcf

from varbind.errors import InputError, OutputError
from varbind.io.output.output_file import Destination, OutputFormat
from varbind.io.output.verify_output import read_back

HEADER = b"##fileformat=VCFv4.2\n##contig=<ID=chr1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
LINES = st.lists(st.sampled_from([b"", b"\r", b"\r\r", b"1\t2", b"#1", b"\rx", b"x" * 300_000]), max_size=30)


@given(lines=LINES, ends=st.booleans())
def test_records_are_the_lines_that_say_something(tmp_path_factory, lines, ends):
    text = HEADER + b"\n".join(lines) + (b"\n" if ends else b"")
    path = tmp_path_factory.mktemp("readback") / "out.vcf"
    path.write_bytes(text)
    found = read_back(path)
    assert found.records == sum(bool(one.strip(b"\r\n")) for one in text.split(b"\n")) - 3
    assert found.crc32 == zlib.crc32(text)


@pytest.mark.parametrize("count", [0, 1, 2, 5_000])
def test_every_packing_holds_the_same_number(tmp_path, count):
    text = tmp_path / "in.vcf"
    header = HEADER.replace(b"#CHROM", b'##INFO=<ID=DP,Number=1,Type=Integer,Description="d">\n#CHROM')
    text.write_bytes(header + snv("chr1", 2451) * count)
    for path in (text, bgzip(text, tmp_path / "x.gz"), *(to_bcf(text, tmp_path / kind, kind) for kind in "bu")):
        assert read_back(path).records == count


@pytest.mark.parametrize("kind", ["z", "b"])
@pytest.mark.parametrize("cut", [1, 28, 29, 60])
def test_a_cut_is_seen(tmp_path, kind, cut):
    text = tmp_path / "in.vcf"
    text.write_bytes(HEADER + line("chr1", 5, "A", "C", info=".") * 2_000)
    path = bgzip(text, tmp_path / "x") if kind == "z" else to_bcf(text, tmp_path / "x")
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(InputError):
        read_back(path)


def test_a_cut_in_an_unpacked_bcf_is_seen(tmp_path):
    text = tmp_path / "in.vcf"
    text.write_bytes(HEADER + line("chr1", 5, "A", "C", info="."))
    data = gzip.decompress(to_bcf(text, tmp_path / "x").read_bytes())
    (tmp_path / "x").write_bytes(data)
    assert read_back(tmp_path / "x").records == 1
    for cut in range(1, 30):
        (tmp_path / "x").write_bytes(data[:-cut])
        with pytest.raises(InputError, match="ends within a record"):
            read_back(tmp_path / "x")


@pytest.mark.parametrize("kind", ["v", "z"])
def test_other_bytes_than_the_written_ones_are_refused(tmp_path, kind):
    """As of a disk, or a file system across a network, that says all is well."""

    def write():
        with Destination(str(tmp_path / "out"), OutputFormat(kind)) as out:
            out.write(HEADER)
            out.write(line("chr1", 5, "A", "C"))
            if kind == "z":
                out._bgzf._pending[-3:-1] = b"YY"
            else:
                out._stream.seek(len(HEADER))
                out._stream.write(b"X")
            out.prepare()

    with pytest.raises(OutputError, match="its bytes are not those that were written; look at the disk"):
        write()
    assert list(tmp_path.iterdir()) == []
