"""Scores of other tools find their variants by place, and what they lack is missing."""

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import write_lines

from varbind.datasets.variant_table import read_variant_table
from varbind.errors import InputError
from varbind.evaluate.effect import read_other_tools

PLACES = [
    ("chr1", 5, "A", "C"),
    ("chr1", 5, "A", "G"),
    ("2", 5, "A", "C"),
    ("chrX", 7, "-", "TT"),
    ("chrX", 7, "T", "-"),
]
HEAD = "chrom\tpos\tref\talt"


def row(place, *cells):
    return "\t".join(map(str, [*place, *cells]))


@pytest.fixture
def table(tmp_path):
    lines = [HEAD, *(row(place) for place in PLACES)]
    return read_variant_table(str(write_lines(tmp_path / "variants.tsv", lines)), flank=0, needed=(), sequence=False)


def read(table, folder, *files):
    """Each file is its lines."""
    paths = [str(write_lines(folder / f"tools{number}.tsv", lines)) for number, lines in enumerate(files)]
    return read_other_tools(paths, table)


def test_scores_come_in_the_order_of_the_variants(table, tmp_path):
    lines = [row(place, number, -number) for number, place in enumerate(PLACES)]
    found = read(table, tmp_path, [f"{HEAD}\tCADD\tminus", *reversed(lines)])
    assert {name: values.tolist() for name, values in found.items()} == {
        "CADD": [0, 1, 2, 3, 4],
        "minus": [0, -1, -2, -3, -4],
    }


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=5, max_size=5))
def test_contigs_match_with_and_without_chr(tmp_path_factory, prefixes):
    folder = tmp_path_factory.getbasetemp()
    files = []
    for side, name in enumerate(("own.tsv", "theirs.tsv")):
        lines = [
            row(("chr" * prefix[side] + place[0].removeprefix("chr"), *place[1:]), number)
            for number, (prefix, place) in enumerate(zip(prefixes, PLACES, strict=True))
        ]
        files.append(str(write_lines(folder / name, [f"{HEAD}\ttool", *lines])))
    table = read_variant_table(files[0], flank=0, needed=(), sequence=False)
    assert read_other_tools([files[1]], table)["tool"].tolist() == [0, 1, 2, 3, 4]


def test_what_a_tool_lacks_is_missing(table, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    lines = [row(PLACES[0], "."), row(PLACES[1], "NA"), row(PLACES[2], ""), row(PLACES[4], "1e-3")]
    found = read(table, tmp_path, [f"{HEAD}\ttool", *lines])
    np.testing.assert_array_equal(found["tool"], [np.nan] * 4 + [0.001])
    assert "tool has scores of 1 of 5 variants" in caplog.text


def test_variants_that_are_not_asked_for_are_passed_over(table, tmp_path):
    """The place, both alleles and the contig must be the same."""
    others = [("chr1", 6, "A", "C"), ("chr1", 5, "A", "T"), ("chr1", 5, "G", "C"), ("chr3", 5, "A", "C")]
    assert read(table, tmp_path, [f"{HEAD}\ttool", *(row(place, 9) for place in others)]) == {}
    found = read(table, tmp_path, [f"{HEAD}\ttool", *(row(place, 9) for place in others), row(PLACES[3], 4)])
    np.testing.assert_array_equal(found["tool"], [np.nan, np.nan, np.nan, 4, np.nan])


def test_words_are_no_scores(table, tmp_path):
    found = read(table, tmp_path, [f"{HEAD}\tgene\ttool", *(row(place, "TERT", 1) for place in PLACES)])
    assert list(found) == ["tool"]


def test_a_tool_in_several_files_is_joined(table, tmp_path):
    head = f"{HEAD}\ttool"
    found = read(
        table,
        tmp_path,
        [head, row(PLACES[0], 1), row(PLACES[1], 2)],
        [f"{head}\tother", row(PLACES[1], 3, "."), row(PLACES[2], 4, 5), row(PLACES[0], ".", ".")],
        [head, row(("chr9", 1, "A", "C"), 6)],
    )
    np.testing.assert_array_equal(found["tool"], [1, 3, 4, np.nan, np.nan])
    np.testing.assert_array_equal(found["other"], [np.nan, np.nan, 5, np.nan, np.nan])


def test_no_tables_give_no_tools(table):
    assert read_other_tools([], table) == {}


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([], "tools0.tsv: is empty"),
        ([f"{HEAD}\ttool"], "tools0.tsv: holds no variant"),
        (["chrom\tpos\tref\ttool", "1\t5\tA\t3"], "tools0.tsv:1: .* it lacks alt"),
        ([f"{HEAD}\ttool", "1\t5\tA\tC"], "tools0.tsv:2: found 4 columns, expected 5"),
        ([f"{HEAD}\ttool\ttool", "1\t5\tA\tC\t1\t1"], "tools0.tsv:1: two columns have one name"),
        ([f"{HEAD}\ttool", "1\t5\tA\t.\t1"], "tools0.tsv:2: the alleles are 'A' and '.'"),
    ],
)
def test_an_error_names_file_and_line(table, tmp_path, lines, text):
    with pytest.raises(InputError, match=text):
        read(table, tmp_path, lines)
