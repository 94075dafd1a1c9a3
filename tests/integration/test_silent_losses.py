"""Losses that would be silent: a wrong build met late, a stale index, an overwritten file, a joined background."""

import subprocess
import sys

import numpy as np
import pytest
from oracles import deepbind_config, random_stack
from quick_cases import first_quick

from varbind.cli.demo import copy_example
from varbind.scoring.ensemble import Ensemble


def annotate(folder, *words):
    command = [sys.executable, "-m", "varbind", "annotate", *map(str, words), "--proteins", "ELK1"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def example(tmp_path):
    return copy_example(tmp_path / "example")


def write_vcf(path, records):
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    path.write_text(head + "".join(f"chr1\t{pos}\t.\t{ref}\t{alt}\t.\t.\t{info}\n" for pos, ref, alt, info in records))


@pytest.mark.slow
def test_a_wrong_build_behind_many_outside_records_is_refused(example):
    """The records of a real genome begin far from the first promoter."""
    reference = "".join((example / "reference.fa").read_text().split(">")[1].splitlines()[1:])
    wrong = {"A": "C", "C": "A", "G": "T", "T": "G"}
    outside = [(7501, reference[7500], wrong[reference[7500]], "X=" + "a" * 1_000_000)] * 70
    inside = [(pos, wrong[reference[pos - 1]], reference[pos - 1], ".") for pos in range(2500, 2600)]
    write_vcf(example / "late.vcf", outside + inside)
    done = annotate(example, "late.vcf", "-f", "reference.fa", "--genes", "genes.gtf", "-o", "out.vcf")
    assert done.returncode == 4, done.stderr
    assert "wrong genome build" in done.stderr
    assert not (example / "out.vcf").exists()


def genes_at(path, *positions):
    path.write_text("".join(f"chr1\t{pos}\t{pos + 9}\tG{pos}\t0\t+\n" for pos in positions))


def nothing_scored(folder):
    """Runs that score nothing: their options, and the cause that is named."""
    reference = "".join((folder / "reference.fa").read_text().split(">")[1].splitlines()[1:])
    base = reference[2499]
    other = "A" if base != "A" else "C"
    write_vcf(folder / "one.vcf", [(2500, base, other, ".")])
    write_vcf(folder / "none.vcf", [])
    write_vcf(
        folder / "mixed.vcf", [(2500, base, ".", ".")] * 3 + [(2500, other, base, ".")] * 2 + [(2500, base, "*", ".")]
    )
    (folder / "names.vcf").write_text((folder / "one.vcf").read_text() + "chr3\t5\t.\tA\tC\t.\t.\t.\n")
    genes_at(folder / "far.bed", 12_000)
    (folder / "chr2.bed").write_text("chr2\t2000\t2100\tA\t0\t+\n")
    return {
        "outside": (
            ("one.vcf", "--genes", "far.bed"),
            "1 records lie outside all promoters: give the genes of this genome",
        ),
        "no gene": (
            ("names.vcf", "--genes", "chr2.bed"),
            "2 records lie on contigs without a gene (chr1, chr3): --contig-map FILE",
        ),
        "targets": (("one.vcf", "--everywhere", "-t", "chr1:5"), "the regions or targets hold no record; give others"),
        "header": (("none.vcf", "--everywhere"), "the VCF has no record"),
        "mixed": (
            ("mixed.vcf", "--everywhere"),
            "3 records have no alternate allele: only alleles in letters of bases are scored; 2 alleles have a REF",
        ),
    }


@pytest.mark.parametrize("case", first_quick(["outside", "mixed", "no gene", "targets", "header"], 2))
def test_a_run_that_scores_nothing_says_why(example, case):
    words, cause = nothing_scored(example)[case]
    done = annotate(example, *words, "-f", "reference.fa", "-o", "out.vcf", "-q")
    assert done.returncode == 0, done.stderr
    assert f"varbind: warning: no allele was scored: {cause}" in done.stderr
    assert done.stderr.count("no allele was scored") == 1
    (example / "out.vcf").write_text("old\n")
    failing = annotate(example, *words, "-f", "reference.fa", "-o", "out.vcf", "--stats", "n.json", "--fail-if-none")
    assert failing.returncode == 3
    assert f"varbind: error: {words[0]}: no allele was scored: {cause}" in failing.stderr
    assert failing.stderr.count("no allele was scored") == 1
    assert (example / "out.vcf").read_text() == "old\n"
    assert not (example / "n.json").exists()


@pytest.mark.slow
def test_fail_if_none_changes_nothing_where_an_allele_is_scored(example):
    words = ("variants.vcf", "-f", "reference.fa", "--genes", "genes.gtf")
    assert annotate(example, *words, "-o", "a.vcf").returncode == 0
    done = annotate(example, *words, "-o", "b.vcf", "--fail-if-none")
    assert done.returncode == 0
    assert "no allele" not in done.stderr
    assert (example / "a.vcf").read_bytes() == (example / "b.vcf").read_bytes()


def test_check_says_that_nothing_would_be_scored(example):
    (source, *options), cause = nothing_scored(example)["outside"]
    command = [sys.executable, "-m", "varbind", "check", source, *options, "-f", "reference.fa", "--proteins", "ELK1"]
    done = subprocess.run(command, cwd=example, capture_output=True, text=True, check=True)
    assert f"varbind: warning: no allele would be scored: {cause}" in done.stderr


@pytest.mark.slow
def test_a_stale_index_does_not_stay(example):
    words = ("variants.vcf", "-f", "reference.fa", "--genes", "genes.gtf", "-o", "out.vcf.gz")
    assert annotate(example, *words, "-W").returncode == 0
    assert (example / "out.vcf.gz.csi").exists()
    assert annotate(example, *words, "-W=tbi").returncode == 0
    assert not (example / "out.vcf.gz.csi").exists()
    assert (example / "out.vcf.gz.tbi").exists()
    assert annotate(example, *words).returncode == 0
    assert not (example / "out.vcf.gz.tbi").exists()


def test_the_demo_leaves_other_files_alone(tmp_path):
    (tmp_path / "reference.fa").write_text(">mine\nACGT\n")
    done = subprocess.run(
        [sys.executable, "-m", "varbind", "demo", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 5
    assert (tmp_path / "reference.fa").read_text() == ">mine\nACGT\n"


def test_a_very_long_sequence_has_the_same_bytes(monkeypatch):
    """Beyond the positions over which the kernel's sums are exact."""
    rng = np.random.default_rng(8)
    stack = random_stack(rng, deepbind_config(window=9, detector_len=4, mean_pooling=True), 2)
    sequences = {9: [rng.integers(0, 4, 200_000).astype(np.uint8)]}
    found = Ensemble([stack], stack.model_ids).score(sequences)
    monkeypatch.setenv("VARBIND_NO_NUMBA", "1")
    assert Ensemble([stack], stack.model_ids).score(sequences).tobytes() == found.tobytes()
