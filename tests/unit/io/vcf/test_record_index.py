"""Every index that the programs of the field make is taken; one of another file is not."""

import gzip
import shutil
import struct
import subprocess
from pathlib import Path

import pysam
import pytest
from pysam import bcftools

from varbind.errors import InputError, UsageError
from varbind.io.vcf.bgzf import EOF_MARKER
from varbind.io.vcf.record_index import index_of

HEADER = (
    "##fileformat=VCFv4.3\n"
    + "".join(f"##contig=<ID=c{number},length=300000000>\n" for number in range(9))
    + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)
# No record; one behind contigs without any; one a bin on several contigs; many in a bin; many blocks.
PLACES = {
    "none": [],
    "late": [(8, 1)],
    "far": [(contig, pos) for contig in (2, 5) for pos in range(1, 300_000_000, 999_983)],
    "near": [(0, pos) for pos in range(1, 3_000)],
    "blocks": [(contig, pos) for contig in (0, 3) for pos in range(1, 10_000)],
}


def program(*words):
    """An index by a program, not by the library that we use."""

    def make(path):
        if shutil.which(words[0]) is None:
            pytest.skip(f"needs {words[0]} on the PATH")
        subprocess.run([*words, path], check=True)

    return make


MAKERS = {
    "tabix": lambda path: pysam.tabix_index(path, preset="vcf"),
    "tabix csi": lambda path: pysam.tabix_index(path, preset="vcf", csi=True),
    "bcftools tbi": lambda path: bcftools.index("-t", path),
    "bcftools csi": lambda path: bcftools.index("-c", path),
    "small bins": lambda path: bcftools.index("-c", "-m", "10", path),
    "threads": lambda path: bcftools.index("--threads", "2", path),
    "bcftools program": program("bcftools", "index"),
    "tabix program": program("tabix", "-p", "vcf"),
}
TBI = {"tabix", "bcftools tbi", "tabix program"}
BINARY_MAKERS = {
    "bcftools": bcftools.index,
    "bcftools threads": lambda path: bcftools.index("--threads", "2", path),
    "pysam": lambda path: pysam.tabix_index(path, preset="bcf"),
    "bcftools program": program("bcftools", "index"),
}


def text_of(places):
    return HEADER + "".join(f"c{contig}\t{pos}\t.\tA\tC\t.\t.\t.\n" for contig, pos in places)


def packed_at(path, places):
    """A file of records at these places, as its name says."""
    plain = path.with_name("plain.vcf")
    plain.write_text(text_of(places))
    if path.suffix == ".bcf":
        bcftools.view("--no-version", "-Ob", "-o", str(path), str(plain), catch_stdout=False)
    else:
        pysam.tabix_compress(str(plain), str(path), force=True)
    return str(path)


@pytest.fixture(params=PLACES)
def packed(request, tmp_path):
    return packed_at(tmp_path / "in.vcf.gz", PLACES[request.param])


@pytest.fixture(params=["in.vcf.gz", "in.bcf"])
def path(request, tmp_path):
    return tmp_path / request.param


def test_without_an_index(packed):
    assert index_of(packed) is None


@pytest.mark.parametrize("maker", MAKERS)
def test_an_index_of_a_vcf(packed, maker):
    MAKERS[maker](packed)
    assert index_of(packed) == f"{packed}.{'tbi' if maker in TBI else 'csi'}"


@pytest.mark.parametrize("maker", BINARY_MAKERS)
@pytest.mark.parametrize("places", PLACES)
def test_an_index_of_a_bcf(tmp_path, places, maker):
    binary = packed_at(tmp_path / "in.bcf", PLACES[places])
    BINARY_MAKERS[maker](binary)
    assert index_of(binary) == f"{binary}.csi"


@pytest.mark.parametrize("options", [[], ["--threads", "2"]])
@pytest.mark.parametrize("kind", ["b", "z"])
def test_an_index_that_was_written_with_its_file(packed, tmp_path, kind, options):
    path = str(tmp_path / "out")
    bcftools.view(f"-O{kind}", "-o", path, "--write-index", *options, packed, catch_stdout=False)
    assert index_of(path) == f"{path}.csi"


