"""`varbind train effect`, from tables of variants to annotated ones: what was planted in a genome is found."""

import json
import re
import shutil
import signal
import subprocess
import time
from dataclasses import replace

import numpy as np
import pytest
from integration.runs import LIMIT, PROGRAM, call, records, unpacked
from motif_banks import CRE, E_BOX, motif_bank, motif_model
from planted import write_lines
from planted_effects import MOTIFS, QUICK, TRAINED, UNSEEN, World, unique
from second_stages import random_effect

from varbind.core.variant import Variant
from varbind.io.banks import write_bank
from varbind.io.effects import read_effect, write_effect
from varbind.scoring.background import BackgroundRecipe, add_background

pytest.importorskip("pybigtools", reason="needs the extra `conservation`")
pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("scipy", reason="needs the extra `train`")

FLOATS = ("SCORE", "SCORE_CONS", "PHRED", "ACTIVITY", "ACTIVITY_SE", "DEEPFIND")


def trained(world, output, *options, **heads):
    done = call(*world.train(output, *options, **heads))
    assert done.code == 0, done.err
    quality = r"\d+ models of \w+; held-out quality: (\w+: [^;]* on [^;]* \([\d,]+ variants\)(; )?)+"
    assert re.search(f"^varbind: {re.escape(str(output))}: .*{quality}$", done.lines[-1]) or "-q" in options
    return output


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def effect(world):
    """A second stage with every head, trained without a stop."""
    return trained(world, world.folder / "effect", *world.with_pairs())


@pytest.fixture(scope="module")
def variants(world):
    """On contigs that trained nothing: in each motif and anywhere; indels; then some that trained."""
    found = []
    for name in UNSEEN:
        for motif in MOTIFS.values():
            found += world.in_motifs(name, motif, 25)
        found += world.anywhere(name, 100)
        found += [Variant(name, 1201, world.contigs[name][1200:1204], world.contigs[name][1200])]
        found += [Variant(name, 1501, world.contigs[name][1500], world.contigs[name][1500] + "ACG")]
    return unique(found) + world.activity[:15] + world.classes[:15] + world.pathogenic[:15] + world.pairs[:15]


@pytest.fixture(scope="module")
def source(world, variants):
    return world.write_vcf(world.folder / "in.vcf", variants)


@pytest.fixture(scope="module")
def annotated(world, effect, source):
    return world.annotate(source, world.folder / "out.vcf", "--effect", effect, "--explain")


@pytest.fixture(scope="module")
def rows(annotated):
    return records(annotated)


def numbers(rows, name):
    return np.array([float(row.get(f"VARBIND_{name}", "nan")) for row in rows])


@pytest.fixture(scope="module")
def unseen(variants):
    """Which are SNVs on contigs that trained nothing."""
    return np.array([v.chrom in UNSEEN and len(v.ref) == len(v.alt) == 1 for v in variants])


def flags(rows):
    """Which are told to have trained."""
    return ["in_training" in row.get("VARBIND_FLAG", "").split("&") for row in rows]


def in_motif(world, variants, motif):
    starts = {
        (name, start + step) for name in world.contigs for start in world.motif_starts[name][motif] for step in range(8)
    }
    return np.array([(v.chrom, v.start) in starts for v in variants])


def test_what_is_left_of_a_training(world, effect):
    assert sorted(contents(effect)) == ["card.json", "weights.safetensors"]
    assert not (world.folder / "effect.training").exists()
    found = read_effect(effect)
    assert found.card.model_ids == list(MOTIFS)
    assert found.card.background["snvs"] == 1000
    assert set(found.card.heads) == {"local", "activity", "score", "deepfind", "conservation"}
    assert found.card.heads["local"] == read_effect(world.folder / "local").card.heads["local"]
    assert [one["file"] for one in found.card.heads["activity"]["pairs"]] == ["pairs.tsv"]
    assert found.card.heads["activity"]["pairs"][0]["variants"] == len(world.pairs)
    assert found.card.heads["activity"]["parts_of_pairs"] == ["pairs of chromosome 6", "pairs of other chromosomes"]
    assert found.card.heads["activity"]["loci"] == [f"enhancer {name}" for name in TRAINED[:5]]
    assert found.card.heads["conservation"]["tracks"] == ["a", "b"]
    assert {"tss_distance", "transversion", "a", "a:51", "b", "b:51"} < set(found.heads["deepfind"].features)
    assert len(found.heads["activity"].refits) == 5 + 2
    assert len(found.heads["activity"].local_weights) == found.heads["local"].outputs == 2
    assert len(found.heads["deepfind"].hidden) == 2
    assert found.card.heads["activity"]["held_out"]["data"] == "5 left-out loci"
    assert found.card.heads["activity"]["held_out"]["value"] > 0.5
    assert all(0.5 < found.card.heads[name]["held_out"]["value"] <= 1 for name in ("score", "deepfind", "conservation"))
    assert {one["phred"] for one in found.card.cutoffs} <= {10, 15, 20}
    assert found.card.cutoffs
    share = found.card.heads["score"]["share_of_changes"]
    for one in found.card.cutoffs:
        assert one["precision_low"] <= one["precision"] <= one["precision_high"]
        assert one["precision"] >= one["base_rate"] == pytest.approx(share)


