"""Tables of an evaluation: every number is in its column, and undefined numbers are empty cells."""

import math
from dataclasses import fields

import pytest

from varbind.evaluate.activity import ActivityEvaluation
from varbind.evaluate.loci import ActivityRow
from varbind.evaluate.tables import activity_markdown, tsv

NAN = float("nan")
JUDGED = ActivityEvaluation(
    [
        ActivityRow("binding", "TERT", 40, 0.51239, 0.25, 0.75, 0.4, 0.3, 0.5, 0.9),
        ActivityRow("binding", "LDLR", 30, -0.125, -0.5, 0.25, 0.2, 0.1, 0.35, NAN),
        ActivityRow("binding", "mean", 70, 0.19369, 0.1, 0.3, 0.3, 0.2, 0.4, NAN),
        ActivityRow("largest z", "TERT", 40, NAN, NAN, NAN, 0.25, 0.125, 0.375, 0.625),
        ActivityRow("largest z", "LDLR", 30, NAN, NAN, NAN, 0.75, 0.5, 1.0, 0.5),
        ActivityRow("largest z", "mean", 70, NAN, NAN, NAN, 0.5, 0.4, 0.625, 0.5625),
        ActivityRow("bases", "TERT", 0, NAN, NAN, NAN, NAN, NAN, NAN, NAN),
        ActivityRow("bases", "LDLR", 30, 0.5, 0.25, 0.75, NAN, NAN, NAN, NAN),
        ActivityRow("bases", "mean", 30, NAN, NAN, NAN, NAN, NAN, NAN, NAN),
    ],
    0.0421,
    [(0.1, 0.125, 0.5), (0.25, 0.2, 0.25), (0.75, 0.7, 0.25)],
    {"TERT": 0.003, "LDLR": 0.1},
)


def cells(text):
    """Rows of a Markdown table by their first cell; several tables follow one another."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    return [(first, rest) for first, *rest in rows]


def test_every_attribute_has_its_column():
    header, *lines = [line.split("\t") for line in tsv(JUDGED.rows, 6).splitlines()]
    assert header == [field.name for field in fields(ActivityRow)]
    assert tsv(JUDGED.rows, 6).endswith("\n")
    assert len(lines) == len(JUDGED.rows)
    for line, row in zip(lines, JUDGED.rows, strict=True):
        assert line[:3] == [row.method, row.locus, str(row.variants)]
        for name, cell in zip(header[3:], line[3:], strict=True):
            # What is not defined is empty, never 0.
            assert (cell == "") == math.isnan(getattr(row, name))
            assert cell == "" or float(cell) == pytest.approx(getattr(row, name), abs=5e-7)


def test_the_page_has_the_loci_side_by_side():
    signed, sizes = (
        dict(part) for part in (cells(activity_markdown(JUDGED))[:4], cells(activity_markdown(JUDGED))[4:8])
    )
    assert signed == {
        "method": ["mean", "TERT", "LDLR"],
        "binding": ["0.194 (0.10 to 0.30)", "0.512 (0.25 to 0.75)", "-0.125 (-0.50 to 0.25)"],
        "largest z": ["", "", ""],
        "bases": ["", "", "0.500 (0.25 to 0.75)"],
    }
    assert sizes == {
        "method": ["mean", "TERT", "LDLR"],
        "binding": ["0.300 (0.20 to 0.40);", "0.400 (0.30 to 0.50); 0.900", "0.200 (0.10 to 0.35);"],
        "largest z": ["0.500 (0.40 to 0.62); 0.562", "0.250 (0.12 to 0.38); 0.625", "0.750 (0.50 to 1.00); 0.500"],
        "bases": ["", "", ""],
    }


def test_the_page_tells_calibration_and_penalties():
    text = activity_markdown(JUDGED)
    assert "Calibration error of SCORE on left-out loci: 0.042." in text
    expected = [("expected", ["found"]), ("0.100", ["0.125"]), ("0.250", ["0.200"]), ("0.750", ["0.700"])]
    assert cells(text)[8:] == expected
    assert text.endswith("Penalties that were chosen on the other loci: TERT 0.003, LDLR 0.1.")


def test_every_table_of_the_page_is_rectangular():
    blocks = [block.splitlines() for block in activity_markdown(JUDGED).split("\n\n") if block.startswith("|")]
    assert len(blocks) == 3
    for block in blocks:
        assert len({line.count("|") for line in block}) == 1
        assert set(block[1]) == set("|-:")


def test_names_are_written_as_they_are_and_numbers_with_their_decimals():
    rows = [{"name": 'a "b" c', "count": 3, "value": -0.0}, {"name": "#1", "count": 4, "value": None}]
    assert tsv(rows, 2) == 'name\tcount\tvalue\na "b" c\t3\t-0.00\n#1\t4\t\n'
    assert tsv([{"b": 1.0}], 1, ["a", "b"]) == "a\tb\n\t1.0\n"
