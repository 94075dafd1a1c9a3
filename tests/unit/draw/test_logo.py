import numpy as np
import pytest
from drawn import SVG, letter_boxes, parsed, words_of

from varbind.draw.logo import HEADING, HEIGHT, LEFT, LETTER, LogoRow, aligned_logos, sequence_logo
from varbind.draw.svg import COLOURS

OUTLINES = {"A": 2, "C": 1, "G": 1, "T": 1}


def piles(heights, top):
    """The boxes of a logo, letter by letter: the least letter stands next to the axis."""
    low = min(sum(value for value in column if value < 0) for column in heights)
    high = max(sum(value for value in column if value > 0) for column in heights)
    scale = HEIGHT / (high - low)
    zero = top + high * scale
    boxes = []
    for index, column in enumerate(heights):
        up = down = zero
        for base in sorted(range(4), key=lambda base: abs(column[base])):
            size = column[base] * scale
            if size > 0:
                boxes.append(("ACGT"[base], index, up - size, up))
                up -= size
            elif size < 0:
                boxes.append(("ACGT"[base], index, down, down - size))
                down -= size
    return boxes


@pytest.mark.parametrize("kind", ["bits", "weights"])
def test_letters_are_piled_on_the_axis(kind):
    rng = np.random.default_rng(2)
    heights = rng.uniform(0.1, 1, (7, 4)) if kind == "bits" else rng.normal(0, 1, (7, 4))
    found = letter_boxes(parsed(sequence_logo(heights, title="x").document()))
    expected = piles(heights.tolist(), top=HEADING)
    assert len(found) == sum(OUTLINES[letter] for letter, *_ in expected)
    for letter, index, top, bottom in expected:
        left = LEFT + LETTER * index + 0.4
        box = (left, top, left + LETTER - 0.8, bottom)
        fits = [
            one
            for one in found
            if one[0] == COLOURS[f"base-{letter.lower()}"] and one[1:] == pytest.approx(box, abs=0.06)
        ]
        assert fits, (letter, box)


def test_rna_has_u():
    heights = np.eye(4)
    dna, rna = (sequence_logo(heights, title="x", rna=rna) for rna in (False, True))
    assert "read ACGT" in dna.description
    assert "read ACGU" in rna.description
    assert dna.body != rna.body


def test_positions_run_along_the_strand():
    heights = np.ones((20, 4))
    forward = words_of(parsed(sequence_logo(heights, title="x", first=98).document()))
    backward = words_of(parsed(sequence_logo(heights, title="x", first=98, strand="-").document()))
    numbers = [[int(word) for word in words if word.isdecimal() and int(word) > 10] for words in (forward, backward)]
    assert numbers == [[100, 105, 110, 115], list(range(98, 79, -2))]


def test_neighbouring_columns_share_a_box():
    root = parsed(sequence_logo(np.ones((9, 4)), title="x", boxed=[5, 2, 3, 2]).document())
    frames = [shape for shape in root.iter(f"{SVG}rect") if shape.get("fill") == "none"]
    assert [(float(shape.get("x")), float(shape.get("width"))) for shape in frames] == [
        (LEFT + 2 * LETTER, 2 * LETTER),
        (LEFT + 5 * LETTER, LETTER),
    ]


def test_alleles_have_one_scale_and_boxes_where_they_differ():
    reference = LogoRow("ACGGT", np.eye(4)[[0, 1, 2, 2, 3]], "reference")
    alternate = LogoRow("AC-GA", np.eye(4)[[0, 1, 2, 2, 0]] * [[0.5], [0.5], [0], [0.5], [0.5]], "alternate")
    drawing = aligned_logos(reference, alternate, title="x", first=10)
    root = parsed(drawing.document())
    frames = [float(shape.get("x")) for shape in root.iter(f"{SVG}rect") if shape.get("fill") == "none"]
    assert frames == [LEFT + LETTER * 2, LEFT + LETTER * 4] * 2
    heights = {round(box[4] - box[2]) for box in letter_boxes(root) if box[0] == COLOURS["base-c"]}
    assert heights == {72, 36, 10}
    assert "Differences: G>- in column 3; T>A in column 5." in drawing.description


def test_columns_without_a_reference_base_are_not_counted():
    reference = LogoRow("A--C", np.zeros((4, 4)), "reference")
    alternate = LogoRow("AGGC", np.zeros((4, 4)), "alternate")
    words = words_of(parsed(aligned_logos(reference, alternate, title="x", first=99).document()))
    assert "100" in words
    assert "101" not in words


def test_pictures_are_the_same_bytes_again():
    heights = np.random.default_rng(3).normal(0, 1, (12, 4))
    assert sequence_logo(heights, title="x") == sequence_logo(heights.copy(), title="x")
    assert len({sequence_logo(heights, title="x").document() for _ in range(3)}) == 1


@pytest.mark.parametrize(
    ("heights", "changes", "message"),
    [
        (np.zeros((0, 4)), {}, "expected \\(L, 4\\)"),
        (np.zeros((3, 5)), {}, "expected \\(L, 4\\)"),
        (np.full((3, 4), np.nan), {}, "not a number"),
        (np.zeros((3, 4)), {"boxed": [3]}, "no column 3 among 3"),
        (np.zeros((3, 4)), {"boxed": [-1]}, "no column -1 among 3"),
        (np.zeros((3, 4)), {"strand": "."}, "is no strand"),
    ],
)
def test_bad_input_is_refused(heights, changes, message):
    with pytest.raises(ValueError, match=message):
        sequence_logo(heights, title="x", **changes)


def test_unaligned_alleles_are_refused():
    rows = [LogoRow("A" * count, np.zeros((count, 4)), "x") for count in (2, 3)]
    with pytest.raises(ValueError, match="not aligned"):
        aligned_logos(*rows, title="x")
    with pytest.raises(ValueError, match="2 letters with heights"):
        LogoRow("AC", np.zeros((3, 4)), "x")


def test_a_logo_without_information_is_drawn():
    assert letter_boxes(parsed(sequence_logo(np.zeros((3, 4)), title="x").document())) == []
