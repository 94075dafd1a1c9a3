"""The published models give the published numbers: by each scanning rule, and on whole windows.

The data is not part of the repository; without `../shared/data` these tests are skipped.
"""

import csv
import gzip
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tolerances
from quick_cases import first_quick

from varbind.bank.bank import Bank
from varbind.core.sequence import encode
from varbind.core.window import Window, flank_of
from varbind.io.deepbind_text import read_deepbind_folder, read_parameter_file
from varbind.scoring.ensemble import Ensemble
from varbind.scoring.scan import ScanEnsemble, ScanRule
from varbind.scoring.scorer import score_sequences

# README.txt of the published models: rows = example.seq, columns = example.ids, every window counted.
LATER_ALL = """
     7.451420  -0.166146  -0.408751  -0.026180
    -0.155398   4.113816   0.516956  -0.248167
    -0.140683   0.181294   5.885348  -0.026180
    -0.174985  -0.152521  -0.379695  17.682621
"""
# The same, and the one value that changes where the last window is skipped.
LATER_CHANGES = {("D00410.003", 0): -0.665042}

# The index spells two families in two ways; effects are gathered by family, so one spelling is kept.
RESPELT = {"znfC2H2": "C2H2 ZF", "Homeodomain + POU": "Homeodomain,POU"}

DEEPFIND_MODELS = ["D00312.002", "D00328.003", "D00761.001", "D00446.005", "D00747.001"]


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data / "deepbind-published"


@pytest.fixture(scope="module")
def models_of(folder):
    """Function from ids to (stacks, ids) of the published parameter files."""

    def read(ids):
        return [read_parameter_file(folder / "params" / f"{model_id}.txt") for model_id in ids], ids

    return read


@pytest.fixture(scope="module")
def example(folder, models_of):
    """Stacks, ids and the four sequences of the published example."""
    ids = [line.split()[0] for line in (folder / "example.ids").read_text().splitlines()]
    sequences = (folder / "example.seq").read_text().split()
    assert (len(ids), len(sequences)) == (4, 4)
    return *models_of(ids), sequences


@pytest.fixture(scope="module")
def published(folder):
    """The cards, and the whole set as a bank."""
    models, stacks = read_deepbind_folder(folder)
    return Bank((), tuple(models), tuple(stacks), background=None)


def scan(example, rule):
    stacks, ids, sequences = example
    return ScanEnsemble(stacks, ids, rule=ScanRule(rule)).score([encode(sequence) for sequence in sequences])


def readme_table():
    return np.array([[float(word) for word in line.split()] for line in LATER_ALL.split("\n")[1:-1]])


def test_the_sixteen_published_scores(folder, example):
    _, ids, sequences = example
    found = scan(example, "0.1")
    with (folder / "golden.tsv").open() as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert len(rows) == 16
    assert {(row["model_id"], row["sequence"]) for row in rows} == {(i, s) for i in ids for s in sequences}
    for row in rows:
        score = found[sequences.index(row["sequence"]), ids.index(row["model_id"])]
        assert score == pytest.approx(float(row["score"]), abs=tolerances.PUBLISHED_GOLDEN), row


def test_later_with_every_window(folder, example):
    readme = (folder / "README.txt").read_text().split()
    assert all(word in readme for word in LATER_ALL.split())
    np.testing.assert_allclose(scan(example, "later-all"), readme_table(), atol=tolerances.PUBLISHED_TABLE, rtol=0)


def test_later_without_the_last_window(example):
    expected = readme_table()
    for (model_id, sequence), score in LATER_CHANGES.items():
        expected[sequence, example[1].index(model_id)] = score
    np.testing.assert_allclose(scan(example, "later"), expected, atol=tolerances.PUBLISHED_TABLE, rtol=0)


def test_the_rules_are_three_different_functions(example):
    whole = Ensemble(example[0], example[1])
    codes = [encode(sequence) for sequence in example[2]]
    golden = scan(example, "0.1")
    for other in (scan(example, "later"), scan(example, "later-all"), whole.score(dict.fromkeys(whole.windows, codes))):
        # README.txt: five of the sixteen agree.
        assert np.sum(np.abs(other - golden) < tolerances.PUBLISHED_GOLDEN) == 5


