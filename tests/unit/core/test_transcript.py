"""The part of a transcript in which a change lies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.core.transcript import SPLICE_BASES, Transcript, TranscriptRegion

EXONS = ((100, 150), (200, 260), (400, 450))
FORWARD = Transcript("+", EXONS, (120, 410))
REVERSE = Transcript("-", EXONS, (120, 410))


@pytest.mark.parametrize(
    ("base", "forward", "reverse"),
    [
        (0, "upstream", "downstream"),
        (99, "upstream", "downstream"),
        (100, "UTR5", "UTR3"),
        (119, "UTR5", "UTR3"),
        (120, "CDS", "CDS"),
        (149, "CDS", "CDS"),
        (150, "splice", "splice"),
        (157, "splice", "splice"),
        (158, "intron", "intron"),
        (191, "intron", "intron"),
        (192, "splice", "splice"),
        (199, "splice", "splice"),
        (200, "CDS", "CDS"),
        (409, "CDS", "CDS"),
        (410, "UTR3", "UTR5"),
        (449, "UTR3", "UTR5"),
        (450, "downstream", "upstream"),
    ],
)
def test_one_base(base, forward, reverse):
    assert FORWARD.region(base, base + 1) == forward
    assert REVERSE.region(base, base + 1) == reverse


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(90, 130, "CDS"), (110, 119, "UTR5"), (140, 160, "CDS"), (150, 170, "splice"), (160, 190, "intron"),
     (90, 101, "UTR5"), (0, 1_000, "CDS"), (160, 195, "splice")],
)  # fmt: skip
def test_a_span_has_what_matters_most(start, end, expected):
    assert FORWARD.region(start, end) == expected


def test_what_codes_for_nothing_has_exons():
    assert Transcript("+", EXONS).region(120, 121) == "exon"
    assert Transcript("-", EXONS).region(99, 100) == "downstream"


def slow_region(transcript, base):
    """Said base by base from the definition."""
    forward = transcript.strand == "+"
    in_exon = any(first <= base < last for first, last in transcript.exons)
    if base < transcript.exons[0][0]:
        return "upstream" if forward else "downstream"
    if base >= transcript.exons[-1][1]:
        return "downstream" if forward else "upstream"
    if not in_exon:
        near = any(
            first <= other < last
            for other in range(base - SPLICE_BASES, base + SPLICE_BASES + 1)
            for first, last in transcript.exons
        )
        return "splice" if near else "intron"
    if transcript.coding is None:
        return "exon"
    if transcript.coding[0] <= base < transcript.coding[1]:
        return "CDS"
    return "UTR5" if (base < transcript.coding[0]) == forward else "UTR3"


@given(st.lists(st.integers(0, 120), min_size=4, max_size=8, unique=True), st.booleans(), st.booleans(), st.data())
def test_spans_against_single_bases(borders, forward, codes, data):
    borders = sorted(borders)[: len(borders) // 2 * 2]
    exons = tuple(zip(borders[::2], borders[1::2], strict=True))
    coding = (borders[0] + 1, borders[-1]) if codes and borders[-1] > borders[0] + 1 else None
    transcript = Transcript("+" if forward else "-", exons, coding)
    start = data.draw(st.integers(-5, 125))
    end = data.draw(st.integers(start + 1, start + 60))
    order = [str(region) for region in TranscriptRegion]
    assert transcript.region(start, end) == min(
        (slow_region(transcript, base) for base in range(start, end)), key=order.index
    )
