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
    assert "no evidence of conservation from phylop, whose values are only written: names that give" in warning
    assert KNOWN in warning
    assert b"VARBIND_CONS_phylop=" in (bench.results / "out.vcf").read_bytes()


def test_a_track_is_recognised_by_its_kind(bench, track):
    file = track.with_name("hg38.phastCons17way.bw")
    file.write_bytes(track.read_bytes())
    named = [f"phyloP470way={track}", f"mine={file}", f"phyloP_mammals_too={track}"]
    done = bench.annotate(VCF, *[word for pair in named for word in ("--conservation", pair)])
    (warning,) = done.warnings
    assert "from phyloP_mammals_too, whose values are only written: the first track of a kind counts" in warning
    used = "conservation: mine is used as phastCons_primates, phyloP470way is used as phyloP_mammals"
    assert f"varbind: {used}" in done.lines
    lines = (bench.results / "out.vcf").read_text().splitlines()
    assert [line for line in lines if line.startswith("##varbind_conservation")] == [
        "##varbind_conservation=<ID=mine,UsedAs=phastCons_primates,Prefix=VARBIND>",
        "##varbind_conservation=<ID=phyloP470way,UsedAs=phyloP_mammals,Prefix=VARBIND>",
    ]
    ranked = [line for line in lines if "VARBIND_PHRED=" in line]
    assert ranked
    assert all("VARBIND_CONS_PHRED=" in line for line in ranked)
    assert any("VARBIND_CONS_mine=" in line for line in ranked)


def test_a_track_that_the_second_stage_knows(bench, track):
    assert not bench.annotate(VCF, "--conservation", f"phyloP_mammals={track}").warnings
    assert not bench.annotate(VCF, "--effect", "none", "--conservation", f"x={track}").warnings
