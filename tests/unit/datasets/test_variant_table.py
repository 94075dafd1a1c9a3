"""Tables of measured variants: what is read, and each error with its file and line."""

import codecs
import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import TextReference, apply_change, shortest_leftmost
from planted import write_lines

from varbind.core.sequence import decode
from varbind.core.variant import Variant
from varbind.datasets.variant_table import read_variant_table
from varbind.errors import InputError

GENOME = TextReference(chr1="ACGTTGCAAGTCCGGATAAAAACC", chr2="CACACACAGN")
HEAD = "chrom\tpos\tref\talt\teffect"
FLANKED = "chrom\tpos\tref\talt\tleft\tright\teffect"


def read(tmp_path, *lines, **options):
    options = {"flank": 4, "needed": ["effect"], **options}
    return read_variant_table(str(write_lines(tmp_path / "in.tsv", lines)), **options)


def texts(table):
    return [(decode(window.ref), decode(window.alt), window.padded) for window in table.windows]


def test_flanks_of_the_table_are_cut_or_padded(tmp_path):
    table = read(
        tmp_path,
        FLANKED,
        "chr1\t5\tA\tC\tTTTTGG\tCCAAAA\t0.5",
        "chr1\t6\tA\t-\tGG\tCCAAA\t-1e-3",
        "x\t7\t\tTA\tACGTA\t\t2",
    )
    assert texts(table) == [
        ("TTGGACCAA", "TTGGCCCAA", False),
        ("NNGGACCAA", "NNGGCCAA", True),
        ("CGTANNNN", "CGTATANNNN", True),
    ]
    assert list(table.variants) == [
        Variant("chr1", 5, "A", "C"),
        Variant("chr1", 6, "A", ""),
        Variant("x", 7, "", "TA"),
    ]
    assert table.numbers["effect"].tolist() == [0.5, -0.001, 2]
    assert (list(table.lines), len(table)) == ([2, 3, 4], 3)


@given(st.text("ACGTacgtNn", max_size=9), st.text("ACGTN", max_size=9), st.integers(0, 7))
def test_a_window_is_the_flank_around_both_alleles(tmp_path_factory, left, right, flank):
    path = write_lines(tmp_path_factory.getbasetemp() / "flanks.tsv", [FLANKED, f"1\t1\ta\tG\t{left}\t{right}\t0"])
    table = read_variant_table(str(path), flank=flank, needed=["effect"])
    long_left, long_right = ("N" * 20 + left.upper())[-flank:] if flank else "", (right + "N" * 20)[:flank]
    assert texts(table) == [
        (f"{long_left}A{long_right}", f"{long_left}G{long_right}", min(len(left), len(right)) < flank)
    ]


def test_flanks_go_before_the_genome(tmp_path):
    table = read(tmp_path, FLANKED, "chr1\t1\tT\tC\tAAAA\tAAAA\t0", reference=GENOME)
    assert texts(table) == [("AAAATAAAA", "AAAACAAAA", False)]


def test_the_genome_gives_windows_of_variants_in_normal_form(tmp_path):
    table = read(
        tmp_path,
        HEAD,
        "chr1\t3\tG\tA\t0",
        "chr1\t21\tA\t-\t0",
        "chr1\t1\tAC\tACG\t0",
        "chr2\t7\tCA\t\t0",
        reference=GENOME,
    )
    expected = [("chr1", 3, "G", "A"), ("chr1", 18, "A", ""), ("chr1", 3, "", "G"), ("chr2", 1, "CA", "")]
    assert [(v.chrom, v.pos, v.ref, v.alt) for v in table.variants] == expected
    assert texts(table)[0] == ("NNACGTTGC", "NNACATTGC", True)
    assert texts(table)[3] == ("NNNNCACACA", "NNNNCACA", True)