def test_all_models_are_imported(published, folder):
    models = published.models
    assert len(models) == len(set(published.model_ids)) == len(list((folder / "params").glob("*.txt"))) == 927
    assert sum(model.config.double_stranded for model in models) == 683
    assert sum(model.default for model in models) == 472
    assert sum(model.config.mean_pooling for model in models) == 333
    assert Counter(model.config.hidden for model in models) == {0: 524, 32: 403}
    lengths = Counter(model.config.detector_len for model in models)
    assert lengths == {14: 17, 16: 244, 20: 385, 24: 249, 32: 26, 36: 6}
    windows = {model.config.detector_len: model.config.window for model in models}
    assert windows == {14: 25, 16: 25, 20: 25, 24: 31, 32: 51, 36: 51}
    assert {model.config.detectors for model in models} == {16}


def test_what_the_index_says_is_kept(published, folder):
    lines = (folder / "db.tsv").read_text(encoding="utf-8").splitlines()
    rows = {row["ID"]: row for row in csv.DictReader([x for x in lines if x[:1] != "#"], delimiter="\t")}
    families = {row["Family"] for row in rows.values()}
    assert families >= {*RESPELT, *RESPELT.values()}
    kinds = Counter()
    for model in published.models:
        row = rows[model.model_id]
        assert (model.protein, model.species) == (row["Protein"], row["Species"])
        assert (model.assay, model.experiment) == (row["Experiment"], row["Experiment Details"])
        if row["Family"]:
            assert model.family == RESPELT.get(row["Family"], row["Family"])
        else:
            assert model.family
        if model.default:
            assert (row["Type"], row["Species"].lower()) == ("TF", "homo sapiens")
        kinds[row["Type"], row["Experiment"], row["Species"]] += 1
    # README.txt counts these.
    assert kinds["TF", "SELEX", "Homo sapiens"] == 378
    assert kinds["TF", "ChIP-seq", "Homo sapiens"] == 137
    assert kinds["RBP", "RNAcompete", "Homo sapiens"] == 102
    assert kinds["TF", "PBM", "Mus musculus"] == 85
    assert kinds["TF", "SELEX", "Mus musculus"] == 80


def test_every_published_shape_is_the_readable_network(published):
    """Two models of each shape, on sequences with N."""
    network = pytest.importorskip("varbind.nn.torch_networks", reason="needs the extra `train`")
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 5, (6, 51)).astype(np.uint8)
    texts = ["".join("ACGTN"[c] for c in row) for row in codes]
    chosen = published.select([model_id for stack in published.stacks for model_id in stack.model_ids[:2]])
    found = score_sequences(texts, chosen)
    for stack in chosen.stacks:
        for row, model_id in enumerate(stack.model_ids):
            expected = network.score_models(stack.take([row]), codes)[:, 0]
            column = chosen.model_ids.index(model_id)
            np.testing.assert_allclose(found[:, column], expected, atol=tolerances.FUSED, rtol=0)


@pytest.fixture(scope="module")
def windows(shared_data):
    """row_id, bases known on the narrower side, and the two 51-mers as base codes with N where unknown."""
    with gzip.open(shared_data / "deepfind" / "windows.tsv.gz", "rt", encoding="ascii") as stream:
        rows = [line.split("\t") for line in stream.read().splitlines()[1:]]
    row_ids = np.array([int(row[0]) for row in rows])
    known = np.array([min(int(row[2]), int(row[3])) for row in rows])

    def centred(row, text):
        left = 25 - int(row[2])
        return ("N" * left + text).ljust(51, "N")

    alleles = [encode("".join(centred(row, row[i]) for row in rows)).reshape(-1, 51) for i in (5, 6)]
    assert all(len(allele) == len(rows) for allele in alleles)
    return row_ids, known, alleles


