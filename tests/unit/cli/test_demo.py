"""`varbind demo` shows what it annotated, and `varbind show` reads its result."""

import re

import pytest
from click.testing import CliRunner

from varbind.cli.main import main


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("demo"))
        patch.setenv("COLUMNS", "80")
        yield CliRunner().invoke(main, ["demo", "-q"], catch_exceptions=False)


def show(*words):
    return CliRunner().invoke(main, ["show", "varbind-demo/annotated.vcf.gz", *words], catch_exceptions=False).stdout


def test_the_demo_lists_the_most_extreme_variants(example):
    lines = example.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    place = lines[0].index("PHRED")
    phreds = [int(line[place : place + 5]) for line in lines[1:21]]
    assert phreds == sorted(phreds, reverse=True)
    assert "20 of 33 scored alleles" in example.stdout
    assert "written: varbind-demo/annotated.vcf.gz" in lines


def test_the_command_that_it_names_describes_the_first_variant(example):
    words = re.search(r"varbind show varbind-demo/annotated.vcf.gz (\S+)$", example.stdout, re.MULTILINE)
    assert "73 bases upstream of the transcription start of EXAMPLE5." in " ".join(show(words[1]).split())


def test_show_lists_what_the_demo_lists(example):
    assert example.stdout.startswith(show())
    assert show("--top", "3").count("EXAMPLE") == 3


@pytest.mark.parametrize("name", ["outside_promoters", "deletes_spacer", "breaks_ETS_6_or_is_deleted"])
def test_alleles_without_a_score_say_why(example, name):
    assert "the allele has no score, because" in " ".join(show(name).split())
