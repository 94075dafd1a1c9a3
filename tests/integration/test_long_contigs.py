"""Variants beyond 536,870,912, the last position of a tbi index: annotated, found by region, and precomputed."""

import pysam
import pytest
from integration.runs import COLUMNS, Bench, annotation, call, line
from sparse_genome import sparse_fasta

LENGTH = 600_000_000
PLACE = 599_000_000
POSITIONS = range(PLACE - 15, PLACE + 20, 5)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """A sparse genome of one contig, a gene near its end, and SNVs in the promoter."""
    bench = Bench(tmp_path_factory.mktemp("long"))
    fasta = sparse_fasta(bench.folder / "long.fa", {"chr1": LENGTH}, "chr1", PLACE)
    bench.file("genes.bed", f"chr1\t{PLACE}\t{PLACE + 900}\tG1\t0\t+\n".encode())
    with pysam.FastaFile(str(fasta)) as sequence:
        bases = {pos: sequence.fetch("chr1", pos - 1, pos) for pos in POSITIONS}
    found = [line("chr1", pos, base, "A" if base != "A" else "C") for pos, base in bases.items()]
    bench.file("in.vcf", header(f",length={LENGTH}") + b"".join(found))
    bench.file("undeclared.vcf", header("") + b"".join(found))
    return bench


def header(length):
    return f"##fileformat=VCFv4.3\n##contig=<ID=chr1{length}>\n".encode() + COLUMNS + b"\n"


def words(bench, name, *options):
    """The words of an annotation."""
    source, fasta, genes = (bench.folder / file for file in (name, "long.fa", "genes.bed"))
    return annotation(source, *options, fasta=fasta, genes=genes)


def positions_beyond_tbi(path):
    """The positions that the index of a file finds beyond the last position of a tbi."""
    with pysam.VariantFile(str(path), index_filename=f"{path}.csi") as variants:
        return [record.pos for record in variants.fetch("chr1", 1 << 29, LENGTH)]


@pytest.mark.parametrize("name", ["out.vcf.gz", "out.bcf"])
def test_the_index_finds_what_lies_beyond_tbi(bench, name):
    path = bench.results / name
    done = call(*words(bench, "in.vcf", "-W", "-o", path))
    assert done.code == 0, done.err
    assert f"{len(POSITIONS)} alleles scored" in done.err
    assert positions_beyond_tbi(path) == list(POSITIONS)
    again = call(*words(bench, path, "-r", f"chr1:{POSITIONS[1]}-{POSITIONS[3]}", "--overwrite"))
    assert again.code == 0, again.err
    found = [row.split(b"\t")[1] for row in again.out.splitlines() if not row.startswith(b"#")]
    assert list(map(int, found)) == list(POSITIONS[1:4])


@pytest.mark.parametrize("name", ["in.vcf", "undeclared.vcf"])
def test_a_tbi_is_refused_before_anything_is_scored(bench, name):
    """The header or, without a length in the header, the reference states that the contig is too long."""
    path = bench.results / "refused.vcf.gz"
    done = call(*words(bench, name, "-W=tbi", "-o", path))
    assert done.code == 2
    assert "contig chr1 has 600,000,000 bases, and a tbi index holds at most 536,870,912" in done.error
    assert done.error.endswith("; use a csi index (-W=csi)")
    assert not path.exists()


def test_a_precomputed_table_has_a_csi(bench):
    table, plain, known = (bench.results / name for name in ("table.vcf.gz", "plain.vcf", "known.vcf"))
    reach = ("--promoter", "20,20")
    source, *options = words(bench, "in.vcf", *reach)[1:]
    done = call("precompute", "-o", table, *options)
    assert done.code == 0, done.err
    assert not table.with_name("table.vcf.gz.tbi").exists()
    assert len(set(positions_beyond_tbi(table))) == 41
    for output, cache in ((plain, ()), (known, ("--cache", table))):
        done = call("annotate", source, *options, *cache, "--no-version", "-o", output)
        assert done.code == 0, done.err
    assert f"{len(POSITIONS)} of {len(POSITIONS)} alleles found in {table}" in done.err
    assert known.read_bytes() == plain.read_bytes()