def test_activity_follows_the_planted_effect(world, variants, rows, unseen):
    own = [v for v, chosen in zip(variants, unseen, strict=True) if chosen]
    planted, found = world.planted_effects(own), numbers(rows, "ACTIVITY")[unseen]
    assert np.corrcoef(planted, found)[0, 1] > 0.9
    assert np.polyfit(found, planted, 1)[0] == pytest.approx(1, abs=0.3)
    assert (numbers(rows, "ACTIVITY_SE")[unseen] >= 0).all()
    # Of the model that was planted, and hardly of the others.
    shares = {name: [] for name in (*MOTIFS, "local_network")}
    for row, chosen in zip(rows, unseen, strict=True):
        for word in filter(None, row.get("VARBIND_EXPLAIN", "").split("&")):
            shares[word.partition("|")[0]].append(abs(float(word.partition("|")[2])) if chosen else 0)
    assert sum(shares["USF1"]) > 3 * (sum(shares["CREB1"]) + sum(shares["TBP"]))
    assert sum(shares["USF1"]) > 3 * sum(shares["local_network"]) > 0


def test_score_is_higher_where_the_motif_is_broken(world, variants, rows, unseen):
    broken = in_motif(world, variants, E_BOX)
    score, phred = numbers(rows, "SCORE"), numbers(rows, "PHRED")
    assert score[unseen & broken].mean() > score[unseen & ~broken].mean() + 0.5
    assert np.median(phred[unseen & broken]) > np.median(phred[unseen & ~broken]) + 5
    # A change of the bases alone is some evidence through the local network.
    assert ((score > 0) & (score < 1)).all()


def assert_phreds_rank_losses(effect, rows, unseen):
    """Within what six digits leave of the order."""
    score, phred, activity = (numbers(rows, name)[unseen] for name in ("SCORE", "PHRED", "ACTIVITY"))
    constant, slope = read_effect(effect).heads["score"].direction
    loss = score / (1 + np.exp(-constant - slope * activity))
    order = np.argsort(loss, kind="stable")
    clear = np.diff(loss[order]) > 1e-4 * loss[order][1:]
    assert (np.diff(phred[order])[clear] >= 0).all()
    assert np.ptp(phred) > 10


def test_phred_ranks_the_probability_of_a_loss(world, effect, source, rows, unseen, tmp_path):
    """Of alleles with a start among those with one, and without genes among those without."""
    assert_phreds_rank_losses(effect, rows, unseen)
    data = world.annotate(source, tmp_path / "out.vcf", "--effect", effect, genes=False)
    without = records(data)
    assert not any("VARBIND_TSSDIST" in row for row in without)
    assert_phreds_rank_losses(effect, without, unseen)
    np.testing.assert_array_equal(numbers(without, "ACTIVITY"), numbers(rows, "ACTIVITY"))
    # No distance is no evidence of a change.
    assert (numbers(without, "SCORE") <= numbers(rows, "SCORE")).all()


def test_score_with_conservation_moves_with_the_track(world, variants, rows, unseen):
    conserved = np.array([world.islands()[v.start] for v in variants])
    score, moved = numbers(rows, "SCORE"), numbers(rows, "SCORE_CONS")
    assert (moved[score == 0] == 0).all()
    unseen = unseen & (score > 0)
    score, moved = np.maximum(score, 1e-12), np.maximum(moved, 1e-12)
    odds = np.log(moved / (1 - moved)) - np.log(score / (1 - score))
    assert odds[unseen & conserved].mean() > 0.5
    assert odds[unseen & ~conserved].mean() < -0.5
    assert np.corrcoef(odds[unseen], numbers(rows, "CONS_a")[unseen])[0, 1] > 0.8


