"""Simulated libraries at several depths: FRiP and cFRiP behave as a library with known sites must."""

import sys
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("scipy", reason="needs the extra `train`")
pytest.importorskip("matplotlib", reason="needs the extra `plots`")

import quality_index
from quality_index import HALF_WIDTH, READ, Library, called_peaks

DEPTHS = (0.5, 2.0, 8.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the script writes for a small genome."""
    folder = tmp_path_factory.mktemp("quality") / "results"
    words = ["quality_index.py", str(folder), "--length", "100000", "--depths", ",".join(map(str, DEPTHS))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", words)
        quality_index.main()
    return folder


@pytest.fixture(scope="module")
def table(folder):
    return pd.read_csv(folder / "quality_index.tsv", sep="\t", comment="#")


def column(table, name, **chosen):
    """The values of a column by depth."""
    for key, value in chosen.items():
        table = table[table[key] == value]
    assert table["depth"].tolist() == list(DEPTHS)
    return table[name].to_numpy()


@pytest.mark.parametrize(("library", "share"), [("good", 0.3), ("poor", 0.05)])
def test_with_all_sites_and_all_reads_frip_is_the_share_of_the_library_and_cfrip_grows(table, library, share):
    chosen = {"library": library, "duplicates_are": "counted", "peaks_are": "all sites"}
    # Ten sites of 300 bases also get background reads, which reach 50 bases beyond them.
    expected = share + (1 - share) * 10 * (2 * HALF_WIDTH + READ) / 100_000
    np.testing.assert_allclose(column(table, "frip", **chosen), expected, atol=0.05)
    cfrip = column(table, "cfrip", **chosen)
    assert (np.diff(cfrip) > 0).all()
    covered = 1 - np.exp(-np.array(DEPTHS) * (1 - share))
    np.testing.assert_allclose(column(table, "covered", **chosen), covered, atol=0.05)


def test_without_duplicates_frip_falls_with_depth(table):
    frip = column(table, "frip", library="good", duplicates_are="left out", peaks_are="all sites")
    assert (np.diff(frip) < 0).all()


def test_a_good_library_has_the_higher_cfrip_at_every_depth(table):
    for duplicates_are in ("counted", "left out"):
        chosen = {"duplicates_are": duplicates_are, "peaks_are": "called"}
        good, poor = (np.nan_to_num(column(table, "cfrip", library=name, **chosen)) for name in ("good", "poor"))
        assert (good > poor).all()


def test_the_table_states_its_seed_and_the_figure_is_svg(folder):
    assert (folder / "quality_index.tsv").read_text().startswith("# seed 1, 100,000 bases, ")
    assert ET.fromstring((folder / "quality_index.svg").read_bytes()).tag.endswith("svg")


def test_duplicates_have_the_place_and_strand_of_an_earlier_read():
    library = Library.draw(20_000, 3000, 0.5, np.random.default_rng(1)).with_marks()
    seen, expected = set(), []
    for read in zip(library.starts.tolist(), library.reverse.tolist(), strict=True):
        expected.append(read in seen)
        seen.add(read)
    assert library.duplicate.tolist() == expected
    assert 0 < sum(expected) < 3000


def test_called_peaks_are_where_the_reads_are():
    library = Library.draw(100_000, 20_000, 0.5, np.random.default_rng(2))
    peaks = called_peaks(library)
    assert ((peaks["end"] > peaks["start"]) & (peaks["start"] % 200 == 0)).all()
    assert (peaks["start"].to_numpy()[1:] > peaks["end"].to_numpy()[:-1]).all()
    for start, end in peaks.itertuples(index=False):
        assert np.abs(library.sites[:, None] - np.arange(start, end)).min() <= HALF_WIDTH
    background = Library.draw(100_000, 20_000, 0.0, np.random.default_rng(3))
    assert len(called_peaks(background)) <= 2
