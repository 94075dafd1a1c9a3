"""The experiments of DeepGMAP on a few simulated regions and a small genome."""

import argparse
import gzip
import sys
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("scipy", reason="needs the extra `train`")
pytest.importorskip("matplotlib", reason="needs the extra `plots`")

import architectures
import compare_architectures
import multitask
import network_runs
import open_regions
import strides
from compare_architectures import PAPER
from open_regions import TEST, TRAINING, TWELVE, VALIDATION

from varbind.core.deepgmap import deepgmap_networks
from varbind.core.sequence import decode
from varbind.datasets.labelled_sequences import LabelledSequences
from varbind.train.recipes import DEEPGMAP

REGIONS = 30
"""The number of regions of each chromosome."""


def run(monkeypatch, script, *words):
    monkeypatch.setattr(sys, "argv", [script.__name__, *map(str, words)])
    script.main()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder of data with regions of random bases and random labels."""
    rng, data = np.random.default_rng(1), tmp_path_factory.mktemp("data")
    folder = data / "chipseq-hg38"
    folder.mkdir()
    chromosomes = [*TEST, *TRAINING, *VALIDATION]
    codes = rng.integers(0, 4, (REGIONS * len(chromosomes), 200)).astype(np.uint8)
    labels = np.where(rng.random((14, len(codes))) < 0.2, -1, rng.random((14, len(codes))) < 0.3).astype(np.int8)
    names = np.repeat(chromosomes, REGIONS)
    tfs = np.array(["OTHER", *TWELVE[::-1], "LAST"])
    np.savez(folder / "labels.npz", tfs=tfs, labels=labels, chrom=names, region_id=np.arange(len(codes)))
    for name in chromosomes:
        rows = np.flatnonzero(names == name)
        text = "".join(f">{row}::chr{name}:0-200\n{decode(codes[row]).lower()}\n" for row in rows.tolist())
        (folder / f"sequences.200bp.chr{name}.fa.gz").write_bytes(gzip.compress(text.encode()))
    return SimpleNamespace(folder=data, codes=codes, labels=labels, names=names, tfs=tfs.tolist())


def test_regions_are_read_in_the_order_of_the_chromosomes_and_proteins_that_are_named(data):
    found = open_regions.read_regions(data.folder, ("X", "16"), ("SP1", "OTHER"))
    rows = [row for name in ("X", "16") for row in np.flatnonzero(data.names == name)]
    np.testing.assert_array_equal(found.codes, data.codes[rows])
    np.testing.assert_array_equal(found.labels[:, 0], data.labels[data.tfs.index("SP1"), rows])
    np.testing.assert_array_equal(found.labels[:, 1], data.labels[0, rows])
    assert found.groups.tolist() == [0] * REGIONS + [1] * REGIONS
    bound = open_regions.bound_regions(found)
    assert 0 < len(bound.codes) < len(found.codes)
    assert (bound.labels == 1).any(axis=1).all()
    assert (bound.labels == 1).sum() == (found.labels == 1).sum()


def test_areas_are_those_of_all_pairs_whose_labels_are_known():
    rng = np.random.default_rng(2)
    labels = rng.integers(-1, 2, (60, 2)).astype(np.int8)
    outputs = rng.normal(size=(60, 2)).round(1)
    examples = LabelledSequences(("a", "b"), np.zeros((60, 1), np.uint8), labels, np.zeros(60, np.int64))
    for task, row in enumerate(network_runs.areas_of(outputs, examples)):
        high, low = (outputs[labels[:, task] == label, task] for label in (1, 0))
        pairs = [(one > other) + 0.5 * (one == other) for one in high for other in low]
        assert (row["bound"], row["unbound"]) == (len(high), len(low))
        assert row["AUROC"] == pytest.approx(np.mean(pairs))


def test_a_stored_table_is_not_computed_again_and_other_sizes_are_refused(tmp_path):
    path, calls = tmp_path / "a.tsv", []

    def compute():
        calls.append(1)
        return [{"value": 0.5}, {"value": 0.25}]

    for _ in range(2):
        table = network_runs.stored(path, {"epochs": 2}, compute)
        assert table.to_dict("list") == {"value": [0.5, 0.25], "epochs": [2, 2]}
    assert len(calls) == 1
    with pytest.raises(SystemExit, match=r"a\.tsv was made with other sizes \(epochs 2\)"):
        network_runs.stored(path, {"epochs": 3}, compute)


def test_networks_are_trained_once_and_compared_with_the_paper(data, tmp_path, monkeypatch, capsys):
    state = tmp_path / "state"
    words = (data.folder, state, "--networks", "basset", "--sequences", 100, "--validation", 20)
    run(monkeypatch, architectures, *words, "--seeds", "1,2")
    assert sorted(path.name for path in state.iterdir()) == ["basset.1.tsv", "basset.2.tsv"]
    table = pd.read_csv(state / "basset.1.tsv", sep="\t")
    assert table["task"].tolist() == list(TWELVE)
    assert (table[["sequences", "validation", "epochs", "batches"]] == [100, 20, 1, 1]).all(axis=None)
    assert table["seconds"].min() > 0
    test = np.isin(data.names, TEST) & (data.labels[1:13] == 1).any(axis=0)
    assert table["bound"].tolist() == (data.labels[12:0:-1, test] == 1).sum(axis=1).tolist()
    before = {path: path.stat().st_mtime_ns for path in state.iterdir()}
    run(monkeypatch, architectures, *words, "--seeds", "2")
    assert {path: path.stat().st_mtime_ns for path in state.iterdir()} == before

    run(monkeypatch, compare_architectures, state, tmp_path / "results")
    assert "fewer than two seeds of both networks" in capsys.readouterr().out
    summed = pd.read_csv(tmp_path / "results/architectures.tsv", sep="\t", comment="#").set_index("network")
    expected = np.mean([pd.read_csv(state / f"basset.{seed}.tsv", sep="\t")["AUPRC"].mean() for seed in (1, 2)])
    assert summed.loc["basset", "AUPRC"] == pytest.approx(expected, abs=1e-4)
    assert ET.fromstring((tmp_path / "results/architectures.svg").read_bytes()).tag.endswith("svg")


def test_networks_have_the_order_of_the_paper():
    runs = pd.DataFrame(
        {"network": ["danq-frss", "basset", "conv4"], "AUROC": 0.5, "AUPRC": 0.5, "seconds": 1.0, "seed": 1}
    )
    assert compare_architectures.summary(runs)["network"].tolist() == ["basset", "conv4", "danq-frss"]


def test_networks_of_one_seed_read_the_same_regions(data):
    parts = (open_regions.read_regions(data.folder, part) for part in (TRAINING, VALIDATION, TEST))
    split = open_regions.RegionSplit(*parts)
    first, again, other = (split.drawn(40, 10, seed).training.codes for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == other.shape == (40, 200)
    assert (first != other).any()


def runs_with(first, second):
    """Runs of the two compared networks with stated areas."""
    rows = [(name, seed, area) for name, areas in (first, second) for seed, area in enumerate(areas)]
    return pd.DataFrame(rows, columns=["network", "seed", "AUPRC"])


@pytest.mark.parametrize(
    ("areas", "words"),
    # Student's t with two degrees of freedom is 4.303: 0.03 +- 4.303 x 0.01 / sqrt(3), and 0.05 likewise.
    [
        ((0.52, 0.53, 0.54), "+0.0300, 95 % interval +0.0052 to +0.0548 over 3 seeds: holds"),
        ((0.50, 0.51, 0.52), "+0.0100, 95 % interval -0.0148 to +0.0348 over 3 seeds: failed"),
    ],
)
def test_the_claim_holds_if_the_whole_interval_over_pairs_of_a_seed_is_above_zero(areas, words):
    assert set(PAPER) == set(deepgmap_networks())
    found = compare_architectures.verdict(runs_with(("conv4-frss", areas), ("conv4", (0.5, 0.5, 0.5, 0.9))))
    assert found == f"conv4-frss minus conv4 in AUPRC: {words}"


def test_strides_are_measured_on_a_small_genome(tmp_path, monkeypatch):
    words = ("--kernels", 0.02, "--length", 60_000, "--peaks", 30, "--tested", 100, "--network", "conv4")
    run(monkeypatch, strides, tmp_path / "state", tmp_path / "results", *words)
    table = pd.read_csv(tmp_path / "results/strides.tsv", sep="\t", comment="#")
    assert table["data"].tolist() == list(strides.PAPER)
    assert (np.diff(table["windows"][:5]) > 0).all()
    np.testing.assert_allclose(table["gap"], table["seen"] - table["held out"], atol=1e-3)
    head = (tmp_path / "results/strides.tsv").read_text().splitlines()[:2]
    assert "kernels 0.02" in head[0]
    assert head[1].startswith("# stride and gap: Spearman ")
    assert ET.fromstring((tmp_path / "results/strides.svg").read_bytes()).tag.endswith("svg")


def test_shorter_windows_overlap_as_much_as_those_of_the_paper(tmp_path, monkeypatch):
    words = ("--kernels", 0.02, "--length", 30_000, "--peaks", 10, "--tested", 100, "--network", "conv4")
    run(monkeypatch, strides, tmp_path / "state", tmp_path / "results", *words, "--window", 200)
    table = pd.read_csv(tmp_path / "results/strides.tsv", sep="\t", comment="#")
    assert table["data"].tolist() == [500, 400, 300, 200, 100]
    peaks = 2 * 3 * 10 / 3  # of two training chromosomes, each of which is in 2 to 10 windows
    windows = 2 * (30_000 - 200) / (table["data"] / 5)
    kept = peaks * 1_000 / table["data"] + (windows - peaks * 1_000 / table["data"]) / 4
    np.testing.assert_allclose(table["windows"], kept, rtol=0.15)


def test_windows_that_no_stride_divides_are_refused(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, strides, tmp_path / "state", tmp_path / "results", "--window", 205)
    assert "205 is not a multiple of 10" in capsys.readouterr().err


@pytest.mark.parametrize(("sign", "word"), [(1, "holds"), (-1, "failed")])
def test_the_gap_must_grow_as_the_stride_falls(sign, word):
    rows = [
        {"data": stride, "seed": 1, "seen": 0.5 - sign * int(stride) / 2_000, "held out": 0.3}
        for stride in ("500", "400", "300", "200", "100")
    ]
    # Windows as in DeepSEA have no stride to compare.
    found = strides.verdict(pd.DataFrame([*rows, {"data": strides.DEEPSEA, "seed": 1, "seen": 0, "held out": 1}]))
    assert found.endswith(f": {word}")


def test_a_smaller_network_keeps_its_shape():
    whole = deepgmap_networks()["conv4"]
    config = strides.smaller(whole, 0.1)
    assert [one.kernels for one in config.convolutions] == [32, 48, 48, 48]
    assert [(one.width, one.pool) for one in config.convolutions] == [
        (one.width, one.pool) for one in whole.convolutions
    ]
    assert config.hidden == (92,)
    assert strides.smaller(whole, 1) == whole


def test_options_change_the_recipe_of_the_paper():
    parser = argparse.ArgumentParser()
    network_runs.add_training_options(parser)
    assert network_runs.changed(DEEPGMAP, parser.parse_args([])) == DEEPGMAP
    words = ["--epochs", "3", "--rate", "0.01", "--initial", "he"]
    found = network_runs.changed(DEEPGMAP, parser.parse_args(words))
    assert network_runs.facts_of(found) == {"epochs": 3, "rate": 0.01, "initial": "he"}
    assert found.checkpoints(1_000)[-1] == 30


def test_at_most_so_many_labels_of_each_class_are_kept():
    labels = np.array([[1, 0], [1, 0], [1, -1], [0, 1], [-1, 0], [-1, -1]], dtype=np.int8)
    codes = np.arange(6, dtype=np.uint8)[:, None]
    regions = LabelledSequences(("a", "b"), codes, labels, np.zeros(6, np.int64))
    found = multitask.at_most(regions, 2, np.random.default_rng(0))
    kept, before = found.labels, labels[found.codes[:, 0]]
    assert [[int((column == label).sum()) for label in (1, 0)] for column in kept.T] == [[2, 1], [1, 2]]
    assert ((kept == before) | (kept == -1)).all()
    assert (kept >= 0).any(axis=1).all()


def test_the_best_network_on_chromosome_14_is_compared_with_the_bank(data, tmp_path, monkeypatch):
    monkeypatch.setattr(multitask, "LEAST_BOUND", 5)
    words = ("--networks", "koo-cnn-50,deepgmap-basset", "--sequences", 100, "--validation", 20, "--epochs", 1)
    run(monkeypatch, multitask, data.folder, tmp_path / "state", tmp_path / "results", *words)
    tables = {path.stem: pd.read_csv(path, sep="\t").set_index("task") for path in (tmp_path / "state").glob("*.tsv")}
    bank = tables.pop("bank")
    best = max(tables, key=lambda name: tables[name]["validation AUROC"].mean())
    lines = (tmp_path / "results/multitask.tsv").read_text().splitlines()
    assert lines[0].startswith(f"# network {best}, sequences 100, ")
    assert lines[3].startswith("# median AUROC of the network ")
    found = pd.read_csv(tmp_path / "results/multitask.tsv", sep="\t", comment="#").set_index("task")
    assert 5 < len(found) <= len(TWELVE)
    for name, table in ((" of network", tables[best]), (" of bank", bank)):
        np.testing.assert_allclose(found[f"AUROC{name}"], table.loc[found.index, "AUROC"], atol=1e-4)
    assert (bank["unbound"] == tables[best].loc[bank.index, "unbound"]).all()