def test_deepfind_tells_the_classes_apart(world, variants, rows, unseen):
    conserved = np.array([world.islands()[v.start] for v in variants])
    simulated, found = in_motif(world, variants, CRE) & conserved, numbers(rows, "DEEPFIND")
    above = found[unseen & simulated][:, None] > found[unseen & ~simulated & ~conserved][None]
    assert above.mean() > 0.8


def test_every_key_is_typed_in_the_header(annotated, rows):
    header = {
        m[1]: (m[2], m[3]) for m in re.finditer(r"##INFO=<ID=VARBIND_(\w+),Number=(\w),Type=(\w+)", annotated.decode())
    }
    written = {key.removeprefix("VARBIND_") for row in rows for key in row if key.startswith("VARBIND_")}
    assert written <= set(header)
    assert {*FLOATS, "EXPLAIN", "CONS_a", "CONS_b"} <= written
    assert {header[name] for name in FLOATS} == {("A", "Float")}
    assert header["EXPLAIN"] == ("A", "String")
    assert b"##varbind_effect=<ID=effect,Version=0.1,SHA256=" in annotated
    (described,) = re.findall(r"##INFO=<ID=VARBIND_PHRED,.*", annotated.decode())
    assert re.search(
        r"measured on left-out loci, where [\d.]+ % of all variants change activity, at cut-offs of", described
    )


def test_explain_sums_to_activity(rows):
    for row in rows:
        parts = [word.split("|") for word in filter(None, row.get("VARBIND_EXPLAIN", "").split("&"))]
        shares = [float(share) for _, share in parts]
        assert [abs(share) for share in shares] == sorted(map(abs, shares), reverse=True)
        # Six digits each.
        assert float(row["VARBIND_ACTIVITY"]) == pytest.approx(
            sum(shares), abs=5e-6 * max([1e-6, *map(abs, shares)]) * 4
        )
    assert sum("VARBIND_EXPLAIN" in row for row in rows) > len(rows) / 3


def test_training_variants_are_flagged_and_no_others(world, variants, rows):
    known = {*world.activity, *world.classes, *world.pathogenic, *world.pairs}
    assert flags(rows) == [variant in known for variant in variants]
    assert sum(flags(rows)) == 60


@pytest.mark.parametrize(
    "options", [("--threads", "2"), ("--batch-size", "1"), ("--batch-size", "7", "--threads", "1")]
)
def test_threads_and_batches_change_no_byte(world, effect, source, annotated, tmp_path, options):
    assert world.annotate(source, tmp_path / "out.vcf", "--effect", effect, "--explain", *options) == annotated


def test_without_tracks_there_is_no_score_with_conservation(world, effect, source, rows, tmp_path):
    data = world.annotate(source, tmp_path / "out.vcf", "--effect", effect, tracks=False)
    found = records(data)
    assert b"SCORE_CONS" not in data
    assert b"EXPLAIN" not in data
    for name in ("SCORE", "PHRED", "ACTIVITY", "ACTIVITY_SE"):
        np.testing.assert_array_equal(numbers(found, name), numbers(rows, name))
    assert (numbers(found, "DEEPFIND") != numbers(rows, "DEEPFIND")).any()


def test_a_bank_with_its_own_second_stage(world, effect, source, tmp_path):
    shutil.copytree(world.folder / "bank", world.folder / "whole", dirs_exist_ok=True)
    shutil.copytree(effect, world.folder / "whole" / "effect", dirs_exist_ok=True)
    plain = ("--no-version",)
    own = world.annotate(source, tmp_path / "own.vcf", *plain, bank="whole")
    assert own == world.annotate(source, tmp_path / "named.vcf", *plain, "--effect", effect)
    none = world.annotate(source, tmp_path / "none.vcf", *plain, "--effect", "none", bank="whole")
    assert none == world.annotate(source, tmp_path / "without.vcf", *plain)
    written = {key.removeprefix("VARBIND_") for row in records(none) for key in row}
    assert not written & {*FLOATS, "EXPLAIN"}
    assert b"in_training" in own
    assert not any(flags(records(none)))


