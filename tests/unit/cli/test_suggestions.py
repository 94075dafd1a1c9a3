"""A mistyped option or command is answered with the one that was meant, and with no other."""

import pytest
from integration.runs import call

from varbind.cli.suggestions import closest


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["annotate", "in.vcf", "--reference", "ref.fa"], "-f/--fasta"),
        (["annotate", "in.vcf", "--fasta-ref=ref.fa"], "-f/--fasta"),
        (["annotate", "in.vcf", "--ref", "ref.fa"], "-f/--fasta"),
        (["score", "in.vcf", "--genome", "ref.fa"], "-f/--fasta"),
        (["train", "effect", "--reference", "ref.fa"], "-f/--fasta"),
        (["annotate", "in.vcf", "--gtf", "genes.gtf"], "--genes"),
        (["annotate", "in.vcf", "--gff", "genes.gff"], "--genes"),
        (["annotate", "in.vcf", "--annotation", "genes.gff"], "--genes"),
        (["annotate", "in.vcf", "-g", "genes.gff"], "--genes"),
        (["annotate", "in.vcf", "--out", "out.vcf"], "-o/--output"),
        (["rank", "in.vcf", "--out", "out.tsv"], "-o/--output"),
        (["annotate", "in.vcf", "--model", "SP1"], "--proteins"),
        (["annotate", "in.vcf", "--models", "SP1"], "--proteins"),
        (["score", "in.fa", "--model", "SP1"], "--models/--proteins"),
        (["annotate", "in.vcf", "-@", "4"], "--threads"),
        (["annotate", "in.vcf", "--thread=4"], "--threads"),
        (["annotate", "in.vcf", "--conserv", "x"], "--conservation"),
        (["annotate", "in.vcf", "--ouput", "x"], "-o/--output"),
        (["anotate", "in.vcf"], "annotate"),
        (["model", "list"], "models"),
    ],
)
def test_the_option_that_was_meant(words, meant):
    done = call(*words)
    assert done.code == 2
    assert f"; did you mean {meant}?; see varbind " in done.error


@pytest.mark.parametrize(
    "words", [["annotate", "in.vcf", "--zzz"], ["annotate", "in.vcf", "--tie"], ["rank", "in.vcf", "--gtf"], ["xyz"]]
)
def test_no_option_of_another_meaning_is_suggested(words):
    done = call(*words)
    assert done.code == 2
    assert done.error.startswith("varbind: error: no such ")
    assert "did you mean" not in done.error


def test_the_help_named_is_that_of_the_command():
    assert call("rank", "x", "--zzz").error.endswith("; see varbind rank --help")
    assert call("train", "effect", "--zzz").error.endswith("; see varbind train effect --help")
    assert call("xyz").error.endswith("; see varbind --help")


def test_a_number_that_is_none():
    error = call("annotate", "in.vcf", "--threads=all").error
    assert (
        error
        == "varbind: error: Invalid value for '--threads': 'all' is not a whole number; see varbind annotate --help"
    )


def test_only_names_that_are_close():
    assert closest("--threds", ["--threads", "--top"]) == "--threads"
    assert closest("--top-k", ["--threads", "--tss"]) == ""
    assert closest("--pro", ["--proteins", "--promoter"]) == ""
