"""Equivalent spellings become one variant; an oracle looks at every spelling there is."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracles import TextReference, apply_change, shortest_leftmost, spellings

from varbind.core.variant import Status, Variant, left_align, normalise, status_of_alt, trim

repeats = st.lists(st.tuples(st.text("ACGT", min_size=1, max_size=3), st.integers(1, 5)), min_size=1, max_size=4)
references = repeats.map(lambda units: "".join(unit * count for unit, count in units)[:18])


@st.composite
def changes(draw):
    """A reference with repeats and one change of it, as a VCF might write it."""
    reference = draw(references)
    start = draw(st.integers(0, len(reference)))
    end = draw(st.integers(start, min(len(reference), start + 5)))
    nearby = reference[start : start + 4]
    alt = draw(st.one_of(st.text("ACGT", max_size=4), st.just(nearby), st.just(nearby + nearby)))
    assume(reference[start:end] != alt)
    return reference, start + 1, reference[start:end], alt


@given(changes())
def test_normalised_is_the_shortest_leftmost_spelling(change):
    reference, pos, ref, alt = change
    haplotype = apply_change(reference, pos, ref, alt)
    variant = normalise("c", pos, ref, alt, TextReference(c=reference))
    assert apply_change(reference, variant.pos, variant.ref, variant.alt) == haplotype
    assert (variant.chrom, variant.pos, variant.ref, variant.alt) == ("c", *shortest_leftmost(reference, haplotype))


@given(changes())
def test_every_spelling_normalises_to_the_same(change):
    reference, pos, ref, alt = change
    genome = TextReference(c=reference)
    every = spellings(reference, apply_change(reference, pos, ref, alt))
    assert (pos, ref, alt) in every
    assert len({normalise("c", *spelling, genome) for spelling in every}) == 1


@given(changes())
def test_case_does_not_matter(change):
    reference, pos, ref, alt = change
    genome = TextReference(c=reference)
    assert normalise("c", pos, ref.lower(), alt.lower(), genome) == normalise("c", pos, ref, alt, genome)


@given(changes())
def test_normalising_twice_changes_nothing(change):
    reference, pos, ref, alt = change
    genome = TextReference(c=reference)
    once = normalise("c", pos, ref, alt, genome)
    assert normalise(once.chrom, once.pos, once.ref, once.alt, genome) == once


@given(changes(), st.integers(1, 3))
def test_a_shift_stops_at_n(change, unknown):
    """What lies left of an N is as good as absent."""
    reference, pos, ref, alt = change
    alone = normalise("c", pos, ref, alt, TextReference(c=reference))
    copy = reference + "N" * unknown + reference
    offset = len(reference) + unknown
    behind = normalise("c", pos + offset, ref, alt, TextReference(c=copy))
    assert behind == Variant("c", alone.pos + offset, alone.ref, alone.alt)


def test_an_n_in_the_allele_matches_no_n_of_the_reference():
    """Two unknown bases need not be the same base."""
    genome = TextReference(c="TNANAC")
    assert normalise("c", 3, "ANA", "A", genome) == Variant("c", 3, "AN", "")


@pytest.mark.parametrize("unit", ["A", "CA", "ACG"])
@pytest.mark.parametrize("length", [127, 128, 129, 400])
def test_a_shift_crosses_long_repeats(unit, length):
    reference = "T" + (unit * length)[:length] + "T"
    genome = TextReference(c=reference)
    end = 1 + length // len(unit) * len(unit)
    gone = normalise("c", end - len(unit) + 1, reference[end - len(unit) : end], "", genome)
    assert gone == Variant("c", 2, unit, "")
    put = normalise("c", end, reference[end - 1], reference[end - 1] + unit, genome)
    assert put == Variant("c", 2, "", unit)


def test_a_shift_reaches_the_start_of_the_contig():
    genome = TextReference(c="AAAAAT")
    assert normalise("c", 4, "AA", "A", genome) == Variant("c", 1, "A", "")
    assert normalise("c", 5, "A", "AA", genome) == Variant("c", 1, "", "A")


@given(st.text("AC", max_size=6), st.text("AC", max_size=6), st.integers(1, 50))
def test_trim_leaves_nothing_shared(ref, alt, pos):
    new_pos, new_ref, new_alt = trim(pos, ref, alt)
    assert not (new_ref and new_alt and (new_ref[0] == new_alt[0] or new_ref[-1] == new_alt[-1]))
    head, tail = ref[: new_pos - pos], ref[new_pos - pos + len(new_ref) :]
    assert head + new_ref + tail == ref
    assert head + new_alt + tail == alt


def test_trim_takes_the_suffix_first():
    assert trim(10, "AAA", "AA") == (10, "A", "")
    assert trim(10, "CAG", "CG") == (11, "A", "")


def test_a_change_of_both_alleles_stays():
    variant = Variant("c", 3, "AC", "T")
    assert left_align(variant, TextReference(c="ACACACAC")) is variant


@pytest.mark.parametrize(
    ("variant", "start", "end", "size", "touched"),
    [
        (Variant("c", 5, "A", "G"), 4, 5, 1, (4, 5)),
        (Variant("c", 5, "ACG", ""), 4, 7, 3, (4, 7)),
        (Variant("c", 5, "", "TT"), 4, 4, 2, (3, 5)),
        (Variant("c", 1, "", "TT"), 0, 0, 2, (0, 1)),
        (Variant("c", 5, "AC", "GTTT"), 4, 6, 4, (4, 6)),
    ],
)
def test_spans(variant, start, end, size, touched):
    assert (variant.start, variant.end, variant.size, variant.touched) == (start, end, size, touched)


@pytest.mark.parametrize(
    ("ref", "alt", "status"),
    [
        ("A", "C", Status.OK),
        ("a", "cGt", Status.OK),
        ("N", "C", Status.OK),
        ("R", "C", Status.OK),
        ("A", ".", Status.NO_ALT),
        ("A", "<*>", Status.NO_ALT),
        ("A", "<NON_REF>", Status.NO_ALT),
        ("A", "*", Status.STAR),
        ("A", "<DEL>", Status.SYMBOLIC),
        ("A", "<DUP:TANDEM>", Status.SYMBOLIC),
        ("A", "<INS:ME:ALU>", Status.SYMBOLIC),
        ("G", "G]17:198982]", Status.BREAKEND),
        ("T", "]13:123456]T", Status.BREAKEND),
        ("C", "C[<ctg1>:7[", Status.BREAKEND),
        ("A", ".A", Status.BREAKEND),
        ("A", "A.", Status.BREAKEND),
        ("A", "N", Status.AMBIGUOUS_ALT),
        ("A", "ACR", Status.AMBIGUOUS_ALT),
        ("A", "", Status.BAD_ALLELE),
        ("", "A", Status.BAD_ALLELE),
        ("A", "X", Status.BAD_ALLELE),
        ("A", "A C", Status.BAD_ALLELE),
        ("A", "A\n", Status.BAD_ALLELE),
        ("A", "A*", Status.BAD_ALLELE),
        ("A", "<DEL", Status.BAD_ALLELE),
        ("A", "1", Status.BAD_ALLELE),
        (".", "A", Status.BAD_ALLELE),
        ("<A>", "C", Status.BAD_ALLELE),
    ],
)
def test_what_an_allele_says(ref, alt, status):
    assert status_of_alt(ref, alt) is status
