"""`varbind train binding --architecture`: networks of other papers, from data to annotation, export and motifs."""

import json
import signal
import subprocess
import time

import numpy as np
import pytest
from integration.runs import PROGRAM, VCF, annotation, call, default_signals
from planted import sequences
from quick_cases import first_quick

from varbind.io.banks import read_bank

pytest.importorskip("sklearn", reason="needs the extra `train`")
pytest.importorskip("torch", reason="needs the extra `train`")

QUICK = ("--trials", "2", "--epochs", "4", "--background-snvs", "300", "--min-negatives", "0")
PAPERS = ["zeng-1layer", "koo-cnn-25", "deepgmap-danq"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sequences of 101 bases with labels, and the same with the labels of two proteins beside them."""
    folder = tmp_path_factory.mktemp("networks")
    found = sequences(count=400, length=101)
    (folder / "labels.tsv").write_text("".join(f"{text}\t{bound}\n" for text, bound in found))
    (folder / "sequences.fa").write_text("".join(f">{row}\n{text}\n" for row, (text, _) in enumerate(found)))
    other = ["1" if text.count("G") > 25 else "0" for text, _ in found]
    rows = [(f"chr{row // 40}", str(bound) if row % 7 else "-1", other[row]) for row, (_, bound) in enumerate(found)]
    (folder / "matrix.tsv").write_text("\n".join("\t".join(row) for row in [("chrom", "PLANTED", "GRICH"), *rows]))
    return folder


def train(folder, architecture, output, *options, run=call, data="labels.tsv"):
    words = ("train", "binding", folder / data, "-o", folder / output, "--architecture", architecture)
    return run(*words, *QUICK, *options)


@pytest.fixture(scope="module", params=first_quick(PAPERS))
def trained(request, folder):
    """The bank of one network of a paper."""
    done = train(folder, request.param, request.param, "--protein", "TP", "--species", "Homo sapiens")
    assert done.code == 0, done.err
    assert "TP: 400 sequences, " in done.err
    assert "1 models; held-out quality by validation: " in done.lines[-1]
    return folder / request.param


def test_the_bank_is_like_any_other(trained):
    (model,) = read_bank(trained).models
    assert (model.model_id, model.protein, model.species) == ("TP", "TP", "Homo sapiens")
    assert (model.config.input_length, model.config.double_stranded, model.config.members) == (101, True, 1)
    assert model.training["data"]["sequences"] == 400
    assert model.training["members"][0]["steps"] > 0
    ratings = (trained / "ratings.tsv").read_text().splitlines()
    assert ratings[0].startswith("id\tmeasure\tsetting\tsteps\trating\trule\trate")
    assert len(ratings) > 4
    assert call("selftest", "--bank", trained).code == 0
    assert call("models", "verify", trained).code == 0


def test_it_annotates(trained, tmp_path):
    words = ("-o", tmp_path / "out.vcf", "--bank", trained, "--proteins", "TP", "--effect", "none")
    done = call(*annotation(VCF, *words))
    assert done.code == 0, done.err
    rows = [line for line in (tmp_path / "out.vcf").read_text().splitlines() if not line.startswith("#")]
    scored = [row for row in rows if "VARBIND_STATUS=ok" in row]
    assert scored
    assert all("=TP|TP|TP|" in row for row in scored)  # a loss or a gain, of the only model


def test_it_is_exported_and_imported(trained, tmp_path):
    refused = call("models", "export", "--bank", trained, "-o", tmp_path / "text")
    assert refused.code == 2
    assert "needs DeepBind networks" in refused.err
    assert call("models", "export", "--bank", trained, "-o", tmp_path / "bare", "--format", "bank").code == 0
    assert {path.name for path in (tmp_path / "bare").iterdir()} == {"card.json", "weights.safetensors"}
    words = ("models", "import", "bank", tmp_path / "bare", "-o", tmp_path / "again", "--background-snvs", "300")
    assert call(*words).code == 0
    before, after = read_bank(trained), read_bank(tmp_path / "again")
    assert before.models == after.models
    assert before.cards[0].golden == after.cards[0].golden
    assert (trained / "background.safetensors").read_bytes() == (tmp_path / "again/background.safetensors").read_bytes()


def test_its_first_kernels_have_motifs(trained, tmp_path):
    done = call("models", "motifs", "--bank", trained, "-o", tmp_path / "out.meme", "--min-windows", "1")
    assert done.code == 0, done.err
    assert "MOTIF TP." in (tmp_path / "out.meme").read_text()


def test_two_proteins_are_learnt_by_one_network(folder, tmp_path):
    options = ("--labels-matrix", folder / "matrix.tsv", "--id", "both", "--single-stranded")
    done = train(folder, "koo-cnn-25", "both", *options, data="sequences.fa")
    assert done.code == 0, done.err
    bank = read_bank(folder / "both")
    assert [(m.model_id, m.protein, m.network_id, m.output) for m in bank.models] == [
        ("PLANTED", "PLANTED", "both", 0),
        ("GRICH", "GRICH", "both", 1),
    ]
    assert not bank.models[0].config.double_stranded
    assert len(bank.stacks[0].model_ids) == 1
    listed = call("models", "list", "--bank", folder / "both")
    assert b"GRICH" in listed.out


def test_equal_seeds_give_equal_bytes_with_any_number_of_threads(folder):
    for name, threads in (("one", "1"), ("two", "2")):
        assert train(folder, "zeng-1layer", name, "--protein", "TP", "--threads", threads).code == 0
    one, two = ({p.name: p.read_bytes() for p in (folder / name).iterdir()} for name in ("one", "two"))
    cards = [json.loads(files.pop("card.json")) for files in (one, two)]
    assert one == two
    assert [card.pop("name") for card in cards] == ["one", "two"]
    assert cards[0] == cards[1]


@pytest.mark.slow
def test_a_stopped_training_goes_on(folder):
    """Stopped when the first of two settings is finished, it gives the same bytes as one without a stop."""
    options = ("--protein", "TP", "--trials", "2", "--threads", "1")
    assert train(folder, "zeng-local-win3", "whole", *options).code == 0
    words = ["train", "binding", folder / "labels.tsv", "-o", folder / "stopped", "--architecture", "zeng-local-win3"]
    streams = {"stderr": subprocess.PIPE, "text": True, "preexec_fn": default_signals}
    process = subprocess.Popen([*PROGRAM, *map(str, [*words, *QUICK, *options])], **streams)
    state = folder / "stopped.training"
    while not list(state.glob("*.safetensors")):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "varbind: the same command resumes the training" in err
    assert not (folder / "stopped").exists()
    kept = {path: path.stat().st_mtime_ns for path in state.glob("*.safetensors")}
    assert train(folder, "zeng-local-win3", "stopped", *options).code == 0
    assert kept
    for name in ("weights.safetensors", "background.safetensors", "ratings.tsv"):
        assert (folder / "stopped" / name).read_bytes() == (folder / "whole" / name).read_bytes()
    assert not state.exists()


@pytest.mark.parametrize(
    ("architecture", "options", "match"),
    [
        ("resnet", (), "no architecture 'resnet'; choose one of deepbind, zeng-1layer, "),
        ("zeng-1layer", ("--checkpoints", "5"), "--checkpoints is not an option of the architecture zeng-1layer"),
        ("zeng-1layer", ("--as-published",), "--as-published is not an option of the architecture zeng-1layer"),
        ("deepbind", (), "--epochs is not an option of the architecture deepbind; name another --architecture"),
        ("zeng-1layer", ("--kind", "values"), "zeng-1layer learns labels, but this is a table of values"),
        ("deepgmap-conv4", (), "deepgmap-conv4 cannot read sequences of 101 bases: no position is left"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(folder, architecture, options, match):
    done = train(folder, architecture, "refused", "--protein", "TP", *options)
    assert done.code == 2
    assert match in done.error
    assert not list(folder.glob("refused*"))


@pytest.mark.parametrize(
    ("edit", "code", "match"),
    [
        (lambda text: text + "\nchr1\t1\t0", 3, "found 401 rows of labels, expected 400"),
        (lambda text: text.replace("\t1\t", "\t7\t", 1), 3, "the label of PLANTED is '7', expected 1, 0 or -1"),
    ],
)
def test_labels_that_do_not_fit_are_refused(folder, tmp_path, edit, code, match):
    (tmp_path / "matrix.tsv").write_text(edit((folder / "matrix.tsv").read_text()))
    done = train(folder, "koo-cnn-25", "refused", "--labels-matrix", tmp_path / "matrix.tsv", data="sequences.fa")
    assert done.code == code
    assert match in done.error
    assert not list(folder.glob("refused*"))


def test_a_network_learns_the_planted_motif(folder):
    """A hundred epochs are seconds for the smallest of these networks."""
    done = train(folder, "zeng-1layer", "learnt", "--protein", "TP", "--epochs", "120")
    assert done.code == 0, done.err
    (model,) = read_bank(folder / "learnt").models
    assert model.training["members"][0]["validation"]["mean"] > 0.85
    assert np.isfinite(model.delta_sd)
