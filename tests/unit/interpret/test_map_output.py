import numpy as np
import pytest
from drawn import SVG, parsed, words_of
from oracles import model_card

from varbind.core.variant import Variant
from varbind.interpret.map_output import MapValue, drawing_of, frame_of_map
from varbind.interpret.mutation_map import MutationMap
from varbind.interpret.region_maps import RegionMap


def random_map(rng, letters, deletions=0):
    ref, alt = rng.normal(0, 1, (2, 4 + deletions, len(letters))).astype(np.float32)
    for column, letter in enumerate(letters):
        alt["ACGT".index(letter), column] = ref["ACGT".index(letter), column]
    for size in range(1, deletions + 1):
        ref[3 + size, len(letters) - size + 1 :] = alt[3 + size, len(letters) - size + 1 :] = np.nan
    return MutationMap("M", letters, ref, alt)


@pytest.fixture
def model():
    return model_card("M", protein="<b>&P")


def test_rows_are_all_changes_with_their_positions(model):
    rng = np.random.default_rng(1)
    own = random_map(rng, "ACGTA", deletions=2)
    frame = frame_of_map(RegionMap(model, "chr1", 101, own))
    rows = frame.to_dict("records")
    assert len(rows) == 15 + 5 + 4
    for row in rows:
        column = int(row["pos"]) - 101
        deleted = row["to"] == "-"
        cell = (3 + len(row["from"]) if deleted else "ACGT".index(row["to"])), column
        assert row["from"] == "ACGTA"[column : column + len(row["from"])]
        assert row["ref_score"] == own.ref[cell]
        assert row["alt_score"] == own.alt[cell]
        assert row["delta"] == own.alt[cell] - own.ref[cell]
        assert row["weighted"] == own.weighted[cell]
        assert (row["protein"], row["model_id"], row["allele"], row["chrom"]) == ("<b>&P", "M", "ref", "chr1")
    assert len({(row["pos"], row["from"], row["to"]) for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("ref", "alt", "positions"),
    [
        ("C", "T", [9, 10, 11, 12]),
        ("", "GG", [9, None, None, 10, 11, 12]),
        ("CG", "", [9, 12]),
        ("CG", "TTT", [9, 10, 11, None, 12]),
        ("CGT", "A", [9, 10, 13]),
    ],
)
def test_positions_of_the_mutant_are_those_of_the_reference(model, ref, alt, positions):
    rng = np.random.default_rng(2)
    rest = "ACGTACGT"[len(ref) + 1 :][: len(positions) - 1 - len(alt)]
    found = RegionMap(
        model, "c", 9, random_map(rng, "A" + ref + rest), Variant("c", 10, ref, alt), random_map(rng, "A" + alt + rest)
    )
    frame = frame_of_map(found)
    rows = frame[frame["allele"] == "alt"].to_dict("records")
    by_base = [row["pos"] for row in rows][::3]
    assert [None if pos is None or pos != pos else int(pos) for pos in by_base] == positions


@pytest.mark.parametrize("value", MapValue)
@pytest.mark.parametrize(("ref", "alt"), [("C", "T"), ("", "GG"), ("CG", ""), ("CG", "TTT")])
def test_wild_type_and_mutant_are_aligned(model, value, ref, alt):
    rng = np.random.default_rng(3)
    found = RegionMap(
        model,
        "c",
        9,
        random_map(rng, "A" + ref + "TACG", deletions=2),
        Variant("c", 10, ref, alt),
        random_map(rng, "A" + alt + "TACG", deletions=2),
    )
    drawing = drawing_of(found, value)
    root = parsed(drawing.document())
    frames = [shape for shape in root.iter(f"{SVG}rect") if shape.get("fill") == "none"]
    assert [shape.get("width") for shape in frames] == [f"{9 * max(len(ref), len(alt))}"] * 2
    assert len({shape.get("x") for shape in frames}) == 1
    words = words_of(root)
    assert words[0] == f"<b>&P (M), c:10 {ref or '-'}>{alt or '-'}"
    assert f"marked: {ref or '-'}>{alt or '-'} at 10" in words
    assert sum(word.startswith(("wild type, score", "mutant, score")) for word in words) == 2
    assert any("x the score" in word for word in words) == (value is MapValue.WEIGHTED)
