"""Pairs whose order is known: shares and intervals are those of slow oracles, and mirrored pairs are mirrored."""

from dataclasses import fields, replace

import numpy as np
import pytest
from measured_loci import loci_rows, write_rows
from motif_banks import CRE, E_BOX, TATA, motif_bank, motif_model
from second_stages import random_local

from varbind.core.variant import Variant
from varbind.core.window import Window
from varbind.datasets.variant_table import read_variant_table
from varbind.errors import InputError
from varbind.scoring.background import BackgroundRecipe, add_background
from varbind.train.activity_tables import read_activity, read_pairs
from varbind.train.effect_tables import FLANK

pytest.importorskip("scipy.stats", reason="needs the extra `train`")
pytest.importorskip("sklearn", reason="needs the extra `train`")

from varbind.evaluate.pairs import PairsRow, evaluate_pairs
from varbind.evaluate.tables import pairs_markdown, tsv

OWN = ("binding", "sum of bound changes", "sum of z", "gain of G or C")
STRONGEST = ", strongest tenth"


@pytest.fixture(scope="module")
def models():
    motifs = (("ebox", "USF1", E_BOX), ("cre", "CREB1", CRE), ("tata", "TBP", TATA))
    return add_background(
        motif_bank(*(motif_model(*words) for words in motifs)), recipe=BackgroundRecipe(snvs=300, others=100, seed=5)
    )


LOCAL = "binding and local network"


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    path = tmp_path_factory.mktemp("pairs") / "measured.tsv"
    return [read_activity(str(write_rows(path, loci_rows(["L1", "L2", "L3", "L4"], bases=40))))]


@pytest.fixture(scope="module")
def rows():
    """Of loci that did not train; about a third of the changes touch no motif."""
    rows = loci_rows([f"P{number}" for number in range(8)], bases=30, alts=1, seed=9, noise=0.3)
    return [row | {"direction": 1 if row["effect"] > 0 else -1} for row in rows]


@pytest.fixture(scope="module")
def pairs(rows, tmp_path_factory):
    path = write_rows(tmp_path_factory.mktemp("pairs") / "pairs.tsv", rows, without=("effect", "truth"))
    return read_variant_table(str(path), flank=FLANK, needed=("direction",))


@pytest.fixture(scope="module")
def tools(rows):
    """The truth, with errors of its size, on some only, on none, and without an opinion."""
    truth, rng = np.array([row["truth"] for row in rows], dtype=float), np.random.default_rng(6)
    return {
        "truth": truth,
        "noisy": truth + rng.normal(0, truth.std(), len(rows)),
        "some": np.where(rng.random(len(rows)) < 0.3, truth, np.nan),
        "none": np.full(len(rows), np.nan),
        "zero": np.zeros(len(rows)),
    }


@pytest.fixture(scope="module")
def judged(pairs, training, models, tools):
    return {row.method: row for row in evaluate_pairs(pairs, training, models, tools, threads=1)}


def counted(scores, directions):
    """(pairs, told, right, area) by a loop."""
    told = right = 0
    for score, direction in zip(scores, directions, strict=True):
        told += score != 0
        right += score * direction > 0
    up, down = scores[directions > 0], scores[directions < 0]
    pairs = [(one > other) + (one == other) / 2 for one in up for other in down]
    return len(scores), told, right, np.mean(pairs) if pairs else np.nan


def same(row, expected):
    pairs, told, right, area = expected
    assert (row.pairs, row.n_called) == (pairs, told)
    np.testing.assert_allclose([row.accuracy, row.auc], [right / told if told else np.nan, area], rtol=1e-12)


def test_every_method_is_judged_twice(judged, tools):
    assert list(judged) == [name + part for name in (*OWN, *tools) for part in ("", STRONGEST)]


def test_counts_and_areas_are_those_of_a_loop(judged, pairs, tools):
    directions = pairs.numbers["direction"]
    gain = np.array([sum(map(v.alt.count, "GC")) - sum(map(v.ref.count, "GC")) for v in pairs.variants])
    for name, scores in {**tools, "gain of G or C": gain}.items():
        known = np.isfinite(scores)
        same(judged[name], counted(scores[known], directions[known]))


