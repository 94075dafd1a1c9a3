"""docs/architecture.md against the code: its table, its picture, and the formats that it says how to add."""

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from varbind.core.tss import TranscriptionStart
from varbind.datasets import peak_formats, pwm
from varbind.datasets.peaks import read_peaks
from varbind.datasets.position_matrix import PositionMatrix
from varbind.io.genes import gene_table
from varbind.io.genes.gene_lines import GeneFormat

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
LAYERS = runpy.run_path(ROOT / "tests" / "architecture" / "test_layers.py")
PICTURE = runpy.run_path(ROOT / "docs" / "pictures" / "architecture.py")


def test_table_is_that_of_the_layers():
    imports = {name: set(below) for name, below in PICTURE["read_packages"](PAGE).items()}
    allowed = {name: below for name, below in LAYERS["BELOW"].items() if name not in LAYERS["GROUND"]}
    assert imports == {**allowed, "cli": {"everything"}}


def test_picture_is_up_to_date():
    drawn = (ROOT / "docs" / "pictures" / "architecture.svg").read_text(encoding="utf-8")
    assert drawn == PICTURE["draw"](PAGE), "run python docs/pictures/architecture.py"


def test_steps_of_the_picture_are_made_by_packages():
    assert {package for _, package in PICTURE["STEPS"]} <= LAYERS["BELOW"].keys()


@pytest.mark.parametrize(
    "section", re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:], ids=lambda text: text.split("\n")[0]
)
def test_each_way_of_adding_is_short(section):
    title, *lines = section.strip().splitlines()
    assert title.startswith("How to add")
    assert len([line for line in lines if line.strip()]) < 10


def test_a_gene_format_can_be_added(monkeypatch, tmp_path):
    def parse_starts(lines, path, strandless=None):
        fields = [line.decode().split() for _, line in lines if gene_table.is_data(line)]
        return [TranscriptionStart(contig, int(pos), strand, symbol) for _, symbol, contig, pos, strand in fields]

    added = GeneFormat("TSS list", lambda fields: fields[0] == "TSS", parse_starts)
    monkeypatch.setattr(gene_table, "FORMATS", [added, *gene_table.FORMATS])
    path = tmp_path / "starts.txt"
    path.write_text("# starts\nTSS ONE chr1 100 +\nTSS TWO chr1 900 -\n")
    genes = gene_table.read_genes(path, tss="all")
    assert [(start.symbol, start.pos, start.strand) for start in genes.index] == [("ONE", 100, "+"), ("TWO", 900, "-")]
    assert "TSS list" in genes.summary


def test_a_matrix_format_can_be_added(monkeypatch, tmp_path):
    def is_consensus(lines):
        return lines[0][1].startswith("CONSENSUS ")

    def consensus_matrices(lines, path):
        for line, text in lines:
            _, name, bases = text.split()
            yield PositionMatrix((name,), line, np.eye(4)[["ACGT".index(base) for base in bases]])

    monkeypatch.setattr(pwm, "MATRIX_FORMATS", ((is_consensus, consensus_matrices), *pwm.MATRIX_FORMATS))
    path = tmp_path / "consensus.txt"
    path.write_text("CONSENSUS ETS GGAA\nCONSENSUS GATA GATA\n")
    matrices = pwm.read_matrices(str(path))
    assert list(matrices) == ["ETS", "GATA"]
    np.testing.assert_array_equal(matrices["GATA"].argmax(axis=1), [2, 0, 3, 0])


def test_a_peak_format_can_be_added(monkeypatch, tmp_path):
    added = SimpleNamespace(strength_column=3)
    looks_like = (added, lambda line: len(line.columns) == 5 and line.columns[4] == "fold")
    monkeypatch.setattr(peak_formats, "_FORMATS", (looks_like, *peak_formats._FORMATS))
    path = tmp_path / "peaks.txt"
    path.write_text("chr1\t100\t200\t7.5\tfold\nchr1\t300\t400\t2.5\tfold\n")
    assert read_peaks(str(path))["strength"].tolist() == [7.5, 2.5]
