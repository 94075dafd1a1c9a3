"""The annotation, its dry run, and the steps that prepare both."""

from contextlib import ExitStack
from dataclasses import asdict
from importlib.resources import as_file, files

import pytest

import varbind
from varbind.annotate.settings import AnnotateSettings
from varbind.api.annotate_vcf import annotate_vcf, check_vcf
from varbind.api.annotation_builder import AnnotationBuilder
from varbind.errors import UsageError


@pytest.fixture(scope="module")
def example():
    with as_file(files("varbind").joinpath("data/example")) as folder:
        yield folder


def test_a_call_is_enough(example, tiny_bank, tmp_path):
    seen = []
    counts = annotate_vcf(
        example / "variants.vcf",
        tmp_path / "out.vcf",
        reference=example / "reference.fa",
        bank=tiny_bank,
        genes=example / "genes.gtf",
        settings=AnnotateSettings(batch_size=8),
        progress=lambda *call: seen.append(call),
    )
    assert (counts.records_read, counts.records_written, counts.scored) == (33, 33, 33)
    assert seen[-1] == (33, 33, "records")
    assert [records for records, *_ in seen] == sorted(records for records, *_ in seen)
    assert len(seen) > 3


def test_the_batch_changes_nothing(example, tiny_bank, tmp_path):
    for size in (1, 7, 512):
        annotate_vcf(
            example / "variants.vcf",
            tmp_path / f"{size}.vcf",
            reference=example / "reference.fa",
            bank=tiny_bank,
            settings=AnnotateSettings(everywhere=True, batch_size=size),
        )
    results = {path.read_bytes() for path in tmp_path.iterdir()}
    assert len(results) == 1


def test_neither_genes_nor_everywhere(example, tiny_bank, tmp_path):
    with pytest.raises(UsageError, match="neither --genes nor --everywhere"):
        varbind.annotate_vcf(
            example / "variants.vcf", tmp_path / "x.vcf", reference=example / "reference.fa", bank=tiny_bank
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("output", "stats", "what"),
    [
        ("out.vcf", "in.vcf", "the output is the input"),
        ("out.vcf", "out.vcf", "--stats is the output"),
        ("read.tsv", None, "the output is the input"),
        ("effect/card.json", None, "the output is the input"),
    ],
)
def test_no_output_takes_the_place_of_another_file(example, tiny_bank, tmp_path, output, stats, what):
    source = tmp_path / "in.vcf"
    source.write_bytes((example / "variants.vcf").read_bytes())
    (tmp_path / "effect").mkdir()
    (tmp_path / "effect" / "card.json").write_bytes(b"{}")
    settings = AnnotateSettings(everywhere=True, effect=str(tmp_path / "effect"), inputs=(str(tmp_path / "read.tsv"),))
    with pytest.raises(UsageError, match=what):
        annotate_vcf(
            source,
            tmp_path / output,
            reference=example / "reference.fa",
            bank=tiny_bank,
            settings=settings,
            stats=stats and tmp_path / stats,
        )
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["card.json", "effect", "in.vcf"]
    assert source.read_bytes() == (example / "variants.vcf").read_bytes()


@pytest.mark.parametrize("genes", [iter(()), {"genes.gtf"}, [3], 3])
def test_genes_are_paths(example, tiny_bank, tmp_path, genes):
    with pytest.raises(UsageError, match=r"the genes hold a .*, expected a path"):
        annotate_vcf(
            example / "variants.vcf",
            tmp_path / "out.vcf",
            reference=example / "reference.fa",
            bank=tiny_bank,
            genes=genes,
        )
    assert not list(tmp_path.iterdir())


def header_of(example, bank, *, genes=None, **settings):
    with ExitStack() as stack:
        builder = AnnotationBuilder(stack, bank, AnnotateSettings(everywhere=True, **settings))
        inputs = builder.open_inputs(
            str(example / "variants.vcf"), reference=str(example / "reference.fa"), genes=genes
        )
        tracks = builder.open_tracks(inputs)
        _, second = builder.start_scorer()
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
        "##INFO=<ID=VARBIND_REGION",
        "##varbind_genes=<ID=genes.gtf",
    ]


def test_an_unknown_protein_is_refused_at_once(tiny_bank):
    with ExitStack() as stack, pytest.raises(UsageError):
        AnnotationBuilder(stack, tiny_bank, AnnotateSettings(everywhere=True, proteins=("no such protein",)))


def test_why_nothing_was_scored(example, tiny_bank):
    with ExitStack() as stack:
        builder = AnnotationBuilder(stack, tiny_bank, AnnotateSettings(everywhere=True))
        inputs = builder.open_inputs(str(example / "variants.vcf"), reference=str(example / "reference.fa"), genes=None)
        assert (
            inputs.why_nothing_was_scored(builder.counts, selected=False)
            == "no allele was scored: the VCF has no record; is it the right file?"
        )
        builder.counts.records_read = builder.counts.records_without_alt = 3
        assert (
            inputs.why_nothing_was_scored(builder.counts, selected=False)
            == "no allele was scored: 3 records have no alternate allele: only alleles in letters of bases are scored"
        )


@pytest.mark.parametrize("everywhere", [True, False])
def test_the_counts_are_those_of_the_annotation(example, tiny_bank, tmp_path, everywhere):
    settings = AnnotateSettings(everywhere=everywhere, max_indel=2)
    inputs = {"reference": example / "reference.fa", "bank": tiny_bank, "genes": example / "genes.gtf"}
    report = check_vcf(example / "variants.vcf", **inputs, settings=settings)
    assert not list(tmp_path.iterdir())
    counts = annotate_vcf(example / "variants.vcf", tmp_path / "out.vcf", **inputs, settings=settings)
    known_afterwards = {"records_written": 0, "records_reread": None, "padded": 0}
    assert asdict(report.counts) == asdict(counts) | known_afterwards
    assert counts.scored
    assert report.seconds > 0
    assert report.models == len(tiny_bank.models)
    assert all(report.contigs.values())
