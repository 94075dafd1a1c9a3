"""Simulated assays from their files to an evaluation: a planted motif is recovered, and not from shuffled values."""

import numpy as np
import pytest
from integration.runs import call
from planted import write_lines

pytest.importorskip("sklearn", reason="needs the extra `train`")
pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("matplotlib", reason="needs the extra `plots`")

QUICK = ("--trials", "4", "--folds", "2", "--checkpoints", "150,300", "--threads", "1", "--background-snvs", "1000")
_SURE = {base: np.where(np.array(list("ACGT")) == base, 0.91, 0.03) for base in "ACGT"}
MATRIX = np.array([_SURE[base] for base in "TGATGAC"])
"""The shares of A, C, G and T at the seven positions of the planted motif, TGATGAC."""


def random_codes(rng, lengths):
    return [rng.integers(0, 4, length) for length in lengths]


def best_odds(codes):
    """The largest log-odds of the motif on the given strand."""
    odds, places = np.log(MATRIX / 0.25), np.arange(len(MATRIX))
    return max(odds[places, codes[start:][: len(MATRIX)]].sum() for start in range(len(codes) - len(MATRIX) + 1))


def text_of(codes):
    return "".join("ACGT"[code] for code in codes)


def results(folder, *words):
    """The metrics of the bank by set."""
    done = call("evaluate", "binding", *words, "--bank", folder / "bank", "-o", folder / "result", "--threads", "1")
    assert done.code == 0, done.error
    header, *rows = [line.split("\t") for line in (folder / "result/results.tsv").read_text().splitlines()]
    found = [dict(zip(header, row, strict=True)) for row in rows]
    return {row["set"]: row for row in found if row["method"] == "bank"}


@pytest.mark.slow
def test_probes_of_rna(tmp_path):
    """RNAcompete: probes of 30 to 41 bases; one set trains, the other one tests."""
    rng = np.random.default_rng(1)
    probes = random_codes(rng, rng.integers(30, 42, 6000))
    values = np.exp(0.4 * np.array([best_odds(codes) for codes in probes]) + rng.normal(0, 0.5, len(probes)))
    sets = np.where(np.arange(len(probes)) % 4 == 0, "SetA", "SetB")
    for name, column in (("probes", values), ("shuffled", rng.permutation(values))):
        rows = (f"{text_of(codes)}\t{value:.4f}\t{own}" for codes, value, own in zip(probes, column, sets, strict=True))
        write_lines(tmp_path / f"{name}.tsv", ["sequence\tvalue\tset", *rows])
    header = "protein\tfile\tkind\tpart"
    trained = ["RBP\tprobes.tsv\tintensities\tSetA", "CONTROL\tshuffled.tsv\tintensities\tSetA"]
    write_lines(tmp_path / "training.tsv", [header, *trained])
    tested = [f"{name}\tprobes.tsv\tintensities\tSetB" for name in ("RBP", "CONTROL")]
    write_lines(tmp_path / "tests.tsv", [header, *tested])
    done = call("train", "binding", tmp_path / "training.tsv", "-o", tmp_path / "bank", "--single-stranded", *QUICK)
    assert done.code == 0, done.error
    found = results(tmp_path, tmp_path / "tests.tsv", "--single-stranded")
    bounds = {"pearson": 0.6, "spearman": 0.5, "dream5_auc": 0.8, "e_pearson": 0.6, "z_pearson": 0.5}
    for metric, bound in bounds.items():
        assert float(found["RBP"][metric]) > bound > float(found["CONTROL"][metric]) + 0.1
    assert not (tmp_path / "result/summary.md").read_text().count("was trained or chosen on the file")


def selected(rng, ligands, count):
    """Ligands of the next round, drawn with replacement by their occupancy at the best place of either strand."""
    best = np.array([max(best_odds(codes), best_odds(3 - codes[::-1])) for codes in ligands])
    occupied = 1 / (1 + np.exp(6 - best)) + 0.02
    return [ligands[row] for row in rng.choice(len(ligands), count, p=occupied / occupied.sum())]


def selex(seed):
    """The first and the last round, with ligands of 14, 20, 30 and 40 random bases, selected by length."""
    rng = np.random.default_rng(seed)
    first, last = [], []
    for length in (14, 20, 30, 40):
        pool = random_codes(rng, [length] * 1000)
        first += pool[:200]
        for _ in range(3):
            pool = selected(rng, pool, 1000)
        last += pool[:200]
    return [text_of(codes) for codes in first], [text_of(codes) for codes in last]


@pytest.mark.slow
def test_rounds_of_selex(tmp_path):
    first, last = selex(1)
    write_lines(tmp_path / "round3.fastq", [line for text in last for line in ("@r", text, "+", "#" * len(text))])
    write_lines(tmp_path / "round0.txt", first)
    write_lines(tmp_path / "other0.txt", selex(2)[0])
    rows = ["TF\tround3.fastq\tround0.txt", "CONTROL\tother0.txt\tround0.txt"]
    write_lines(tmp_path / "training.tsv", ["protein\tfile\tunbound", *rows])
    done = call("train", "binding", tmp_path / "training.tsv", "-o", tmp_path / "bank", *QUICK, "--min-negatives", "0")
    assert done.code == 0, done.error
    held_out = selex(3)
    rows = [f"{text}\t{label}" for label, texts in enumerate(held_out) for text in texts]
    write_lines(tmp_path / "test.tsv", rows)
    tested = [f"{name}\ttest.tsv\tlabels" for name in ("TF", "CONTROL")]
    write_lines(tmp_path / "tests.tsv", ["protein\tfile\tkind", *tested])
    found = results(tmp_path, tmp_path / "tests.tsv")
    assert float(found["TF"]["auc"]) > 0.8
    assert float(found["CONTROL"]["auc"]) < 0.65
