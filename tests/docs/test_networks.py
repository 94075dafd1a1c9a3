"""The tables of docs/networks.md against the configurations."""

import re
from pathlib import Path

import pytest
from published_networks import trained_numbers

from varbind.core.deepgmap import deepgmap_networks
from varbind.core.koo import koo_networks
from varbind.core.zeng import zeng_networks

PAGE = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)[^\n]*\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
PAPERS = {"Zeng": zeng_networks(), "Koo": koo_networks(), "Onimaru": deepgmap_networks()}


def rows_of(paper):
    """The cells of each row of the first table of a section, by the heads of its columns."""
    table = re.search(r"(?:^\|.*\n)+", SECTIONS[paper], re.MULTILINE)[0]
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.mark.parametrize("paper", PAPERS)
def test_every_network_has_its_layers_and_its_number_of_parameters(paper):
    numbers = {}
    for row in rows_of(paper):
        for name in re.findall(r"`([^`]+)`", row["name"]):
            numbers[name] = int(row["parameters"].replace(",", ""))
            sizes = {f"{layer.kernels}x{layer.width}" for layer in PAPERS[paper][name].convolutions}
            assert sizes == set(re.findall(r"\d+x\d+", str(row))), name
    assert numbers == {name: trained_numbers(config) for name, config in PAPERS[paper].items()}


def test_numbers_of_parameters_for_short_inputs():
    short = deepgmap_networks(input_length=200, outputs=12)
    for row in rows_of("Onimaru"):
        stated = row["with 200 bases and twelve tasks"].replace(",", "")
        assert int(stated) == trained_numbers(short[row["name"].strip("`")])


def test_the_number_of_networks():
    assert f"{sum(map(len, PAPERS.values()))} networks of three papers" in PAGE


def test_the_cost_of_every_network_is_stated():
    assert [row["network"].strip("`") for row in rows_of("What")] == [
        name for networks in PAPERS.values() for name in networks
    ]
