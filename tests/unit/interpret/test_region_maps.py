"""Maps of regions and alleles: the same scores as scoring the bases by hand."""

import logging

import numpy as np
import pytest
from integration.runs import CONTIGS, FASTA, VCF

from varbind.annotate.settings import AnnotateSettings
from varbind.api.variants import score_variants
from varbind.bank.background import kind_of
from varbind.bank.binding_changes import BindingEffects
from varbind.core.sequence import encode
from varbind.core.variant import Variant, normalise
from varbind.errors import InputError, UsageError
from varbind.interpret.mutation_map import mutation_map
from varbind.interpret.region_maps import Context, MapPlan, maps_of_letters, maps_of_region, maps_of_variants
from varbind.io.reference import Reference
from varbind.io.vcf.input_stream import Source
from varbind.scoring.scorer import Scorer, score_sequences

SETTINGS = AnnotateSettings(everywhere=True)


def of_vcf(path, bank, plan, settings=SETTINGS):
    return list(maps_of_variants(Source(path), bank, plan, reference=FASTA, settings=settings))


def written(folder, *lines):
    path = folder / "in.vcf"
    head = "##fileformat=VCFv4.3\n##contig=<ID=chr1,length=16000>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    path.write_text(head + "".join(f"{line}\t.\t.\t.\n" for line in lines))
    return str(path)


def test_letters_are_read_whole(tiny_bank):
    sequence = "GGCTACCGGAAGTGACCATGA"
    found = maps_of_letters(sequence, tiny_bank, MapPlan())
    assert [one.model.model_id for one in found] == list(tiny_bank.model_ids)
    for one in found:
        expected = mutation_map(sequence, tiny_bank, model_id=one.model.model_id)
        assert one.wild_type.delta.tobytes() == expected.tobytes()
        assert (one.place, one.first, one.variant, one.mutant) == ("the sequence", 1, None, None)


def test_letters_in_windows_have_unknown_neighbours(tiny_bank):
    bank = tiny_bank.select(["ELK1"])
    (found,) = maps_of_letters("ACCGGAAGT", bank, MapPlan(Context.WINDOW))
    padded = "N" * 15 + "ACCGGAAGT" + "N" * 15
    for column in range(9):
        window = padded[column : column + 31]
        for row, base in enumerate("ACGT"):
            mutant = window[:15] + base + window[16:]
            expected = score_sequences([window, mutant], bank)[:, 0]
            assert (found.wild_type.ref[row, column], found.wild_type.alt[row, column]) == tuple(expected)


def test_a_region_holds_the_changes_of_annotation(tiny_bank):
    found = maps_of_region("chr1:2,600-2,640", str(FASTA), tiny_bank, MapPlan())
    text = CONTIGS["chr1"]
    variants = [
        Variant("chr1", pos, text[pos - 1], base)
        for pos in range(2600, 2641)
        for base in "ACGT"
        if base != text[pos - 1]
    ]
    scores = score_variants(variants, FASTA, tiny_bank)
    for one in found:
        column = tiny_bank.model_ids.index(one.model.model_id)
        assert (one.first, one.wild_type.letters, one.place) == (2600, text[2599:2640], "chr1:2600-2640")
        for row, variant in enumerate(variants):
            cell = "ACGT".index(variant.alt), variant.pos - 2600
            assert one.wild_type.ref[cell] == scores.ref[row, column]
            assert one.wild_type.alt[cell] == scores.alt[row, column]


@pytest.mark.parametrize("name", ["1:10-20", "chr1:10-20", "chr1:10"])
def test_contigs_are_found_in_any_style(tiny_bank, name):
    (found,) = maps_of_region(name, str(FASTA), tiny_bank.select(["ELK1"]), MapPlan())
    assert (found.chrom, found.first) == ("chr1", 10)
    assert len(found.wild_type.letters) == (1 if name == "chr1:10" else 11)


