"""The judge of the conservation head: intervals against slow resampling, planted signals, and the real variants."""

import csv
import gzip
import io

import numpy as np
import pytest

from varbind.errors import InputError
from varbind.evaluate import conservation
from varbind.evaluate.conservation import (
    Region,
    ScoredBy,
    evaluate_conservation,
)
from varbind.evaluate.tables import conservation_markdown, conservation_table
from varbind.train import metrics
from varbind.train.metrics import auc, average_precision

pytest.importorskip("sklearn", reason="needs the extra `train`")

TRACKS = ("strong", "weak", "noise")
REAL_TRACKS = ("priPhCons", "mamPhCons", "verPhCons", "priPhyloP", "mamPhyloP", "verPhyloP")


def planted(count=900):
    rng = np.random.default_rng(4)
    labels = np.arange(count) % 5 == 0
    values = rng.normal(size=(count, 3))
    values[labels, :2] += [1.5, 0.8]
    values[::9, 0] = np.nan
    genes = np.array([f"gene{index // 2}" for index in range(count)])
    return values, labels, genes, np.arange(count) % 2 == 0


@pytest.fixture(scope="module")
def rows():
    values, labels, genes, promoter_like = planted()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "DRAWS", 100)
        return evaluate_conservation(values, labels, genes, TRACKS, folds=5, seed=1, promoter_like=promoter_like)


def of(rows, *tracks, scored_by=ScoredBy.HEAD, region=Region.ALL):
    key = (tracks, scored_by, region)
    return next(row for row in rows if (row.tracks, row.scored_by, row.region) == key)


def test_every_subset_is_judged_in_every_region(rows):
    for region in Region:
        own = [row for row in rows if row.region == region]
        subsets = [row.tracks for row in own if row.scored_by == ScoredBy.HEAD]
        assert len(subsets) == len(set(subsets)) == 7
        assert [row.tracks for row in own if row.scored_by == ScoredBy.VALUE] == [(name,) for name in TRACKS]
    assert rows[0].tracks == TRACKS


def test_a_planted_signal_is_found(rows):
    assert of(rows, *TRACKS).auc > of(rows, "weak").auc > 0.6
    assert of(rows, "strong").auc > 0.8
    low, high = of(rows, "noise", scored_by=ScoredBy.VALUE).auc_interval
    assert low < 0.5 < high
    assert of(rows, "strong", "noise").auc == pytest.approx(of(rows, "strong").auc, abs=0.03)


def test_who_has_a_value_is_counted(rows):
    assert (of(rows, *TRACKS).variants, of(rows, *TRACKS).share) == (900, 1)
    strong = of(rows, "strong")
    assert (strong.variants, strong.pathogenic) == (800, 160)
    assert strong.share == pytest.approx(800 / 900)
    assert of(rows, "weak", region=Region.PROMOTER_LIKE).variants == 450


def test_intervals_hold_their_value_and_are_of_all_and_single_tracks(rows):
    for row in rows:
        assert (row.auc_interval is not None) == (len(row.tracks) in {1, 3})
        if row.auc_interval is not None:
            assert row.auc_interval[0] <= row.auc <= row.auc_interval[1]
            assert row.auprc_interval[0] <= row.auprc <= row.auprc_interval[1]
    low, high = of(rows, *TRACKS).auc_interval
    assert 0.01 < high - low < 0.2


def test_bare_values_are_judged_as_they_stand(rows):
    values, labels, _, _ = planted()
    weak = of(rows, "weak", scored_by=ScoredBy.VALUE)
    assert (weak.auc, weak.auprc) == (auc(labels, values[:, 1]), average_precision(labels, values[:, 1]))


def test_no_variant_is_scored_by_a_head_that_saw_its_gene(monkeypatch):
    """A fit that notes its genes must not meet one of them when it scores."""
    values, labels, genes, _ = planted()
    gene_of = {row.tobytes(): gene for row, gene in zip(values, genes, strict=True)}
    scored = []

    class Witness:
        def __init__(self, seen):
            self.seen = set(seen.tolist())

        def log_odds(self, own):
            if not np.isnan(own[:, 1:]).any():
                found = [gene_of[row.tobytes()] for row in own if row.tobytes() in gene_of]
                assert not self.seen & set(found)
                scored.extend(found)
            return np.nan_to_num(own).sum(axis=1)

    monkeypatch.setattr(metrics, "DRAWS", 2)
    monkeypatch.setattr(conservation, "fit_conservation", lambda values, labels, tracks, *, genes, seed: Witness(genes))
    evaluate_conservation(values, labels, genes, TRACKS, folds=5)
    assert set(scored) == set(genes.tolist())


def test_the_table_holds_every_row(rows):
    lines = list(csv.DictReader(io.StringIO(conservation_table(rows)), delimiter="\t"))
    assert len(lines) == len(rows) == 20
    for line, row in zip(lines, rows, strict=True):
        assert line["tracks"].split(",") == list(row.tracks)
        assert float(line["auc"]) == pytest.approx(row.auc, abs=1e-4)
        assert (line["auprc_low"] == "") == (row.auprc_interval is None)
        assert int(line["variants"]) == row.variants