def errors(shared_data, models_of, windows, model_id, *, sample):
    """Differences from the published scores of one model: both alleles of every row its window fits, or of some."""
    stacks, ids = models_of([model_id])
    flank = (stacks[0].config.window - 1) // 2
    row_ids, known, alleles = windows
    rows = np.flatnonzero(known >= flank)
    assert 165_000 < len(rows) < 225_000
    if sample:
        rows = np.random.default_rng(2015).choice(rows, sample, replace=False)
    with np.load(shared_data / "deepfind" / "published_scores.npz") as archive:
        expected = archive[model_id][row_ids[rows]]
    ensemble = Ensemble(stacks, ids)
    (window,) = ensemble.windows
    found = [ensemble.score({window: list(codes[rows, 25 - flank : 26 + flank])})[:, 0] for codes in alleles]
    return np.abs(np.stack(found, axis=1) - expected)


@pytest.mark.parametrize("model_id", DEEPFIND_MODELS)
def test_whole_windows_sample(shared_data, models_of, windows, model_id):
    found = errors(shared_data, models_of, windows, model_id, sample=3_000)
    assert found.shape == (3_000, 2)
    assert found.max() <= tolerances.PUBLISHED_DEEPFIND


@pytest.mark.slow
@pytest.mark.parametrize("model_id", DEEPFIND_MODELS)
def test_whole_windows_every_row(shared_data, models_of, windows, model_id):
    assert errors(shared_data, models_of, windows, model_id, sample=None).max() <= tolerances.PUBLISHED_DEEPFIND


def test_the_wrong_window_is_noticed(shared_data, models_of, windows):
    """The window belongs to the model: read on 31 instead of 25 bases, scores differ."""
    stacks, ids = models_of(["D00312.002"])
    row_ids, known, alleles = windows
    rows = np.flatnonzero(known == 25)[:300]
    with np.load(Path(shared_data) / "deepfind" / "published_scores.npz") as archive:
        expected = archive[ids[0]][row_ids[rows], 0]
    ensemble = Ensemble(stacks, ids)
    (window,) = ensemble.windows
    other = {25: 31, 31: 25, 51: 31}[window] // 2
    found = ensemble.score({window: list(alleles[0][rows, 25 - other : 26 + other])})[:, 0]
    assert np.mean(np.abs(found - expected) > tolerances.PUBLISHED_DEEPFIND) > 0.1


def awkward_windows(rng, length, count):
    """SNVs, insertions and deletions in windows of one length, some with a run of N."""
    flank = flank_of(length)
    windows = []
    for number in range(count):
        left, right = rng.integers(0, 4, (2, flank))
        if number % 2:
            left[rng.integers(flank) :][: rng.integers(1, 20)] = 4
        ref, alt = [(1, 1), (1, 1), (0, 3), (4, 1)][number % 4]
        alleles = (np.array([*left, *rng.integers(0, 4, size), *right], np.uint8) for size in (ref, alt))
        windows.append(Window(*alleles, padded=False))
    return windows


def check_windows(stacks, length, count, seed):
    """Both alleles, by the changed positions, against the network in double precision."""
    network = pytest.importorskip("varbind.nn.torch_networks", reason="needs the extra `train`")
    stacks = [replace(stack, config=replace(stack.config, window=length)) for stack in stacks]
    ids = [model_id for stack in stacks for model_id in stack.model_ids]
    windows = awkward_windows(np.random.default_rng(seed), length, count)
    found = Ensemble(stacks, ids, compiled=True).score_windows({length: windows})
    for alleles, scores in zip(([w.ref for w in windows], [w.alt for w in windows]), found, strict=True):
        column = 0
        for stack in stacks:
            for row in range(len(stack.model_ids)):
                model = stack.take([row])
                expected = [network.score_models(model, codes[None])[0, 0] for codes in alleles]
                np.testing.assert_allclose(scores[:, column], expected, atol=tolerances.FUSED, rtol=0)
                column += 1


@pytest.mark.parametrize("length", first_quick([101, 14]))
def test_some_models_on_other_windows(published, length):
    """Two networks of every shape; a window of 14 is shorter than most detectors."""
    check_windows([stack.take(range(2)) for stack in published.stacks], length, 4, seed=length)


@pytest.mark.slow
@pytest.mark.parametrize("length", [14, 15, 24, 25, 31, 51, 60, 101, 150, 201])
def test_all_models_on_other_windows(published, length):
    check_windows(published.stacks, length, 8, seed=length)
