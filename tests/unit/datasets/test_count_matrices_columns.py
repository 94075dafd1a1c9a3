"""Matrices whose columns a line names."""

import numpy as np
import pytest

from varbind.datasets.count_matrices import column_matrices, has_column_header
from varbind.errors import InputError

COUNTS = np.array([[9, 0, 0, 1], [0, 8, 2, 0], [4, 3, 2, 1]])
SHARES = COUNTS / COUNTS.sum(axis=1, keepdims=True)
NUMBERED = ["\t".join(map(str, [n, *row])) for n, row in enumerate(COUNTS, 1)]


def matrices(*lines):
    numbered = [(n, text) for n, text in enumerate(lines, 1) if text]
    assert has_column_header(numbered)
    return list(column_matrices(numbered, "in"))


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (["Pos\tA\tC\tG\tT", *NUMBERED], ()),
        (["Motif\tR1", "Pos\tA\tC\tG\tU", *(f"{row}\t" for row in NUMBERED)], ("R1",)),
        (["TF Name\tX", "Gene\tENSG1", "Motif\tM1_2.00", "Pos\tA\tC\tG\tT", *NUMBERED], ("M1_2.00", "ENSG1")),
        (["AC MA1.1", "XX", "ID Arnt", "PO A C G T", *(f"{row} N" for row in NUMBERED), "XX", "//"], ("MA1.1", "Arnt")),
        ([">M", "A C G T", *(" ".join(map(str, row)) for row in COUNTS)], ("M",)),
        ([">M", "T G C A", *(" ".join(map(str, row[::-1])) for row in COUNTS)], ("M",)),
    ],
    ids=["CIS-BP", "RNAcompete", "CIS-BP with names", "TRANSFAC", "no positions", "another order"],
)
def test_forms(lines, names):
    (found,) = matrices(*lines)
    np.testing.assert_allclose(found.shares, SHARES, rtol=1e-12)
    assert found.names == names


def test_several_keep_their_names_apart():
    block = ["P0 A C G T", *NUMBERED, "//"]
    found = matrices("AC M1", "ID first", *block, "AC M2", *block)
    assert [matrix.names for matrix in found] == [("M1", "first"), ("M2",)]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["Pos A C G T", NUMBERED[0], NUMBERED[2]], "in:3: the position is 3, expected 2"),
        (["Pos A C G T", NUMBERED[0], "2 1 2 3"], "in:3: the row has 4 columns, expected 5"),
        (["Pos A C G T", NUMBERED[0], "2 1 2 3 x"], "in:3: .*found 'x', expected a number"),
        (["Motif M", "Pos A C G T", "Motif N", "Pos A C G T", *NUMBERED], "in:2: the matrix M has no rows"),
        (["Pos A C G T", *NUMBERED, "XX", NUMBERED[0]], "in:6: no line of column names"),
    ],
)
def test_what_is_malformed_is_told_with_its_line(lines, text):
    with pytest.raises(InputError, match=text):
        matrices(*lines)
