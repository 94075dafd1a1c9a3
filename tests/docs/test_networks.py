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


@pytest.mark.parametrize("paper", PAPERS)
def test_every_network_has_its_layers_and_its_number_of_parameters(paper):
    rows = re.findall(r"^\| (`[^|]+`) \| (.*) \|$", SECTIONS[paper], re.MULTILINE)
    numbers = {}
    for names, cells in rows:
        first = int(next(cell for cell in cells.split(" | ") if re.fullmatch(r"\d[\d,]{2,}", cell)).replace(",", ""))
        for name in re.findall(r"`([^`]+)`", names):
            numbers[name] = first
            sizes = {f"{layer.kernels}x{layer.width}" for layer in PAPERS[paper][name].convolutions}
            assert sizes == set(re.findall(r"\d+x\d+", cells)), name
    assert numbers == {name: trained_numbers(config) for name, config in PAPERS[paper].items()}


def test_the_number_of_networks():
    assert f"{sum(map(len, PAPERS.values()))} networks of three papers" in PAGE


def test_the_cost_of_every_network_is_stated():
    rows = re.findall(r"^\| `([^`]+)` \| [\d,.]+ \| [\d,.]+ \|", SECTIONS["What"], re.MULTILINE)
    assert set(rows) == {name for networks in PAPERS.values() for name in networks}
