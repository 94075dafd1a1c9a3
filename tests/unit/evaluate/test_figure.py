"""A figure is one file of valid XML, with the same bytes for the same numbers and every mean in it."""

import logging
import sys
from xml.etree import ElementTree as ET

import pytest

from varbind.evaluate.evaluation_data import Metric
from varbind.evaluate.figure import COLOURS, draw, draw_reliability, panels, write_figure
from varbind.evaluate.report import Comparison, Pair

pytest.importorskip("matplotlib", reason="needs the extra `plots`")

BINS = [(0.1, 0.125, 0.5), (0.25, 0.2, 0.25), (0.75, 0.7, 0.25)]
USE = "{http://www.w3.org/2000/svg}use"


def comparison(method, *pairs, task="t", metric=Metric.AUC, is_bank=False):
    return Comparison(task, metric, method, [Pair(*pair) for pair in pairs], is_bank=is_bank)


TWO = [
    comparison("bank", ("P", 0.9, 0.9), is_bank=True),
    comparison("GC", ("P", 0.9, 0.5), ("p", 0.7, 0.6), ("Q", 0.6, 0.7)),
    comparison("matrices", ("Q", 0.6, 0.8)),
    comparison("GC", ("P", 0.9, 0.5), metric=Metric.AUPRC),
    comparison("other", ("P", 0.1, 0.2), task="u", metric=Metric.PEARSON),
]


def dots(svg, colour):
    """Markers of a colour, the one in the legend not counted."""
    root = ET.fromstring(svg)
    return sum(f"fill: {colour.lower()}" in use.get("style", "") for use in root.iter(USE)) - 1


def test_there_is_a_panel_a_task_and_none_of_the_bank_itself():
    found = panels(TWO)
    assert list(found) == [("t", Metric.AUC), ("u", Metric.PEARSON)]
    assert [one.method for one in found["t", Metric.AUC]] == ["GC", "matrices"]


def test_there_is_a_dot_a_protein_and_a_colour_a_method():
    svg = draw(TWO, "bank")
    assert [dots(svg, colour) for colour in COLOURS[:4]] == [2, 1, 1, -1]


def test_means_are_in_the_legend():
    svg = draw(TWO, "bank").decode()
    assert "0.600 GC (bank 0.733, 2 proteins)" in svg
    assert "0.800 matrices (bank 0.600, 1 proteins)" in svg
    assert "<!-- t, AUC -->" in svg
    assert "<!-- u, Pearson -->" in svg


def test_equal_numbers_give_equal_bytes():
    assert draw(TWO, "bank") == draw(TWO, "bank")
    assert b"<dc:date>" not in draw(TWO, "bank")


@pytest.mark.parametrize("name", ["a & <b>", "$x", "$\\frac$", "--", "\x01\x9c", "a" * 300, "\u4e2d", "_"])
def test_any_name_can_stand_in_it(name):
    svg = draw([comparison(name, ("P", 0.5, 0.5), task=name)], name)
    assert dots(svg, COLOURS[0]) == 1


def test_many_methods_and_tasks_fit():
    many = [comparison(f"c{number}", ("P", 0.5, 0.1), task=f"t{number % 5}") for number in range(20)]
    svg = draw(many, "bank").decode()
    assert all(f"0.100 c{number} (" in svg for number in range(20))


def test_nothing_to_compare_is_no_figure():
    assert draw(TWO[:1], "bank") is None


def test_reliability_is_an_svg_of_the_same_bytes():
    figure = draw_reliability(BINS)
    root = ET.fromstring(figure)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert b"share probably changed" in figure
    assert draw_reliability(BINS) == figure
    assert draw_reliability([(0.1, 0.5, 1.0)]) != figure


@pytest.mark.parametrize("module", ["matplotlib.figure", "matplotlib.style"])
def test_without_matplotlib_there_is_no_figure_of_reliability(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    assert draw_reliability(BINS) is None


def test_a_figure_is_written_where_methods_are_compared(tmp_path, caplog):
    write_figure(tmp_path / "figure.svg", TWO, "bank")
    assert (tmp_path / "figure.svg").read_bytes() == draw(TWO, "bank")
    with caplog.at_level(logging.INFO, "varbind"):
        write_figure(tmp_path / "other.svg", TWO[:1], "bank")
    assert "no figure: nothing is compared with bank; give --against" in caplog.text
    assert not (tmp_path / "other.svg").exists()


def test_without_matplotlib_a_message_names_the_package(tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "matplotlib.style", None)
    with caplog.at_level(logging.WARNING, "varbind"):
        write_figure(tmp_path / "figure.svg", TWO, "bank")
    assert "no figure; all other files are written" in caplog.text
    assert "pip install 'varbind[plots]'" in caplog.text
    assert not list(tmp_path.iterdir())
