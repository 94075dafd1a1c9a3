"""Files of matrices are read, and a matrix as a network gives its best log-odds."""

import codecs
import gzip
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import write_lines

from varbind.datasets.binding_dataset import BindingDataset, DataKind
from varbind.datasets.pwm import PSEUDO_SHARE, known_motif, matrix_network, read_matrices
from varbind.errors import InputError
from varbind.scoring.ensemble import Ensemble

COUNTS = np.array([[9, 0, 0, 1], [0, 8, 2, 0], [5, 5, 5, 5]])
LETTERED = [f"{base}| {' '.join(map(str, row))}" for base, row in zip("ACGT", COUNTS.T, strict=True)]
RAW = [">M1", *("  ".join(map(str, row)) for row in COUNTS.T)]
HOMER = [">ANY\tM1\t6.04\t-1.7e+03\t0", *("\t".join(map(str, row / 10)) for row in COUNTS)]
TRANSFAC = ["AC  M1", "XX", "P0  A C G T", *(f"0{n} {' '.join(map(str, row))} N" for n, row in enumerate(COUNTS)), "//"]
JASPAR = [">M1 a name", *(f"{base} [ {' '.join(map(str, row))} ]" for base, row in zip("ACGT", COUNTS.T, strict=True))]
ROWS = ["# text", ">M1", *("\t".join(map(str, row)) for row in COUNTS)]
MEME = [
    *("MEME version 4", "", "ALPHABET= ACGT", "", "Background letter frequencies", "A 0.25 C 0.25 G 0.25 T 0.25", ""),
    *("MOTIF M1", "letter-probability matrix: alength= 4 w= 3 nsites= 20"),
    *(" ".join(map(str, row / row.sum())) for row in COUNTS),
    "",
]


FORMATS = {
    "JASPAR": JASPAR,
    "bars": [">M1", *LETTERED],
    "raw": RAW,
    "HOMER": HOMER,
    "TRANSFAC": TRANSFAC,
    "rows": ROWS,
    "MEME": MEME,
}


@pytest.mark.parametrize("lines", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("is_gzip", [False, True])
def test_formats(tmp_path, lines, is_gzip):
    path = tmp_path / "matrices"
    text = "\n".join(lines).encode() + b"\n"
    path.write_bytes(gzip.compress(text) if is_gzip else text)
    ((name, shares),) = read_matrices(str(path)).items()
    assert name == "M1"
    np.testing.assert_allclose(shares, COUNTS / COUNTS.sum(axis=1, keepdims=True), rtol=1e-12)


def test_a_byte_order_mark_and_line_ends_of_windows_do_not_show(tmp_path):
    for name, lines in FORMATS.items():
        path = tmp_path / name
        path.write_bytes(codecs.BOM_UTF8 + "\r\n".join([*lines, ""]).encode())
        assert list(read_matrices(str(path))) == ["M1"]


def test_the_only_matrix_without_a_name_is_named_as_the_file(tmp_path):
    for name, lines in {"M7.1.pfm": RAW[1:], "x.txt": ["Pos A C G U", "1 1 2 3 4"]}.items():
        path = str(write_lines(tmp_path / name, lines))
        assert list(read_matrices(path)) == [name.partition(".")[0]]
        own = BindingDataset(id="CTCF", protein="CTCF", file=path, kind=DataKind.MATRIX)
        found = known_motif(own, detector_len=24, window=31)
        assert found.data["matrix"] == name.partition(".")[0]
        with pytest.raises(InputError, match="holds no matrix OTHER"):
            known_motif(replace(own, matrix="OTHER"), detector_len=24, window=31)


def test_a_matrix_goes_by_its_other_names_too(tmp_path):
    lines = [">MA1.1 FOO", *RAW[1:], ">MA2.1 BAR", *RAW[1:], ">MA3.1 BAR", *RAW[1:]]
    own = BindingDataset(id="X", protein="X", file=str(write_lines(tmp_path / "in", lines)), kind=DataKind.MATRIX)
    for name in ("MA1.1 FOO", "MA1.1", "FOO"):
        found = known_motif(replace(own, matrix=name), detector_len=24, window=31)
        assert found.data["width"] == len(COUNTS)
    with pytest.raises(InputError, match=r"BAR is a name of several matrices: MA2\.1 BAR, MA3\.1 BAR"):
        known_motif(replace(own, matrix="BAR"), detector_len=24, window=31)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([], "is empty"),
        (["# text"], "holds no matrix"),
        (["1 2 3 4", ">M1", "1 2 3 4"], "1: the matrix has no name"),
        ([">M1", "A [ 1 ]", "C [ 0 ]", "G [ 0 ]", "T [ x ]"], "cannot be read"),
        ([">M1", "0 0 0 0"], "M1 holds a column without counts"),
        ([">M1", "1 2 -1 0"], "M1 holds a column without counts"),
        (["text"], "matri"),
        ([">M1", "A [ 1 2 3 ]", "C [ 1 2 ]", "G [ 1 2 3 ]", "T [ 1 2 3 ]"], "cannot be read"),
        ([">M1", "1 2 3 4", ">M1", "4 3 2 1"], "holds 2 matrices of the name M1"),
    ],
)
def test_what_is_no_matrix_is_told(tmp_path, lines, text):
    with pytest.raises(InputError, match=f"matrices.*{text}"):
        read_matrices(str(write_lines(tmp_path / "matrices", lines)))


def best_log_odds(shares, codes):
    """Sum of log-odds at every place that overlaps the sequence, N as the mean; the largest of both strands."""
    odds = np.log2((shares + PSEUDO_SHARE) / (1 + 4 * PSEUDO_SHARE) / 0.25)
    table = np.concatenate([odds, odds.mean(axis=1, keepdims=True)], axis=1)
    width = len(odds)
    found = []
    for strand in (codes, np.where(codes < 4, 3 - codes, 4)[::-1]):
        padded = np.concatenate([np.full(width - 1, 4), strand, np.full(width - 1, 4)])
        places = [padded[start : start + width] for start in range(len(padded) - width + 1)]
        found += [sum(table[place, base] for place, base in enumerate(word)) for word in places]
    return max(found)


@given(st.integers(1, 24), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_the_network_is_the_matrix(width, length, seed):
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet([0.3] * 4, width)
    codes = rng.integers(0, 5, length).astype(np.uint8)
    # The longer detector also sees places beyond the sequence, where every base is an N.
    odds = np.log2((shares + PSEUDO_SHARE) / (1 + 4 * PSEUDO_SHARE) / 0.25)
    expected = max(best_log_odds(shares, codes), odds.mean(axis=1).sum() if width < 24 else -np.inf)
    network = matrix_network("A", shares, detector_len=24, window=31)
    found = Ensemble([network], ["A"], compiled=False, threads=1).score({31: [codes]})
    assert found[0, 0] == pytest.approx(expected, abs=1e-4)
