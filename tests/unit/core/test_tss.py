"""The index of starts agrees with a walk over all starts and all touched bases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.core.tss import Promoter, TranscriptionStart, TssIndex
from varbind.core.variant import Variant

REACH = 30

starts = st.lists(
    st.builds(
        TranscriptionStart,
        contig=st.sampled_from(["c", "d"]),
        pos=st.integers(1, REACH),
        strand=st.sampled_from("+-"),
        symbol=st.sampled_from("ABCDE"),
        gene_id=st.sampled_from(["", "id"]),
    ),
    max_size=12,
)
variants = st.builds(
    lambda pos, removed, inserted: Variant("c", pos, "A" * removed, "C" * (inserted or not removed)),
    st.integers(1, REACH),
    st.integers(0, 6),
    st.integers(0, 3),
)
promoters = st.builds(Promoter, st.integers(0, 30), st.integers(0, 30))


def offsets(tss, variant):
    """Signed offset of every touched base, counted base by base."""
    first, last = variant.touched
    sign = 1 if tss.strand == "+" else -1
    return [sign * (base + 1 - tss.pos) for base in range(first, last)]


def nearest_offsets(tss, variant):
    """Signed offsets of the touched base, or bases, closest to a start."""
    found = offsets(tss, variant)
    return min(map(abs, found))


def oracle(candidates, variant):
    """(symbol, gene_id, absolute distance) of each gene, in the order that is promised."""
    best = {}
    for tss in candidates:
        gene = tss.symbol, tss.gene_id
        best[gene] = min(best.get(gene, REACH * 9), nearest_offsets(tss, variant))
    return sorted((distance, *gene) for gene, distance in best.items())


def found(hits):
    return sorted((abs(hit.distance), hit.tss.symbol, hit.tss.gene_id) for hit in hits)


@given(starts, variants, promoters)
def test_promoters_at_is_the_walk_over_all_starts(starts, variant, promoter):
    hits = TssIndex(starts).promoters_at("c", variant, promoter)
    inside = [
        tss
        for tss in starts
        if tss.contig == "c"
        and any(-promoter.upstream <= offset <= promoter.downstream for offset in offsets(tss, variant))
    ]
    assert found(hits) == oracle(inside, variant)
    assert [(abs(hit.distance), hit.tss.symbol) for hit in hits] == [row[:2] for row in oracle(inside, variant)]
    assert all(hit.tss in inside for hit in hits)
    assert all(hit.distance in offsets(hit.tss, variant) for hit in hits)


@given(starts, variants)
def test_nearest_is_the_walk_over_all_starts(starts, variant):
    hits = TssIndex(starts).nearest("c", variant)
    everything = [tss for tss in starts if tss.contig == "c"]
    closest = min((nearest_offsets(tss, variant) for tss in everything), default=None)
    at_it = [tss for tss in everything if nearest_offsets(tss, variant) == closest]
    assert found(hits) == oracle(at_it, variant)
    assert [hit.tss.symbol for hit in hits] == sorted(tss_symbol for _, tss_symbol, _ in found(hits))
    assert all(hit.distance in offsets(hit.tss, variant) for hit in hits)


@given(starts, st.lists(variants, min_size=1, max_size=9), promoters)
def test_many_spans_are_near_where_each_is(starts, variants, promoter):
    index = TssIndex(starts)
    first, last = np.array([variant.touched for variant in variants]).T
    for contig in ("c", "d", "absent"):
        expected = [index.near_promoter(contig, *variant.touched, promoter) for variant in variants]
        assert index.are_near_promoters(contig, first, last, promoter).tolist() == expected


@given(starts, variants, promoters)
def test_near_promoter_never_misses_a_promoter(starts, variant, promoter):
    index, reach = TssIndex(starts), max(promoter.upstream, promoter.downstream)
    near = index.near_promoter("c", *variant.touched, promoter)
    assert near == any(tss.contig == "c" and nearest_offsets(tss, variant) <= reach for tss in starts)
    assert near or not index.promoters_at("c", variant, promoter)


@given(starts.filter(bool), variants)
def test_the_other_strand_of_the_genome_gives_the_same_distances(starts, variant):
    first, last = variant.touched
    length = 2 * REACH
    for tss in starts:
        other = TranscriptionStart("c", length + 1 - tss.pos, "-" if tss.strand == "+" else "+", "A")
        assert other.distance(length - last, length - first) == tss.distance(first, last)


@pytest.mark.parametrize(
    ("strand", "pos", "ref", "distance"),
    [
        ("+", 100, "A", 0),
        ("+", 99, "A", -1),
        ("+", 101, "A", 1),
        ("-", 99, "A", 1),
        ("-", 101, "A", -1),
        ("+", 90, "A" * 10, -1),  # 90..99
        ("+", 90, "A" * 11, 0),  # 90..100
        ("-", 101, "AAA", -1),
        ("+", 100, "", 0),  # between 99 and 100
        ("+", 101, "", 0),  # between 100 and 101
        ("+", 102, "", 1),  # between 101 and 102
        ("-", 102, "", -1),
        ("+", 99, "", -1),  # between 98 and 99
    ],
)
def test_distance_by_hand(strand, pos, ref, distance):
    tss = TranscriptionStart("c", 100, strand, "A")
    assert tss.distance(*Variant("c", pos, ref, "" if ref else "G").touched) == distance


@pytest.mark.parametrize(
    ("strand", "inside", "outside"),
    [("+", (90, 105), (89, 106)), ("-", (95, 110), (94, 111))],
)
def test_both_ends_of_a_promoter_belong_to_it(strand, inside, outside):
    index, promoter = TssIndex([TranscriptionStart("c", 100, strand, "A")]), Promoter(10, 5)
    assert all(index.promoters_at("c", Variant("c", pos, "A", "C"), promoter) for pos in inside)
    assert not any(index.promoters_at("c", Variant("c", pos, "A", "C"), promoter) for pos in outside)


def test_equal_distances_are_ordered_by_symbol():
    index = TssIndex([TranscriptionStart("c", pos, "+", name) for pos, name in [(90, "Z"), (110, "B")]])
    variant = Variant("c", 100, "A", "C")
    assert [(hit.tss.symbol, hit.distance) for hit in index.nearest("c", variant)] == [("B", -10), ("Z", 10)]
    hits = index.promoters_at("c", variant, Promoter(10, 10))
    assert [hit.tss.symbol for hit in hits] == ["B", "Z"]


def test_a_deletion_over_several_starts_is_nearest_to_all_of_them():
    index = TssIndex(
        [TranscriptionStart("c", pos, "+", name) for name, pos in zip("DCBA", (9, 10, 12, 13), strict=True)]
    )
    hits = index.nearest("c", Variant("c", 10, "AAA", ""))  # 10..12
    assert [(hit.tss.symbol, hit.distance) for hit in hits] == [("B", 0), ("C", 0)]


def test_a_gene_with_several_starts_is_listed_once_with_its_nearest():
    starts = [TranscriptionStart("c", pos, "+", "A", "g", f"t{pos}") for pos in (90, 97, 120)]
    (hit,) = TssIndex(starts).promoters_at("c", Variant("c", 100, "A", "C"), Promoter(50, 50))
    assert (hit.tss.transcript_id, hit.distance) == ("t97", 3)


def test_equal_starts_count_once_and_the_first_stays():
    starts = [TranscriptionStart("c", 5, "+", "A", "g", name) for name in ("best", "other")]
    index = TssIndex(starts)
    assert len(index) == 1
    assert index.nearest("c", Variant("c", 5, "A", "C"))[0].tss.transcript_id == "best"


def test_an_unknown_contig_has_no_start():
    index = TssIndex([TranscriptionStart("d", 5, "+", "A"), TranscriptionStart("b", 5, "+", "A")])
    variant = Variant("x", 5, "A", "C")
    assert index.contigs == ("b", "d")
    assert index.nearest("x", variant) == []
    assert index.promoters_at("x", variant, Promoter()) == []
    assert not index.near_promoter("x", 4, 5, Promoter())


@given(starts, st.integers(0, REACH + 1))
def test_beyond_is_the_walk_over_all_starts(starts, length):
    index = TssIndex(starts)
    on_contig = [tss for tss in index if tss.contig == "c"]
    assert index.count("c") == len(on_contig)
    assert index.beyond("c", length) == [tss for tss in on_contig if tss.pos > length]
    assert index.beyond("absent", length) == []
    assert len(list(index)) == len(index)
