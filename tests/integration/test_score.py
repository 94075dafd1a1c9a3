"""`varbind score`: sequences and variant files, told apart by their content."""

import subprocess

import pytest
from integration.runs import FASTA, PROGRAM, QUICK, VCF, bgzip, call, to_bcf
from pyarrow import parquet

CHOSEN = ("--models", "ELK1,KLF4")


@pytest.fixture(scope="module")
def expected():
    """The table of the example."""
    done = call("score", VCF, "-f", FASTA, *CHOSEN)
    assert done.code == 0, done.err
    assert done.lines == ["varbind: 33 records read; 34 alleles scored; not scored: star 1, symbolic 1"]
    return done.out


def test_a_variant_file_is_detected_from_content(bench, expected):
    misnamed = bench.file("variants.fa", VCF.read_bytes())
    marked = bench.file("marked.vcf", b"\xef\xbb\xbf" + VCF.read_bytes())
    for source in (
        misnamed,
        marked,
        bgzip(VCF, bench.folder / "sequences.txt"),
        to_bcf(VCF, bench.folder / "b.fasta"),
        to_bcf(VCF, bench.folder / "u.fasta", kind="u"),
    ):
        done = call("score", source, "-f", FASTA, *CHOSEN)
        assert done.code == 0, done.err
        assert done.out == expected


@pytest.mark.parametrize("kind", ["vcf", "gz", "bcf"])
def test_standard_input(bench, expected, kind):
    """Through a pipe, which is read once."""
    made = {
        "vcf": lambda: VCF,
        "gz": lambda: bgzip(VCF, bench.folder / "x"),
        "bcf": lambda: to_bcf(VCF, bench.folder / "x"),
    }
    words = [*PROGRAM, "score", "-", "-f", FASTA, *CHOSEN]
    done = subprocess.run(words, input=made[kind]().read_bytes(), capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected


@pytest.mark.slow
def test_sequences_through_a_pipe():
    words = [*PROGRAM, "score", "-", *CHOSEN]
    texts = {b"ACGTTGCCGGAAGT\n": b"1\t", b">name x\nACGT\nTGCCGGAAGT\n": b"name\t", b"# note\nACGTTGCCGGAAGT": b"1\t"}
    rows = set()
    for text, start in texts.items():
        done = subprocess.run(words, input=text, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        header, row = done.stdout.splitlines()
        assert header == b"id\tELK1\tKLF4"
        assert row.startswith(start)
        rows.add(row.partition(b"\t")[2])
    assert len(rows) == 1


@pytest.mark.parametrize("name", ["t.tsv", "t.tsv.gz", "t.parquet"])
def test_tables_of_each_kind(bench, expected, name):
    done = call("score", VCF, "-f", FASTA, "--proteins", "ELK1,KLF4", "-o", bench.results / name)
    assert done.code == 0, done.err
    assert done.out == b""
    assert [path.name for path in bench.results.iterdir()] == [name]
    if name == "t.tsv":
        assert (bench.results / name).read_bytes() == expected
    if name == "t.parquet":
        assert parquet.read_table(bench.results / name).num_rows == expected.count(b"\n") - 1


def test_the_long_table():
    done = call("score", VCF, "-f", FASTA, *CHOSEN, "--long")
    header, *rows = done.out.decode().splitlines()
    assert header.split("\t")[5:] == ["status", "model_id", "protein", "ref_score", "alt_score", "delta"]
    assert [row.split("\t")[6] for row in rows] == ["ELK1", "KLF4"] * 36


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ((), "give the reference with -f REF.fa, or its path in the environment variable VARBIND_FASTA"),
        (("-f", FASTA, "--mode", "scan"), "--mode scan scores sequences, not a VCF"),
        (("-f", FASTA, "-o", "table.xlsx"), "name it .tsv, .tsv.gz, .csv, .csv.gz or .parquet"),
    ],
)
def test_options_that_do_not_fit_a_vcf(options, what):
    done = call("score", VCF, *CHOSEN, *options)
    assert done.code == 2
    assert what in done.error
    assert done.out == b""


@pytest.mark.parametrize("option", ["-f", "-o"])
def test_options_that_do_not_fit_sequences(bench, option):
    source = bench.file("in.txt", b"ACGT\n")
    done = call("score", source, *CHOSEN, option, bench.results / "x.tsv")
    assert done.code == 2
    assert f"{option} goes with a VCF" in done.error
    assert not list(bench.results.iterdir())


def test_other_errors_have_their_codes(bench):
    assert call("score", bench.folder / "none.vcf", "-f", FASTA).code == 3
    assert call("score", VCF, "-f", bench.folder / "none.fa", *QUICK).code == 4
    assert call("score", VCF, "-f", FASTA, *QUICK, "-o", bench.folder / "no" / "t.tsv").code == 5
