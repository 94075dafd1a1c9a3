"""A dry run counts what an annotation would count, and writes nothing."""

from dataclasses import asdict
from importlib.resources import as_file, files

import pytest

from varbind.annotate.settings import AnnotateSettings
from varbind.api.annotate_vcf import annotate_vcf
from varbind.api.check_vcf import check_vcf


@pytest.fixture(scope="module")
def example():
    with as_file(files("varbind").joinpath("data/example")) as folder:
        yield folder


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
