"""Counts add up, and the sentence and the JSON say them all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.annotate.counts import Tally
from varbind.core.variant import Status

records = st.lists(st.lists(st.sampled_from(list(Status)), min_size=1, max_size=4), max_size=30)


@given(records)
def test_every_allele_is_counted_once(records):
    tally = Tally()
    for statuses in records:
        tally.count_alleles(statuses)
    every = [status for statuses in records for status in statuses]
    assert sum(tally.alleles.values()) == len(every)
    assert tally.scored == every.count(Status.OK)
    data = json.loads(json.dumps(tally.as_json()))
    assert data["alleles"] == {status.value: every.count(status) for status in set(every)}
    assert data["alleles_scored"] == tally.scored
    for status in Status:
        named = f"{status} {every.count(status):,}" in tally.sentence()
        assert named == (status in every and status != Status.OK)


def test_the_sentence():
    tally = Tally(records_read=12345, records_written=12345, records_outside=1200, records_without_alt=3)
    tally.count_alleles([Status.OK] * 1001 + [Status.STAR] * 2 + [Status.BREAKEND])
    assert tally.sentence() == (
        "12,345 records read, 12,345 written; 1,001 alleles scored; not scored: breakend 1, star 2; "
        "1,200 records outside promoters; 3 records without an alternate allele"
    )
    assert Tally().sentence() == "0 records read, 0 written; 0 alleles scored"


def test_json_holds_every_count():
    tally = Tally(1, 2, 8, 3, 4, padded=5, checked_ref=6, mismatched_ref=7)
    tally.missing_contigs.update(["z", "a", "z"])
    data = tally.as_json()
    counts = ["records_read", "records_written", "records_reread", "records_outside", "records_without_alt"]
    counts += ["alleles_padded", "ref_checked", "ref_mismatched"]
    assert [data[key] for key in counts] == [1, 2, 8, 3, 4, 5, 6, 7]
    assert list(data["missing_contigs"].items()) == [("a", 1), ("z", 2)]
    assert data["alleles"] == {}


def test_two_tallies_share_nothing():
    one, other = Tally(), Tally()
    one.count_alleles([Status.OK])
    one.missing_contigs["1"] += 1
    assert other == Tally()


@pytest.mark.parametrize(("wrong", "swapped", "looks"), [(0, 0, False), (1, 1, True), (4, 2, False), (5, 3, True)])
def test_most_that_differ_look_swapped(wrong, swapped, looks):
    assert Tally(mismatched_ref=wrong, swapped_ref=swapped).looks_swapped == looks
