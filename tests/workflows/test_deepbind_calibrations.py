"""The expected rating of the best of some settings is that over all subsets."""

import gzip
import sys
from itertools import combinations

import calibrations
import numpy as np
import pytest
from calibrations import best_by_model, expected_best
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("matplotlib", reason="needs the extra `plots`")

HEADER = "id\tmeasure\tsetting\tsteps\tmean\n"


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8), st.data())
def test_the_expectation_is_the_mean_over_subsets(ratings, data):
    count = data.draw(st.integers(1, len(ratings)))
    slow = np.mean([max(subset) for subset in combinations(ratings, count)])
    assert expected_best(np.array(ratings), count) == pytest.approx(slow, abs=1e-9)


def write_ratings(path, models, settings):
    """Ratings at two checkpoints, of which the second has the better half of the settings."""
    rng = np.random.default_rng(0)
    rows = []
    for model in range(models):
        first = rng.random(settings)
        rows += [(model, number, 5, rating) for number, rating in enumerate(first)]
        rows += [(model, number, 9, first[number] + 0.1) for number in np.argsort(-first)[: settings // 2]]
    text = "".join(f"m{model}\tAUC\t{number}\t{steps}\t{rating:.6f}\n" for model, number, steps, rating in rows)
    path.write_bytes(gzip.compress((HEADER + text).encode()))


def test_a_setting_counts_with_its_best_checkpoint(tmp_path):
    write_ratings(tmp_path / "ratings.tsv.gz", 1, 4)
    table = calibrations.pd.read_csv(tmp_path / "ratings.tsv.gz", sep="\t")
    (best,) = best_by_model(table)
    (first,) = best_by_model(table[table["steps"] == 5])
    assert np.sort(best - first).tolist() == pytest.approx([0, 0, 0.1, 0.1])


def test_small_run(tmp_path, monkeypatch):
    write_ratings(tmp_path / "ratings.tsv.gz", 5, 6)
    words = [str(tmp_path / "ratings.tsv.gz"), str(tmp_path / "out"), "--most", "6", "--machine", "one"]
    monkeypatch.setattr(sys, "argv", ["calibrations.py", *words])
    calibrations.main()
    text = (tmp_path / "out/calibrations.tsv").read_text()
    rows = calibrations.pd.read_csv(tmp_path / "out/calibrations.tsv", sep="\t")
    assert rows["settings"].tolist() == [1, 2, 3, 4, 5, 6] * 2
    for _, curve in rows.groupby("rating_at"):
        assert (np.diff(curve["mean"]) >= 0).all()
        assert curve["mean_lacking"].iloc[-1] == 0
    assert (tmp_path / "out/calibrations.summary.tsv").read_text().startswith("# machine: one\n")
    svg = (tmp_path / "out/calibrations.svg").read_bytes()
    calibrations.main()
    assert (tmp_path / "out/calibrations.svg").read_bytes() == svg
    assert (tmp_path / "out/calibrations.tsv").read_text() == text
