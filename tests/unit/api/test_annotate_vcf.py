"""The public call."""

from importlib.resources import as_file, files

import pytest

import varbind
from varbind.annotate.settings import AnnotateSettings
from varbind.api.annotate_vcf import annotate_vcf
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
