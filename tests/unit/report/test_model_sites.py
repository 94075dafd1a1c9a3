"""What a model reads at a variant, compared with every sequence scored alone."""

import numpy as np
import pytest
from integration.runs import CONTIGS, FASTA, GENES, VCF
from quick_bank import quick_bank

import varbind
from varbind.annotate.annotated_variants import AnnotatedVariant
from varbind.annotate.headline import strongest_change
from varbind.annotate.info_reader import ProteinChange
from varbind.core.variant import normalise
from varbind.io.reference import Reference
from varbind.report.model_sites import information_heights, model_sites
from varbind.report.selection import Choice, read_selection

FLANK = 15


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    path = tmp_path_factory.mktemp("sites") / "annotated.vcf"
    varbind.annotate_vcf(VCF, path, reference=FASTA, genes=GENES, bank=quick_bank())
    selection, _ = read_selection(path, Choice())
    with Reference(FASTA) as genome:
        pairs = [
            (allele.variant, normalise(allele.variant.chrom, allele.variant.pos, allele.variant.ref,
                                       allele.variant.alt, genome))
            for allele in selection.alleles
        ]  # fmt: skip
        return list(zip(pairs, model_sites(pairs, genome, quick_bank()), strict=True))


def score(sequence, model_id):
    return float(varbind.score_sequences([sequence], quick_bank().select([model_id]))[0, 0])


def test_every_allele_has_a_site_whose_change_is_that_of_the_file(sites):
    assert len(sites) > 20
    for (annotated, _), site in sites:
        kind, change = strongest_change(annotated)
        assert (site.kind, site.change) == (kind, change)
        assert site.delta == pytest.approx(change.delta, rel=1e-3, abs=1e-3)


def test_aligned_sequences_are_those_of_the_genome(sites):
    kinds = set()
    for (_, variant), site in sites:
        around = CONTIGS[variant.chrom][site.first - 1 : variant.end + FLANK].upper()
        assert site.reference.replace("-", "") == around
        assert site.alternate.replace("-", "") == around[:FLANK] + variant.alt + around[FLANK + len(variant.ref) :]
        start, end = site.changed
        assert (start, end) == (FLANK, FLANK + max(len(variant.ref), len(variant.alt)))
        assert site.reference[:start] == site.alternate[:start]
        assert site.reference[end:] == site.alternate[end:]
        assert len(site.heights) == len(site.reference) == len(site.alternate)
        kinds.add((len(variant.ref) > len(variant.alt)) - (len(variant.ref) < len(variant.alt)))
    assert kinds == {-1, 0, 1}


def test_changes_are_those_of_single_sequences(sites):
    rng = np.random.default_rng(1)
    for _, site in sites[::4]:
        sequence = site.reference.replace("-", "")
        own = score(sequence, site.change.model_id)
        for _ in range(6):
            base, place = rng.integers(4), rng.integers(len(sequence))
            mutant = sequence[:place] + "ACGT"[base] + sequence[place + 1 :]
            expected = score(mutant, site.change.model_id) - own
            assert site.changes[base, place] == pytest.approx(expected, abs=2e-5)


def test_heights_are_the_information_of_the_bound_allele(sites):
    for _, site in sites[::5]:
        letters = site.reference if site.kind == "loss" else site.alternate
        model = next(model for model in quick_bank().models if model.model_id == site.change.model_id)
        levels = quick_bank().cards[0].quantile_levels
        median, top = (model.quantiles["score"][levels.index(level)] for level in (0.5, 0.99))
        sequence = letters.replace("-", "")
        for place in (10, 15, 20):
            if letters[place] == "-":
                assert not site.heights[place].any()
                continue
            at = place - letters[:place].count("-")
            scores = [score(sequence[:at] + base + sequence[at + 1 :], model.model_id) for base in "ACGT"]
            raised = [np.exp(one / (0.25 * (top - median))) for one in scores]
            shares = [one / sum(raised) for one in raised]
            bits = 2 + sum(share * np.log2(share) for share in shares)
            assert site.heights[place] == pytest.approx([share * bits for share in shares], abs=1e-3)


def test_heights_of_no_preference_and_of_a_sure_one():
    assert information_heights(np.zeros((4, 2), dtype=np.float32), 1.0) == pytest.approx(np.zeros((2, 4)))
    sure = np.array([[0.0], [-900.0], [-900.0], [-900.0]])
    assert information_heights(sure, 1.0) == pytest.approx(np.array([[2.0, 0.0, 0.0, 0.0]]))


def test_without_a_change_or_its_model_there_is_no_site():
    with Reference(FASTA) as genome:
        variant = normalise("chr1", 2935, "G", "C", genome)
        none = AnnotatedVariant("chr1", 2935, "", "G", "C")
        other = AnnotatedVariant("chr1", 2935, "", "G", "C", losses=(ProteinChange("F", "P", "unknown", -1.0, -2.0),))
        assert model_sites([(none, variant), (other, variant)], genome, quick_bank()) == [None, None]
