"""The options of `varbind rank` become the settings of the same names."""

from dataclasses import fields

import click
import pytest

from varbind.annotate.rank import RankCounts, RankSettings
from varbind.cli.rank import rank


@pytest.fixture
def given(monkeypatch):
    """The source and the settings that a command line gives."""

    def parse(words):
        taken = {}
        monkeypatch.setattr(
            "varbind.annotate.rank.rank_vcf",
            lambda source, _, settings, **__: taken.update(source=source, settings=settings) or RankCounts(),
        )
        rank.main(words.split(), standalone_mode=False)
        return taken["source"], taken["settings"]

    return parse


def test_every_option_is_an_argument_or_a_setting():
    names = {option.name for option in rank.params} - {"source", "output", "quiet", "verbose"}
    assert names == {field.name for field in fields(RankSettings)} - {"inputs"}


def test_the_defaults_are_those_of_the_settings(given):
    assert given("in.vcf") == ("in.vcf", RankSettings())


@pytest.mark.parametrize(
    ("words", "source", "samples"),
    [
        ("in.vcf", "in.vcf", None),
        ("in.vcf --samples", "in.vcf", ()),
        ("--samples in.vcf", "in.vcf", ()),
        ("--samples -", "-", ()),
        ("--samples -- in.vcf", "in.vcf", ()),
        ("--samples --top 3 in.vcf", "in.vcf", ()),
        ("--samples in.vcf --top 3", "in.vcf", ()),
        ("--samples a,b in.vcf", "in.vcf", ("a", "b")),
        ("in.vcf --samples a,b", "in.vcf", ("a", "b")),
        ("in.vcf --samples=a", "in.vcf", ("a",)),
        ("in.vcf --top 3 --samples", "in.vcf", ()),
    ],
)
def test_samples_take_a_list_and_never_the_input(given, words, source, samples):
    found, settings = given(words)
    assert (found, settings.samples) == (source, samples)
    assert settings.top == (3 if "--top" in words else None)


@pytest.mark.parametrize("words", ["", "--samples", "--samples=a", "--samples a b c", "--top 0 in.vcf"])
def test_command_lines_that_are_refused(words):
    with pytest.raises(click.UsageError):
        rank.make_context("rank", words.split())


def test_lists_may_be_files(given, tmp_path):
    for name, text in (("keys", "AF\nAC # a comment\n"), ("names", "NA 1\nNA,2\n")):
        (tmp_path / name).write_text(text)
    _, settings = given(f"in.vcf --info @{tmp_path}/keys --samples @{tmp_path}/names")
    assert settings.info == ("AF", "AC")
    assert settings.samples == ("NA 1", "NA,2")
    assert settings.inputs == (f"{tmp_path}/keys", f"{tmp_path}/names")
