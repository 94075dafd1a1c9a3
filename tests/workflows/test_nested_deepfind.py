"""DeepFind with and without carried-over conservation: a small folder that looks like the real one, to its table."""

import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("matplotlib", reason="needs the extra `plots`")
pytest.importorskip("sklearn", reason="needs the extra `train`")
pytest.importorskip("torch", reason="needs the extra `train`")

import carried_conservation
import nested_deepfind
from deepfind_rows import BINDING, CONSERVATION, CoveredVariants, DeepFindVariants, ranks
from nested_deepfind import COLUMNS, LEARNERS, Experiment, fold_of

from varbind.train import metrics

PLACES = st.sets(st.tuples(st.sampled_from("12"), st.integers(1, 12)), min_size=1)


def variants_of(places, derived):
    """Variants C>T at places (chromosome, position), of which the first ones are derived; all are used."""
    table = pd.DataFrame(places, columns=["chrom", "pos"])
    table = table.assign(ref="C", alt="T", genes="A", used=True, row_id=np.arange(len(table)))
    table = table.assign(tss_distance_feature=0.5, is_transversion=0)
    table["set"] = np.where(table["row_id"] < derived, "derived", "simulated")
    conservation = pd.DataFrame({"row": np.arange(float(derived))})
    return DeepFindVariants(table, np.zeros((len(table), 2)), conservation, ("A",), 0)


def nearest_by_loop(place, derived, farthest):
    """The row of the nearest derived variant at another position, of two the one before; None if it is too far."""
    chrom, pos = place
    others = [(abs(pos - at), at, row) for row, (name, at) in enumerate(derived) if name == chrom and at != pos]
    near = [one for one in others if one[0] <= farthest]
    return min(near) if near else None


@settings(deadline=None, max_examples=40)
@given(PLACES, PLACES, st.integers(1, 4))
def test_the_nearest_derived_variant_at_another_position_gives_its_value(derived, simulated, farthest):
    derived, places = sorted(derived), [*sorted(derived), *sorted(simulated)]
    expected = [(row, nearest_by_loop(place, derived, farthest)) for row, place in enumerate(places)]
    expected = sorted((row >= len(derived), giver[2], giver[0]) for row, giver in expected if giver)
    covered = variants_of(places, len(derived)).covered(farthest, ["row"])
    given_rows = covered.blocks[CONSERVATION][:, 0]
    assert sorted(zip(covered.simulated, given_rows, covered.distances, strict=True)) == expected


@given(st.lists(st.integers(0, 5), min_size=1), st.lists(st.integers(-1, 6), min_size=1))
def test_a_rank_is_the_share_below_and_half_of_the_equal_ones(training, values):
    slow = [np.mean([(one < value) + (one == value) / 2 for one in training]) for value in values]
    found = ranks(np.array(training, float)[:, None], np.array(values, float)[:, None])
    assert found[:, 0] == pytest.approx(slow)


def write_folder(data):
    """Clusters of variants on six chromosomes: simulated ones lie where conservation is higher.

    The conservation of a cluster is the same in all tracks, but with noise in those of a single position. Changes of
    the first network are larger in simulated variants. The last simulated variant is also a derived one.
    """
    rng = np.random.default_rng(1)
    chroms, positions, conserved = [], [], []
    for cluster in range(600):
        places = 100 * cluster + rng.permutation(5)[:3]
        chroms += [str(1 + cluster % 6)] * 3
        positions += places.tolist()
        conserved += [rng.normal()] * 3
    conserved = np.array(conserved)
    is_derived = rng.random(len(conserved)) > 1 / (1 + np.exp(0.5 - 1.5 * conserved))
    order = np.argsort(~is_derived, kind="stable")
    count, total = int(is_derived.sum()), len(order) + 1
    order = np.append(order, order[count - 1])
    folder = data / "deepfind"
    folder.mkdir()
    table = pd.DataFrame(
        {
            "row_id": np.arange(total),
            "set": np.where(np.arange(total) < count, "derived", "simulated"),
            "chrom": np.array(chroms)[order],
            "pos": np.array(positions)[order] + 1,
            "ref": "C",
            "alt": "T",
            "genes": [f"G{positions[row] // 1000}" for row in order],
            "matched": 1,
            "tss_distance_feature": rng.random(total).round(3),
            "is_transversion": rng.integers(2, size=total),
        }
    )
    table.to_csv(folder / "variants.tsv.gz", sep="\t", index=False)
    columns = [*COLUMNS, "phyloP46_primates"]
    values = np.repeat(conserved[order[:count], None], len(columns), axis=1)
    values[:, -1] = rng.normal(size=count)
    np.savez(folder / "conservation.npz", cons=values.astype(np.float32), columns=columns, row_id=np.arange(count))
    wild = rng.normal(size=total)
    scores = np.column_stack([wild, wild + rng.normal(size=total) + (np.arange(total) >= count)]).astype(np.float32)
    np.savez(folder / "published_scores.npz", model_ids=["D1"], tf=["CREB1"], row_id=np.arange(total), D1=scores)


def run(monkeypatch, module, *words):
    monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, words)])
    module.main()


