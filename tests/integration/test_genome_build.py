"""Annotation where the user names neither genes nor a reference: both follow from the genome build and its files."""

import pytest
from integration.runs import COLUMNS, QUICK, call, spawn
from quick_bank import quick_bank_path
from quick_cases import first_quick
from sparse_genome import LENGTHS, TERT, sparse_fasta


def header(lengths=None, reference=None):
    lines = ["##fileformat=VCFv4.3", *([f"##reference={reference}"] if reference else [])]
    lines += [f"##contig=<ID={name},length={length}>" for name, length in (lengths or {}).items()]
    return "\n".join(lines).encode() + b"\n" + COLUMNS + b"\n"


@pytest.fixture(scope="module", params=first_quick(["GRCh38", "GRCh37"]))
def genome(request, tmp_path_factory):
    """The build, its sparse FASTA, and a variant in the promoter of TERT with the distance to its start."""
    contig, pos, start = TERT[request.param]
    fasta = sparse_fasta(tmp_path_factory.mktemp("genome") / "genome.fa", LENGTHS[request.param], contig, pos)
    return request.param, fasta, f"{contig}\t{pos}\t.\tG\tA\t.\t.\t.\n".encode(), start - pos


def annotate(bench, record, *options, lengths=None, reference=None, run=call, **more):
    source = bench.vcf(record, header=header(lengths, reference))
    out = bench.results / "out.vcf"
    done = run("annotate", source, "-o", out, "--bank", quick_bank_path(), *QUICK, *options, **more)
    return done, out.read_text() if out.exists() else ""


def assert_is_tert(done, text, build, distance):
    assert done.code == 0, done.err
    assert "VARBIND_GENE=TERT|ENSG00000164362|NM_198253." in text
    assert f"VARBIND_TSSDIST={distance};" in text
    assert "VARBIND_STATUS=ok" in text
    assert f" --build {build} " in text
    assert f"##varbind_genes=<ID=starts.{build}.bed.gz,SHA256=" in text


def test_the_reference_of_the_environment_and_the_starts_of_its_build(bench, genome, monkeypatch):
    build, fasta, record, distance = genome
    monkeypatch.setenv("VARBIND_FASTA", str(fasta))
    done, text = annotate(bench, record)
    assert_is_tert(done, text, build, distance)
    assert f"varbind: reference: {fasta}, from VARBIND_FASTA" in done.lines
    (line,) = [line for line in done.lines if "transcription starts: " in line and build in line]
    assert "detected from the contig lengths" in line


def test_the_reference_of_the_header(bench, genome):
    build, fasta, record, distance = genome
    for reference in (fasta, f"file://{fasta}"):
        done, text = annotate(bench, record, reference=reference)
        assert_is_tert(done, text, build, distance)
        assert f"varbind: reference: {fasta}, from the header of the VCF" in done.lines


@pytest.mark.slow
def test_what_is_given_comes_first(bench, genome, monkeypatch):
    build, fasta, record, distance = genome
    monkeypatch.setenv("VARBIND_FASTA", "/missing.fa")
    done, text = annotate(bench, record, "-f", fasta, reference="/missing.fa")
    assert_is_tert(done, text, build, distance)
    assert "missing" not in done.err


@pytest.mark.slow
def test_a_build_that_is_named(bench, genome):
    build, fasta, record, distance = genome
    name = {"GRCh37": "hg19", "GRCh38": "hg38"}[build]
    done, text = annotate(bench, record, "-f", fasta, "--build", name)
    assert_is_tert(done, text, build, distance)


def test_the_other_build_is_refused(bench, genome):
    build, fasta, record, _ = genome
    other = {"GRCh37": "GRCh38", "GRCh38": "GRCh37"}[build]
    done, text = annotate(bench, record, "-f", fasta, "--build", other)
    assert done.code == 4
    assert f"--build {other}, but the contig lengths are those of {build}" in done.error
    assert not text


