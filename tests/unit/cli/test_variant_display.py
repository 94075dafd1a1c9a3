"""Tables and descriptions fit the terminal, have colours there only, and are plain text elsewhere."""

import io
import re
import sys
from dataclasses import replace

import pytest
from rich.cells import cell_len

from varbind.annotate.annotated_variants import AnnotatedVariant, NearbyGene, TopVariants
from varbind.annotate.info_reader import UNANNOTATED, ProteinChange
from varbind.annotate.sort_order import SortOrder
from varbind.cli.variant_display import description_text, table_text

NUMBERS = {"PHRED": 31.2, "SCORE": 0.41, "ACTIVITY": -0.5, "ACTIVITY_SE": 0.1, "LOSS_PHRED": 25.0, "GAIN_PHRED": 2.0}
ORDINARY = AnnotatedVariant(
    "chr20", 31_234_567, "rs12345678", "C", "G", "PASS", dict(NUMBERS), (NearbyGene("GENE1", "T1", -78, "upstream"),),
    (ProteinChange("Ets-related", "ELK4"),), (ProteinChange("Steroid_hormone_receptors_(NR3)", "AR"),),
)  # fmt: skip
ODD = [
    AnnotatedVariant("chrUn_KI270742v1_with_a_very_long_name", 123_456_789_012, "x" * 500, "A" * 5000, "C" * 5000,
                     numbers=dict(NUMBERS), genes=ORDINARY.genes * 7, losses=ORDINARY.losses * 3),
    AnnotatedVariant("1", 1, "", "A", "T"),
    AnnotatedVariant("1", 1, "", "A", "<DEL>", why_not="symbolic"),
    AnnotatedVariant("1", 1, "rs1", "A", "T", why_not=UNANNOTATED),
    AnnotatedVariant("染色体", 1, "変異" * 60, "A", "T", numbers={"PHRED": 3.0},
                     losses=(ProteinChange("家族" * 90, "蛋白質"),)),
    AnnotatedVariant("1", 5, "[bold]id[/]", "AT", "[1:7[AT", numbers={"LOSS_PHRED": 99.0},
                     genes=(NearbyGene("G" * 200, "", 5, "new"),), flags=("padded",), filter="f" * 300),
]  # fmt: skip


@pytest.fixture
def terminal(monkeypatch):
    def of(columns, **variables):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        for name, value in {"COLUMNS": str(columns), "TERM": "xterm-256color", **variables}.items():
            monkeypatch.setenv(name, value)

    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return of


def plain(text):
    return re.sub("\x1b\\[[0-9;]*m", "", text)


def widest(text):
    return max(map(cell_len, plain(text).splitlines()))


@pytest.mark.parametrize("columns", [20, 60, 80, 100, 140])
@pytest.mark.parametrize("variants", [[ORDINARY], ODD, [ORDINARY, *ODD], *([odd] for odd in ODD)])
def test_no_line_is_longer_than_the_terminal(terminal, columns, variants):
    terminal(columns)
    assert widest(table_text(TopVariants(variants, scored=len(variants)))) <= columns
    assert widest(description_text(variants)) <= columns


@pytest.mark.parametrize("columns", [80, 100])
def test_nothing_important_is_cut(terminal, columns):
    terminal(columns)
    heading, row, *_ = plain(table_text(TopVariants([ORDINARY]))).splitlines()
    names = ["ID", "POSITION", "CHANGE", "GENE", "TSS", "PHRED", "ACTIV.", "LOSS", "GAIN"]
    assert [word for word in heading.split() if word != "REGION"] == names
    cells = ["rs12345678", "chr20:31234567", "C>G", "GENE1", "-78", "31", "-0.50", "25", "ELK4", "2", "AR"]
    assert [word for word in row.split() if word != "upstream"] == cells


def test_columns_that_do_not_fit_are_named(terminal):
    terminal(60)
    text = plain(table_text(TopVariants([ORDINARY])))
    assert text.split()[:3] == ["POSITION", "CHANGE", "GENE"]
    assert " ".join(text.split()).endswith("A wider terminal also shows ID, REGION.")


