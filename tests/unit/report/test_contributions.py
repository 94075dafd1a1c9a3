"""What each protein adds to the activity, compared with the EXPLAIN that annotation writes."""

from dataclasses import replace

import pytest
from integration.runs import FASTA, GENES, VCF
from quick_bank import quick_bank

import varbind
from varbind.annotate.settings import AnnotateSettings
from varbind.core.variant import normalise
from varbind.io.reference import Reference
from varbind.report.contributions import LISTED, Contribution, named, predicted_contributions
from varbind.report.selection import Choice, read_selection


def test_contributions_are_those_of_explain(tmp_path):
    settings = AnnotateSettings(explain=LISTED)
    path = tmp_path / "out.vcf"
    varbind.annotate_vcf(VCF, path, reference=FASTA, genes=GENES, bank=quick_bank(), settings=settings)
    alleles = [allele.variant for allele in read_selection(path, Choice())[0].alleles]
    with Reference(FASTA) as genome:
        variants = [normalise(one.chrom, one.pos, one.ref, one.alt, genome) for one in alleles]
        found = predicted_contributions(variants, genome, quick_bank())
    assert len(found) > 20
    for own, allele in zip(found, alleles, strict=True):
        assert [model_id for model_id, _ in own] == [model_id for model_id, _ in allele.explained]
        assert [value for _, value in own] == pytest.approx([value for _, value in allele.explained], rel=1e-4)
        # Seven models and the local network: all of them are listed.
        assert sum(value for _, value in own) == pytest.approx(allele.numbers["ACTIVITY"], abs=1e-5)


def test_a_bank_without_activity_adds_nothing():
    bank = replace(quick_bank(), effect=None)
    with Reference(FASTA) as genome:
        assert predicted_contributions([normalise("chr1", 2935, "G", "C", genome)], genome, bank) == [()]


def test_names_are_those_of_the_bank():
    explained = [[("KLF5.matrix", -0.2), ("local_network", 0.1), ("unknown", 0.0)]]
    assert named(explained, quick_bank())[0] == (
        Contribution("KLF5", "KLF5.matrix", -0.2),
        Contribution("bases around the change", "local_network", 0.1),
        Contribution("unknown", "unknown", 0.0),
    )
    assert named(explained, None)[0][0].protein == "KLF5.matrix"
