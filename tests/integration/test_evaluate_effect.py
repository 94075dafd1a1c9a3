"""`varbind evaluate effect`: one command from measured variants to tables beside their controls."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from integration.runs import call, spawn
from measured_loci import loci_rows, write_rows
from motif_banks import CRE, E_BOX, motif_model, write_motif_bank
from planted import sequence
from second_stages import random_effect, scored_bank

from varbind.io.banks import write_bank
from varbind.io.effects import write_effect

pytest.importorskip("sklearn", reason="needs the extra `train`")
pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("matplotlib", reason="needs the extra `plots`")

TABLES = {
    "activity": "activity.tsv",
    "directions": "directions.tsv",
    "classes": "classes.tsv",
    "pathogenic": "conservation.tsv",
}
FILES = {*TABLES.values(), "reliability.svg", "summary.md"}
LOCI = ("L1", "L2", "L3", "L4")
HEADINGS = [
    "# bank: 3 models, seed 1",
    "## Measured changes of activity, loci left out",
    "## The more active allele of a pair",
    "## Simulated against derived variants",
    "## Pathogenic against common variants",
]


def class_rows(count=240):
    """Every other variant is simulated; of these many have a motif beside the change."""
    rng, rows = np.random.default_rng(21), []
    for number in range(count):
        label, left, right = number % 2, sequence(rng, 15), sequence(rng, 15)
        if label and rng.random() < 0.8:
            left = left[:2] + E_BOX + left[2 + len(E_BOX) :]
        ref, alt = ("ACGT"[code] for code in rng.permutation(4)[:2])
        row = {"chrom": f"chrc{1 + number % 3}", "pos": 100 + number, "ref": ref, "alt": alt, "left": left}
        row |= {"right": right, "label": label, "gene": f"g{number // 6}"}
        rows.append(row | {"tss_distance": int(rng.integers(-900, 900)), "truth": label})
    return rows


def pathogenic_rows(count=240):
    """Pathogenic ones are more conserved by either track; now and then one is missing."""
    rng, rows = np.random.default_rng(22), []
    for number in range(count):
        label = number % 2
        share = f"{1 / (1 + np.exp(-rng.normal(label, 1))):.4f}"
        row = {"chrom": "chr9", "pos": 100 + number, "ref": "A", "alt": "G", "label": label, "gene": f"g{number // 4}"}
        row |= {"region": ("UTR5", "intron")[number // 2 % 2], "phyloP": f"{rng.normal(2 * label, 1):.4f}"}
        rows.append(row | {"phastCons": "NA" if number % 17 == 0 else share})
    return rows


def rows_of_all():
    """By table."""
    activity = [row | {"truth": row["effect"]} for row in loci_rows(LOCI, bases=40, alts=1)]
    for row in activity:
        row["barcodes"] = 10 + row["pos"] % 7
    measured = loci_rows(("M1", "M2"), bases=40, alts=1, seed=5)
    pairs = [row | {"chrom": "chr5", "truth": row["effect"], "source": row["locus"]} for row in measured]
    directions = loci_rows(("P1", "P2", "P3"), bases=40, alts=1, seed=8, noise=0.5)
    directions = [
        row | {"chrom": "chr8", "direction": 1 if row["effect"] > 0 else -1, "truth": row["effect"]}
        for row in directions
    ]
    tables = {"activity": activity, "directions": directions, "classes": class_rows(), "pathogenic": pathogenic_rows()}
    return tables | {"pairs": pairs}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A bank with a background, and every table; never write into it but new files."""
    folder = tmp_path_factory.mktemp("evaluation")
    write_bank(folder / "bank", scored_bank("bank"))
    tables = rows_of_all()
    for name, rows in tables.items():
        without = ("truth", "locus") if name == "pairs" else ("truth",) if name == "activity" else ("truth", "effect")
        write_rows(folder / f"{name}.tsv", rows, without=without)
    write_effect(folder / "local", random_effect(scored_bank("bank"), heads=("local",), curves=()))
    # Contigs without `chr`, though the tables have it.
    scores = [row | {"chrom": row["chrom"].removeprefix("chr")} for name in list(tables)[:3] for row in tables[name]]
    names = ("chrom", "pos", "ref", "alt", "truth")
    write_rows(folder / "scores.tsv", [{name: row[name] for name in names} for row in scores])
    return folder


