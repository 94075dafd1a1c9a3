"""Real VCFs over real pieces of hg19: a precomputed table changes no byte of their annotation."""

import subprocess
import sys

import pysam
import pytest
from quick_bank import quick_bank_path

VARBIND = [sys.executable, "-m", "varbind"]
PIECES = {
    "giab_NA12878.chr20": ("chr20.hg19.fa.gz", "chr20"),
    "1000G_phase3.20.17sites": ("chr20.hg19.fa.gz", "chr20"),
    "ceutrio_NA12878.20_21": ("chr20.hg19.fa.gz", "chr20"),
    "hail_sample.20": ("chr20.hg19.fa.gz", "chr20"),
    "snpeff_1kg_head.1": ("1.b37.first1Mb.fa.gz", "1"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PIECES)
def test_the_bytes_are_those_without_the_table(shared_data, tmp_path, name):
    """A gene starts at every record, so that every record lies in a promoter."""
    folder, (fasta, contig) = shared_data / "hg19-pieces", PIECES[name]
    source, genes, table = folder / f"{name}.vcf.gz", tmp_path / "genes.bed", tmp_path / "table.vcf.gz"
    with pysam.VariantFile(str(source)) as records:
        starts = sorted({record.pos - 1 for record in records if record.chrom in {contig, contig.removeprefix("chr")}})
    genes.write_text("".join(f"{contig}\t{start}\t{start + 9}\tG{start}\t0\t+\n" for start in starts))
    words = ["-f", folder / fasta, "--genes", genes, "--bank", quick_bank_path(), "--promoter", "5,5"]
    words += ["--effect", "none", "--threads", "2"]
    subprocess.run([*VARBIND, "precompute", "--indels", "-o", table, *words], check=True, capture_output=True)
    results, found = [tmp_path / "without.vcf", tmp_path / "with.vcf"], []
    for result, extra in zip(results, ([], ["--cache", table]), strict=True):
        command = [*VARBIND, "annotate", source, "-o", result, *words, *extra]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
        found += [int(line.split()[1].replace(",", "")) for line in said.splitlines() if "alleles found in" in line]
    assert results[0].read_bytes() == results[1].read_bytes()
    assert found[0] > 0.8 * results[0].read_bytes().count(b"VARBIND_STATUS=ok")