@pytest.mark.slow
def test_a_second_stage_of_tracks_alone_leaves_the_lists_as_they_are(world, source, tmp_path):
    only = trained(world, tmp_path / "tracks", heads=["pathogenic"])
    plain = world.annotate(source, tmp_path / "plain.vcf", "--no-version")
    # Curves of the strongest change are of other background variants: all else is equal.
    found = records(world.annotate(source, tmp_path / "out.vcf", "--no-version", "--effect", only))
    for row, other in zip(found, records(plain), strict=True):
        same = {key for key in {*row, *other} if not key.endswith(("_PHRED", "_FLAG"))}
        assert {key: row.get(key) for key in same} == {key: other.get(key) for key in same}


def test_a_second_stage_of_some_models(world, source, tmp_path):
    """It reads and needs only those; the others can still be annotated."""
    trained(world, tmp_path / "effect", "--proteins", "USF1", heads=("activity",))
    card = json.loads((tmp_path / "effect" / "card.json").read_text())
    assert card["model_ids"] == ["USF1"]
    assert card["bank"]["name"] == "motifs"
    found = world.annotate(source, tmp_path / "out.vcf", "--effect", tmp_path / "effect", "--proteins", "all")
    assert any("VARBIND_ACTIVITY" in row for row in records(found))


def narrowed(card, stack):
    """The same network on a window of 21 bases."""
    shape = replace(card.config, window=21)
    return replace(card, config=shape), replace(stack, config=shape)


@pytest.mark.slow
def test_models_of_narrow_windows_know_their_training_variants_too(world, tmp_path):
    models = [narrowed(*motif_model(name, name, motif)) for name, motif in MOTIFS.items()]
    narrow = motif_bank(*models, name="narrow")
    write_bank(tmp_path / "narrow", add_background(narrow, recipe=BackgroundRecipe(600, 100, 5)))
    done = call(
        *["train", "effect", "--bank", tmp_path / "narrow", "-f", world.folder / "genome.fa", *QUICK],
        *["--activity", world.folder / "activity.tsv", "-o", tmp_path / "effect", "--local", world.folder / "local"],
    )
    assert done.code == 0, done.err
    source = world.write_vcf(tmp_path / "in.vcf", [*world.activity[:9], *world.pathogenic[:9]])
    words = ["annotate", source, "-o", tmp_path / "out.vcf", "-f", world.folder / "genome.fa", "--everywhere"]
    done = call(*words, "--bank", tmp_path / "narrow", "--effect", tmp_path / "effect")
    assert done.code == 0, done.err
    known = set(world.activity)
    assert flags(records(unpacked(tmp_path / "out.vcf"))) == [
        variant in known for variant in [*world.activity[:9], *world.pathogenic[:9]]
    ]


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_to_the_same_bytes(world, effect, tmp_path):
    output, first = tmp_path / "effect", tmp_path / "effect.training" / "network-0.safetensors"
    words = world.train(output, *world.with_pairs())
    with subprocess.Popen([*PROGRAM, *map(str, words)], stderr=subprocess.DEVNULL) as process:
        limit = time.monotonic() + LIMIT
        while not first.exists():
            assert process.poll() is None
            assert time.monotonic() < limit
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert not output.exists()
    kept = first.stat().st_mtime_ns
    assert trained(world, output, *world.with_pairs()) == output
    assert kept
    assert contents(output) == contents(effect)
    assert [path.name for path in tmp_path.iterdir()] == ["effect"]


@pytest.mark.slow
def test_pairs_and_a_local_network_change_the_activity_alone(world, effect, tmp_path):
    """Of the heads that a table has; `none` is no network, and so is a bank without one."""
    plain, none = (
        read_effect(trained(world, tmp_path / name, *options, heads=["activity"]))
        for name, options in (("plain", ()), ("none", ("--local", "none")))
    )
    assert contents(tmp_path / "plain")["weights.safetensors"] == contents(tmp_path / "none")["weights.safetensors"]
    assert set(plain.heads) == {"activity", "score"}
    assert none.card.heads["activity"]["pairs"] == []
    assert len(plain.heads["activity"].refits) == 5
    whole = read_effect(effect)
    assert not np.allclose(plain.heads["activity"].weights, whole.heads["activity"].weights)
    assert whole.heads["local"].first.tobytes() == read_effect(world.folder / "local").heads["local"].first.tobytes()