def evaluate(folder, *options, bank="bank", output=None, run=call):
    """Into a new folder of its own."""
    output = output or folder / f"out{len(list(folder.glob('out*')))}"
    words = [folder / word if str(word).endswith(".tsv") else word for word in options]
    return run("evaluate", "effect", "--bank", folder / bank, "-o", output, *words), output


CHEAP = ("--activity", "activity.tsv", "--directions", "directions.tsv", "--pathogenic", "pathogenic.tsv")
SCORES = ("--scores", "scores.tsv", "--draws", "1")
CLASSES = ("--classes", "classes.tsv", "--held-out", "c2")


@pytest.fixture(scope="module")
def whole(folder):
    """A run with everything."""
    done, output = evaluate(folder, *CHEAP, *CLASSES, *SCORES, output=folder / "whole")
    assert done.code == 0, done.err
    return done, output


def table(path):
    header, *rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [dict(zip(header, row, strict=True)) for row in rows]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_file_is_there_and_whole(whole):
    _, output = whole
    assert set(contents(output)) == FILES
    for name in TABLES.values():
        assert (output / name).read_bytes().endswith(b"\n")
        rows = table(output / name)
        assert rows
        assert all(len(row) == len(rows[0]) for row in rows)
    assert ET.fromstring((output / "reliability.svg").read_bytes()).tag == "{http://www.w3.org/2000/svg}svg"


def test_the_summary_is_what_is_printed(whole):
    done, output = whole
    assert done.out == (output / "summary.md").read_bytes()
    lines = done.out.decode().splitlines()
    assert [line for line in lines if line.startswith("#")] == HEADINGS
    assert "\n\n\n" not in done.out.decode()
    assert f"{output}: written" in done.err
    assert not done.warnings


def test_every_method_of_the_activity_has_its_loci(whole):
    rows = table(whole[1] / "activity.tsv")
    names = [
        "binding",
        "shuffled detectors 1",
        "bases",
        "192 contexts",
        "gain of G or C",
        "mean square bound change",
        "largest z",
        "few barcodes",
        "truth",
    ]
    assert [(row["method"], row["locus"]) for row in rows] == [(n, locus) for n in names for locus in (*LOCI, "mean")]
    assert {row["variants"] for row in rows} == {"40", "160"}


def test_the_truth_comes_out_on_top(whole):
    _, output = whole
    signed = {row["method"]: float(row["spearman"] or -1) for row in table(output / "activity.tsv")}
    assert max(signed, key=signed.get) == "truth"
    assert signed["truth"] == 1
    right = {row["method"]: float(row["accuracy"]) for row in table(output / "directions.tsv")}
    assert right["truth"] == right["truth, strongest tenth"] == 1
    assert all(share < 1 for name, share in right.items() if "strongest" not in name and name != "truth")
    areas = {row["method"]: float(row["auc"]) for row in table(output / "classes.tsv") if "minus" not in row["method"]}
    assert max(areas, key=areas.get) == "truth"
    assert areas["truth"] == 1


def test_planted_motifs_beat_their_controls(whole):
    _, output = whole
    means = {row["method"]: row for row in table(output / "activity.tsv") if row["locus"] == "mean"}
    assert float(means["binding"]["spearman_low"]) > float(means["shuffled detectors 1"]["spearman_high"])
    right = {row["method"]: float(row["accuracy"]) for row in table(output / "directions.tsv")}
    assert right["binding"] > right["gain of G or C"]
    areas = {
        (row["method"], row["networks"]): float(row["auc"])
        for row in table(output / "classes.tsv")
        if row["protocol"] == "held-out chromosomes"
    }
    assert areas["binding", "4"] > areas["shuffled detectors", "4"]


def test_held_out_classes_and_tracks_are_those_of_the_tables(whole):
    _, output = whole
    rows = [row for row in table(output / "classes.tsv") if row["protocol"] == "held-out chromosomes"]
    assert {(row["variants"], row["simulated"], row["missing"]) for row in rows} == {("80", "40", "0")}
    rows = table(output / "conservation.tsv")
    assert {row["region"] for row in rows} == {"all", "promoter-like"}
    assert {row["tracks"] for row in rows} == {"phyloP,phastCons", "phyloP", "phastCons"}
    assert all(float(row["auc"]) > 0.6 for row in rows)


