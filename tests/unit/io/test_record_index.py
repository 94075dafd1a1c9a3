"""Every index that the programs of the field make is taken."""

import pysam
import pytest
from pysam import bcftools

from varbind.io.record_index import index_of

HEADER = (
    "##fileformat=VCFv4.3\n"
    + "".join(f"##contig=<ID=c{number},length=300000000>\n" for number in range(9))
    + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)
# No record; one behind contigs without any; one a bin on several contigs, and many in a bin.
PLACES = {
    "none": [],
    "late": [(8, 1)],
    "far": [(contig, pos) for contig in (2, 5) for pos in range(1, 300_000_000, 999_983)],
    "near": [(0, pos) for pos in range(1, 3_000)],
}
MAKERS = {
    "tabix": lambda path: pysam.tabix_index(path, preset="vcf"),
    "tabix csi": lambda path: pysam.tabix_index(path, preset="vcf", csi=True),
    "bcftools tbi": lambda path: bcftools.index("-t", path),
    "bcftools csi": lambda path: bcftools.index("-c", path),
    "small bins": lambda path: bcftools.index("-c", "-m", "10", path),
}


@pytest.fixture(params=PLACES)
def packed(request, tmp_path):
    text = tmp_path / "in.vcf"
    lines = [f"c{contig}\t{pos}\t.\tA\tC\t.\t.\t.\n" for contig, pos in PLACES[request.param]]
    text.write_text(HEADER + "".join(lines))
    path = f"{text}.gz"
    pysam.tabix_compress(str(text), path)
    return path


def test_without_an_index(packed):
    assert index_of(packed) is None


@pytest.mark.parametrize("maker", MAKERS)
def test_an_index_of_a_vcf(packed, maker):
    MAKERS[maker](packed)
    suffix = "tbi" if maker in {"tabix", "bcftools tbi"} else "csi"
    assert index_of(packed) == f"{packed}.{suffix}"


@pytest.mark.parametrize("options", [[], ["--write-index"]])
def test_an_index_of_a_bcf(packed, tmp_path, options):
    path = str(tmp_path / "in.bcf")
    bcftools.view("-Ob", "-o", path, *options, packed, catch_stdout=False)
    if not options:
        bcftools.index(path)
    assert index_of(path) == f"{path}.csi"
