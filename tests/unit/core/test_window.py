"""Both alleles stand between the same flanks, wherever the contig ends."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import TextReference

from varbind.core.sequence import decode, encode
from varbind.core.variant import Variant
from varbind.core.window import central, cut_window, cut_windows, flank_of


@st.composite
def placed(draw):
    """A contig and a variant somewhere on it."""
    contig = draw(st.text("ACGT", min_size=1, max_size=30))
    start = draw(st.integers(0, len(contig)))
    end = draw(st.integers(start, len(contig)))
    return contig, Variant("c", start + 1, contig[start:end], draw(st.text("ACGT", max_size=5)))


@given(placed(), st.integers(0, 40))
def test_alleles_between_equal_flanks(case, flank):
    contig, variant = case
    window = cut_window(variant, flank, TextReference(c=contig))
    around = "N" * flank + contig + "N" * flank
    left, right = around[variant.start : variant.start + flank], around[variant.end + flank : variant.end + 2 * flank]
    assert decode(window.ref) == left + variant.ref + right
    assert decode(window.alt) == left + variant.alt + right
    assert window.padded == (variant.start - flank < 0 or variant.end + flank > len(contig))
    assert window.padded == ("N" in left + right)


@given(st.lists(placed(), max_size=5), st.integers(0, 20))
def test_many_are_cut_as_each_alone(cases, flank):
    contigs = {f"c{number}": contig for number, (contig, _) in enumerate(cases)}
    variants = [replace(variant, chrom=chrom) for chrom, (_, variant) in zip(contigs, cases, strict=True)]
    reference = TextReference(**contigs)
    together = cut_windows(variants, flank, reference)
    alone = [cut_window(variant, flank, reference) for variant in variants]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_array_equal(one.ref, other.ref)
        np.testing.assert_array_equal(one.alt, other.alt)
        assert one.padded == other.padded


@given(placed(), st.integers(0, 20), st.integers(0, 20))
def test_inner_is_a_window_with_smaller_flanks(case, flank, margin):
    contig, variant = case
    reference = TextReference(c=contig)
    inner = cut_window(variant, flank + margin, reference).inner(margin)
    smaller = cut_window(variant, flank, reference)
    np.testing.assert_array_equal(inner.ref, smaller.ref)
    np.testing.assert_array_equal(inner.alt, smaller.alt)


@pytest.mark.parametrize("window", [25, 31, 51, 101])
def test_lengths_by_kind(window):
    reference = TextReference(c="ACGT" * 100)
    flank = flank_of(window)
    snv = cut_window(Variant("c", 201, "A", "G"), flank, reference)
    assert (len(snv.ref), len(snv.alt)) == (window, window)
    insertion = cut_window(Variant("c", 201, "", "GGG"), flank, reference)
    assert (len(insertion.ref), len(insertion.alt)) == (2 * flank, 2 * flank + 3)
    deletion = cut_window(Variant("c", 201, "AC", ""), flank, reference)
    assert (len(deletion.ref), len(deletion.alt)) == (2 * flank + 2, 2 * flank)


@pytest.mark.parametrize(("window", "flank"), [(1, 0), (2, 0), (3, 1), (30, 14), (31, 15), (101, 50)])
def test_a_flank_is_never_longer_than_the_model_reads(window, flank):
    assert flank_of(window) == flank


def test_ambiguous_reference_bases_are_n():
    window = cut_window(Variant("c", 3, "A", "C"), 2, TextReference(c="RYAKM"))
    assert (decode(window.ref), decode(window.alt), window.padded) == ("NNANN", "NNCNN", False)


@pytest.mark.parametrize(
    ("length", "expected"), [(1, "G"), (2, "GT"), (3, "CGT"), (4, "CGTA"), (5, "ACGTA"), (6, "ACGTAN"), (7, "NACGTAN")]
)
def test_the_central_bases(length, expected):
    """The extra base is on the right; what a sequence lacks is N."""
    assert decode(central(encode("ACGTA")[None], length)[0]) == expected
