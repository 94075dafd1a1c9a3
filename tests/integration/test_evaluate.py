"""`varbind evaluate binding`: one command from sets and banks to tables that can be trusted."""

import os
import sys
from xml.etree import ElementTree as ET

import pytest
from integration.runs import PROGRAM, call, spawn
from motif_banks import (
    CRE,
    E_BOX,
    TATA,
    motif_model,
    planted,
    write_intensities,
    write_labels,
    write_motif_bank,
    write_sets,
)
from planted import write_files, write_lines

from varbind.io.banks import DEFAULT_BANK, sha256_of

pytest.importorskip("sklearn", reason="needs the extra `train`")
pytest.importorskip("matplotlib", reason="needs the extra `plots`")

FILES = {"results.tsv", "summary.tsv", "summary.md", "figure.svg"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Banks, test sets and training sets; never write into it but new files."""
    folder = tmp_path_factory.mktemp("evaluation")
    write_motif_bank(folder / "one", motif_model("cre", "CREB1", CRE), motif_model("tata", "TBP", TATA))
    write_motif_bank(
        folder / "many",
        motif_model("m1", "creb1", TATA),
        motif_model("m2", "Creb1", CRE),
        motif_model("m3", "CREB1", E_BOX),
        motif_model("rna", "TBP", TATA, double_stranded=False),
    )
    for number in (1, 2):
        write_labels(folder / f"cre{number}.tsv", CRE, seed=number)
        write_labels(folder / f"tata{number}.tsv", TATA, seed=number, share=0.6)
    write_lines(folder / "ebox.txt", [text for text, bound in planted(E_BOX, seed=3) if bound])
    write_intensities(folder / "array.tsv", CRE, seed=4, count=200)
    write_sets(
        folder / "tests.tsv",
        ("cre.1", "CREB1", "cre1.tsv", "labels", "ChIP"),
        ("tata.1", "TBP", "tata1.tsv", "labels", "ChIP"),
        ("array", "Creb1", "array.tsv", "intensities", ""),
        ("cre.2", "creb1", "cre2.tsv", "labels", "ChIP"),
        ("unknown", "MYC", "cre1.tsv", "labels", "ChIP"),
    )
    write_sets(
        folder / "training.tsv",
        ("ebox", "CREB1", "ebox.txt", "bound", ""),
        ("tata", "TBP", "tata2.tsv", "labels", ""),
        ("motif", "CREB1", "no such file", "matrix", ""),
    )
    return folder


def evaluate(folder, *options, tests="tests.tsv", bank="one", output=None, run=call):
    """Into a new folder of its own."""
    output = output or folder / f"out{len(list(folder.glob('out*')))}"
    done = run("evaluate", "binding", folder / tests, "--bank", folder / bank, "-o", output, *options)
    return done, output


def table(path):
    header, *rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [dict(zip(header, row, strict=True)) for row in rows]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def chosen(output, method):
    """Model of each set."""
    return {row["set"]: row["model_id"] for row in table(output / "results.tsv") if row["method"] == method}


@pytest.fixture(scope="module")
def whole(folder):
    """A run with everything."""
    options = ("--against", f"many={folder / 'many'}", "--training", folder / "training.tsv", "--gkm-svm")
    done, output = evaluate(folder, *options, output=folder / "whole")
    assert done.code == 0, done.err
    return done, output


def test_every_method_has_a_row_where_it_competes(whole):
    _, output = whole
    assert set(contents(output)) == FILES
    found = [(row["set"], row["method"]) for row in table(output / "results.tsv")]
    labelled = ["one", "many", "gkm-SVM", "GC"]
    assert found == [
        *(("cre.1", name) for name in labelled),
        *(("tata.1", name) for name in labelled if name != "many"),
        ("array", "one"),
        ("array", "many"),
        *(("cre.2", name) for name in labelled),
    ]


def test_metrics_are_those_of_the_kind(whole):
    for row in table(whole[1] / "results.tsv"):
        is_measured = row["set"] == "array"
        assert (row["auc"] == "") == (row["auprc"] == "") == is_measured
        assert (row["pearson"] == "") == (row["spearman"] == "") == (not is_measured)
        assert row["dream5_auc"] == ""  # no value is four standard deviations above the mean
    rows = {(row["set"], row["method"]): row for row in table(whole[1] / "results.tsv")}
    assert float(rows["cre.1", "one"]["auc"]) > 0.97
    assert float(rows["array", "one"]["pearson"]) > 0.7
    assert float(rows["tata.1", "gkm-SVM"]["auc"]) > 0.55
    assert rows["array", "one"]["task"] == "intensities"
    assert (rows["array", "one"]["sequences"], rows["array", "one"]["in_set"]) == ("200", "200")


def test_the_best_model_is_chosen_on_training_sets_only(folder, whole):
    """On the test sets m2, which looks for their motif, would be best; the training set has another motif."""
    _, output = whole
    assert chosen(output, "many") == {"cre.1": "m3", "array": "m3", "cre.2": "m3"}
    rows = {(row["set"], row["method"]): row for row in table(output / "results.tsv")}
    assert float(rows["cre.1", "many"]["auc"]) < float(rows["cre.1", "one"]["auc"])
    write_sets(folder / "other.tsv", ("cre", "CREB1", "cre2.tsv", "labels", ""))
    done, other = evaluate(folder, "--training", folder / "other.tsv", bank="many")
    assert chosen(other, "many") == {"cre.1": "m2", "array": "m2", "cre.2": "m2"}
    assert any("many was trained or chosen on the file of 1 of 5 sets: cre.2" in line for line in done.warnings)


def test_single_stranded_models_read_the_given_strand(folder):
    done, output = evaluate(folder, "--single-stranded", bank="many")
    assert done.code == 0
    assert chosen(output, "many") == {"tata.1": "rna"}
    assert "many has no single-stranded model of the protein: cre.1, array, cre.2, unknown" in done.err
    refused, _ = evaluate(folder, "--single-stranded", "--gkm-svm", "--training", folder / "training.tsv", bank="many")
    assert refused.code == 2
    assert "the gkm-SVM reads both strands" in refused.error


def test_the_summary_is_that_of_the_results(whole):
    done, output = whole
    assert done.out.decode() == (output / "summary.md").read_text(encoding="utf-8")
    results = table(output / "results.tsv")
    for line in table(output / "summary.tsv"):
        values = {
            name: {r["set"]: float(r[line["metric"]]) for r in results if r["method"] == name and r[line["metric"]]}
            for name in ("one", line["method"])
        }
        tasks = {row["set"]: row["task"] for row in results}
        shared = [own for own in values["one"] if own in values[line["method"]] and tasks[own] == line["task"]]
        assert len(shared) == int(line["sets"])
        for name, column in (("one", "mean_bank"), (line["method"], "mean_method")):
            mean = sum(values[name][own] for own in shared) / len(shared)
            assert float(line[column]) == pytest.approx(mean, abs=2e-6)
        assert line["p"] == ""
    assert [line["method"] for line in table(output / "summary.tsv")[:4]] == ["one", "many", "gkm-SVM", "GC"]


def test_what_is_left_out_is_told(whole):
    done, output = whole
    left_out = "1 of 5 sets are left out, one has no double-stranded model of the protein: unknown"
    without = "1 of 5 sets are without many, many has no double-stranded model of the protein: tata.1"
    assert [line.removeprefix("varbind: warning: ") for line in done.warnings] == [left_out, without]
    for line in (left_out, without):
        assert f"- {line}\n" in (output / "summary.md").read_text(encoding="utf-8")


def test_the_figure_is_a_picture(whole):
    root = ET.fromstring((whole[1] / "figure.svg").read_bytes())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "ChIP, AUC" in (whole[1] / "figure.svg").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["3", "1"])
def test_threads_do_not_show(folder, whole, threads):
    options = ("--against", f"many={folder / 'many'}", "--training", folder / "training.tsv", "--gkm-svm")
    done, output = evaluate(folder, *options, "--threads", threads, run=spawn)
    assert done.code == 0, done.err
    assert contents(output) == contents(whole[1])


def test_the_seed_shows_and_other_sets_do_not(folder, whole):
    lines = (folder / "tests.tsv").read_text().splitlines()
    write_lines(folder / "some.tsv", [lines[0], lines[4], lines[1]])
    options = ("--training", folder / "training.tsv", "--gkm-svm", "--max-per-class", "20")
    (_, some), (_, every), (_, other) = (
        evaluate(folder, *options, *more, tests=tests)
        for tests, more in (("some.tsv", ()), ("tests.tsv", ()), ("some.tsv", ("--seed", "2")))
    )
    rows = {row["set"] + row["method"]: row for row in table(every / "results.tsv")}
    found = table(some / "results.tsv")
    assert [row["set"] for row in found][::3] == ["cre.2", "cre.1"]
    assert found == [rows[row["set"] + row["method"]] for row in found]
    assert found != table(other / "results.tsv")
    assert all((row["sequences"], row["bound"], row["in_set"]) == ("40", "20", "60") for row in found)
    assert "80 of 120 sequences are scored: at most 20 of each class" in (some / "summary.md").read_text()


def test_peaks_bound_sequences_and_files_of_data(tmp_path):
    write_files(tmp_path)
    write_motif_bank(tmp_path / "one", motif_model("a", "A", CRE))
    for words in (("peaks.narrowPeak", "-f", tmp_path / "reference.fa"), ("bound.fa",), ("labels.tsv",)):
        done, output = evaluate(tmp_path, *words[1:], "--protein", "a", tests=words[0])
        assert done.code == 0, done.err
        own, gc = table(output / "results.tsv")
        assert (own["set"], own["method"], own["model_id"], gc["method"]) == ("a", "one", "a", "GC")
        assert own["task"] == {"peaks.narrowPeak": "peaks", "bound.fa": "bound"}.get(words[0], "labels")
        assert float(own["auc"]) > 0.9
    done, output = evaluate(tmp_path, "--protein", "A", "--kind", "intensities", tests="values.tsv")
    assert float(table(output / "results.tsv")[0]["pearson"]) > 0.8
    assert set(contents(output)) == FILES - {"figure.svg"}
    assert "no figure: nothing is compared with one; give --against" in done.err


def test_outliers_rate_measured_values(tmp_path):
    rows = planted(CRE, count=300, seed=5)
    strong = [row for row, (_, bound) in enumerate(rows) if bound][:6]
    write_lines(
        tmp_path / "v.tsv", [f"{text}\t{500 if row in strong else 1 + row % 3}" for row, (text, _) in enumerate(rows)]
    )
    write_motif_bank(tmp_path / "one", motif_model("a", "A", CRE))
    done, output = evaluate(tmp_path, "--protein", "A", "--kind", "intensities", tests="v.tsv")
    assert done.code == 0, done.err
    (own,) = table(output / "results.tsv")
    assert own["bound"] == "6"
    # All six have the motif, as 144 of the other 294 have.
    assert float(own["dream5_auc"]) == pytest.approx((150 + 144 / 2) / 294, abs=0.03)


def test_a_trained_bank_is_evaluated_on_what_it_was_trained_on_with_a_warning(tmp_path):
    write_files(tmp_path)
    digest = sha256_of(tmp_path / "labels.tsv")
    write_motif_bank(tmp_path / "one", motif_model("a", "A", CRE, training={"data": {"sha256": digest}}))
    done, _ = evaluate(tmp_path, "--protein", "A", tests="labels.tsv")
    assert done.warnings == ["varbind: warning: one was trained or chosen on the file of 1 of 1 sets: A"]


BAD = [
    (
        ["tests.tsv", "many"],
        2,
        "many has 3 models of CREB1, and the best must not be chosen on a test set; give --train",
    ),
    (["tests.tsv", "one", "--gkm-svm"], 2, "the gkm-SVM has no training data; give --training SETS"),
    (["tests.tsv", "one", "--against", "x=many"], 2, "x has 3 models of CREB1, and the best must not be chosen"),
    (["tests.tsv", "one", "--against", "GC=one"], 2, "two methods are named GC"),
    (["tests.tsv", "one", "--against", "one"], 2, "cannot read --against 'one'"),
    (["tests.tsv", "one", "--against", "a\tb=one"], 2, r"the name 'a\tb' has a character that cannot be printed"),
    (["tests.tsv", "one", "--against", "x=missing"], 4, "missing: no such model bank"),
    (["tests.tsv", "missing"], 4, "missing: no such model bank"),
    (["tests.tsv", "one", "--protein", "A"], 2, "tests.tsv: --protein is a column of the table"),
    (["tests.tsv", "one", "--kind", "bound"], 2, "tests.tsv: --kind is a column of the table"),
    (["tests.tsv", "one", "--training", "cre1.tsv"], 2, "cre1.tsv: --training is not a table of sets"),
    (["cre1.tsv", "one"], 2, "cre1.tsv: is not a table of sets, so its protein must be given; give --protein NAME"),
    (["cre1.tsv", "one", "--protein", "MYC"], 3, "one can score none of the 1 sets"),
    (["few.tsv", "one", "--protein", "TBP"], 3, "few.tsv: found no sequences that are not bound"),
    (["missing.tsv", "one", "--protein", "TBP"], 3, "missing.tsv: cannot be read"),
    (["gone.tsv", "one"], 3, "nothing.tsv: cannot be read"),
    (["matrix.tsv", "one"], 3, "nothing can be evaluated on a matrix"),
]


@pytest.mark.parametrize(("words", "code", "text"), BAD, ids=[" ".join(words).expandtabs(1) for words, *_ in BAD])
def test_bad_input_is_one_line_and_leaves_nothing(folder, words, code, text, monkeypatch):
    monkeypatch.chdir(folder)
    write_lines(folder / "few.tsv", ["ACGTACGT\t1"] * 20)
    write_sets(folder / "gone.tsv", ("a", "CREB1", "cre1.tsv", "labels", ""), ("b", "TBP", "nothing.tsv", "", ""))
    write_sets(folder / "matrix.tsv", ("a", "CREB1", "m.pfm", "matrix", ""))
    before = sorted(folder.iterdir())
    tests, bank, *options = words
    done = call("evaluate", "binding", tests, "--bank", bank, "-o", "new", *options)
    assert done.code == code
    assert text in done.error
    assert done.out == b""
    assert sorted(folder.iterdir()) == before


def test_an_output_that_is_there_is_left(folder, whole):
    before = contents(whole[1])
    done, _ = evaluate(folder, output=whole[1])
    assert done.code == 5
    assert "exists already; name a new folder" in done.error
    assert contents(whole[1]) == before


def test_a_choice_without_a_training_set_leaves_the_set_out(folder):
    write_sets(folder / "tata.tsv", ("tata", "TBP", "tata2.tsv", "labels", ""))
    done, output = evaluate(
        folder, "--against", f"many={folder / 'many'}", "--training", folder / "tata.tsv", "--gkm-svm"
    )
    assert done.code == 0, done.err
    assert chosen(output, "many") == {}
    assert chosen(output, "gkm-SVM") == {"tata.1": ""}
    assert any("many has several models of the protein and no training set" in line for line in done.warnings)
    assert any("2 of 5 sets are without gkm-SVM" in line for line in done.warnings)


def without(module, *words):
    """Run as if a package were not installed."""
    blocked = f"import sys; sys.modules[{module!r}] = None\nfrom varbind.cli.main import run; run()"
    return spawn(*words, program=[PROGRAM[0], "-c", blocked], env=os.environ)


@pytest.mark.slow
def test_without_matplotlib_there_are_tables(folder, whole):
    done, output = evaluate(folder, run=lambda *words: without("matplotlib", *words))
    assert done.code == 0, done.err
    assert set(contents(output)) == FILES - {"figure.svg"}
    assert any("the figure needs the package matplotlib" in line for line in done.warnings)


def test_without_scikit_learn_it_is_told_at_once(folder):
    done, output = evaluate(folder, run=lambda *words: without("sklearn.metrics", *words))
    assert done.code == 2
    assert (
        "evaluation needs the package scikit-learn, which is not installed; pip install 'varbind[train]'" in done.error
    )
    assert not output.exists()


def test_quiet_prints_the_summary_only(folder):
    tests = folder / "quiet.tsv"
    write_sets(tests, ("cre", "CREB1", "cre1.tsv", "labels", ""))
    done, _ = evaluate(folder, "-q", tests=tests.name)
    assert done.err == ""
    assert done.out.startswith(b"# one evaluated\n")


def test_the_shipped_bank_is_the_default(folder):
    write_sets(folder / "klf4.tsv", ("klf4", "KLF4", "cre1.tsv", "labels", ""))
    done = call("evaluate", "binding", folder / "klf4.tsv", "-o", folder / "shipped")
    assert done.code == 0, done.err
    assert chosen(folder / "shipped", DEFAULT_BANK) == {"klf4": "KLF4"}


def test_matplotlib_is_not_started_for_help():
    program = (
        "import sys; from varbind.cli.main import main; main(['evaluate', 'binding', '--help'], standalone_mode=False)"
    )
    done = spawn(program=[sys.executable, "-c", f"{program}\nassert 'matplotlib' not in sys.modules"])
    assert done.code == 0, done.err