def test_the_summary_has_all_tracks_each_size_of_subsets_and_each_track(rows):
    lines = conservation_markdown(rows).splitlines()
    table = [line.split(" | ") for line in lines if line.startswith("| ") and "AUPRC" not in line]
    assert [cells[1] for cells in table if cells[0] == "| all"] == [
        "all",
        "2 of 3, 3 subsets",
        *TRACKS,
        *TRACKS,
    ]
    assert {len(line.split(" | ")) for line in lines if line.startswith("| ")} == {7}
    assert f"{of(rows, *TRACKS).auc:.3f} (" in lines[2]
    pairs = [row.auc for row in rows if row.region == Region.ALL and len(row.tracks) == 2]
    assert f"| {np.mean(pairs):.3f} ({min(pairs):.3f} to {max(pairs):.3f}) |" in lines[3]


@pytest.mark.slow
def test_one_class_has_no_areas():
    values, labels, genes, _ = planted()
    found = evaluate_conservation(values, labels, genes, TRACKS, folds=3, promoter_like=~labels)
    own = [row for row in found if row.region == Region.PROMOTER_LIKE]
    assert {(row.auc, row.auprc, row.auc_interval) for row in own} == {(None, None, None)}
    assert "promoter-like\tstrong,weak,noise\thead\t720\t0\t1.0000\t\t\t\t\t\t\n" in conservation_table(found)
    assert "| promoter-like | all | head |  |  | 0 of 720 |" in conservation_markdown(found)


@pytest.mark.parametrize(
    ("cut", "folds", "message"), [(1, 5, "differ in number"), (0, 1, "1 folds"), (0, 0, "0 folds")]
)
def test_bad_input_is_told(cut, folds, message):
    values, labels, genes, _ = planted()
    with pytest.raises(InputError, match=message):
        evaluate_conservation(values, labels, genes[cut:], TRACKS, folds=folds)


@pytest.fixture(scope="module")
def real_variants(shared_data):
    """Values, labels, genes and what is promoter-like, of the public set of Mendelian non-coding variants."""
    folder = shared_data / "ncboost2"
    if not folder.is_dir():
        pytest.skip(f"needs the folder {folder}")
    lines, labels = [], []
    for name, label in (("positives", True), ("negatives", False)):
        with gzip.open(folder / f"{name}_annotated.tsv.gz", "rt", encoding="utf-8") as stream:
            own = list(csv.DictReader(stream, delimiter="\t"))
        lines += own
        labels += [label] * len(own)
    values = [[np.nan if line[track] == "NA" else float(line[track]) for track in REAL_TRACKS] for line in lines]
    genes = np.array([line["closest_gene_name"] for line in lines])
    promoter_like = np.array([line["region"] in {"UTR5", "upstream"} for line in lines])
    return np.array(values), np.array(labels), genes, promoter_like


@pytest.fixture(scope="module")
def real_rows(real_variants):
    values, labels, genes, promoter_like = real_variants
    return evaluate_conservation(values, labels, genes, REAL_TRACKS, promoter_like=promoter_like)


@pytest.mark.slow
def test_all_real_tracks_together_are_above_each(real_rows):
    together = of(real_rows, *REAL_TRACKS)
    single = [row for row in real_rows if len(row.tracks) == 1 and row.region == Region.ALL]
    assert len(single) == 12
    assert together.auc > max(row.auc for row in single)
    assert together.auprc > max(row.auprc for row in single)


@pytest.mark.slow
def test_at_promoters_all_real_tracks_are_above_each_bare_one(real_rows):
    """Of 103 pathogenic variants the head's best single track cannot be told from all tracks by the AUC."""
    together = of(real_rows, *REAL_TRACKS, region=Region.PROMOTER_LIKE)
    keys = {"scored_by": ScoredBy.VALUE, "region": Region.PROMOTER_LIKE}
    bare = [of(real_rows, name, **keys) for name in REAL_TRACKS]
    assert together.auc > max(row.auc for row in bare)
    assert together.auprc > max(row.auprc for row in bare)


@pytest.mark.slow
def test_a_fast_evolving_site_gets_no_large_log_odds(real_variants):
    """Over a grid of sites where nothing is conserved, with any track missing."""
    values, labels, genes, _ = real_variants
    head = conservation.fit_conservation(values, labels, REAL_TRACKS, genes=genes)
    shares, rates = [np.nan, 0.0, 0.1], [np.nan, 0.0, -1.0, -3.0, -20.0]
    grid = np.stack(np.meshgrid(*[shares] * 3, *[rates] * 3, indexing="ij"), axis=-1).reshape(-1, 6)
    found = head.log_odds(grid[(grid[:, 3:] <= -1).any(axis=1)])
    assert found.max() < 0.5
    assert head.log_odds(np.array([[1, 1, 1, 0.6, 4, 8]]))[0] > 2
