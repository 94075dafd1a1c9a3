"""Rows of numbers under names: which way they are read is told by their letters and their number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.datasets.count_matrices import row_matrices
from varbind.errors import InputError

COUNTS = np.array([[18, 1, 1, 0], [2, 14, 2, 2], [5, 5, 5, 5], [0, 0, 20, 0], [1, 1, 1, 17]])
SHARES = COUNTS / COUNTS.sum(axis=1, keepdims=True)


def matrices(*lines):
    return list(row_matrices([(n, text) for n, text in enumerate(lines, 1) if text], "in"))


def rows(counts, between=" "):
    return [between.join(map(str, row)) for row in counts]


def lettered(counts, form="{} [ {} ]", letters="ACGT"):
    return [form.format(letter, " ".join(map(str, row))) for letter, row in zip(letters, counts.T, strict=True)]


@pytest.mark.parametrize(
    "lines",
    [
        [">M", *lettered(COUNTS)],
        [">M", *lettered(COUNTS, "{}[{}]")],
        [">M", *lettered(COUNTS, "{}| {}")],
        [">M", *lettered(COUNTS, "{} | {}")],
        [">M", *lettered(COUNTS, "{}: {}")],
        [">M", *lettered(COUNTS, "{} {}")],
        [">M", *lettered(COUNTS, "{}\t{}")],
        [">M", *lettered(COUNTS, letters="acgt")],
        [">M", *lettered(COUNTS, letters="ACGU")],
        [">M", *reversed(lettered(COUNTS))],
        [">M", *rows(COUNTS.T)],
        [">M", *rows(COUNTS.T, "\t")],
        [">M", *(f"[ {row} ]" for row in rows(COUNTS.T))],
        ["; comment of RSAT", *lettered(COUNTS, "{}| {}"), "//"],
        rows(COUNTS.T),
        [">M", *rows(COUNTS)],
        [">M", *rows(COUNTS, "\t")],
        rows(COUNTS),
    ],
)
def test_every_form_gives_the_same_shares(lines):
    (found,) = matrices(*lines)
    np.testing.assert_allclose(found.shares, SHARES, rtol=1e-12)


@given(st.integers(1, 30).filter(lambda width: width != 4), st.integers(0, 2**32 - 1))
def test_both_ways_of_writing_a_matrix_are_one_matrix(width, seed):
    counts = np.random.default_rng(seed).integers(1, 99, (width, 4))
    found = matrices(">A", *rows(counts), ">B", *rows(counts.T), ">C", *lettered(counts))
    assert len({matrix.shares.tobytes() for matrix in found}) == 1


def test_four_by_four_without_letters_is_refused_unless_something_tells():
    four = COUNTS[[0, 1, 3, 4]]
    expected = four / four.sum(axis=1, keepdims=True)
    for lines in ([">M", *rows(four)], rows(four), [">A", *rows(COUNTS), ">B", *rows(COUNTS.T), ">M", *rows(four)]):
        with pytest.raises(InputError, match="may be positions or bases; begin the rows with A, C, G and T, or give M"):
            matrices(*lines)
    for lines in (
        [">M", *lettered(four)],
        [">CANG\tM\t5.1", *rows(four, "\t")],
        [">M", *rows(four), ">B", *rows(COUNTS)],
        [">M", *rows(four.T), ">B", *rows(COUNTS.T)],
    ):
        np.testing.assert_allclose(matrices(*lines)[0].shares, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("header", "form", "names"),
    [
        (">MA1.1 FOO", lettered, ("MA1.1", "MA1.1 FOO", "FOO")),
        (">MA1.1\tFOO", lettered, ("MA1.1", "MA1.1 FOO", "FOO")),
        (">MA1.1 FOO", rows, ("MA1.1 FOO", "MA1.1", "FOO")),
        (">MA1.1\tFOO", rows, ("MA1.1", "MA1.1 FOO", "FOO")),
        ("> AHR", rows, ("AHR",)),
        (">CACGTG\tMax(bHLH)/x/Homer\t6.5\t-1e3\t0", rows, ("Max(bHLH)/x/Homer", "CACGTG")),
        (">CACGTG\t1-CACGTG,BestGuess:Max\t8.05\t-23791.5\t0\tT:1(4%)", rows, ("1-CACGTG,BestGuess:Max", "CACGTG")),
    ],
)
def test_names(header, form, names):
    assert matrices(header, *form(COUNTS))[0].names == names


def test_without_a_name_there_is_none():
    assert matrices(*rows(COUNTS))[0].names == ()


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([">M", *rows(COUNTS.T)[:3]], "in:1: the matrix M has 3 rows of 5 numbers, expected four rows"),
        ([">M", *rows(COUNTS.T), "1 2 3 4 5"], "in:1: the matrix M has 5 rows of 5 numbers"),
        ([">M", *rows(COUNTS), "1 2 3"], "in:7: .*the row has 3 numbers, expected 4 as in line 2"),
        ([">M", "", ">N", *rows(COUNTS)], "in:1: the matrix M has no rows"),
        ([">M", *rows(COUNTS), ">N"], "in:7: the matrix N has no rows"),
        ([">M", *lettered(COUNTS)[:3]], "in:1: the matrix M has rows of A, C, G, expected A, C, G and T; .*cut off"),
        ([">M", *lettered(COUNTS), *lettered(COUNTS)], "in:6: a second row A in the matrix M"),
        ([">M", *lettered(COUNTS)[:3], *rows(COUNTS.T)[3:]], "in:5: a row without a letter in the matrix M"),
        ([">M", "A [ ]", "C [ ]", "G [ ]", "T [ ]"], "in:2: .*the row has 0 numbers, expected some"),
        ([*rows(COUNTS), "", *rows(COUNTS)], "in:7: a second matrix starts here without a name"),
        ([">M", *rows(COUNTS), "name", *rows(COUNTS)], "in:7: .*found 'name', expected a number"),
        ([">M", "1.5 -2 0.3 0.1"], "in:2: .*not log-odds"),
    ],
)
def test_what_makes_no_matrix_is_told_with_its_line(lines, text):
    with pytest.raises(InputError, match=text):
        matrices(*lines)
