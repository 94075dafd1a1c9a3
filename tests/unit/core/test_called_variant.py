"""A stated change is scored or refused as `varbind annotate` would, and only normalised variants are taken as such."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import TextReference
from unit.core.test_variant import changes

from varbind.core import variant as fast
from varbind.core.called_variant import named_reference, normalised_variant, normalised_variants
from varbind.core.variant import Status, Variant
from varbind.errors import InputError, UsageError

GENOME = TextReference(chr1="TTGACCCAGT", chr2="ACGNRGT", chrM="ACGT", plain="GATTACA")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (("chr1", 3, "A", "C"), "ref_mismatch"),
        (("chr1", 3, "GT", "G"), "ref_mismatch"),
        (("chr1", 3, "N", "C"), "ref_mismatch"),
        (("chr2", 4, "N", "C"), "ref_unknown"),
        (("chr2", 5, "R", "C"), "ref_unknown"),
        (("chr2", 3, "GN", "G"), "ref_unknown"),
        (("chr1", 3, "G", "<DEL>"), "symbolic"),
        (("chr1", 3, "G", "<CN0>"), "symbolic"),
        (("chr1", 3, "G", "*"), "star"),
        (("chr1", 3, "G", "<*>"), "no_alt"),
        (("chr1", 3, "G", "<NON_REF>"), "no_alt"),
        (("chr1", 3, "G", "."), "no_alt"),
        (("chr1", 3, "G", "C,T"), "bad_allele"),
        (("chr1", 3, "G", ""), "bad_allele"),
        (("chr1", 3, "", "G"), "bad_allele"),
        (("chr1", 3, ".", "G"), "bad_allele"),
        (("chr1", 3, "G", "-"), "bad_allele"),
        (("chr1", 3, "G", "C "), "bad_allele"),
        (("chr1", 3, "G", "C\n"), "bad_allele"),
        (("chr1", 3, "G", "G]chr2:100]"), "breakend"),
        (("chr1", 3, "G", "G."), "breakend"),
        (("chr1", 3, "G", "N"), "ambiguous_alt"),
        (("chr1", 3, "G", "R"), "ambiguous_alt"),
        (("chr1", 3, "G", "GU"), "ambiguous_alt"),
        (("chr1", 0, "N", "C"), "telomere"),
        (("chr1", 11, "N", "C"), "telomere"),
        (("chr1", 12, "T", "C"), "off_contig"),
        (("chr1", 10, "TA", "T"), "off_contig"),
        (("chr1", -5, "G", "C"), "off_contig"),
        (("chr9", 3, "G", "C"), "no_contig"),
        (("", 3, "G", "C"), "no_contig"),
    ],
)
def test_what_the_command_line_does_not_score_is_refused_in_its_words(change, status):
    with pytest.raises(InputError, match=f"has no score: {status}: ") as caught:
        normalised_variant(*change, GENOME)
    assert status in set(Status)
    assert "\n" not in str(caught.value)


def test_a_mismatch_says_what_the_reference_has():
    with pytest.raises(InputError, match=r"chr1:3 'A'>'C' has no score: ref_mismatch: REF is 'A', .* has 'G'; "):
        normalised_variant("chr1", 3, "A", "C", GENOME)
    with pytest.raises(InputError, match=r"chr1 has the positions 1 to 10; "):
        normalised_variant("chr1", 99, "A", "C", GENOME)
    with pytest.raises(InputError, match=r"no such contig; it has chr1, chr2, chrM, \.\.\.; "):
        normalised_variant("chr9", 99, "A", "C", GENOME)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (("chr1", "3", "G", "C"), "pos is '3', expected an int"),
        (("chr1", 3.0, "G", "C"), "pos is 3.0, expected an int"),
        (("chr1", np.float64(3), "G", "C"), "expected an int"),
        (("chr1", True, "T", "C"), "pos is True, expected an int"),
        (("chr1", None, "G", "C"), "pos is None, expected an int"),
        (("chr1", 3, None, "C"), "ref is None, expected a str"),
        (("chr1", 3, "G", float("nan")), "alt is nan, expected a str"),
        (("chr1", 3, "G", ["C"]), r"alt is \['C'\], expected a str"),
        (("chr1", 3, b"G", "C"), "ref is b'G', expected a str"),
        ((1, 3, "G", "C"), "chrom is 1, expected a str"),
    ],
)
def test_arguments_of_a_wrong_type(change, word):
    with pytest.raises(UsageError, match=word):
        normalised_variant(*change, GENOME)


def test_whole_numbers_of_numpy_are_positions():
    found = normalised_variant("chr1", np.int64(3), "G", "C", GENOME)
    assert found == Variant("chr1", 3, "G", "C")
    assert type(found.pos) is int


@pytest.mark.parametrize("reference", [None, {"chr1": "ACGT"}])
def test_a_reference_must_be_a_genome(reference):
    for refused in (
        lambda: normalised_variant("chr1", 1, "A", "C", reference),
        lambda: normalised_variants([], reference),
    ):
        with pytest.raises(UsageError, match=r"give the path of a FASTA, a varbind.Reference or a"):
            refused()


@pytest.mark.parametrize(("name", "contig"), [("1", "chr1"), ("chr1", "chr1"), ("MT", "chrM"), ("chrplain", "plain")])
def test_contigs_in_another_style(name, contig):
    base = GENOME.fetch(contig, 2, 3)
    alt = "A" if base != "A" else "C"
    assert normalised_variant(name, 3, base, alt, GENOME) == Variant(contig, 3, base, alt)


@given(changes())
def test_what_agrees_with_the_reference_is_normalised_as_a_records_allele_and_is_taken(change):
    reference, pos, ref, alt = change
    genome = TextReference(c=reference)
    if not ref or not alt:  # a record has a base before it, and one that nothing stands before has one behind it
        before = reference[pos - 2] if pos > 1 else ""
        behind = "" if before else reference[pos - 1 + len(ref) : pos + len(ref)]
        pos, ref, alt = pos - len(before), before + ref + behind, before + alt + behind
    if not ref or not alt:
        return
    found = normalised_variant("c", pos, ref.lower(), alt, genome)
    assert found == fast.normalise("c", pos, ref, alt, genome)
    assert normalised_variants(iter([found]), genome) == [found]


@given(changes())
def test_only_the_normal_spelling_is_taken(change):
    reference, pos, ref, alt = change
    genome = TextReference(c=reference)
    stated = Variant("c", pos, ref, alt)
    if fast.normalise("c", pos, ref, alt, genome) == stated:
        assert normalised_variants([stated], genome) == [stated]
        return
    with pytest.raises(InputError, match=r"not trimmed|not leftmost"):
        normalised_variants([stated], genome)


def test_an_allele_equal_to_the_reference_is_taken():
    same = normalised_variant("chr1", 3, "GA", "GA", GENOME)
    assert normalised_variants([same], GENOME) == [same]


GOOD = Variant("chr1", 3, "G", "C")


@pytest.mark.parametrize(
    ("variant", "word"),
    [
        (replace(GOOD, ref="A"), "ref_mismatch: the reference has 'G'"),
        (replace(GOOD, chrom="1"), "no_contig: "),
        (replace(GOOD, chrom="chr9"), "no_contig: "),
        (replace(GOOD, chrom=1), "must be texts"),
        (replace(GOOD, ref=None), "must be texts"),
        (replace(GOOD, pos=0), "off_contig: chr1 has the positions 1 to 10"),
        (replace(GOOD, pos=-3), "off_contig"),
        (replace(GOOD, pos=11), "off_contig"),
        (Variant("chr1", 12, "", "A"), "off_contig"),
        (replace(GOOD, pos=3.0), "pos is a float, expected an int"),
        (replace(GOOD, pos="3"), "pos is a str, expected an int"),
        (replace(GOOD, alt="<DEL>"), "upper-case letters A, C, G and T"),
        (replace(GOOD, alt="C,T"), "upper-case letters"),
        (replace(GOOD, alt="c"), "upper-case letters"),
        (Variant("chr2", 4, "N", "C"), "upper-case letters"),
        (replace(GOOD, ref="GA", alt="GC"), "not trimmed"),
        (replace(GOOD, ref="GA", alt="TA"), "not trimmed"),
        (Variant("chr1", 7, "C", ""), "not leftmost"),
        (Variant("chr1", 8, "", "CC"), "not leftmost"),
    ],
)
def test_variants_made_by_hand(variant, word):
    with pytest.raises(InputError, match=f"variant 1, .*{word}.*; make it with varbind.normalise"):
        normalised_variants([GOOD, variant], GENOME)


@pytest.mark.parametrize("variants", [GOOD, "chr1:3G>C", None, 3])
def test_a_list_of_variants_is_expected(variants):
    with pytest.raises(UsageError, match="expected a list of variants"):
        normalised_variants(variants, GENOME)


@given(st.sampled_from([("chr1", 3, "G", "C"), "chr1:3G>C", None, 3]))
def test_items_that_are_no_variants(item):
    with pytest.raises(UsageError, match=r"item 1 of the variants is a \w+, expected a varbind.Variant"):
        normalised_variants([GOOD, item], GENOME)


def test_a_genome_of_pyfaidx_is_a_reference(tmp_path):
    pyfaidx = pytest.importorskip("pyfaidx", reason="needs the extra `test`")
    path = tmp_path / "genome.fa"
    with path.open("w") as file:
        for name, text in GENOME.contigs.items():
            lines = [text[start : start + 4] for start in range(0, len(text), 4)]
            file.write("\n".join([f">{name} text", lines[0].lower(), *lines[1:]]) + "\n")
    for options in ({}, {"as_raw": True}, {"one_based_attributes": False, "read_ahead": 3}):
        with pyfaidx.Fasta(str(path), **options) as fasta:
            genome = named_reference(fasta)
            assert list(genome.contigs) == list(GENOME.contigs)
            for contig in GENOME.contigs:
                length = genome.length(contig)
                assert length == GENOME.length(contig)
                for start in range(-3, length + 3):
                    found = [genome.fetch(contig, start, end) for end in range(start, length + 4)]
                    assert found == [GENOME.fetch(contig, start, end) for end in range(start, length + 4)]
            variant = normalised_variant("1", 4, "A", "AC", fasta)
            assert variant == normalised_variant("1", 4, "A", "AC", GENOME)
            assert normalised_variants([variant], fasta) == [variant]
            with pytest.raises(InputError, match="ref_mismatch"):
                normalised_variant("1", 3, "A", "C", fasta)
