"""The experiments on the networks of Zeng et al. (2016), from small simulated data to their tables."""

import gzip
import sys
from dataclasses import replace
from itertools import product
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn", reason="needs the extra `train`")
pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("matplotlib", reason="needs the extra `plots`")

import cost
import discovery
import occupancy
import results
import size
from anova import family_names, two_way_anova
from claims import Claim, check_claims, p_of
from network_areas import area_of, train
from peak_sets import read_set, set_files

from varbind.core.sequence import decode
from varbind.errors import InputError
from varbind.train.recipes import ZENG

WIDTH, REGIONS, MOST = 9, 1500, 80
MOTIF = np.array([1, 2, 3, 0, 2, 1, 1, 3, 2], dtype=np.uint8)
MATRIX = 0.94 * np.eye(4)[MOTIF] + 0.015


def run(module, *words):
    """Run a script as from the command line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [module.__name__, *map(str, words)])
        module.main()


def write_gzip(path, lines):
    path.write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))


@pytest.fixture(scope="module")
def peaks(tmp_path_factory):
    """Two sets of 300 peaks with a motif in the middle; MYC has a family in the shipped bank."""
    folder = tmp_path_factory.mktemp("peaks")
    for number, name in enumerate(["MYC_A_1", "SP1_B_2"]):
        codes = np.random.default_rng(number).integers(0, 4, (300, 101)).astype(np.uint8)
        codes[:, 46 : 46 + WIDTH] = MOTIF
        rows = [f"A\tpeak{row}\t{decode(own)}\t1" for row, own in enumerate(codes)]
        write_gzip(folder / f"{name}_AC.seq.gz", ["FoldID\tEventID\tseq\tBound", *rows])
    return folder


@pytest.fixture(scope="module")
def open_chromatin(tmp_path_factory):
    """Regions with a motif each; those bound by A have a word beside it, B is bound to few, and C has no matrix."""
    data = tmp_path_factory.mktemp("open")
    (data / "chipseq-hg38").mkdir()
    (data / "pwm").mkdir()
    rng = np.random.default_rng(7)
    codes = rng.integers(0, 4, (REGIONS, 200)).astype(np.uint8)
    labels = np.stack([rng.integers(0, 2, REGIONS), np.arange(REGIONS) < 20, np.arange(REGIONS) < 20]).astype(np.int8)
    for row, start in enumerate(rng.integers(60, 130, REGIONS)):
        codes[row, start : start + WIDTH] = [rng.choice(4, p=shares) for shares in MATRIX]
        if labels[0, row]:
            codes[row, start + WIDTH + 2 :][:8] = [0, 0, 0, 2, 0, 0, 0, 2]
    codes[0, 0] = 4
    facts = {"tfs": np.array(["A", "B", "C"]), "chrom": np.repeat("21", REGIONS), "region_id": np.arange(REGIONS)}
    np.savez(data / "chipseq-hg38" / "labels.npz", labels=labels, **facts)
    fasta = [line for row, own in enumerate(codes) for line in (f">{row}", decode(own))]
    write_gzip(data / "chipseq-hg38" / "sequences.200bp.chr21.fa.gz", fasta)
    rows = ["\t".join(f"{value:.4f}" for value in shares) for shares in MATRIX]
    write_gzip(data / "pwm" / occupancy.JASPAR, [">M1_M1.a", *rows, ">M2_M2.B", *rows, ">M3_M3.B::C", *rows])
    return data


def test_a_set_is_split_within_classes_and_a_smaller_one_is_part_of_it(peaks):
    (name, path), *_ = set_files(peaks).items()
    whole = read_set(name, path)
    assert (name, whole.peaks) == ("MYC_A", 300)
    for part, count in ((whole.training, 210), (whole.validation, 30), (whole.test, 60)):
        assert part.labels[:, 0].tolist() == [1] * count + [0] * count
    fewer = whole.down_sampled(100)
    assert fewer.test is whole.test
    for part, own, count in ((fewer.training, whole.training, 70), (fewer.validation, whole.validation, 10)):
        for label in (1, 0):
            kept = part.codes[part.labels[:, 0] == label]
            np.testing.assert_array_equal(kept, own.codes[own.labels[:, 0] == label][:count])


def test_networks_have_the_setting_with_the_best_accuracy_or_the_usual_one(tmp_path, capsys):
    columns = ["momentum", "epsilon", "dropout", "accuracy"]
    tried = pd.DataFrame([(0.9, 1e-6, 0.1, 0.6), (0.99, 1e-4, 0.5, 0.7)], columns=columns)
    tried.to_csv(tmp_path / "settings.1layer.tsv", sep="\t", index=False)
    found = size.best_settings(tmp_path, ["1layer", "3layer"])
    assert [(own.momentum, own.epsilon, own.dropout) for own in found.values()] == [
        (0.99, 1e-4, 0.5),
        (0.9, 1e-8, None),
    ]
    assert "3layer has no chosen setting" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="no method '4layer'"):
        size.methods_named("1layer,4layer")


def test_a_network_learns_a_motif_that_shuffles_lack(peaks):
    (name, path), *_ = set_files(peaks).items()
    setting = replace(ZENG.descent, momentum=0.9, epsilon=1e-4, dropout=0.1)
    row = area_of("1layer", setting, read_set(name, path), 200)
    assert row["auc"] > 0.9
    assert (row["set"], row["peaks"], row["batches"]) == ("MYC_A", 210, 200)


def test_a_regularised_network_reads_both_strands_and_decays_more(peaks):
    (name, path), *_ = set_files(peaks).items()
    one = read_set(name, path)
    usual, regularised = (train("1layer", ZENG.descent, one, 100, regularised=own).stack for own in (False, True))
    assert (usual.config.double_stranded, regularised.config.double_stranded) == (False, True)
    weights = [np.square(stack.arrays["conv1.weight"]).mean() for stack in (usual, regularised)]
    assert weights[1] < weights[0]


@pytest.fixture(scope="module")
def state(peaks, open_chromatin, tmp_path_factory):
    """The state of all experiments after runs of a few mini-batches."""
    state = tmp_path_factory.mktemp("state")
    run(discovery, "areas", peaks, state, "--batches", 2)
    run(size, peaks, state, "--sizes", "300,100", "--networks", "1layer,3layer", "--batches", 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(occupancy, "MOST_FOR_MACHINE", MOST)
        for words in ([], ["--location-free"]):
            run(occupancy, "tasks", open_chromatin, state, *words)
            run(occupancy, "areas", open_chromatin, state, "--methods", "1layer,gkm-SVM", "--batches", 2, *words)
        run(occupancy, "areas", open_chromatin, state, "--methods", "1layer", "--batches", 2, "--regularised")
    return state


def test_proteins_without_a_task_are_counted_with_the_reason(state):
    table = pd.read_csv(state / "occupancy-tasks.tsv", sep="\t", index_col="protein")
    assert table.index.tolist() == ["A", "B"]
    assert table.loc["A", "pairs"] >= 200
    assert table.loc["A", ["GC content", "motif strength"]].between(0.48, 0.52).all()
    assert pd.isna(table.loc["A", "left out"])
    assert "pairs of bound and unbound instances, expected 200" in table.loc["B", "left out"]
    assert not (state / "occupancy.B.tsv").exists()


def test_a_machine_finds_the_word_beside_the_motif(state):
    table = pd.read_csv(state / "occupancy.A.tsv", sep="\t", index_col="network")
    assert list(table.index) == ["1layer", "gkm-SVM"]
    assert table.loc["gkm-SVM", "auc"] > 0.9
    assert table.loc["gkm-SVM", "peaks"] == MOST


def test_what_is_finished_is_not_trained_again(state, open_chromatin, monkeypatch):
    path = state / "location-free.A.tsv"
    before = path.read_text()
    monkeypatch.setattr(occupancy, "machine_area", None)
    run(
        occupancy,
        "areas",
        open_chromatin,
        state,
        "--methods",
        "1layer,1motif,gkm-SVM",
        "--batches",
        2,
        "--location-free",
    )
    after = path.read_text()
    assert after.startswith(before)
    assert [line.split("\t")[1] for line in after.removeprefix(before).splitlines()] == ["1motif"]


def test_a_confounded_task_is_left_out(open_chromatin, monkeypatch):
    def refuse(task):
        raise InputError("GC content alone has an AUC of 0.6", remedy="give more regions")

    monkeypatch.setattr(occupancy, "refuse_confounded", refuse)
    row = occupancy.described("A", *occupancy.proteins_of(open_chromatin)["A"], location_free=False)
    assert row["pairs"] >= 200
    assert row["left out"].startswith("GC content alone")


def test_tables_and_figures_show_what_is_finished(state, tmp_path):
    run(results, state, tmp_path, "--figures", tmp_path / "figures", "--machine", "a machine")
    tables = {path.stem: pd.read_csv(path, sep="\t", comment="#") for path in tmp_path.glob("*.tsv")}
    endings = ("", "_medians", "_tests")
    names = ("discovery", "occupancy", "location_free", "occupancy_regularised")
    expected = {f"zeng_{name}{end}" for name in names for end in endings}
    expected |= {"zeng_occupancy_tasks", "zeng_location_free_tasks"}
    expected |= {"zeng_size", "zeng_size_gaps", "zeng_size_anova", "zeng_size_tests"}
    assert tables.keys() == expected
    assert tables["zeng_occupancy_tasks"]["left out"].notna().tolist() == [False, True]
    assert (tmp_path / "zeng_discovery.tsv").read_text().startswith("# 2 mini-batches, ")
    of_set = pd.read_csv(state / "areas.SP1_B.tsv", sep="\t").set_index("network")["auc"]
    shown = tables["zeng_discovery"].set_index("set").loc["SP1_B"]
    np.testing.assert_allclose(shown, of_set[shown.index], atol=1e-4)
    assert set(tables["zeng_discovery_tests"]["result"]) == {"too few sets"}
    assert set(tables["zeng_occupancy_tests"]["result"]) == {"too few sets", "not measured"}
    assert tables["zeng_size_gaps"]["size"].tolist() == [300, 100]
    assert tables["zeng_size_anova"]["sets"].tolist() == [2] * 16
    assert set(tables["zeng_size_tests"]["result"]) == {"too few sets", "not measured"}
    for path in (tmp_path / "figures").iterdir():
        assert ET.fromstring(path.read_bytes()).tag.endswith("svg")
    assert len(list((tmp_path / "figures").iterdir())) == 5


def test_gaps_are_those_of_the_same_set():
    index = pd.MultiIndex.from_product([["x", "y", "z"], [50, 100, 300]], names=["set", "size"])
    areas = pd.DataFrame({"1layer": 0.9, "3layer": [0.5, 0.5, 0.9, 0.4, 0.6, 0.8, 0.8, 0.7, 0.7]}, index=index)
    found = results.gaps_of(areas).set_index("size")
    assert found.loc[300, "median 1layer - 3layer"] == pytest.approx(0.1)
    assert found.loc[100, "median 1layer - 3layer"] == pytest.approx(0.3)
    assert found.loc[100, ["median growth", "median growth of largest"]].tolist() == pytest.approx([0.2, 0.2])
    assert found.loc[50, ["median growth", "median growth of largest"]].tolist() == pytest.approx([0.0, 0.4])
    assert found.loc[50, "P of largest"] == pytest.approx(2 / 8)


def signed_rank_p(differences):
    """P that the sum of the ranks of positive differences is as large or larger, over all choices of the signs."""
    ranks = np.argsort(np.argsort(np.abs(differences))) + 1
    sums = [np.dot(ranks, signs) for signs in product([0, 1], repeat=len(ranks))]
    return np.mean(np.array(sums) >= ranks[np.array(differences) > 0].sum())


def test_p_is_that_of_all_choices_of_signs():
    differences = np.random.default_rng(0).normal(0.5, 1, 9)
    assert p_of(differences, "greater") == pytest.approx(signed_rank_p(differences))
    assert p_of(differences, "less") == pytest.approx(signed_rank_p(-differences))
    assert p_of([0.0] * 9, "greater") == 1


def test_a_claim_holds_if_the_difference_is_shown_and_no_opposite_one():
    lower = np.linspace(0.6, 0.8, 8)
    areas = pd.DataFrame({"low": lower, "high": lower + 0.01 * np.arange(1, 9), "same": lower})
    better, not_worse = (
        check_claims(areas, [Claim("", *pair, is_better=own) for pair in pairs])["result"].tolist()
        for own, pairs in (
            (True, [("low", "high"), ("high", "low"), ("low", "same"), ("low", "absent")]),
            (False, [("low", "high"), ("high", "low"), ("low", "same")]),
        )
    )
    assert better == ["holds", "failed", "failed", "not measured"]
    assert not_worse == ["holds", "failed", "holds"]
    assert check_claims(areas.head(6), [Claim("", "low", "high")])["result"].tolist() == ["too few sets"]


def test_the_difference_to_the_basic_network_does_not_depend_on_how_hard_a_set_is():
    rng = np.random.default_rng(4)
    sets, networks = ("SRF_a", "SRF_b", "REST_a"), ("1layer", "2layer", "3layer")
    hard, better = dict(zip(sets, (0.3, 0.1, 0.0), strict=True)), dict(zip(networks, (0.0, 0.02, 0.05), strict=True))
    rows = [
        {"set": one, "size": 100, "network": network, "auc": 0.6 + hard[one] + better[network] + rng.normal(0, 1e-3)}
        for one in sets
        for network in networks
    ]
    found = results.anova_of(pd.DataFrame(rows), {"SRF": "MADS", "REST": "C2H2"}).set_index(["outcome", "source"])
    assert found.loc[("AUC", "family"), "eta squared"] > 0.5
    assert found.loc[("AUC minus that of 1layer", "network"), "eta squared"] > 0.95


def fitted_squares(table, *terms):
    """The sum of squares that remains after least squares on indicators of the levels of some terms."""
    columns = [pd.get_dummies(table[list(term)].agg("/".join, axis=1)).to_numpy(dtype=float) for term in terms]
    design = np.concatenate([np.ones((len(table), 1)), *columns], axis=1)
    fit = design @ np.linalg.lstsq(design, table["auc"].to_numpy(), rcond=None)[0]
    return np.sum((table["auc"] - fit) ** 2)


def test_variance_is_split_as_by_least_squares():
    rng = np.random.default_rng(3)
    families = np.repeat(["a", "b", "c"], [2, 3, 5])
    rows = [(family, network) for family in families for network in ("x", "y", "z", "w")]
    table = pd.DataFrame(rows, columns=["family", "network"])
    table["auc"] = rng.normal(size=len(table)) + (table["network"] == "x") + 2 * (table["family"] == "a")
    found = two_way_anova(table, "auc", "family", "network").set_index("source")
    nested = [(), (("family",),), (("family",), ("network",)), (("family",), ("network",), ("family", "network"))]
    remaining = [fitted_squares(table, *terms) for terms in nested]
    np.testing.assert_allclose(found["squares"], [*-np.diff(remaining), remaining[-1]])
    assert found["degrees of freedom"].tolist() == [2, 3, 6, 28]
    assert found["eta squared"].sum() == pytest.approx(1)
    f = (remaining[1] - remaining[2]) / 3 / (remaining[3] / 28)
    assert found.loc["network", "F"] == pytest.approx(f)
    drawn = rng.f(3, 28, 200_000)
    assert found.loc["network", "P"] == pytest.approx((drawn >= f).mean(), abs=0.005)
    with pytest.raises(ValueError, match="different shares"):
        two_way_anova(table.iloc[1:], "auc", "family", "network")


def test_groups_of_a_family_are_one_family():
    models = [("FOXA2", "Fork_(FOX)_FOXA2"), ("FOXM1", "Fork_(FOX)_FOXA2"), ("SRF", "RLM1_x"), ("REST", "REST_REST")]
    assert family_names(models) == {"FOXA2": "Fork_(FOX)", "FOXM1": "Fork_(FOX)", "SRF": "RLM1_x", "REST": "REST"}


def test_cost_is_beside_that_of_the_paper(tmp_path):
    run(cost, tmp_path / "cost.tsv", "--batches", 1, "--rounds", 2)
    assert (tmp_path / "cost.tsv").read_text().startswith("# 2 rounds of 1 mini-batches, median, one thread, ")
    table = pd.read_csv(tmp_path / "cost.tsv", sep="\t", comment="#", index_col="network")
    assert len(table) == 10
    np.testing.assert_allclose(table["ratio"], table["seconds"] / table.loc["1layer", "seconds"], rtol=1e-3)
    quoted = [1, 1.23, 1.47, 1.06, 1.14, 1.43, 1.93, 1.45, 1.95]
    np.testing.assert_allclose(table["ratio of paper"].dropna(), quoted, atol=0.006)


def test_the_correlation_of_costs_is_that_of_ranks():
    seconds = {name: rank for rank, name in enumerate(sorted(cost.PAPER, key=cost.PAPER.get), 1)}
    assert cost.rank_correlation(cost.beside_paper(seconds)) == pytest.approx(1)
    assert cost.rank_correlation(cost.beside_paper({name: 1 / own for name, own in seconds.items()})) == pytest.approx(
        -1
    )
