"""`varbind train binding`: one command from a user's data to a bank that every other command accepts."""

import json
import os
import re
import signal
import subprocess
import time

import pytest
from integration.runs import PROGRAM, VCF, call, default_signals, spawn, statuses
from planted import peak_lines, write_files, write_lines
from quick_cases import first_quick

from varbind.io.banks import read_bank, sha256_of
from varbind.scoring.selftest import run_selftest

pytest.importorskip("sklearn", reason="needs the extra `train`")
pytest.importorskip("torch", reason="needs the extra `train`")

QUICK = ("--trials", "4", "--checkpoints", "20,60", "--ensemble-size", "2", "--background-snvs", "300")
QUICK = (*QUICK, "--min-negatives", "0")
FILES = {"card.json", "weights.safetensors", "background.safetensors", "ratings.tsv"}


@pytest.fixture
def folder(tmp_path):
    """Every kind of input."""
    return write_files(tmp_path)


def train(folder, name, *options, run=call, output="bank"):
    return run("train", "binding", folder / name, "-o", folder / output, *QUICK, *options)


def contents(bank):
    return {path.name: path.read_bytes() for path in bank.iterdir()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A bank of three sets, trained without a stop."""
    folder = write_files(tmp_path_factory.mktemp("whole"))
    done = train(folder, "sets.tsv")
    assert done.code == 0, done.err
    return folder / "bank"


def test_peaks_become_a_bank(folder):
    options = ("-f", folder / "reference.fa", "--protein", "CREB1", "--family", "bZIP", "--species", "Homo sapiens")
    done = train(folder, "peaks.narrowPeak", *options)
    assert done.code == 0, done.err
    assert "1/1 CREB1: 160 sequences, AUC" in done.err
    assert re.search(r": 1 models; held-out quality by cross-validation: AUC \d\.\d{3} over 1 protein$", done.lines[-1])
    bank = read_bank(folder / "bank")
    (model,) = bank.models
    assert (model.model_id, model.protein, model.family, model.species) == ("CREB1", "CREB1", "bZIP", "Homo sapiens")
    training = model.training
    assert (model.config.members, model.config.detectors) == (2, 16)
    assert [member["setting"]["hidden"] for member in training["members"]] == [0, 0]
    ratings = [member["cross_validation"] for member in training["members"]]
    assert [rating["measure"] for rating in ratings] == ["AUC", "AUC"]
    assert ratings[0]["mean"] > 0.9
    assert ratings[0]["mean"] >= ratings[1]["mean"]
    assert [len(rating["folds"]) for rating in ratings] == [3, 3]
    data = training["data"]
    assert data["sha256"] == sha256_of(folder / "peaks.narrowPeak")
    assert (data["sequences"], data["bound"], data["length"], data["folds"]) == (160, 80, 101, "chromosomes")
    assert run_selftest(bank).passed
    assert not (folder / "bank.training").exists()


@pytest.mark.slow
def test_the_best_network_alone(folder):
    done = train(folder, "labels.tsv", "--protein", "A", "--ensemble-size", "1")
    assert done.code == 0, done.err
    (model,) = read_bank(folder / "bank").models
    assert model.config.members == 1
    assert len(model.training["members"]) == 1


@pytest.mark.parametrize("name", first_quick(["bound.fa", "labels.tsv", "values.tsv"]))
def test_sequences_and_tables_become_a_bank(folder, name):
    done = train(folder, name, "--protein", "A")
    assert done.code == 0, done.err
    assert set(contents(folder / "bank")) == FILES


@pytest.mark.slow
def test_every_command_accepts_the_bank(whole, bench):
    assert call("models", "verify", whole).out == b"bank: 3 models, 2 files: ok\n"
    assert call("selftest", "--bank", whole).code == 0
    listed = call("models", "list", "--bank", whole).out.decode().splitlines()
    assert [line.split("\t")[0] for line in listed[1:]] == ["A.peaks", "B", "C"]
    assert [line.split("\t")[6] for line in listed[1:]] == ["yes", "yes", "no"]
    _, rows = bench.kept(VCF, "--bank", whole, "--proteins", "A,B")
    assert statuses(rows).count("ok") > 20
    assert any("bZIP|A|A.peaks" in row.get("VARBIND_BIND_LOSS", "") for row in rows)


def test_the_log_holds_every_rating(whole):
    lines = (whole / "ratings.tsv").read_text().splitlines()
    header, *rows = [line.split("\t") for line in lines]
    assert header[:6] == ["id", "measure", "setting", "steps", "mean", "folds"]
    assert [row[0] for row in rows] == ["A.peaks"] * 6 + ["B"] * 6 + ["C"] * 6  # 4 settings, then 2
    assert {row[1] for row in rows} == {"AUC", "minus mean squared error"}
    means = [float(row[4]) for row in rows if row[0] == "B"]
    assert means == sorted(means, reverse=True)
    card = json.loads((whole / "card.json").read_text())
    best = next(row for row in rows if row[0] == "B")
    assert card["models"][1]["training"]["members"][0]["steps"] == int(best[3])


@pytest.mark.slow
def test_threads_do_not_show(folder, whole):
    done = train(folder, "sets.tsv", "--threads", "1")
    assert done.code == 0, done.err
    assert contents(folder / "bank") == contents(whole)


@pytest.mark.slow
def test_what_else_is_trained_does_not_show(folder, whole):
    lines = (folder / "sets.tsv").read_text().splitlines()
    write_lines(folder / "sets.tsv", [lines[0], lines[2]])
    assert train(folder, "sets.tsv").code == 0
    one, all_sets = read_bank(folder / "bank"), read_bank(whole).select(["B"])
    stacks = [{stack.config: stack.detectors.tobytes() for stack in bank.stacks} for bank in (one, all_sets)]
    assert stacks[0] == stacks[1]


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["second", "first", "last"])
def test_killed_and_resumed_it_gives_the_same_bytes(folder, whole, moment):
    words = ["train", "binding", folder / "sets.tsv", "-o", folder / "bank", *QUICK]
    state = folder / "bank.training"
    wanted = {"first": 0, "second": 1, "last": 3}[moment]
    process = subprocess.Popen([*PROGRAM, *map(str, words)], stderr=subprocess.DEVNULL)
    limit = time.monotonic() + 120
    while len(list(state.glob("*.safetensors"))) < wanted or not state.exists():
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (folder / "bank").exists()
    finished = len(list(state.glob("*.safetensors")))
    kept = {path: path.stat().st_mtime_ns for path in state.glob("*.safetensors")}
    done = spawn(*words)
    assert done.code == 0, done.err
    assert (f"{finished} of 3 sets are trained already" in done.err) == (finished > 0)
    assert done.err.count(" sequences, ") == 3 - finished
    assert len(kept) == finished >= wanted
    assert contents(folder / "bank") == contents(whole)
    assert not state.exists()


@pytest.mark.slow
def test_an_interrupted_training_leaves_what_is_finished(folder, whole):
    words = ["train", "binding", folder / "sets.tsv", "-o", folder / "bank", *QUICK]
    state = folder / "bank.training"
    streams = {"stderr": subprocess.PIPE, "text": True, "preexec_fn": default_signals}
    process = subprocess.Popen([*PROGRAM, *map(str, words)], **streams)
    while not list(state.glob("*.safetensors")):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert err.splitlines()[-2:] == [
        "varbind: the same command resumes the training",
        "varbind: stopped by SIGINT; no partial output was left behind",
    ]
    assert not (folder / "bank").exists()
    assert spawn(*words).code == 0
    assert contents(folder / "bank") == contents(whole)


def test_the_id_of_a_model(folder):
    """Beside the shipped model of the protein, with the family that the shipped bank states."""
    words = ["train", "binding", folder / "labels.tsv", "--protein", "CTCF", *QUICK]
    assert call(*words, "--id", "my.CTCF", "-o", folder / "named").code == 0
    assert read_bank(folder / "named").models[0].model_id == "my.CTCF"
    listed = call("models", "list", "--bank", "default", "--bank", folder / "named").out.decode()
    assert "\nmy.CTCF\tCTCF\tCTCF-like\t" in listed
    assert "\nCTCF\tCTCF\tCTCF-like\t" in listed
    done = call(*words, "--id", "my CTCF", "-o", folder / "bank")
    assert done.code == 2
    assert "--id 'my CTCF' cannot name a model; use up to 100 letters without blanks and slashes" in done.error
    done = call("train", "binding", folder / "sets.tsv", "--id", "x", "-o", folder / "bank", *QUICK)
    assert done.code == 2
    assert "--id is a column of the table" in done.error


@pytest.mark.slow
def test_changed_data_is_trained_again(folder, whole):
    words = ["train", "binding", folder / "sets.tsv", "-o", folder / "bank", *QUICK]
    lines = (folder / "labels.tsv").read_text().splitlines()
    write_lines(folder / "labels.tsv", lines[:-2])
    process = subprocess.Popen([*PROGRAM, *map(str, words)], stderr=subprocess.DEVNULL)
    while len(list((folder / "bank.training").glob("*.safetensors"))) < 2:
        assert process.poll() is None
        time.sleep(0.005)
    process.kill()
    process.wait()
    write_lines(folder / "labels.tsv", lines)
    assert spawn(*words).code == 0
    assert contents(folder / "bank") == contents(whole)


BAD = [
    (["peaks.bed"], 2, "peaks.bed: is not a table of sets, so its protein must be given; give --protein NAME"),
    (["peaks.bed", "--protein", "A"], 2, "peaks.bed: peaks need the reference"),
    (["bound.fa", "--protein", "A", "--checkpoints", "5,5"], 2, "cannot read --checkpoints '5,5'"),
    (["bound.fa", "--protein", "A", "--device", "tpu"], 2, "unknown device 'tpu'; use auto, cpu, cuda or cuda:N"),
    (["bound.fa", "--protein", "A", "--device", "cuda:4096"], 4, "device cuda:4096 is not available; use --device cpu"),
    (["bound.fa", "--protein", "A", "--top", "5"], 2, "bound.fa: --top needs data with strengths, such as peaks"),
    (["bound.fa", "--protein", "A", "--folds", "5"], 3, "found 40 bound sequences, expected at least 50 for 5 folds"),
    (["bound.fa", "--protein", "A B"], 3, "the id 'A B' cannot name a model"),
    (["sets.tsv", "--protein", "A"], 2, "sets.tsv: --protein is a column of the table"),
    (["missing", "--protein", "A"], 3, "missing: cannot be read: No such file"),
    (["empty", "--protein", "A"], 3, "empty: is empty"),
    (["letters", "--protein", "A"], 3, "letters:2: the sequence holds 'X' at base 1"),
    (["constant", "--protein", "A"], 3, "constant: all 40 values are 7"),
    (["classes", "--protein", "A"], 3, "classes: found no sequences that are not bound"),
    (["none", "--protein", "A"], 3, "none: found no bound sequences"),
    (["long", "--protein", "A"], 3, "long:2: the sequence has 2,001 bases, expected at most 2,000; cut it"),
    (["few.fa", "--protein", "A"], 3, "found 4 bound sequences"),
]


@pytest.mark.parametrize(("words", "code", "text"), BAD, ids=[" ".join(words) for words, *_ in BAD])
def test_bad_data_is_one_line(folder, words, code, text):
    write_lines(folder / "empty", [])
    write_lines(folder / "letters", ["ACGT\t1", "XCGT\t0"])
    write_lines(folder / "constant", ["ACGT\t7"] * 40)
    write_lines(folder / "classes", ["ACGT\t1"] * 40)
    write_lines(folder / "none", ["ACGT\t0"] * 40)
    write_lines(folder / "long", ["ACGT\t0", f"{'ACG' * 667}\t1"])
    write_lines(folder / "few.fa", [">a", "ACGT"] * 4)
    before = sorted(folder.iterdir())
    done = train(folder, *words)
    assert done.code == code
    assert text in done.error
    assert sorted(folder.iterdir()) == before


@pytest.mark.slow
def test_one_strand_of_rna(folder):
    """Bound sequences and the others are each other's complements: who reads both strands cannot tell them apart."""
    options = ("--protein", "A", "--assay", "RNAcompete", "--trials", "8", "--checkpoints", "50,150")
    assert train(folder, "one_way.tsv", *options, "--single-stranded").code == 0
    assert train(folder, "one_way.tsv", *options, output="both").code == 0
    banks = [read_bank(folder / name) for name in ("bank", "both")]
    assert [bank.models[0].config.double_stranded for bank in banks] == [False, True]
    assert all(run_selftest(bank).passed for bank in banks)
    one, both = (bank.models[0].training["members"][0]["cross_validation"]["mean"] for bank in banks)
    assert one > 0.9
    assert both < 0.75
    scored = call("score", folder / "bound.fa", "--bank", folder / "bank")
    assert scored.code == 0


@pytest.mark.slow
def test_how_often_a_motif_stands_there_is_learnt_by_means(folder):
    options = ("--protein", "A", "--kind", "values", "--trials", "8", "--checkpoints", "50,150")
    assert train(folder, "repeated.tsv", *options).code == 0
    bank = read_bank(folder / "bank")
    (model,) = bank.models
    best = model.training["members"][0]
    assert best["setting"]["mean_pooling"] is True
    assert model.config.mean_pooling
    assert (model.config.members, model.config.detectors) == (2, 16)
    assert best["cross_validation"]["mean"] > -0.5  # minus the mean squared error; the variance is 1
    assert run_selftest(bank).passed
    header, first, *_ = [line.split("\t") for line in (folder / "bank" / "ratings.tsv").read_text().splitlines()]
    assert first[header.index("mean_pooling")] == "yes"


def test_peaks_have_no_single_strand(folder):
    done = train(folder, "peaks.bed", "-f", folder / "reference.fa", "--protein", "A", "--single-stranded")
    assert done.code == 2
    assert "peaks.bed: peaks do not say which strand is bound" in done.error
    assert not (folder / "bank").exists()


@pytest.mark.slow
def test_peaks_that_are_not_used_are_counted(folder):
    write_lines(folder / "peaks.bed", [*peak_lines(), "chrX\t5\t10", "chr1\t0\t9"])
    done = train(folder, "peaks.bed", "-f", folder / "reference.fa", "--protein", "A")
    assert done.code == 0
    assert done.warnings == [f"varbind: warning: {folder / 'peaks.bed'}: 2 peaks are not used: 1 edge, 1 no_contig"]


def test_an_output_that_is_there_is_left(folder, whole):
    before = contents(whole)
    done = call("train", "binding", folder / "bound.fa", "--protein", "A", "-o", whole, *QUICK)
    assert done.code == 5
    assert "exists already; name a new folder" in done.error
    assert contents(whole) == before


def test_quiet_says_nothing(folder):
    assert train(folder, "bound.fa", "--protein", "A", "-q").err == ""


def test_without_packages_it_is_told_at_once(folder):
    blocked = (
        "import sys; sys.modules['sklearn'] = None; sys.modules['sklearn.metrics'] = None\n"
        "from varbind.cli.main import run; run()"
    )
    program = [PROGRAM[0], "-c", blocked]
    words = ["train", "binding", folder / "bound.fa", "--protein", "A", "-o", folder / "bank"]
    done = spawn(*words, program=program, env=os.environ)
    assert done.code == 2
    assert "training needs the package scikit-learn, which is not installed; pip install 'varbind[train]'" in done.error
    assert not (folder / "bank.training").exists()