def test_the_strongest_tenth_are_the_largest_changes(judged, pairs, tools):
    directions = pairs.numbers["direction"]
    for name in ("noisy", "some"):
        known = np.flatnonzero(np.isfinite(tools[name]))
        order = sorted(known, key=lambda row: -abs(tools[name][row]))[: len(known) // 10]
        same(judged[name + STRONGEST], counted(tools[name][order], directions[order]))


def test_planted_motifs_tell_the_more_active_allele(judged):
    assert judged["binding"].accuracy > 0.8
    assert judged["binding" + STRONGEST].accuracy > 0.95
    # One of the motifs represses: its sign must be learnt.
    assert judged["binding"].low > judged["sum of z"].high
    assert judged["truth"].auc >= judged["binding"].auc > judged["sum of z"].auc


def test_pairs_without_a_predicted_change_are_not_told(judged, pairs):
    row = judged["zero"]
    assert (row.pairs, row.n_called, row.auc) == (len(pairs), 0, 0.5)
    assert np.isnan([row.accuracy, row.low, row.high]).all()
    row = judged["none"]
    assert (row.pairs, row.n_called) == (0, 0)
    assert np.isnan([row.accuracy, row.low, row.high, row.auc]).all()
    assert 0 < judged["truth"].n_called < len(pairs)


def test_an_interval_is_wilsons(judged, pairs, training, models):
    """Its ends are the shares from which what was found is just 1.96 standard errors away."""
    shares = {}
    for right in (0, 1, 7, len(pairs)):
        directions = np.where(np.arange(len(pairs)) < right, 1.0, -1.0)
        numbers = {**pairs.numbers, "direction": directions}
        ups = {"up": np.ones(len(pairs))}
        shares |= {
            f"{right} right": evaluate_pairs(replace(pairs, numbers=numbers), training, models, ups, threads=1)[-2]
        }
        assert shares[f"{right} right"].accuracy == right / len(pairs)
    for row in [*shares.values(), *judged.values()]:
        if row.n_called:
            for end in (row.low, row.high):
                assert (row.accuracy - end) ** 2 == pytest.approx(1.96**2 * end * (1 - end) / row.n_called, abs=1e-12)
            assert -1e-12 <= row.low <= row.accuracy + 1e-12
            assert row.accuracy - 1e-12 <= row.high <= 1 + 1e-12
            assert row.high - row.low > 0


def swapped(pairs):
    """The alternate alleles as the reference."""
    return replace(
        pairs,
        variants=[Variant(v.chrom, v.pos, v.alt, v.ref) for v in pairs.variants],
        windows=[Window(w.alt, w.ref, w.padded) for w in pairs.windows],
    )


def test_swapped_alleles_mirror_the_direction(pairs, training, models, tools, judged):
    minus = {name: -scores for name, scores in tools.items()}
    turned = swapped(pairs)
    for row in evaluate_pairs(turned, training, models, minus, threads=1):
        own = judged[row.method]
        assert (row.pairs, row.n_called) == (own.pairs, own.n_called)
        # The directions are as before: what was right is wrong.
        expected = [1 - own.accuracy, 1 - own.high, 1 - own.low, 1 - own.auc]
        np.testing.assert_allclose([row.accuracy, row.low, row.high, row.auc], expected, rtol=1e-9, atol=1e-12)
    turned = replace(turned, numbers={**pairs.numbers, "direction": -pairs.numbers["direction"]})
    again = evaluate_pairs(turned, training, models, minus, threads=2)
    assert tsv(again, 6) == tsv(judged.values(), 6)


@pytest.mark.parametrize("name", ["binding", LOCAL])
def test_a_tool_must_not_have_the_name_of_a_method(pairs, training, models, name):
    local = random_local(np.random.default_rng(1))
    with pytest.raises(InputError, match=f"two methods are named {name}; rename one"):
        evaluate_pairs(pairs, training, models, {name: np.zeros(len(pairs))}, local=local, threads=1)


def test_a_local_network_tells_what_binding_does_not(rows, training, models, tmp_path):
    """One of its outputs is planted in the training and decides the directions; binding alone has no say in them."""
    local = random_local(np.random.default_rng(1))
    (loci,) = training
    outputs = local.changes(loci.windows, FLANK)[:, 0]
    planted = replace(loci, numbers={**loci.numbers, "effect": outputs / outputs.std()})
    path = write_rows(tmp_path / "pairs.tsv", rows, without=("effect", "truth"))
    pairs = read_variant_table(str(path), flank=FLANK, needed=("direction",))
    upwards = local.changes(pairs.windows, FLANK)[:, 0] > 0
    pairs = replace(pairs, numbers={**pairs.numbers, "direction": np.where(upwards, 1.0, -1.0)})
    found = {row.method: row for row in evaluate_pairs(pairs, [planted], models, {}, local=local, threads=1)}
    assert list(found) == [name + part for name in (*OWN, LOCAL) for part in ("", STRONGEST)]
    assert found[LOCAL].low > found["binding"].high
    assert found[LOCAL].accuracy > 0.9


def test_pairs_of_the_training_are_left_out(pairs, training, models, tools, rows, judged, caplog, tmp_path):
    """Those of the loci, and those of a table of pairs; and the others are predicted by all tables."""
    caplog.set_level("INFO", logger="varbind")
    own = write_rows(tmp_path / "own.tsv", rows[:60], without=("truth", "locus", "direction"))
    found = {
        row.method: row for row in evaluate_pairs(pairs, [*training, read_pairs(str(own))], models, tools, threads=1)
    }
    assert "60 pairs are in the training data and are left out" in caplog.text
    assert found["zero"].pairs == len(pairs) - 60
    same(found["noisy"], counted(tools["noisy"][60:], pairs.numbers["direction"][60:]))
    assert found["binding"].auc != judged["binding"].auc
    again = evaluate_pairs(pairs, [replace(training[0]), read_pairs(str(own))], models, tools, threads=2)
    assert tsv(again, 6) == tsv(found.values(), 6)


def test_the_table_holds_every_attribute(judged):
    header, *lines = [line.split("\t") for line in tsv(judged.values(), 6).splitlines()]
    assert header == [field.name for field in fields(PairsRow)]
    for line, row in zip(lines, judged.values(), strict=True):
        assert line[:3] == [row.method, str(row.pairs), str(row.n_called)]
        expected = [row.accuracy, row.low, row.high, row.auc]
        # What is not defined is empty, never 0.
        np.testing.assert_allclose([float(cell or "nan") for cell in line[3:]], expected, atol=5e-7)
    assert not [cell for line in lines for cell in line if "nan" in cell]


def test_the_page_has_a_line_for_each(judged):
    rows = [line.split("|")[1:-1] for line in pairs_markdown(list(judged.values())).splitlines() if line[0:2] == "| "]
    assert [cells[0].strip() for cells in rows] == ["method", *judged]
    assert "nan" not in pairs_markdown(list(judged.values()))
    own = judged["binding"]
    assert rows[1][2].strip() == f"{own.accuracy:.3f} ({own.low:.3f} to {own.high:.3f})"
