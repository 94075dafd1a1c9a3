"""Counts and shares become shares; what is neither is told with its line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.datasets.position_matrix import frequencies_of, parse_numbers
from varbind.errors import InputError


@given(st.lists(st.lists(st.integers(0, 10**6), min_size=4, max_size=4).filter(any), min_size=1, max_size=9))
def test_every_position_is_brought_to_one(rows):
    shares = frequencies_of(np.array(rows, dtype=float), [1] * len(rows), "M", "in")
    assert shares.sum(axis=1) == pytest.approx(1)
    assert np.argmax(shares, axis=1).tolist() == np.argmax(rows, axis=1).tolist()


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([[1, 0, 0, 0], [0, 0, 0, 0]], "in:8: the matrix M holds a column without counts or shares: position 2 has 0"),
        ([[1, 0, 0, 0], [2, -1, 0, 0]], "in:8: .* position 2 has 2, -1, 0, 0; give counts or shares .* not log-odds"),
    ],
)
def test_what_is_no_count_is_told(rows, text):
    with pytest.raises(InputError, match=text):
        frequencies_of(np.array(rows, dtype=float), [7, 8], "M", "in")


def test_numbers():
    assert parse_numbers(["1", "2.5", "1e-3"], "in", 1) == (1, 2.5, 0.001)
    for word in ("x", "nan", "inf", ""):
        with pytest.raises(InputError, match=f"in:4: .*found '{word}', expected a number"):
            parse_numbers(["1", word], "in", 4)
