"""Counts add up, and the sentence and the JSON say them all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.annotate.counts import AnnotationCounts
from varbind.core.variant import Status

records = st.lists(st.lists(st.sampled_from(list(Status)), min_size=1, max_size=4), max_size=30)


@given(records)
def test_every_allele_is_counted_once(records):
    counts = AnnotationCounts()
    for statuses in records:
        counts.count_alleles(statuses)
    every = [status for statuses in records for status in statuses]
    assert sum(counts.alleles.values()) == len(every)
    assert counts.scored == every.count(Status.OK)
    data = json.loads(json.dumps(counts.as_json()))
    assert data["alleles"] == {status.value: every.count(status) for status in set(every)}
    assert data["alleles_scored"] == counts.scored
    for status in Status:
        named = f"{status} {every.count(status):,}" in counts.sentence()
        assert named == (status in every and status != Status.OK)


def test_the_sentence():
    counts = AnnotationCounts(records_read=12345, records_written=12345, records_outside=1200, records_without_alt=3)
    counts.count_alleles([Status.OK] * 1001 + [Status.STAR] * 2 + [Status.BREAKEND])
    assert counts.sentence() == (
        "12,345 records read, 12,345 written; 1,001 alleles scored; not scored: breakend 1, star 2; "
        "1,200 records outside promoters; 3 records without an alternate allele"
    )
    assert AnnotationCounts().sentence() == "0 records read, 0 written; 0 alleles scored"


def test_json_holds_every_count():
    counts = AnnotationCounts(1, 2, 8, 3, 4, padded=5, checked_ref=6, mismatched_ref=7)
    counts.missing_contigs.update(["z", "a", "z"])
    data = counts.as_json()
    names = ["records_read", "records_written", "records_reread", "records_outside", "records_without_alt"]
    names += ["alleles_padded", "ref_checked", "ref_mismatched"]
    assert [data[key] for key in names] == [1, 2, 8, 3, 4, 5, 6, 7]
    assert list(data["missing_contigs"].items()) == [("a", 1), ("z", 2)]
    assert data["alleles"] == {}


def test_two_counts_share_nothing():
    one, other = AnnotationCounts(), AnnotationCounts()
    one.count_alleles([Status.OK])
    one.missing_contigs["1"] += 1
    assert other == AnnotationCounts()


@pytest.mark.parametrize(("wrong", "swapped", "looks"), [(0, 0, False), (1, 1, True), (4, 2, False), (5, 3, True)])
def test_most_that_differ_look_swapped(wrong, swapped, looks):
    assert AnnotationCounts(mismatched_ref=wrong, swapped_ref=swapped).looks_swapped == looks


def test_the_counts_are_a_table():
    counts = AnnotationCounts(records_read=5)
    counts.count_alleles([Status.OK, Status.OK, Status.STAR])
    counts.missing_contigs["chrUn"] += 1
    frame = counts.to_frame()
    values = dict(zip(frame["count"], frame["value"], strict=True))
    assert (values["records_read"], values["alleles_ok"], values["alleles_star"]) == (5, 2, 1)
    assert values["missing_contigs_chrUn"] == 1