OLDER = {
    "without a record": ([], [(0, 1)], "it has no record, but the file has"),
    "with less in its only block": (PLACES["near"][:10], PLACES["near"][:20], "its last offset"),
    "with a contig less": (PLACES["late"], [*PLACES["late"], (1, 5)], "its last offset"),
    "with fewer blocks": (PLACES["blocks"][:9_000], PLACES["blocks"], "its last offset"),
    "with more": (PLACES["blocks"], PLACES["blocks"][:9_000], "after the end of the file"),
}


@pytest.mark.parametrize("older", OLDER)
def test_an_index_of_an_older_file(path, older):
    before, now, why = OLDER[older]
    bcftools.index(packed_at(path, before))
    packed_at(path, now)
    with pytest.raises(UsageError, match=f"the index is damaged: .*{why}"):
        index_of(str(path))


def test_an_index_whose_last_place_lies_in_a_block(tmp_path):
    """As some programs write it: in the last block, which they had not written yet."""
    path = packed_at(tmp_path / "in.vcf.gz", [(8, 1)])
    bcftools.index("-t", path)
    index = Path(f"{path}.tbi")
    found = gzip.decompress(index.read_bytes())
    behind = struct.pack("<Q", (Path(path).stat().st_size - len(EOF_MARKER)) << 16)
    assert behind in found
    size = len(text_of([(8, 1)]))
    index.write_bytes(gzip.compress(found.replace(behind, struct.pack("<Q", size))))
    assert index_of(path) == str(index)
    index.write_bytes(gzip.compress(found.replace(behind, struct.pack("<Q", size - 1))))
    with pytest.raises(UsageError, match="do not end at its last offset"):
        index_of(path)


@pytest.mark.parametrize("places", ["near", "blocks"])
@pytest.mark.parametrize("marker", [b"", EOF_MARKER])
def test_records_that_were_put_behind_those_of_the_index(path, places, marker):
    """As where files are joined: an end marker may stand between them."""
    bcftools.index(packed_at(path, PLACES[places]))
    path.write_bytes(path.read_bytes().removesuffix(EOF_MARKER) + marker + path.read_bytes())
    with pytest.raises(UsageError, match="do not end at its last offset"):
        index_of(str(path))


@pytest.mark.parametrize("places", PLACES)
@pytest.mark.parametrize("markers", [0, 2, 3])
@pytest.mark.parametrize("late", [False, True])
def test_empty_blocks_and_no_end_marker(path, places, markers, late):
    """Before the index is made, or after it."""
    packed_at(path, PLACES[places])
    steps = [
        lambda: path.write_bytes(path.read_bytes().removesuffix(EOF_MARKER) + markers * EOF_MARKER),
        lambda: bcftools.index("-f", str(path)),  # whatever it thinks of a missing marker
    ]
    for step in reversed(steps) if late else steps:
        step()
    assert index_of(str(path)) == f"{path}.csi"


@pytest.mark.parametrize("end", [b"no block at all", b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0\0\0", b"\x1f\x8b"])
def test_what_is_no_block_behind_the_last_one(path, end):
    bcftools.index(packed_at(path, PLACES["near"]))
    path.write_bytes(path.read_bytes() + end)
    with pytest.raises(UsageError, match="not in a block of the file"):
        index_of(str(path))


def test_a_damaged_file_whose_index_has_no_record(path):
    bcftools.index(packed_at(path, []))
    data = bytearray(path.read_bytes())
    data[30] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InputError, match="truncated or corrupt at byte 0"):
        index_of(str(path))


def test_blank_lines_are_no_records(tmp_path):
    path = tmp_path / "in.vcf.gz"
    bcftools.index(packed_at(path, []))
    with pysam.BGZFile(str(path), "wb") as stream:
        stream.write(HEADER.encode() + b"\n\r\n")
    assert index_of(str(path)) == f"{path}.csi"
