"""The first pieces are held back until the reference is known to fit."""

import pytest

from varbind.annotate import inputs as module
from varbind.annotate.counts import AnnotationCounts
from varbind.annotate.genome_build import Builds
from varbind.annotate.inputs import preflight
from varbind.annotate.record_stream import Piece
from varbind.core.contigs import ContigNames
from varbind.errors import ResourceError

UNKNOWN = Builds("", "")


def run(outcomes, *, size=0, allow=False, contig="chr1", names=None):
    """Pieces 0, 1, ...; reading piece i compares one REF, which differs where outcomes[i] is false."""
    counts = AnnotationCounts()
    names = names or ContigNames({"chr1": 100})
    read = []

    lines = b"x" * size

    def pieces():
        for number, agrees in enumerate(outcomes):
            names.resolve(contig)
            if names.resolve(contig) is None:
                counts.missing_contigs[contig] += 1
            else:
                counts.checked_ref += 1
                counts.mismatched_ref += not agrees
            read.append(number)
            yield Piece(lines, number)

    stream = preflight(
        pieces(),
        counts,
        names=names,
        declared={},
        reference_contigs={"chr1": 9},
        builds=UNKNOWN,
        allow_ref_mismatch=allow,
    )
    return (piece.n_records for piece in stream), read


def test_all_pieces_come_in_order():
    stream, read = run([True] * 2_500)
    assert len(read) == 1_000
    assert list(stream) == list(range(2_500))


@pytest.mark.parametrize(("good", "bad", "stops"), [(0, 9, False), (0, 10, True), (90, 10, False), (89, 10, True)])
def test_the_rule(good, bad, stops):
    outcomes = [True] * good + [False] * bad
    if stops:
        with pytest.raises(ResourceError, match=f"wrong genome build. {bad} of {good + bad} REF"):
            run(outcomes)
        assert list(run(outcomes, allow=True)[0]) == list(range(len(outcomes)))
    else:
        assert list(run(outcomes)[0]) == list(range(len(outcomes)))


@pytest.mark.parametrize(("bad", "swapped", "hint"), [(10, 5, False), (10, 6, True), (40, 40, True), (40, 13, False)])
def test_a_hint_where_ref_and_alt_are_swapped(bad, swapped, hint):
    counts = AnnotationCounts(checked_ref=50, mismatched_ref=bad, swapped_ref=swapped)
    with pytest.raises(ResourceError, match=f"wrong genome build. {bad} of 50 REF differ") as caught:
        preflight(
            [],
            counts,
            names=ContigNames({}),
            declared={},
            reference_contigs={},
            builds=UNKNOWN,
            allow_ref_mismatch=False,
        )
    assert (f"in {swapped} of these ALT is what the reference has" in str(caught.value)) == hint
    assert ("bcftools norm --check-ref s" in str(caught.value)) == hint
    assert "give the FASTA on which the variants were called with -f, or --allow-ref-mismatch" in str(caught.value)


@pytest.mark.parametrize(
    ("declared", "contigs", "expected"),
    [
        ({"chr1": 248_956_422}, {"1": 249_250_621}, "which is GRCh37; give the FASTA of GRCh38 with -f"),
        ({}, {"1": 249_250_621}, "which is GRCh37; give the FASTA on which the variants were called with -f"),
        ({"chr1": 248_956_422}, {"1": 5_000}, "the reference; give the FASTA of GRCh38 with -f"),
    ],
)
def test_a_wrong_build_is_named_where_the_lengths_show_it(declared, contigs, expected):
    counts = AnnotationCounts(checked_ref=50, mismatched_ref=40)
    with pytest.raises(ResourceError, match=r"wrong genome build. 40 of 50 REF differ") as caught:
        preflight(
            [],
            counts,
            names=ContigNames({}),
            declared=declared,
            reference_contigs=contigs,
            builds=Builds.of(declared, contigs),
            allow_ref_mismatch=False,
        )
    assert expected in str(caught.value)


def test_what_comes_later_is_not_judged():
    stream, _ = run([True] * 1_000 + [False] * 1_000)
    assert len(list(stream)) == 2_000


def test_bytes_are_bounded():
    _, read = run([True] * 500, size=module.HELD_BYTES // 10)
    assert len(read) == 10


def test_no_contig_is_shared():
    with pytest.raises(ResourceError, match=r"the VCF says 'NC_1', the reference 'chr1'"):
        run([True], contig="NC_1")
    with pytest.raises(ResourceError, match=r"the VCF says 'NC_1', the reference 'chr1'"):
        run([True], contig="NC_1", allow=True)


def test_nothing_at_all_is_fine():
    assert list(run([])[0]) == []