@given(st.data())
def test_every_spelling_of_a_change_is_the_same_variant(tmp_path_factory, data):
    text = data.draw(st.text("ACG", min_size=6, max_size=12))
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, min(start + 3, len(text))))
    ref, alt = text[start:end], data.draw(st.text("ACG", max_size=3).filter(lambda one: one != text[start:end]))
    row = f"c\t{start + 1}\t{ref or '-'}\t{alt or '-'}\t0"
    path = write_lines(tmp_path_factory.getbasetemp() / "spelling.tsv", [HEAD, row])
    (found,) = read_variant_table(str(path), flank=2, needed=["effect"], reference=TextReference(c=text)).variants
    changed = apply_change(text, start + 1, ref, alt)
    assert apply_change(text, found.pos, found.ref, found.alt) == changed
    if not (found.ref and found.alt):
        assert (found.pos, found.ref, found.alt) == shortest_leftmost(text, changed)


def test_columns_of_any_order_and_case(tmp_path):
    table = read(
        tmp_path,
        "Effect\tALT\tRef\tPOS\tChrom\tphyloP\tLocus\tTSS_distance\tWeight\tBarcodes\tMeasurable",
        "1\tC\tG\t3\tchr1\t.\tL1\tNA\t2\t7\t1",
        "# a comment",
        "",
        " 2 \t C \t G \t 3 \t chr1 \t 0.25 \t L 2 \t -7 \t . \t 9 \t 0 ",
        texts=["locus", "kind"],
        reference=GENOME,
    )
    assert table.texts == {"locus": ("L1", "L 2")}
    # A track, or any other column, keeps the name that a user gives it.
    assert set(table.numbers) == {"effect", "phyloP", "tss_distance", "weight", "barcodes", "Measurable"}
    np.testing.assert_array_equal(table.numbers["phyloP"], [np.nan, 0.25])
    np.testing.assert_array_equal(table.numbers["tss_distance"], [np.nan, -7])
    np.testing.assert_array_equal(table.numbers["weight"], [2, np.nan])
    np.testing.assert_array_equal(table.numbers["barcodes"], [7, 9])
    assert list(table.lines) == [2, 5]


def test_missing_numbers_and_words_are_nan_where_none_is_needed(tmp_path):
    rows = [f"chr1\t3\tG\tA\t0\t{word}" for word in ("", ".", "NA", "nan", "NaN", "word", "1e3")]
    table = read(tmp_path, HEAD + "\ttrack", *rows, reference=GENOME)
    np.testing.assert_array_equal(table.numbers["track"], [np.nan] * 6 + [1000])


def test_without_sequence_neither_flanks_nor_genome_are_needed(tmp_path):
    table = read(tmp_path, HEAD, "chr9\t3\tG\tA\t0", sequence=False)
    assert list(table.variants) == [Variant("chr9", 3, "G", "A")]
    assert texts(table) == [("", "", True)]


