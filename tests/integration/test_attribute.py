"""`varbind models attribute`: one row for each position of each sequence."""

import csv
import io

import numpy as np
import pytest
from integration.runs import call
from layered import planted_bank, register

import varbind
from varbind.io.banks import write_bank

pytest.importorskip("torch", reason="needs the extra `train`")

SITE = "GGCTACCGGAAGTGACC"
ALL = [
    word
    for name in ("mutagenesis", "largest-loss", "saliency", "saliency-code", "gradient-input")
    for word in ("--method", name)
]


def rows_of(done):
    assert done.code == 0, done.err
    return list(csv.DictReader(io.StringIO(done.out.decode()), delimiter="\t"))


def test_a_sequence(tiny_bank_path):
    done = call("models", "attribute", SITE, "--model", "ELK1", "--bank", tiny_bank_path)
    rows = rows_of(done)
    assert list(rows[0]) == ["id", "position", "base", "mutagenesis", "gradient_input"]
    assert [row["id"] for row in rows] == ["1"] * len(SITE)
    assert [int(row["position"]) for row in rows] == list(range(1, len(SITE) + 1))
    assert "".join(row["base"] for row in rows) == SITE
    changes = varbind.mutation_map(SITE, varbind.load_bank(tiny_bank_path), model_id="ELK1")
    found = [float(row["mutagenesis"]) for row in rows]
    np.testing.assert_allclose(found, -changes.sum(axis=0) / 3, rtol=1e-5, atol=1e-6)
    (line,) = done.lines
    assert line.startswith("varbind: rank correlation of mutagenesis and gradient-input: 0.")
    assert line.endswith(" (mean of 1 of 1 sequences)")


def test_sequences_of_a_file(bench, tiny_bank_path):
    """Each as on its own; where the score is too low, saliency is not shown, and the log has the number."""
    source = bench.file("sequences.fa", f">site\n{SITE}\n>none\nCTCATTAAGCGATCTTGATA\n".encode())
    table = bench.results / "table.tsv"
    words = ["--model", "ELK1", "--bank", tiny_bank_path, *ALL]
    done = call("models", "attribute", source, *words, "-o", table)
    assert done.code == 0, done.err
    assert done.out == b""
    rows = list(csv.DictReader(io.StringIO(table.read_text()), delimiter="\t"))
    assert [row["id"] for row in rows] == ["site"] * 17 + ["none"] * 20
    alone = rows_of(call("models", "attribute", SITE, *words))
    assert [list(row.values())[1:] for row in rows[:17]] == [list(row.values())[1:] for row in alone]
    score = varbind.score_sequences(["CTCATTAAGCGATCTTGATA"], varbind.load_bank(tiny_bank_path).select(["ELK1"]))[0, 0]
    assert -4 <= score < -2
    assert {row["saliency"] for row in rows[17:]} == {""}
    assert "" not in {row["saliency_code"] for row in rows}
    assert done.warnings == [
        "varbind: warning: saliency is not shown for 1 of 2 sequences, whose score is too low",
    ]
    assert sum("rank correlation of" in line for line in done.lines) == 10
    assert any(line.endswith("(mean of 1 of 2 sequences)") for line in done.lines)


def test_a_model_of_another_architecture(bench, monkeypatch):
    register(monkeypatch)
    bank = bench.folder / "layered"
    write_bank(bank, planted_bank(bias=0))
    rows = rows_of(call("models", "attribute", "TTTTCCACAAACTTTT", "--model", "M0", "--bank", bank, *ALL))
    assert all(float(row["gradient_input"]) > 0.5 for row in rows[4:12])


def test_a_method_named_twice_is_one_column(tiny_bank_path):
    twice = ["--method", "mutagenesis"] * 2
    rows = rows_of(call("models", "attribute", SITE, "--model", "ELK1", "--bank", tiny_bank_path, *twice))
    assert list(rows[0]) == ["id", "position", "base", "mutagenesis"]


@pytest.mark.parametrize(
    ("code", "words", "what"),
    [
        (2, ["ACGT", "--model", "nobody"], "no model nobody in the bank"),
        (2, ["ACGT", "--model", "ELK1", "-o", "table.xlsx"], "a table of unknown kind"),
        (2, ["ACGT", "--model", "ELK1", "--method", "guess"], "'guess' is not one of"),
        (3, ["absent.fa", "--model", "ELK1"], "absent.fa"),
    ],
)
def test_what_is_refused(tiny_bank_path, code, words, what):
    done = call("models", "attribute", *words, "--bank", tiny_bank_path)
    assert done.code == code, done.err
    assert what in done.error
    assert done.out == b""


def test_a_bad_sequence_leaves_no_table(bench, tiny_bank_path):
    table = bench.results / "table.tsv"
    for text, what in ((b">a\nACGT\n>long\n" + b"A" * 10_001, "sequence long"), (b">a\nACGT\n>b\nAC-T\n", "'-'")):
        source = bench.file("sequences.fa", text)
        done = call("models", "attribute", source, "--model", "ELK1", "--bank", tiny_bank_path, "-o", table)
        assert done.code == 3, done.err
        assert what in done.error
        assert not list(bench.results.iterdir())
