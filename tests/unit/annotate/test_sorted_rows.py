"""Rows that are sorted and cut on the way."""

import random
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.annotate import sorted_rows
from varbind.annotate.sorted_rows import SortedRows

COLUMNS = [("place", int)]


def places(rows, **options):
    """The places of rows (value, scored) in the table."""
    made = SortedRows(COLUMNS, options.get("top"))
    for place, (value, scored) in enumerate(rows):
        made.add((str(place),), value, scored=scored)
    assert made.added == len(rows)
    return [int(place) for place in made.table()["place"]]


@given(
    rows=st.lists(st.tuples(st.sampled_from([nan, -1.0, 0.0, 1.0, 2.0]), st.booleans()), max_size=60),
    top=st.one_of(st.none(), st.integers(1, 70)),
    slack=st.integers(1, 5),
)
def test_the_largest_first_missing_and_unscored_last_ties_in_order(rows, top, slack):
    def key(place):
        value, scored = rows[place]
        return (
            (0 if value == value else 1, -value if value == value else 0)
            if scored
            else (2, 0 if value != value else -value)
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorted_rows, "_ROWS_AT_ONCE", slack)
        assert places(rows, top=top) == sorted(range(len(rows)), key=key)[:top]


@pytest.mark.parametrize("order", ["random", "ascending", "descending", "equal"])
def test_memory_is_bounded_with_top(monkeypatch, order):
    held = []
    monkeypatch.setattr(sorted_rows, "_ROWS_AT_ONCE", 10)
    pack = SortedRows._pack
    monkeypatch.setattr(
        SortedRows, "_pack", lambda self: (held.append(sum(map(len, [*self._frames, self._rows]))), pack(self))
    )
    values = [random.Random(1).random() for _ in range(500)]
    values = {
        "random": values,
        "ascending": sorted(values),
        "descending": sorted(values, reverse=True),
        "equal": [0.5] * 500,
    }[order]
    found = places([(value, True) for value in values], top=5)
    assert found == sorted(range(500), key=lambda place: -values[place])[:5]
    assert max(held) <= 2 * 5 + 2 * 10
    # Once the first rows are known, rows that cannot be among them are not held at all.
    assert len(held) < 10 if order in {"descending", "equal"} else len(held) > 1


def test_few_rows_wanted_are_few_rows_held():
    assert SortedRows(COLUMNS, 5)._at_once == sorted_rows._FEWEST_AT_ONCE
    assert SortedRows(COLUMNS, 3000)._at_once == 3000
    assert SortedRows(COLUMNS, None)._at_once == SortedRows(COLUMNS, 1 << 20)._at_once == sorted_rows._ROWS_AT_ONCE


def test_values_that_are_equal_in_single_precision_only_are_told_apart():
    """As the distances of two alleles from a transcription start may be."""
    near, far = -16_777_216.0, -16_777_217.0
    assert places([(far, True), (near, True)]) == [1, 0]
