"""What a run says by default, and what was decided and why with `-v`."""

import pytest
from integration.runs import FASTA, VCF
from quick_bank import QUICK_BANK, QUICK_MODELS

MODELS = len(QUICK_MODELS)
KNOWN = "phastCons_primates, phastCons_mammals, phastCons_vertebrates, phyloP_primates, phyloP_mammals"


def test_the_default_says_little(bench):
    done = bench.annotate(VCF)
    assert [line.split()[1] for line in done.lines] == ["genes.gtf", "33"]


def test_verbose_says_what_was_decided_and_why(bench):
    text = bench.annotate(VCF, "-v").err
    for line in (
        f"models: 3 of {MODELS} of the bank {QUICK_BANK}, as --proteins names them",
        f"reference: {FASTA}, as given",
        "genome build of the VCF: unknown, by its contig lengths",
        "contigs: 2 of the 2 that the VCF declares are in the reference",
        f"second stage: {QUICK_BANK} (that of the bank), which gives SCORE, PHRED, ACTIVITY, ACTIVITY_SE, DEEPFIND",
        f"models that are scored: {MODELS}, the listed ones and those of the second stage",
        "batch size: 256 alleles",
    ):
        assert f"varbind: {line}\n" in text
    assert "varbind: threads: " in text
    assert "varbind: device: " in text


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--proteins", "default"), f"of the bank {QUICK_BANK}, by default those of human proteins that bind DNA"),
        (
            ("--proteins", "all"),
            f"models: {MODELS} of {MODELS} of the bank {QUICK_BANK}, all of them, as --proteins all requests",
        ),
        (("--effect", "none"), "second stage: none, as --effect none requests"),
        (("--device", "cpu"), "device: cpu, as given"),
        (("--threads", "1"), "threads: 1, as given"),
    ],
)
def test_verbose_follows_the_options(bench, options, line):
    assert line in bench.annotate(VCF, "-v", *options).err


@pytest.fixture
def track(bench):
    pybigtools = pytest.importorskip("pybigtools", reason="needs the extra `conservation`")
    path = bench.folder / "track.bw"
    values = [(contig, 1000, 9000, 0.5) for contig in ("chr1", "chr2")]
    pybigtools.open(str(path), "w").write({"chr1": 16_000, "chr2": 14_000}, iter(values))
    return path


def test_a_track_that_the_second_stage_does_not_know(bench, track):
    done = bench.annotate(VCF, "--conservation", f"phylop={track}")
    (warning,) = done.warnings
    assert "SCORE_CONS does not use phylop, whose values are only written: the second stage knows the names" in warning
    assert KNOWN in warning
    assert b"VARBIND_CONS_phylop=" in (bench.results / "out.vcf").read_bytes()


def test_a_track_that_the_second_stage_knows(bench, track):
    assert not bench.annotate(VCF, "--conservation", f"phyloP_mammals={track}").warnings
    assert not bench.annotate(VCF, "--effect", "none", "--conservation", f"x={track}").warnings
