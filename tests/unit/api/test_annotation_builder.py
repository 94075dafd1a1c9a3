"""The steps that prepare an annotation."""

from contextlib import ExitStack
from importlib.resources import as_file, files

import pytest

from varbind.annotate.settings import AnnotateSettings
from varbind.api.annotation_builder import AnnotationBuilder
from varbind.errors import UsageError


@pytest.fixture(scope="module")
def example():
    with as_file(files("varbind").joinpath("data/example")) as folder:
        yield folder


def header_of(example, bank, *, genes=None, **settings):
    with ExitStack() as stack:
        builder = AnnotationBuilder(stack, bank, AnnotateSettings(everywhere=True, **settings))
        inputs = builder.open_inputs(
            str(example / "variants.vcf"), reference=str(example / "reference.fa"), genes=genes
        )
        tracks = builder.open_tracks(inputs)
        _, second = builder.start_scorer(tracks.names)
        return builder.header_lines(inputs, tracks, second)


def test_the_header_has_the_keys_and_their_provenance(example, tiny_bank):
    keys = header_of(example, tiny_bank, provenance=False, prefix="MY")
    assert all(line.startswith("##INFO=<ID=MY_") for line in keys)
    lines = header_of(example, tiny_bank, prefix="MY")
    assert lines[: len(keys)] == keys
    assert [line.split("=")[0] for line in lines[len(keys) :]] == [
        "##varbind_annotateVersion",
        "##varbind_annotateCommand",
        "##varbind_bank",
    ]


def test_genes_add_their_keys_and_their_digest(example, tiny_bank):
    without, lines = (header_of(example, tiny_bank, genes=genes) for genes in (None, str(example / "genes.gtf")))
    added = [line for line in lines if line not in without]
    assert [line.partition(",")[0] for line in added if "Command" not in line] == [
        "##INFO=<ID=VARBIND_GENE",
        "##INFO=<ID=VARBIND_TSSDIST",
        "##varbind_genes=<ID=genes.gtf",
    ]


def test_an_unknown_protein_is_refused_at_once(tiny_bank):
    with ExitStack() as stack, pytest.raises(UsageError):
        AnnotationBuilder(stack, tiny_bank, AnnotateSettings(everywhere=True, proteins=("no such protein",)))


def test_why_nothing_was_scored(example, tiny_bank):
    with ExitStack() as stack:
        builder = AnnotationBuilder(stack, tiny_bank, AnnotateSettings(everywhere=True))
        inputs = builder.open_inputs(str(example / "variants.vcf"), reference=str(example / "reference.fa"), genes=None)
        assert builder.why_nothing_was_scored(inputs) == "no allele was scored: the VCF has no record"
        builder.counts.records_read = builder.counts.records_without_alt = 3
        assert builder.why_nothing_was_scored(inputs) == "no allele was scored: 3 records have no alternate allele"
