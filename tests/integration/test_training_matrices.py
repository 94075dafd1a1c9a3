"""Known motifs beside trained networks: a row of the table, read and never called trained."""

import numpy as np
import pytest
from integration.runs import call
from planted import write_files, write_lines

from varbind.datasets.pwm import PSEUDO_SHARE
from varbind.io.banks import read_bank
from varbind.scoring.scorer import score_sequences
from varbind.scoring.selftest import run_selftest

pytest.importorskip("sklearn", reason="needs the extra `train`")
pytest.importorskip("torch", reason="needs the extra `train`")

HEADER = "id\tprotein\tfile\tkind\tmatrix\tdefault\tnegatives"
QUICK = ("--trials", "2", "--checkpoints", "20", "--ensemble-size", "1", "--background-snvs", "300")


@pytest.fixture
def folder(tmp_path):
    write_files(tmp_path)
    blocks = [[f">{name}", *("8 0 0 0", "0 8 0 0", "0 0 4 4")] for name in ("M1", "M2")]
    write_lines(tmp_path / "matrices.pfm", [line for block in blocks for line in block])
    return tmp_path


def train(folder, *rows):
    write_lines(folder / "sets.tsv", [HEADER, *rows])
    return call("train", "binding", folder / "sets.tsv", "-o", folder / "bank", *QUICK)


def test_matrices_stand_beside_networks(folder):
    rows = [
        "A.matrix\tA\tmatrices.pfm\tmatrix\tM1\tno\t.",
        "B\tB\tlabels.tsv\tlabels\t.\t.\t.",
        "M2\tC\tmatrices.pfm\tmatrix\t.\tno\t.",
    ]
    done = train(folder, *rows)
    assert done.code == 0, done.err
    assert "1/1 B: " in done.err
    bank = read_bank(folder / "bank")
    assert [(m.model_id, m.protein, m.default, m.config.detectors) for m in bank.models] == [
        ("A.matrix", "A", False, 1),
        ("B", "B", True, 16),
        ("M2", "C", False, 1),
    ]
    assert bank.cards[0].description == "3 proteins: 1 networks, trained with automatic calibration, 2 matrices"
    first, trained, _ = (model.training for model in bank.models)
    assert "members" in trained
    assert set(first) == {"data", "licence"}
    assert {name: first["data"][name] for name in ("file", "kind", "matrix", "width")} == {
        "file": "matrices.pfm",
        "kind": "matrix",
        "matrix": "M1",
        "width": 3,
    }
    hit = 2 * np.log2((1 + PSEUDO_SHARE) / (1 + 4 * PSEUDO_SHARE) / 0.25)
    hit += np.log2((0.5 + PSEUDO_SHARE) / (1 + 4 * PSEUDO_SHARE) / 0.25)
    scores = score_sequences(["TTTTACGTTTTT", "AAAACGTAAAAA"], bank)
    assert scores[:, 0] == pytest.approx([hit, hit], abs=1e-5)
    assert (folder / "bank" / "ratings.tsv").read_text().count("\nB\t") == 2
    assert run_selftest(bank).passed


def test_matrices_alone(folder):
    done = train(folder, "M1\tA\tmatrices.pfm\tmatrix\t.\t.\t.")
    assert done.code == 0, done.err
    assert read_bank(folder / "bank").model_ids == ("M1",)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("M3\tA\tmatrices.pfm\tmatrix\t.\t.\t.", "matrices.pfm: holds no matrix M3; it holds M1, M2; name the matrix"),
        ("M1\tA\tnone.pfm\tmatrix\t.\t.\t.", "none.pfm: "),
        ("M1\tA\tlabels.tsv\tmatrix\t.\t.\t.", "labels.tsv: "),
    ],
)
def test_a_matrix_that_is_not_there_is_told(folder, row, text):
    done = train(folder, "B\tB\tlabels.tsv\tlabels\t.\t.\t.", row)
    assert done.code == 3
    assert text in done.err
    assert "Traceback" not in done.err
    assert not (folder / "bank").exists()


def test_a_matrix_has_no_negatives(folder):
    done = train(folder, "M1\tA\tmatrices.pfm\tmatrix\t.\t.\tshuffles")
    assert done.code == 2
    assert "matrices.pfm: a matrix has neither negatives" in done.err
