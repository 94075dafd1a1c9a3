"""The numbers in the charts of a report, counted by hand."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.annotate.annotated_variants import NearbyGene
from varbind.report.charts import background_chart, gene_track, phred_histogram, rarity_chart


@given(st.lists(st.floats(0, 200), max_size=60))
def test_histogram_counts(phreds):
    drawing = phred_histogram(phreds, [10])
    counted = {}
    for value in phreds:
        edge = min(int(value // 5) * 5, 50)
        counted[edge] = counted.get(edge, 0) + 1
    stated = re.findall(r"([0-9]+) from ([0-9]+) ", drawing.description.replace(" on", " to"))
    assert {int(edge): int(count) for count, edge in stated} == counted


def test_histogram_of_chance():
    """The lines of what is expected of 1,000 random variants: 684 below 5, 216 from 5 to 10, ..."""
    drawing = phred_histogram([1.0] * 1000, [])
    levels = [float(y) for y in re.findall(r'stroke="var\(--loss[^"]*" d="M[0-9.]+ ([0-9.]+) ', drawing.body)]
    expected = [1000 * (10 ** (-a / 10) - (10 ** (-(a + 5) / 10) if a < 50 else 0)) for a in range(0, 51, 5)]
    assert levels == pytest.approx([34 + 130 * (1 - count / 1000) for count in expected], abs=0.06)


@pytest.mark.parametrize(
    ("distance", "promoter"), [(-78, (1000, 500)), (0, (1000, 500)), (-4000, (1000, 500)), (700, (50, 50))]
)
def test_a_variant_is_drawn_to_scale(distance, promoter):
    drawing = gene_track([NearbyGene("G", "", distance, "")], promoter)
    low, high = min(-promoter[0], distance), max(promoter[1], distance)
    (place,) = re.findall(r"M([0-9.]+) 54.0h10l-5 -8z", drawing.body)
    (start,) = re.findall(r'd="M([0-9.]+) 28 [0-9.]+ 14 ', drawing.body)
    assert float(place) + 5 == pytest.approx(26 + 430 * (distance - low) / (high - low), abs=0.1)
    assert float(start) == pytest.approx(26 + 430 * (0 - low) / (high - low), abs=0.1)
    assert "from the start of G" in drawing.description


def test_rarity_is_on_the_scale_of_phred():
    drawing = rarity_chart([("a", 0.0), ("b", 30.0), ("c", 99.0)])
    places = [float(x) for x in re.findall(r'd="M([0-9.]+) [0-9.]+l7 7', drawing.body)]
    assert places == pytest.approx([104, 104 + 170, 104 + 340], abs=0.1)


def test_background_counts():
    values = np.random.default_rng(2).normal(size=500)
    for change in (-1.5, 0.7):
        drawing = background_chart(values, change, "P")
        expected = sum(value <= change for value in values) if change < 0 else sum(value >= change for value in values)
        assert f"Of 500 background variants {expected} change" in drawing.description
        assert drawing.body.count("z") >= 1


def test_charts_of_nothing_can_be_drawn():
    assert phred_histogram([], []).width > 0
    assert background_chart(np.zeros(10), 0.0, "P").height > 0
    assert gene_track([NearbyGene("", "", 0, "")], (0, 0)).width > 0