def test_columns_without_values_are_left_out(terminal):
    terminal(140)
    bare = AnnotatedVariant("1", 5, "", "A", "C", numbers={"ACTIVITY": 1.0, "LOSS_PHRED": 1.0}, losses=ORDINARY.losses)
    text = plain(table_text(TopVariants([bare])))
    heading, row, *_ = text.splitlines()
    assert heading.split() == ["POSITION", "CHANGE", "ACTIV.", "LOSS"]
    assert row.split() == ["1:5", "A>C", "+1.00", "1", "ELK4", "Ets-related"]
    # The legend explains the columns that are there.
    assert "ACTIV.: predicted" in text
    assert "TSS:" not in text


@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize(
    ("name", "number", "heading", "cell"),
    [
        ("CONS_PHRED", 27.4, "CONS_PHRED", "27"),
        ("SCORE", 0.41, "SCORE", "0.41"),
        ("ACTIVITY_SE", 0.1234567, "ACTIVITY_SE", "0.123"),
        ("CONS_phyloP_of_vertebrates", -2.0, "CONS_phyloP\N{HORIZONTAL ELLIPSIS}", "-2"),
    ],
)
def test_the_key_that_is_sorted_by_is_shown(terminal, columns, name, number, heading, cell):
    terminal(columns)
    variant = replace(ORDINARY, numbers=NUMBERS | {name: number})
    order = SortOrder((name,), by=name)
    text = plain(table_text(TopVariants([variant], order)))
    names, row, *_ = text.splitlines()
    place = names.split().index("PHRED") - 1
    assert (names.split()[place], row.split()[place]) == (heading, cell)
    assert widest(text) <= columns
    assert f"sorted by {name}." in " ".join(text.split())
    # A key that has a column has no second one.
    shown = plain(table_text(TopVariants([variant], SortOrder(("ACTIVITY",))))).splitlines()[0]
    assert shown.count("ACTIV") == 1


def test_the_gene_of_the_table_is_the_nearest_one_that_is_not_coding(terminal):
    terminal(140)
    genes = (NearbyGene("NEAR", "", 5, "CDS"), NearbyGene("NEXT", "", 9, "UTR5"))
    row = plain(table_text(TopVariants([AnnotatedVariant("1", 5, "", "A", "C", genes=genes)]))).splitlines()[1]
    assert row.split() == ["1:5", "A>C", "NEXT", "9", "UTR5"]


def test_colours_are_for_rare_changes_on_a_terminal(terminal):
    terminal(100)
    common = AnnotatedVariant("1", 5, "", "A", "C", numbers={"LOSS_PHRED": 19.0}, losses=ORDINARY.losses)
    _, rare_row, common_row, *_ = table_text(TopVariants([ORDINARY, common])).splitlines()
    assert "\x1b[31m25 ELK4" in rare_row
    assert "\x1b" not in common_row
    assert "\x1b[1;31mLoss" in description_text([ORDINARY])
    assert "\x1b[1mLoss" in description_text([common])


def test_no_color_is_honoured(terminal):
    terminal(100, NO_COLOR="1")
    text = table_text(TopVariants([ORDINARY])) + description_text([ORDINARY])
    assert set(re.findall("\x1b\\[([0-9;]*)m", text)) <= {"0", "1", "2"}


def test_a_pipe_gets_plain_text_with_families(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)  # pytest-xdist sets it
    text = table_text(TopVariants([ORDINARY]))
    assert "25 ELK4 Ets-related" in text
    assert "\x1b" not in text + description_text([ORDINARY])


def test_an_encoding_without_the_characters(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    text = table_text(TopVariants(ODD)) + description_text(ODD)
    assert text.isascii()


def test_limits_are_stated_for_scored_alleles(terminal):
    terminal(100)
    limit = "do not say that the variant causes a disease"
    assert limit in " ".join(plain(description_text(ODD)).split())
    assert limit not in " ".join(plain(description_text(ODD[2:4])).split())