def test_a_compressed_table(tmp_path):
    path = tmp_path / "in.tsv.gz"
    path.write_bytes(gzip.compress(f"{HEAD}\nchr1\t3\tg\ta\t0\n".encode()))
    assert len(read_variant_table(str(path), flank=2, needed=["effect"], reference=GENOME)) == 1


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([], "in.tsv: is empty"),
        ([HEAD], "in.tsv: holds no variant"),
        (["# only a comment"], "in.tsv:1: the header is ; it lacks alt, chrom, effect, pos, ref"),
        (["chrom\tpos\tref\talt", "chr1\t3\tG\tA"], "in.tsv:1: the header is chrom, pos, ref, alt; it lacks effect"),
        (["# x", "chrom pos ref alt effect"], "in.tsv:2: .* it lacks alt, chrom, effect, pos, ref; name the columns"),
        ([HEAD + "\teffect", "x"], "in.tsv:1: two columns have one name"),
        ([HEAD, "chr1\t3\tG\tA"], "in.tsv:2: found 4 columns, expected 5 as in the header"),
        ([HEAD, "chr1\t3\tG\tA\t0\t"], "in.tsv:2: found 6 columns, expected 5"),
        ([HEAD, "", "chr1\tx\tG\tA\t0"], "in.tsv:3: the position is 'x', expected a number; give a whole number"),
        (
            [HEAD, "chr1\t0\tG\tA\t0"],
            "in.tsv:2: the position is '0', expected a whole number from 1; correct",
        ),
        ([HEAD, "chr1\t-3\tG\tA\t0"], "in.tsv:2: the position is '-3'"),
        ([HEAD, "chr1\t3.5\tG\tA\t0"], "in.tsv:2: the position is '3.5'"),
        ([HEAD, "chr1\t1e999\tG\tA\t0"], "in.tsv:2: the position is '1e999'"),
        ([HEAD, "chr1\t3\tG\tG\t0"], "in.tsv:2: the alleles are 'G' and 'G', expected two different ones"),
        ([HEAD, "chr1\t3\tG\tg\t0"], "in.tsv:2: the alleles are 'G' and 'g'"),
        ([HEAD, "chr1\t3\t-\t\t0"], "in.tsv:2: the alleles are '-' and ''"),
        ([HEAD, "chr1\t3\tG\tN\t0"], "in.tsv:2: the alleles are 'G' and 'N'"),
        ([HEAD, "chr1\t3\tG\t<DEL>\t0"], "in.tsv:2: the alleles are 'G' and '<DEL>'"),
        ([HEAD, "chr1\t3\tG\tA\t."], "in.tsv:2: the effect is '.', expected a number; correct or remove the row"),
        ([HEAD, "chr1\t3\tG\tA\tinf"], "in.tsv:2: the effect is 'inf'"),
        ([HEAD, "chr1\t3\tG\tA\t0", "chr1\t3\tG\tA\tNA"], "in.tsv:3: the effect is 'NA'"),
        ([HEAD, "chr3\t3\tG\tA\t0"], "in.tsv:2: the reference has no contig chr3; use the contig names of the FASTA"),
        ([HEAD, "chr1\t3\tT\tA\t0"], "in.tsv:2: REF is T, the reference has G; give the reference"),
        ([HEAD, "chr1\t24\tCA\tA\t0"], "in.tsv:2: REF is CA, the reference has nothing"),
        ([HEAD, "chr1\t90\t\tA\t0"], "in.tsv:2: REF is empty, the reference has nothing"),
        ([HEAD, "chr2\t10\tA\tC\t0"], "in.tsv:2: REF is A, the reference has N"),
        ([FLANKED, "chr1\t3\tG\tA\tAC.T\tACGT\t0"], "in.tsv:2: a flank holds other letters"),
        ([FLANKED, "chr1\t3\tG\tA\tACGT\tACRT\t0"], "in.tsv:2: a flank holds other letters"),
    ],
)
def test_an_error_names_file_and_line(tmp_path, lines, text):
    with pytest.raises(InputError, match=text) as caught:
        read(tmp_path, *lines, reference=GENOME)
    assert str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("header", [HEAD, HEAD + "\tleft"])
def test_variants_without_sequence_are_told(tmp_path, header):
    match = "in.tsv:1: the sequence around the variants is not given; give the genome with --fasta, or the columns left"
    with pytest.raises(InputError, match=match):
        read(tmp_path, header, "chr1\t3\tG\tA\t0\tACGT")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="missing: cannot be read: No such file"):
        read_variant_table(str(tmp_path / "missing"), flank=1, needed=())


def test_a_byte_order_mark_does_not_show(tmp_path):
    lines = [HEAD, "chr1\t5\tT\tC\t0.5"]
    expected = read(tmp_path, *lines, reference=GENOME)
    (tmp_path / "in.tsv").write_bytes(codecs.BOM_UTF8 + (tmp_path / "in.tsv").read_bytes())
    found = read_variant_table(str(tmp_path / "in.tsv"), flank=4, needed=["effect"], reference=GENOME)
    assert found.variants == expected.variants
    assert found.numbers["effect"].tolist() == [0.5]