@pytest.mark.slow
def test_the_local_network_of_the_bank_is_used_again(world, effect, tmp_path):
    shutil.copytree(world.folder / "bank", tmp_path / "bank")
    shutil.copytree(effect, tmp_path / "bank" / "effect")
    table = ["--activity", world.folder / "activity.tsv", "--pairs", world.folder / "pairs.tsv"]
    done = call(*world.words(tmp_path / "again", *table, "--bank", tmp_path / "bank"))
    assert done.code == 0, done.err
    one, other = read_effect(effect).heads, read_effect(tmp_path / "again").heads
    for head, name in (("local", "third"), ("activity", "weights"), ("activity", "local_weights")):
        assert getattr(one[head], name).tobytes() == getattr(other[head], name).tobytes()


@pytest.mark.slow
def test_equal_input_gives_equal_bytes_and_another_seed_another_network(world, effect, tmp_path):
    other = trained(world, tmp_path / "effect", "--seed", "2", heads=["classes"])
    one, two = (read_effect(folder).heads["deepfind"] for folder in (effect, other))
    assert one.hidden.tobytes() != two.hidden.tobytes()
    assert one.features == two.features
    assert "activity" not in read_effect(other).heads


HEADER = "chrom\tpos\tref\talt\t"


def good(world, contig="chr1", base=10):
    ref = world.contigs[contig][base]
    return f"{contig}\t{base + 1}\t{ref}\t{'A' if ref != 'A' else 'C'}"


BAD = {
    "missing column": ("activity", ["effect\tlocus", "1\tL"], 3, "bad.tsv:1: the header is .*it lacks se"),
    "no locus": ("activity", ["effect\tse", "1\t1"], 3, "bad.tsv: there is no column locus"),
    "one locus": (
        "activity",
        ["effect\tse\tlocus", "1\t1\tL"],
        3,
        "bad.tsv: found 1 loci, .*give 3 loci of 10",
    ),
    "no number": ("activity", ["effect\tse\tlocus", "high\t1\tL"], 3, "bad.tsv:2: the effect is 'high'"),
    "label 2": ("classes", ["label", "2"], 3, "bad.tsv:2: the label is 2, expected 0 or 1"),
    "one class": ("classes", ["label", "1"], 3, "all variants are of one class"),
    "label of a pathogenic": ("pathogenic", ["label\tphyloP", "0.5\t1"], 3, "bad.tsv:2: the label is 0.5"),
    "few pathogenic": ("pathogenic", ["label\tphyloP", "1\t1"], 3, "1 pathogenic variants have all 1 tracks"),
    "standard error 0": (
        "activity",
        ["effect\tse\tlocus", *(f"{n}\t{n % 9}\tL{n % 3}" for n in range(30))],
        3,
        "bad.tsv: a standard error is not above 0",
    ),
    "no tracks": ("pathogenic", ["label\tname", "1\tx"], 3, "bad.tsv: there are no conservation tracks"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_is_one_line(world, tmp_path, name):
    kind, (header, *rows), code, text = BAD[name]
    table = write_lines(tmp_path / "bad.tsv", [HEADER + header, *(f"{good(world)}\t{row}" for row in rows)])
    done = call(*world.words(tmp_path / "effect", f"--{kind}", table))
    assert done.code == code
    assert re.search(text, done.error)
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".training")] == ["bad.tsv"]


def test_bad_places_are_one_line(world, tmp_path):
    row = good(world)
    cases = {
        row.replace("chr1", "chrX"): "the reference has no contig chrX",
        row.replace("\t11\t", "\t90000\t"): "REF is .*, the reference has nothing",
        row.replace("\t11\t", "\tx\t"): "the position is 'x'",
    }
    for text, message in cases.items():
        table = write_lines(tmp_path / "bad.tsv", [HEADER + "label", f"{row}\t0", f"{text}\t1"])
        done = call(*world.words(tmp_path / "effect", "--classes", table))
        assert done.code == 3
        assert re.search(f"bad.tsv:3: {message}", done.error)


