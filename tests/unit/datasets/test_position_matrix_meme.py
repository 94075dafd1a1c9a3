"""Motif files and the text output of MEME: the shares are those of the file, whatever stands beside them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.datasets.position_matrix import is_meme, meme_matrices
from varbind.errors import InputError

SHARES = np.array([[0.9, 0.03, 0.03, 0.04], [0.1, 0.7, 0.1, 0.1], [0.05, 0.05, 0.05, 0.85]])
ROWS = [" ".join(map(str, row)) for row in SHARES]
DNA = [
    'ALPHABET "DNA" DNA-LIKE',
    'A "Adenine" CC0000 ~ T "Thymine" 008000',
    'C "Cytosine" 0000CC ~ G "Guanine = G" FFB300',
    'N "Any base" = ACGT',
    "U = T",
    "END ALPHABET",
]
RNA = ['ALPHABET "RNA" RNA-LIKE', 'A "Adenine" CC0000', "C", "G", 'U "Uracil"', "R = AG", "T = U", "END ALPHABET"]


def matrices(*lines):
    return list(meme_matrices([(n, text) for n, text in enumerate(lines, 1) if text], "in"))


def motif(name="M1", sizes=" alength= 4 w= 3 nsites= 20 E= 0", rows=ROWS):
    return [f"MOTIF {name}", f"letter-probability matrix:{sizes}", *rows]


@pytest.mark.parametrize(
    "sizes",
    [
        " alength= 4 w= 3 nsites= 20 E= 0",
        " alength= 4 w= 3 nsites= 5 E= 1e-9",
        " alength= 4 w= 3 nsites= 1",
        " alength= 4 w= 3 nsites= 0",
        " alength= 4 w= 3 nsites= 17.5 E= nan",
        " alength=4 w=3",
        " nsites= 3",
        "",
    ],
)
def test_what_the_matrix_line_says_besides_its_size_does_not_show(sizes):
    (found,) = matrices("MEME version 4", *motif(sizes=sizes))
    np.testing.assert_allclose(found.shares, SHARES, rtol=1e-12)


@pytest.mark.parametrize("alphabet", [" ALPHABET= ACGT", "ALPHABET = A C G T"])
def test_blanks_before_keywords_and_in_the_alphabet_do_not_show(alphabet):
    lines = ["  MEME version 4", alphabet, *(f"  {text}" for text in motif())]
    assert is_meme(list(enumerate(lines, 1)))
    (found,) = matrices(*lines)
    np.testing.assert_allclose(found.shares, SHARES, rtol=1e-12)


@pytest.mark.parametrize("sites", [1, 2, 3, 7, 20])
@given(st.lists(st.lists(st.integers(1, 999), min_size=4, max_size=4), min_size=1, max_size=5))
def test_few_sites_do_not_round(sites, counts):
    shares = np.array(counts) / np.sum(counts, axis=1, keepdims=True)
    rows = [" ".join(f"{share:.6f}" for share in row) for row in shares]
    (found,) = matrices(*motif(sizes=f" alength= 4 w= {len(rows)} nsites= {sites}", rows=rows))
    np.testing.assert_allclose(found.shares, shares, atol=4e-6)


@pytest.mark.parametrize(
    "alphabet",
    [[], ["ALPHABET= ACGT"], ["ALPHABET=ACGT"], ["ALPHABET= ACGU"], DNA, RNA],
    ids=["none", "DNA", "tight", "RNA", "DNA block", "RNA block"],
)
def test_alphabets(alphabet):
    background = ["Background letter frequencies", "A 0.25 C 0.25 G 0.25 T 0.25"]
    for lines in ([*alphabet, *motif()], [*alphabet, "strands: + -", *background, *motif(), "URL http://x"]):
        (found,) = matrices("MEME version 5.4.1", *lines)
        np.testing.assert_allclose(found.shares, SHARES, rtol=1e-12)


def test_names():
    found = matrices("MEME version 4", *motif("MA1.1 FOO"), *motif("M2"), *motif("ACG MEME-1\twidth =  3  sites = 9"))
    assert [matrix.names for matrix in found] == [("MA1.1", "FOO"), ("M2",), ("ACG", "MEME-1")]
    assert [matrix.line for matrix in found] == [2, 7, 12]


TEXT_OUTPUT = [
    "*" * 80,
    "MEME - Motif discovery tool",
    "*" * 80,
    "MEME version 5.5.5 (Release date: any)",
    "TRAINING SET",
    "ALPHABET= ACGT",
    "Sequence name            Weight Length  Sequence name            Weight Length",
    "s1                       1.0000    100  s2                       1.0000    100",
    "Background letter frequencies (from file dataset with add-one prior applied):",
    "A 0.3 C 0.2 G 0.2 T 0.3",
    "MOTIF CWW MEME-1\twidth =   3  sites =  12  llr = 100  E-value = 1.0e-010",
    "\tMotif CWW MEME-1 Description",
    "Simplified        A  9::",
    "pos.-specific     C  :7:",
    "probability       G  :::",
    "matrix            T  ::9",
    "\tMotif CWW MEME-1 sites sorted by position p-value",
    "s1     14  1.00e-08 TTTTTTTTTT ACT GGGGGGGGGG",
    "\tMotif CWW MEME-1 position-specific scoring matrix",
    "log-odds matrix: alength= 4 w= 3 n= 90 bayes= 3.0 E= 1.0e-010",
    "   158  -1023  -1023  -1023",
    " -1023    180  -1023  -1023",
    " -1023  -1023  -1023    158",
    "\tMotif CWW MEME-1 position-specific probability matrix",
    "-" * 80,
    "letter-probability matrix: alength= 4 w= 3 nsites= 12 E= 1.0e-010",
    *(f" {row} " for row in ROWS),
    "-" * 80,
    "\tMotif CWW MEME-1 regular expression",
    "[A][C][T]",
    "SUMMARY OF MOTIFS",
    "SEQUENCE NAME            COMBINED P-VALUE  MOTIF DIAGRAM",
    "s1                               1.00e-08  13_[+1(1e-08)]_84",
]


def test_the_text_output_gives_its_shares():
    assert is_meme(list(enumerate(TEXT_OUTPUT)))
    (found,) = matrices(*TEXT_OUTPUT)
    assert found.names == ("CWW", "MEME-1")
    np.testing.assert_allclose(found.shares, SHARES, rtol=1e-12)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([*motif(rows=ROWS[:2])], "in:2: the matrix of M1 has 2 rows, expected 3 .*cut off"),
        ([*motif(rows=ROWS[:2]), *motif("M2")], "in:2: the matrix of M1 has 2 rows, expected 3"),
        ([*motif(), *motif("M2", rows=ROWS[:1]), "URL x"], "in:7: the matrix of M2 has 1 rows, expected 3"),
        ([*motif(rows=[*ROWS, ROWS[0]])], "in:2: the matrix of M1 has 4 rows, expected 3"),
        ([*motif(rows=[])], "in:2: the matrix of M1 has 0 rows, expected 3"),
        ([*motif(sizes="", rows=[])], "in:2: the matrix of M1 has 0 rows, expected one per position"),
        ([*motif(rows=[*ROWS[:2], "0.5 0.5"])], "in:5: the row has 2 numbers, expected 4"),
        ([*motif(rows=[*ROWS[:2], "0.5 0.5 x 0"])], "in:5: .*found 'x', expected a number"),
        ([*motif(rows=[*ROWS[:2], "-1 1 0 0"])], "in:5: .*position 3 has -1, 1, 0, 0; .*not log-odds"),
        ([*motif(), "MOTIF M2"], "in:6: the motif M2 has no letter-probability matrix"),
        (["MOTIF M2", *motif()], "in:1: the motif M2 has no letter-probability matrix"),
        (["MOTIF M2", "log-odds matrix: alength= 4 w= 1", "1 2 3 4"], "in:1: the motif M2 has no letter-prob"),
        (motif()[1:], "in:1: no MOTIF line stands before"),
        (["MOTIF", *motif()], "in:1: a motif without a name"),
        (["ALPHABET= ACDEFGHIKLMNPQRSTVWY", *motif()], "in:1: the alphabet is ACDEF.*, expected ACGT or ACGU"),
        ([*DNA[:-1], *motif()], "in:1: the ALPHABET has no end"),
        ([*DNA[:-1], "m = A", "1 ~ 2", "END ALPHABET", *motif()], "in:1: the alphabet is 12ACGT"),
        ([*motif(sizes=" alength= 20 w= 3")], r"in:2: the matrix has 20 letters"),
        ([*motif(sizes=" alength= 4 w= three")], "in:2: w= is 'three', expected a whole number"),
    ],
)
def test_what_is_cut_or_malformed_is_told_with_its_line(lines, text):
    with pytest.raises(InputError, match=text):
        matrices(*lines)


@given(st.integers(0, 40))
def test_a_file_that_is_cut_is_refused_or_whole(end):
    """Wherever it ends, no matrix is shorter than it says, and none that was begun is left out."""
    lines = [*motif(), *motif("M2"), *motif("M3"), "URL x"]
    try:
        found = matrices(*lines[:end])
    except InputError:
        return
    assert [matrix.names[0] for matrix in found] == ["M1", "M2", "M3"][: len(found)]
    assert all(len(matrix.shares) == 3 for matrix in found)
    assert sum(text.startswith("MOTIF") for text in lines[:end]) == len(found)