@pytest.mark.slow
def test_equal_seeds_give_equal_bytes_whatever_else_is_judged(folder, whole):
    done, output = evaluate(folder, *CHEAP, *SCORES, "--threads", "1", "-q")
    assert (done.code, done.err) == (0, "")
    own, expected = contents(output), contents(whole[1])
    assert set(own) == FILES - {"classes.tsv"}
    assert {name: own[name] for name in own if name != "summary.md"} == {
        name: expected[name] for name in own if name != "summary.md"
    }
    done, output = evaluate(folder, *CHEAP, *SCORES, "--seed", "2")
    other = contents(output)
    assert other["activity.tsv"] != own["activity.tsv"]
    assert other["conservation.tsv"] != own["conservation.tsv"]
    # No chance is in it.
    assert other["directions.tsv"] == own["directions.tsv"]


@pytest.mark.slow
def test_a_program_of_its_own_writes_the_same_bytes(folder, whole):
    done, output = evaluate(folder, "--pathogenic", "pathogenic.tsv", run=spawn)
    assert done.code == 0, done.err
    assert set(contents(output)) == {"conservation.tsv", "summary.md"}
    assert contents(output)["conservation.tsv"] == contents(whole[1])["conservation.tsv"]
    assert done.out == contents(output)["summary.md"]


def test_pairs_and_a_local_network_train_with_the_loci(folder, whole):
    """Both tables that the activity predicts show it; their rows are the same and of the same variants."""
    local = ("--local", folder / "local", "--pairs", "pairs.tsv")
    done, output = evaluate(folder, *CHEAP[:4], *SCORES, *local)
    assert done.code == 0, done.err
    assert set(contents(output)) == {"activity.tsv", "directions.tsv", "reliability.svg", "summary.md"}
    before, after = ([row["method"] for row in table(path / "activity.tsv")[::5]] for path in (whole[1], output))
    own = ["binding and local network", "binding", "local network", "binding and local network minus binding"]
    assert after == [*own, *before[1:]]
    before, after = ({row["method"]: row for row in table(path / "directions.tsv")} for path in (whole[1], output))
    assert set(after) - set(before) == {"binding and local network", "binding and local network, strongest tenth"}
    for name in ("truth", "gain of G or C", "sum of z"):
        assert after[name] == before[name]
    assert after["binding"]["auc"] != before["binding"]["auc"]
    # Pairs by themselves are no locus, and no network is `none`.
    done, other = evaluate(folder, *CHEAP[:4], *SCORES, "--local", "none")
    assert done.code == 0, done.err
    for name in ("activity.tsv", "directions.tsv"):
        assert contents(other)[name] == contents(whole[1])[name]


@pytest.mark.slow
def test_only_the_activity_asks_for_a_local_network(folder):
    done, _ = evaluate(folder, "--pathogenic", "pathogenic.tsv", "--local", folder / "missing")
    assert done.code == 0, done.err
    assert "local network" not in done.err


def test_an_output_that_is_there_is_left(folder, whole):
    before = contents(whole[1])
    done, _ = evaluate(folder, *CHEAP, output=whole[1])
    assert done.code == 5
    assert "exists already; name a new folder" in done.error
    assert contents(whole[1]) == before


