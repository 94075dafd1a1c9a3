import numpy as np
import pytest
from drawn import letter_boxes, parsed

from varbind.draw.letters import GLYPHS, PlacedLetters, letter_shapes
from varbind.draw.svg import COLOURS


def shapes_of(letters, boxes):
    return parsed(f'<svg xmlns="http://www.w3.org/2000/svg">{letter_shapes([PlacedLetters(letters, boxes)])}</svg>')


@pytest.mark.parametrize("letter", GLYPHS)
def test_a_letter_fills_its_box(letter):
    boxes = letter_boxes(shapes_of(letter, np.array([[10.0, 20.0, 12.3, 45.6]])))
    outer = boxes[0]
    assert outer[1:] == pytest.approx((10, 20, 22.3, 65.6), abs=0.051)
    assert all(box[1] >= 10 and box[3] <= 22.35 for box in boxes)


@pytest.mark.parametrize("letter", GLYPHS)
def test_letters_are_told_apart_without_colour(letter):
    others = [glyph.template for name, glyph in GLYPHS.items() if name != letter]
    assert GLYPHS[letter].template not in others


def test_every_letter_has_its_own_box_and_colour():
    rng = np.random.default_rng(1)
    letters = "".join(rng.choice(list("CGTUN"), 60))
    boxes = np.stack([10.0 * np.arange(60), *rng.uniform(5, 50, (3, 60))], axis=1)
    boxes[:, 2] = 9
    found = letter_boxes(shapes_of(letters, boxes))
    assert len(found) == 60
    for letter, (left, top, width, height), box in zip(letters, boxes, found, strict=True):
        assert box[1:] == pytest.approx((left, top, left + width, top + height), abs=0.051)
        assert COLOURS[{"C": "base-c", "G": "base-g", "N": "base-n"}.get(letter, "base-t")] in box[0]


def test_no_letters_are_nothing():
    assert letter_shapes([]) == letter_shapes([PlacedLetters("", np.zeros((0, 4)))]) == ""


def test_bad_letters_are_refused():
    with pytest.raises(ValueError, match="no shape of 'X'"):
        PlacedLetters("AX", np.zeros((2, 4)))
    with pytest.raises(ValueError, match="2 letters in boxes"):
        PlacedLetters("AC", np.zeros((3, 4)))
