"""The correlations on the page on interpretation are those of the shipped model."""

import re
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra `train`")
from varbind.interpret.attribution import attribute, attribution_correlations

PAGE = (Path(__file__).parents[2] / "docs" / "interpretation.md").read_text(encoding="utf-8")


def test_the_correlations_at_one_site(shipped_bank):
    sequence = re.search(r"`([ACGT]+)` \(score ([\d.]+)\)", PAGE)
    found = attribute(sequence[1], shipped_bank, model_id="ELK1")
    assert f"{found.score:.1f}" == sequence[2]
    pairs = {(pair.first, pair.second): f"{pair.mean:.2f}" for pair in attribution_correlations([found])}
    rows = re.findall(r"^\| ([\w-]+), ([\w-]+) \| (\S+) \|", PAGE, re.MULTILINE)
    stated = {(first, second): value for first, second, value in rows}
    assert len(stated) == 4
    assert stated == {pair: pairs[pair] for pair in stated}


def test_the_example_of_two_sites(shipped_bank):
    sequence = re.search(r"`([ACGT]+)` \(score", PAGE)[1]
    found = [
        attribute(text, shipped_bank, model_id="ELK1").by_method
        for text in (sequence + "T" * 30, sequence + "T" * 10 + sequence)
    ]
    largest = {method: [f"{own[method].max():.1f}" for own in found] for method in ("mutagenesis", "gradient-input")}
    words = " ".join(PAGE.split())
    assert "the largest mutagenesis value is {}; with two copies it is {},".format(*largest["mutagenesis"]) in words
    assert "gradient-input has {} and {}:".format(*largest["gradient-input"]) in words