def test_genes_and_build_exclude_each_other(bench, genome):
    _, fasta, record, _ = genome
    done, _ = annotate(bench, record, "-f", fasta, "--build", "GRCh37", "--genes", "genes.gtf")
    assert done.code == 2
    assert "--genes and --build exclude each other" in done.error


@pytest.mark.parametrize(
    ("lengths", "reference", "words"),
    [
        (None, None, ["no reference, and no genes", "-f REF.fa", "VARBIND_FASTA", "--genes FILE", "--everywhere"]),
        (LENGTHS["GRCh38"], None, ["no reference; give the FASTA of GRCh38", "-f REF.fa", "VARBIND_FASTA"]),
        (LENGTHS["GRCh37"], "/no/hg19.fa", ["the ##reference of the VCF, '/no/hg19.fa', does not exist", "GRCh37"]),
    ],
)
def test_one_message_says_all_that_is_missing(bench, lengths, reference, words):
    done, text = annotate(bench, b"chr5\t100\t.\tG\tA\t.\t.\t.\n", lengths=lengths, reference=reference)
    assert done.code == 2
    assert all(word in done.error for word in words), done.error
    assert ("--genes" in done.error) == (lengths is None)
    assert not text


def test_another_species_needs_its_genes(bench):
    mouse = {"chr1": 195_154_279, "chr2": 181_755_017}
    fasta = sparse_fasta(bench.folder / "mouse.fa", mouse, "chr1", 1_000_000)
    record = b"chr1\t1000000\t.\tG\tA\t.\t.\t.\n"
    done, _ = annotate(bench, record, "-f", fasta)
    assert done.code == 2
    assert "the contig lengths are not those of GRCh37 or GRCh38; give the genes with --genes FILE" in done.error
    genes = bench.file("genes.bed", b"chr1\t1000050\t1002000\tMouse1\t0\t+\n")
    done, text = annotate(bench, record, "-f", fasta, "--genes", genes)
    assert done.code == 0
    assert "VARBIND_GENE=Mouse1|" in text


def test_the_dry_run_and_the_table_of_scores_find_the_reference_too(bench, genome, monkeypatch):
    build, fasta, record, _ = genome
    source = bench.vcf(record, header=header())
    monkeypatch.setenv("VARBIND_FASTA", str(fasta))
    done = call("check", source, "--bank", quick_bank_path(), *QUICK)
    assert done.code == 0, done.err
    assert b"alleles to score\t1\n" in done.out
    assert any(build in line for line in done.lines)
    done = call("score", source, "--models", "KLF4")
    assert done.code == 0, done.err
    assert done.out.splitlines()[1].startswith(record.split(b"\t")[0])


def test_the_output_never_replaces_a_reference_that_was_found(bench, genome, monkeypatch):
    _, fasta, record, _ = genome
    copy = bench.folder / "copy.fa"
    copy.symlink_to(fasta)
    index = copy.with_name("copy.fa.fai")
    index.symlink_to(fasta.with_name("genome.fa.fai"))
    source = bench.vcf(record, header=header(reference=copy))
    done = call("annotate", source, "--bank", quick_bank_path(), *QUICK, "-o", copy)
    assert done.code == 2
    assert "the output is the input" in done.error


def test_a_real_piece_of_grch37(bench, shared_data):
    """The header of the VCF states the lengths of whole chromosomes; the reference is that of chromosome 20."""
    pieces = shared_data / "hg19-pieces"
    out = bench.results / "out.vcf"
    environment = {"PATH": "/usr/bin:/bin", "VARBIND_FASTA": str(pieces / "chr20.hg19.fa.gz")}
    done = spawn("annotate", pieces / "ceutrio_NA12878.20_21.vcf.gz", *QUICK, "-o", out, env=environment)
    assert done.code == 0, done.err
    assert "GRCh37" in done.err
    scored = [line for line in out.read_text().splitlines() if "VARBIND_STATUS=ok" in line]
    assert scored
    assert all("VARBIND_GENE=" in line for line in scored)
