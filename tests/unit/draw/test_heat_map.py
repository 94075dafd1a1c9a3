import re

import numpy as np
import pytest
from drawn import SVG, letter_boxes, parsed, words_of

from varbind.draw.heat_map import CELL, LEFT, LEVELS, MapMark, MapRow, draw_mutation_map, letter_heights
from varbind.draw.svg import COLOURS

SHADES = {COLOURS["loss"]: -1, COLOURS["gain"]: 1}


def random_row(rng, length, label="wild type", deletions=0):
    letters = "".join(rng.choice(list("ACGT"), length))
    changes = rng.normal(0, 1, (4, length)).astype(np.float32)
    for column, letter in enumerate(letters):
        changes["ACGT".index(letter), column] = 0
    removed = rng.normal(0, 1, (deletions, length)) if deletions else None
    return MapRow(letters, changes, label, removed)


def cells_of(root):
    """The share of the full colour of each cell by its left and upper edge, negative = loss."""
    found = {}
    for shape in root.findall(f"{SVG}path"):
        if shape.get("fill") in SHADES:
            for left, top in re.findall(r"M([\d.]+) ([\d.]+)h9v9h-9z", shape.get("d")):
                found[float(left), float(top)] = SHADES[shape.get("fill")] * float(shape.get("fill-opacity", 1))
    return found


def test_every_cell_has_the_colour_of_its_change():
    row = random_row(np.random.default_rng(4), 30, deletions=3)
    found = cells_of(parsed(draw_mutation_map([row], title="x").document()))
    largest = np.abs(row.cells).max()
    top = min(place[1] for place in found)
    assert found
    for number in range(7):
        for column in range(30):
            shown = found.get((LEFT + CELL * column, top + CELL * number), 0)
            assert shown == pytest.approx(round(row.cells[number, column] / largest * LEVELS) / LEVELS)


def test_a_letter_is_as_high_as_its_worst_substitution():
    row = random_row(np.random.default_rng(5), 40)
    expected = [max(0, -min(row.changes[base, column] for base in range(4))) for column in range(40)]
    assert letter_heights(row.changes).tolist() == expected
    found = letter_boxes(parsed(draw_mutation_map([row], title="x").document()))
    for column, letter in enumerate(row.letters):
        height = expected[column] * 36 / max(expected)
        own = [box for box in found if box[1] == pytest.approx(LEFT + CELL * column + 0.3, abs=0.06)]
        assert (max(box[4] - box[2] for box in own) if own else 0) == pytest.approx(height, abs=0.11)
        assert {box[0] for box in own} <= {COLOURS[f"base-{letter.lower()}"]}


def test_wild_type_and_mutant_have_one_scale():
    rng = np.random.default_rng(6)
    row = random_row(rng, 25)
    half = MapRow(row.letters, row.changes / 2, "mutant")
    root = parsed(draw_mutation_map([row, half], title="x").document())
    shares = sorted(abs(value) for value in cells_of(root).values())
    assert shares[-1] == 1
    assert sum(value > 0.5 for value in shares) == sum(
        round(value * LEVELS) > LEVELS / 2 for value in np.abs(row.changes / np.abs(row.changes).max()).ravel()
    )
    heights = sorted((box[4] - box[2] for box in letter_boxes(root)), reverse=True)
    assert heights[0] == pytest.approx(36, abs=0.11)


def test_a_long_map_goes_on_below():
    row = random_row(np.random.default_rng(7), 250)
    drawing = draw_mutation_map([row], title="x", first=1001, columns=100)
    words = words_of(parsed(drawing.document()))
    assert [word for word in words if word.isdecimal() and int(word) % 100 == 50] == ["1050", "1150", "1250"]
    assert drawing.width < 52 + 100 * 9 + 20
    assert len(cells_of(parsed(drawing.document()))) == np.count_nonzero(
        np.rint(row.changes / np.abs(row.changes).max() * LEVELS)
    )


def test_variants_are_ringed_and_named():
    row = random_row(np.random.default_rng(8), 120)
    marks = [MapMark(0, 3, 4, "G", "one<>&"), MapMark(0, 98, 103, "", "two")]
    drawing = draw_mutation_map([row], title="x", marks=marks)
    root = parsed(drawing.document())
    frames = [shape for shape in root.iter(f"{SVG}rect") if shape.get("fill") == "none"]
    places = [(float(shape.get("x")), float(shape.get("width"))) for shape in frames]
    assert places == [(LEFT + 3 * CELL, CELL), (LEFT + 98 * CELL, 2 * CELL), (LEFT, 3 * CELL)]
    assert [shape[0].text for shape in frames] == ["one<>&", "two", "two"]
    assert "marked: one<>&; two" in words_of(root)
    assert "Marked: one<>&, two." in drawing.description


def test_the_description_names_the_strongest_changes():
    changes = np.zeros((4, 5))
    changes[2, 1], changes[0, 4] = -3, 2
    drawing = draw_mutation_map([MapRow("ACGTC", changes, "wild type")], title="x", first=11)
    assert "the strongest loss is \N{MINUS SIGN}3, C>G at position 12." in drawing.description
    assert "the strongest gain is 2, C>A at position 15." in drawing.description


def test_what_cannot_be_deleted_has_no_colour():
    row = MapRow("ACG", np.zeros((4, 3)), "x", np.array([[1.0, np.nan, -1.0]]))
    assert sorted(cells_of(parsed(draw_mutation_map([row], title="x").document())).values()) == [-1, 1]


def test_a_map_without_changes_is_drawn():
    root = parsed(draw_mutation_map([MapRow("ACGU-N", np.zeros((4, 6)), "x")], title="x").document())
    assert cells_of(root) == {}
    assert letter_boxes(root) == []


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        ([], {}, "expected one length"),
        ([MapRow("AC", np.zeros((4, 2)), "x"), MapRow("A", np.zeros((4, 1)), "x")], {}, "expected one length"),
        ([MapRow("A", np.full((4, 1), np.nan), "x")], {}, "not a number"),
        ([MapRow("A", np.full((4, 1), np.inf), "x")], {}, "not a number"),
        ([MapRow("AC", np.zeros((4, 2)), "x")], {"marks": [MapMark(0, 1, 3)]}, "outside of 1 maps of 2 columns"),
        ([MapRow("AC", np.zeros((4, 2)), "x")], {"marks": [MapMark(1, 0, 1)]}, "outside of 1 maps"),
        ([MapRow("AC", np.zeros((4, 2)), "x")], {"marks": [MapMark(0, 0, 1, "N")]}, "outside of 1 maps"),
    ],
)
def test_bad_input_is_refused(rows, changes, message):
    with pytest.raises(ValueError, match=message):
        draw_mutation_map(rows, title="x", **changes)


def test_rows_have_the_shape_of_their_letters():
    with pytest.raises(ValueError, match="2 letters with changes"):
        MapRow("AC", np.zeros((2, 4)), "x")
    with pytest.raises(ValueError, match="2 letters with deletions"):
        MapRow("AC", np.zeros((4, 2)), "x", np.zeros((1, 3)))