@pytest.mark.parametrize(("ref", "alt"), [("C", "T"), ("C", "CAAG"), ("CTCC", "C"), ("CT", "GA")])
def test_wild_type_and_mutant_are_the_windows_of_the_allele(tiny_bank, tmp_path, ref, alt):
    text = CONTIGS["chr1"]
    pos = next(i for i in range(2600, 9000) if text[i - 1 : i - 1 + len(ref)] == ref)
    bank = tiny_bank.select(["ELK1"])
    (found,) = of_vcf(written(tmp_path, f"chr1\t{pos}\t.\t{ref}\t{alt}"), bank, MapPlan())
    with Reference(FASTA) as genome, Scorer(bank) as scorer:
        variant = normalise("chr1", pos, ref, alt, genome)
        window = scorer.cut(variant, genome)
        scores = scorer.score([window])
    assert found.variant == variant
    assert found.first == variant.pos - 15
    assert [encode(own.letters).tolist() for own in (found.wild_type, found.mutant)] == [
        window.ref.tolist(),
        window.alt.tolist(),
    ]
    own = encode(found.wild_type.letters[0])[0]
    assert found.wild_type.ref[own, 0] == scores.ref[0, 0]
    assert found.mutant.ref[encode(found.mutant.letters[0])[0], 0] == scores.alt[0, 0]
    assert found.mutant.delta.tobytes() == mutation_map(found.mutant.letters, bank, model_id="ELK1").tobytes()


def test_windows_of_the_mutant_carry_the_allele(tiny_bank, tmp_path):
    text = CONTIGS["chr1"]
    pos = next(i for i in range(2600, 9000) if text[i - 1] == "C")
    bank = tiny_bank.select(["GABPA"])
    plan = MapPlan(Context.WINDOW, flank=4)
    (found,) = of_vcf(written(tmp_path, f"chr1\t{pos}\t.\tC\tG"), bank, plan)
    haplotype = text[: pos - 1] + "G" + text[pos:]
    for column in range(9):
        place = pos - 5 + column
        for row, base in enumerate("ACGT"):
            window = haplotype[place - 15 : place + 16]
            mutant = window[:15] + base + window[16:]
            expected = score_sequences([window, mutant], bank)[:, 0]
            assert (found.mutant.ref[row, column], found.mutant.alt[row, column]) == tuple(expected)


def test_the_most_changed_proteins_are_those_of_annotation(tiny_bank):
    found = of_vcf(str(VCF), tiny_bank, MapPlan(top=2))
    effects = BindingEffects.of_bank(tiny_bank)
    by_variant = {}
    for one in found:
        by_variant.setdefault(one.variant, []).append(one.model.model_id)
    assert len(by_variant) > 20
    for variant, models in by_variant.items():
        (effect,) = effects.describe(score_variants([variant], FASTA, tiny_bank), [kind_of(variant)], top=9)
        shares = {change.model.model_id: change.share for change in (*effect.losses, *effect.gains)}
        assert [shares[model] for model in models] == sorted(shares.values())[: len(models)]
        assert len(models) == 2


def test_alleles_without_a_score_are_counted(tiny_bank, caplog):
    with caplog.at_level(logging.INFO, "varbind"):
        found = of_vcf(str(VCF), tiny_bank.select(["ELK1"]), MapPlan())
    assert len(found) == 34
    assert "34 alleles scored; not scored: star 1, symbolic 1" in caplog.text


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ("chr9:1-5", "no contig 'chr9'"),
        ("chr1:15990-16001", "ends beyond chr1, which has 16,000 bases"),
        ("chr1:9-5", "is empty"),
        ("chr1:1-5,chr1:7-9", "is not one region"),
        ("chr1:x-y", "cannot read the positions"),
    ],
)
def test_bad_regions_are_refused(tiny_bank, region, message):
    with pytest.raises(UsageError, match=message):
        maps_of_region(region, str(FASTA), tiny_bank, MapPlan())


def test_long_sequences_are_refused(tiny_bank):
    with pytest.raises(UsageError, match=r"a map of 10,001 bases.*or --context window"):
        maps_of_letters("A" * 10_001, tiny_bank, MapPlan())
    with pytest.raises(InputError, match="'X', which is not a nucleotide letter"):
        maps_of_letters("ACX", tiny_bank, MapPlan())


def test_every_context_has_the_same_weighted_formula(tiny_bank):
    (found,) = maps_of_letters("ACCGGAAGT", tiny_bank.select(["ELK1"]), MapPlan(longest_deletion=2))
    own = found.wild_type
    for cell in np.ndindex(own.ref.shape):
        ref, alt = own.ref[cell], own.alt[cell]
        assert np.array_equal(own.weighted[cell], (alt - ref) * max(0, ref, alt), equal_nan=True)
