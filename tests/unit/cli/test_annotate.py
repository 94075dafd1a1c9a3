"""The options of `varbind annotate` become the settings of the same names."""

from dataclasses import fields

import click
import pytest

from varbind.annotate.settings import AnnotateSettings
from varbind.cli.annotate import annotate
from varbind.core.tss import Promoter

ARGUMENTS = {"source", "output", "reference", "genes", "banks", "stats", "quiet", "verbose"}


@pytest.fixture
def settings_of(monkeypatch):
    """The settings that a annotate line gives."""

    def settings(*words):
        taken = {}
        monkeypatch.setattr(AnnotateSettings, "check_outputs", lambda *_, **__: None)
        monkeypatch.setattr("varbind.api.annotate_vcf.annotate_vcf", lambda *_, **more: taken.update(more) or Counts())
        annotate.main(["in.vcf", "-f", "ref.fa", "--everywhere", *words], standalone_mode=False)
        return taken["settings"]

    return settings


class Counts:
    def sentence(self):
        return ""


def test_every_option_is_an_argument_or_a_setting():
    names = {option.name for option in annotate.params} - ARGUMENTS
    made_of_others = {"inputs", "provenance"}
    assert (
        names - {"regions_file", "targets_file", "no_version"}
        == {field.name for field in fields(AnnotateSettings)} - made_of_others
    )


def test_the_defaults_are_those_of_the_settings(settings_of):
    given, default = settings_of(), AnnotateSettings(everywhere=True)
    names = [field.name for field in fields(AnnotateSettings) if field.name != "inputs"]
    assert {name: getattr(given, name) for name in names} == {name: getattr(default, name) for name in names}


def test_texts_are_parsed(settings_of, tmp_path):
    pairs, places = tmp_path / "pairs", tmp_path / "places"
    pairs.write_text("1 chr1\n")
    places.write_text("chr2\t5\t9\n")
    words = f"--proteins SP1,CTCF --promoter 9,3 --conservation a=x.bw --contig-map {pairs} -r chr1 -T {places}"
    found = settings_of(*words.split(), "--no-version", "-W", "--top", "5")
    assert found.proteins == ("SP1", "CTCF")
    assert found.promoter == Promoter(9, 3)
    assert (found.conservation, found.contig_map) == ({"a": "x.bw"}, {"1": "chr1"})
    assert found.regions is not None
    assert found.targets is not None
    assert (found.provenance, found.index, found.top) == (False, "csi", 5)
    assert found.inputs[:2] == (str(pairs), str(places))


@pytest.mark.parametrize(
    ("words", "source", "explain"),
    [
        ("a.vcf", "a.vcf", None),
        ("--explain a.vcf", "a.vcf", 10),
        ("a.vcf --explain", "a.vcf", 10),
        ("a.vcf --explain -W", "a.vcf", 10),
        ("--explain -- a.vcf", "a.vcf", 10),
        ("--explain 5 a.vcf", "a.vcf", 5),
        ("--explain=5 a.vcf", "a.vcf", 5),
        ("a.vcf --explain 5", "a.vcf", 5),
        ("--explain -", "-", 10),
        ("-- --explain", "--explain", None),
    ],
)
def test_explain_takes_a_number_and_never_the_input(words, source, explain):
    given = annotate.make_context("annotate", words.split()).params
    assert (given["source"], given["explain"]) == (source, explain)


@pytest.mark.parametrize("words", ["a.vcf --explain=0", "a.vcf --explain 0", "a.vcf --explain=x", "a.vcf --explain x"])
def test_other_values_of_explain_are_refused(words):
    with pytest.raises(click.UsageError):
        annotate.make_context("annotate", words.split())