def test_classes_are_balanced_and_contradictions_are_left_out(tmp_path):
    write_folder(tmp_path)
    read = DeepFindVariants.read(tmp_path / "deepfind")
    assert read.contradictory == 1
    assert not read.table["used"].iloc[-1]
    variants = read.covered(3, COLUMNS).balanced(1)
    frame = pd.DataFrame({"chrom": variants.chromosomes, "bp": variants.distances, "simulated": variants.simulated})
    assert len(frame) > 300
    assert (frame.groupby(["chrom", "bp"])["simulated"].mean() == 0.5).all()
    agreement = read.agreement(3)
    assert agreement["phyloP46_primates"].abs().max() < 0.3
    assert agreement[list(COLUMNS)].to_numpy() == pytest.approx(1)
    for folds, complaint in (("1,2/3", "chromosomes 4, 5, 6"), ("1,2,3,4,5,6/7", "none of the chromosomes")):
        with pytest.raises(SystemExit, match=complaint):
            fold_of(variants, folds)


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_learner_has_not_seen_the_chromosomes_that_it_scores(learner):
    rng = np.random.default_rng(2)
    simulated, folds = rng.random(4_000) < 0.5, np.arange(4_000) % 4
    names = np.array(["1", "2", "3", "4"])[folds]
    # The last chromosome has the opposite, which a learner that saw it would know.
    binding = np.where(folds == 3, -1, 1) * (rng.normal(size=4_000) + 2 * simulated)
    blocks = {BINDING: binding[:, None], CONSERVATION: np.zeros((4_000, 1))}
    variants = CoveredVariants(simulated, names, names, folds, blocks)
    scores = Experiment(variants, folds, 15, 1).held_out_scores(learner, BINDING)
    assert metrics.auc(simulated[folds == 3], scores[folds == 3]) < 0.2


def test_each_step_adds_what_was_planted(tmp_path, monkeypatch):
    write_folder(tmp_path)
    monkeypatch.setattr(metrics, "DRAWS", 20)
    words = [tmp_path, tmp_path / "out", "--folds", "1,2/3,4/5,6", "--epochs", 1, "--machine", "one"]
    run(monkeypatch, nested_deepfind, *words)
    table = pd.read_csv(tmp_path / "out/nested_deepfind.tsv", sep="\t")
    assert len(table) == 2 * 3 * 6
    near = table[table["neighbours"] == "1 to 3"].set_index(["learner", "inputs"])
    assert (near["variants"] > table["variants"].min()).all()
    assert near["paper_auc"].dropna().unique().tolist() == [0.71, 0.73, 0.76]
    for learner in ("linear", "boosting"):
        areas = near.loc[learner, "auc"]
        assert areas["site"] == pytest.approx(0.5, abs=0.08)
        assert areas["TF, site, conservation"] > areas["TF, site"] > 0.6
        assert areas["site, conservation"] > 0.6
        assert (near.loc[learner, "auc_low"] < areas).all()
    summary = (tmp_path / "out/nested_deepfind.summary.tsv").read_text()
    assert summary.startswith("# machine: one\n")
    assert "# left_out: 1 variants" in summary
    steps = pd.read_csv(tmp_path / "out/nested_deepfind.summary.tsv", sep="\t", comment="#")
    gain = steps[(steps["minus"] == "TF, site") & (steps["neighbours"] == "1 to 3")].set_index("learner")
    assert set(gain.index) == {"linear", "boosting", "network"}
    for learner, row in gain.iterrows():
        areas = near.loc[learner, "auc"]
        assert row["auc"] == pytest.approx(areas["TF, site, conservation"] - areas["TF, site"], abs=2e-4)
        assert row["paper_auc"] == pytest.approx(0.03)
    assert (tmp_path / "out/nested_deepfind.svg").read_text().startswith("<?xml")


def test_carried_over_conservation_is_judged_on_own_sites(tmp_path, monkeypatch):
    write_folder(tmp_path)
    (tmp_path / "ncboost2").mkdir()
    rng = np.random.default_rng(3)
    for name, mean, count in (("positives", 2, 40), ("negatives", 0, 200)):
        values = dict(zip(("priPhCons", "mamPhCons", "verPhCons"), rng.normal(mean, size=(3, count)), strict=True))
        table = pd.DataFrame({"region": rng.choice(["UTR5", "intronic"], count), **values})
        table.loc[0, "verPhCons"] = np.nan
        table.to_csv(tmp_path / f"ncboost2/{name}_annotated.tsv.gz", sep="\t", index=False, na_rep="NA")
    run(monkeypatch, carried_conservation, tmp_path, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out/carried_conservation.tsv", sep="\t").set_index(["variants", "score"])
    assert (table.loc["all", "pathogenic"] == 39).all()
    assert (table.loc["all", "common"] == 199).all()
    assert (table.loc["promoters", "common"] < 199).all()
    assert (table.loc["all", "auc"] > 0.8).all()
    weights = pd.read_csv(tmp_path / "out/carried_conservation.summary.tsv", sep="\t", comment="#")
    assert (weights["weight"] > 0).all()
    assert (tmp_path / "out/carried_conservation.svg").read_text().startswith("<?xml")