ACTIVITY = ("--activity", "activity.tsv", "--draws", "1")
BAD = [
    ([], 2, "no table of variants is given; give --activity, --classes, --pathogenic or --directions"),
    (["--pairs", "pairs.tsv"], 2, "no table of variants is given"),
    (
        ["--pathogenic", "pathogenic.tsv", "--pairs", "pairs.tsv"],
        2,
        "--pairs is given without --activity, which is needed for training; give both",
    ),
    (
        ["--directions", "directions.tsv"],
        2,
        "--directions is given without --activity, which is needed for training; give both",
    ),
    (["--classes", "classes.tsv", "--held-out", ","], 2, "--held-out ',' names no chromosome; name some"),
    (["--activity", "missing.tsv"], 3, "missing.tsv: cannot be read"),
    (["--activity", "no_effect.tsv"], 3, "no_effect.tsv:1: the header is "),
    (["--activity", "no_effect.tsv"], 3, "; it lacks effect; name the columns"),
    (
        ["--activity", "no_locus.tsv"],
        3,
        "no_locus.tsv: there is no column locus; add it, with the name",
    ),
    (
        ["--activity", "no_left.tsv"],
        3,
        "no_left.tsv:1: the sequence around the variants is not given; give",
    ),
    (["--activity", "two.tsv"], 3, "two.tsv: found 2 loci, the smallest with 40 variants; give 3 loci"),
    ([*ACTIVITY, "--directions", "classes.tsv"], 3, "classes.tsv:1: the header is "),
    ([*ACTIVITY, "--pairs", "directions.tsv"], 3, "directions.tsv:1: the header is "),
    ([*ACTIVITY, "--pairs", "weights.tsv"], 3, "weights.tsv:4: the weight is -2, expected a number above 0; correct"),
    ([*ACTIVITY, "--pairs", "missing.tsv"], 3, "missing.tsv: cannot be read"),
    ([*ACTIVITY, "--local", "missing"], 4, "missing: no second stage"),
    ([*ACTIVITY, "--scores", "named.tsv"], 3, "two methods are named binding; rename one"),
    ([*ACTIVITY, "--scores", "missing.tsv"], 3, "missing.tsv: cannot be read"),
    (["--classes", "directions.tsv"], 3, "directions.tsv:1: the header is "),
    (["--classes", "classes.tsv"], 3, "classes.tsv: no variants are on 3, 12; hold out some of the chromosomes"),
    (["--classes", "no_gene.tsv"], 3, "no_gene.tsv: there is no column gene; add the gene of each variant"),
    (["--classes", "wrong.tsv"], 3, "wrong.tsv:3: the label is 2, expected 0 or 1"),
    (["--pathogenic", "no_tracks.tsv"], 3, "no_tracks.tsv: there are no conservation tracks"),
    (["--pathogenic", "pathogenic.tsv", "-f", "missing.fa"], 4, "missing.fa"),
]


@pytest.fixture(scope="module")
def bad(folder):
    """Tables with one fault each."""
    tables = rows_of_all()
    for name in ("effect", "locus", "left"):
        write_rows(folder / f"no_{name}.tsv", tables["activity"], without=(name, "truth"))
    write_rows(folder / "two.tsv", [row for row in tables["activity"] if row["locus"] in LOCI[:2]], without=("truth",))
    write_rows(folder / "no_gene.tsv", tables["classes"], without=("gene",))
    write_rows(folder / "wrong.tsv", [row | {"label": number % 3} for number, row in enumerate(tables["classes"], 1)])
    write_rows(folder / "no_tracks.tsv", tables["pathogenic"], without=("phyloP", "phastCons"))
    weights = [row | {"weight": 1 if place != 2 else -2} for place, row in enumerate(tables["pairs"])]
    write_rows(folder / "weights.tsv", weights, without=("truth", "locus"))
    scores = [row | {"binding": row["truth"]} for row in tables["activity"]]
    write_rows(folder / "named.tsv", scores, without=("truth", "effect", "se", "barcodes", "locus"))
    return folder


@pytest.mark.parametrize(
    ("words", "code", "text"), BAD, ids=[f"{' '.join(w) or 'nothing'}: {t[:30]}" for w, _, t in BAD]
)
def test_bad_input_is_one_line_and_leaves_nothing(bad, words, code, text):
    before = sorted(bad.iterdir())
    done, output = evaluate(bad, *words)
    assert done.code == code, done.err
    assert text in done.error
    assert done.out == b""
    assert not output.exists()
    assert sorted(bad.iterdir()) == before


def test_a_bank_without_a_background_is_told(folder):
    write_motif_bank(folder / "bare", motif_model("M1", "USF1", E_BOX), motif_model("M2", "CREB1", CRE))
    before = sorted(folder.iterdir())
    done, _ = evaluate(folder, "--activity", "activity.tsv", bank="bare")
    assert done.code == 4, done.err
    assert "a model has no background of scores; import or train the bank again" in done.error
    assert sorted(folder.iterdir()) == before