def test_calls_that_cannot_be_are_one_line(world, effect, tmp_path):
    activity = ["--activity", world.folder / "activity.tsv"]
    before = contents(effect)
    write_effect(tmp_path / "copy", read_effect(effect))
    write_bank(tmp_path / "bare", motif_bank(motif_model("M", "M", CRE)))
    (tmp_path / "no.bw").write_text("no")
    pairs = write_lines(tmp_path / "pairs.tsv", [HEADER + "effect\tse\tweight", f"{good(world)}\t1\t0.1\t0"])
    bare = random_effect(world.bank, heads=("activity",), curves=())
    write_effect(tmp_path / "no-local", bare)
    no_genome = ["train", "effect", "--bank", world.folder / "bank", "-o", tmp_path / "x", *QUICK]
    cases = [
        (world.words(effect, *activity), 5, "effect: exists already; name a new folder"),
        (world.words(tmp_path / "x"), 2, "no table of variants is given; give --activity, --classes or --pathogenic"),
        (world.words(tmp_path / "x", "--pairs", pairs), 2, "no table of variants is given; give --activity"),
        (
            world.train(tmp_path / "x", "--pairs", pairs, heads=["pathogenic"]),
            2,
            "--pairs is given without --activity; give loci too",
        ),
        (
            world.train(tmp_path / "x", "--local", "none", heads=["pathogenic"]),
            2,
            "--local is given without --activity, whose head uses it; leave it out, or give loci",
        ),
        (
            world.words(tmp_path / "x", *activity, "--pairs", pairs),
            3,
            "pairs.tsv:2: the weight is 0, expected a number",
        ),
        (world.words(tmp_path / "x", *activity, "--pairs", tmp_path / "gone.tsv"), 3, "gone.tsv: cannot be read"),
        (world.words(tmp_path / "x", *activity, "--local", tmp_path / "gone"), 4, "gone: no second stage"),
        (
            world.words(tmp_path / "x", *activity, "--local", tmp_path / "no-local"),
            4,
            "no-local: the second stage has no local network; name another one",
        ),
        (
            [*no_genome, *activity],
            3,
            "activity.tsv:1: the sequence around the variants is not given; give",
        ),
        ([*no_genome, *activity, *world.tracks()], 2, "--conservation needs the reference genome"),
        (world.words(tmp_path / "x", "--activity", tmp_path / "gone.tsv"), 3, "gone.tsv: cannot be read: No such file"),
        (world.words(tmp_path / "x", *activity, "--bank", tmp_path / "gone"), 4, "gone: no such model bank"),
        (world.words(tmp_path / "x", *activity, "--bank", tmp_path / "bare"), 4, "a model has no background"),
        (world.words(tmp_path / "x", *activity, "-f", tmp_path / "gone.fa"), 4, "gone.fa"),
        (world.words(tmp_path / "x", *activity, "--genes", tmp_path / "gone.bed"), 4, "gone.bed"),
        (world.words(tmp_path / "x", *activity, "--conservation", f"a={tmp_path / 'no.bw'}"), 4, "not a bigWig"),
        (world.words(tmp_path / "x", *activity, "--device", "tpu"), 2, "unknown device 'tpu'"),
    ]
    for words, code, text in cases:
        done = call(*words)
        assert done.code == code, done.err
        assert text in done.error
    assert not (tmp_path / "x").exists()
    assert contents(effect) == before


def test_a_second_stage_that_does_not_fit_is_one_line(world, effect, source, tmp_path):
    where = ["annotate", source, "-o", tmp_path / "out.vcf", "-f", world.folder / "genome.fa", "--everywhere"]
    damaged = shutil.copytree(effect, tmp_path / "damaged")
    (damaged / "weights.safetensors").write_bytes(b"\0" * 100)
    write_bank(tmp_path / "one", motif_bank(motif_model("CREB1", "CREB1", CRE)))
    cases = [
        (["--effect", effect], 4, "trained on a bank motifs of other weights; give the bank"),
        (["--effect", effect, "--bank", tmp_path / "one"], 4, "reads 2 models that the bank lacks, such as TBP"),
        (["--effect", tmp_path / "gone", "--bank", world.folder / "bank"], 4, "gone: no second stage"),
        (["--effect", damaged, "--bank", world.folder / "bank"], 4, "sha256 differs"),
        (["--explain", "--bank", world.folder / "bank"], 2, "--explain without an activity head"),
    ]
    for options, code, text in cases:
        done = call(*where, *options)
        assert done.code == code, done.err
        assert text in done.error
        assert not (tmp_path / "out.vcf").exists()


@pytest.mark.slow
def test_quiet_says_nothing(world, tmp_path):
    done = call(*world.train(tmp_path / "effect", "-q", heads=["pathogenic"]))
    assert (done.code, done.err) == (0, "")
