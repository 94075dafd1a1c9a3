"""Which columns and cells are marked as the variant, for each kind of change."""

import re

import numpy as np
import pytest

from varbind.annotate.info_reader import ProteinChange
from varbind.draw.heat_map import CELL, LEFT
from varbind.draw.logo import LEFT as LOGO_LEFT
from varbind.draw.logo import LETTER
from varbind.report.model_sites import ModelSite
from varbind.report.site_pictures import draw_background, draw_logos, draw_map

CHANGE = ProteinChange("F", "P", "P", -1.0, -2.0)
FRAME = re.compile(r'<rect x="([0-9.]+)" y="[0-9.]+" width="([0-9.]+)" height="([0-9.]+)" fill="none"')


def site(reference, alternate, changed, informative=range(4, 10), background=()):
    heights = np.zeros((len(reference), 4))
    heights[list(informative)] = [1.0, 0.1, 0.1, 0.1]
    letters = reference.replace("-", "")
    changes = np.linspace(-2, 1, 4 * len(letters), dtype=np.float32).reshape(4, -1)
    return ModelSite(
        "loss", CHANGE, reference, alternate, 101, changed, heights, changes, -1.0, -0.5, np.array(background)
    )


SNV = site("ACGTAAAAACGTACGTACG", "ACGTAACAACGTACGTACG", (6, 7))
MNV = site("ACGTAAAAACGTACGTACG", "ACGTACCAACGTACGTACG", (5, 7))
INSERTION = site("ACGTAA--AAACGTACGTA", "ACGTAACCAAACGTACGTA", (6, 8))
DELETION = site("ACGTAAAAACGTACGTACG", "ACGTA--AACGTACGTACG", (5, 7))


@pytest.mark.parametrize(
    ("found", "first", "columns", "is_ring"),
    [(SNV, 6, 1, True), (MNV, 5, 2, False), (INSERTION, 5, 2, False), (DELETION, 5, 2, False)],
)
def test_the_map_marks_the_variant(found, first, columns, is_ring):
    drawing = draw_map(found, "label")
    ((left, width, height),) = [tuple(map(float, frame)) for frame in FRAME.findall(drawing.body)]
    assert (left, width) == pytest.approx((LEFT + CELL * first, CELL * columns))
    assert (height == CELL) is is_ring
    assert "label" in drawing.description


@pytest.mark.parametrize("found", [SNV, MNV, INSERTION, DELETION])
def test_the_logos_box_what_changes(found):
    drawing = draw_logos(found)
    boxes = [(float(left), float(width)) for left, width, _ in FRAME.findall(drawing.body)]
    start, end = found.changed
    # The columns from 4 on have information, and three more are drawn on both sides.
    assert boxes == [pytest.approx((LOGO_LEFT + LETTER * (start - 1), LETTER * (end - start)))] * 2


def test_the_change_is_drawn_where_nothing_has_information():
    drawing = draw_logos(site("ACGTAAAAACGTACGTACG", "ACGTAACAACGTACGTACG", (6, 7), informative=()))
    assert drawing.width > 0
    assert len(FRAME.findall(drawing.body)) == 2


def test_without_a_background_there_is_no_chart():
    assert draw_background(SNV) is None
    drawing = draw_background(site("ACGTAAAAACGTACGTACG", "ACGTAACAACGTACGTACG", (6, 7), background=[0.0, -1.0, 2.0]))
    assert "Of 3 background variants 1 change what P binds" in drawing.description
