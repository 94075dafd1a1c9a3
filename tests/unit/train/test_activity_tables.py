"""Tables of loci and of pairs of alleles: their weights and parts, the local network, and each error on its line."""

import re
from dataclasses import replace

import numpy as np
import pytest
from measured_loci import loci_rows, write_rows
from second_stages import random_effect, scored_bank

from varbind.effect.local import LocalHead
from varbind.errors import InputError, ResourceError
from varbind.io.effects import write_effect
from varbind.train.activity_tables import (
    activity_data,
    calibrating,
    local_network,
    read_activity,
    read_pairs,
    score_data,
)
from varbind.train.effect_tables import FLANK, score_table
from varbind.train.score import Outcomes

pytest.importorskip("scipy.stats", reason="needs the extra `train`")

BANK = scored_bank()
EFFECT = random_effect(BANK)
LOCAL = EFFECT.heads["local"]
OTHERS = "pairs of other chromosomes"


def pair_rows(counts, *, source=None, weight=None, seed=1):
    """So many pairs on each chromosome, with the columns that are given."""
    rows = loci_rows(["P"], bases=sum(counts.values()), alts=1, seed=seed)
    chromosomes = [name for name, count in counts.items() for _ in range(count)]
    rows = [row | {"chrom": name} for row, name in zip(rows, chromosomes, strict=False)]
    for number, row in enumerate(rows):
        if source is not None:
            row["source"] = source[number % len(source)]
        if weight is not None:
            row["weight"] = weight[number % len(weight)]
    return rows


def read_rows(path, rows, read=read_pairs):
    return read(str(write_rows(path, rows, without=("truth",) if read is read_activity else ("truth", "locus"))))


def scored(table):
    return score_table(table, BANK, flank=FLANK, threads=1)


@pytest.fixture(scope="module")
def loci(tmp_path_factory):
    rows = loci_rows(["L1", "L2", "L3"], bases=30, alts=1)
    return read_rows(tmp_path_factory.mktemp("loci") / "loci.tsv", rows, read_activity)


def data_of(loci, *pairs, local=None):
    return activity_data(scored(loci), BANK, local, [scored(table) for table in pairs])[0]


def test_without_pairs_every_row_is_of_a_locus(loci):
    data = data_of(loci)
    assert not data.is_pair.any()
    assert (data.pairs_of, data.local) == ({}, None)
    np.testing.assert_array_equal(data.effects, loci.numbers["effect"])
    np.testing.assert_array_equal(data.errors, loci.numbers["se"])
    assert data.loci.tolist() == list(loci.texts["locus"])
    assert data.assays == [model.assay for model in BANK.models]


def test_rows_are_those_of_the_loci_and_then_of_each_table_of_pairs(loci, tmp_path):
    tables = [read_rows(tmp_path / f"{n}.tsv", pair_rows({"chr1": 20 + n}, seed=n)) for n in (1, 2)]
    data = data_of(loci, *tables, local=LOCAL)
    assert data.is_pair.tolist() == [False] * len(loci) + [True] * 43
    variants = [loci, *tables]
    np.testing.assert_array_equal(data.effects, np.concatenate([table.numbers["effect"] for table in variants]))
    outputs = np.concatenate([LOCAL.changes(table.windows, FLANK) for table in variants])
    np.testing.assert_array_equal(data.local, outputs)
    own = scored(tables[1])
    scale = EFFECT.heads["activity"].scale
    np.testing.assert_array_equal(data.changes[-22:, 0], scale.bound_change(own.ref, own.alt))
    np.testing.assert_array_equal(data.changes[-22:, 1], scale.z(own.ref, own.alt))


@pytest.mark.parametrize(
    ("source", "weight", "expected"),
    [
        (None, None, {"all": 1.0}),
        (None, [4], {"all": 4.0}),
        (["a", "b", "a"], None, {"a": 1.0, "b": 1.0}),
        (["a", "b", "a"], [3, 0.5, 3], {"a": 3.0, "b": 0.5}),
        (["a", "b", "a"], [".", 2, "NA"], {"a": 1.0, "b": 2.0}),
    ],
)
def test_the_weight_is_that_of_the_whole_source(loci, tmp_path, source, weight, expected):
    rows = pair_rows({"chr1": 60}, source=source, weight=weight)
    data = data_of(loci, read_rows(tmp_path / "pairs.tsv", rows))
    weights = data.pair_weights[data.is_pair]
    names = np.array([row.get("source", "all") for row in rows])
    for name, total in expected.items():
        assert weights[names == name].sum() == pytest.approx(total)
        assert np.ptp(weights[names == name]) < 1e-12
    assert not data.pair_weights[~data.is_pair].any()


def test_tables_without_sources_are_one_source_each(loci, tmp_path):
    tables = [read_rows(tmp_path / f"{n}.tsv", pair_rows({"chr1": n}, seed=n)) for n in (10, 40)]
    data = data_of(loci, *tables)
    assert data.pair_weights[len(loci) : len(loci) + 10].sum() == pytest.approx(1)
    assert data.pair_weights[len(loci) + 10 :].sum() == pytest.approx(1)


def test_parts_are_chromosomes_and_those_of_few_pairs_together(loci, tmp_path):
    rows = pair_rows({"chr1": 100, "2": 99, "chrX": 1, "chr7": 120})
    data = data_of(loci, read_rows(tmp_path / "pairs.tsv", rows))
    parts = {name: len(own) for name, own in data.pairs_of.items()}
    assert parts == {"pairs of chromosome 1": 100, "pairs of chromosome 7": 120, OTHERS: 100}


def test_pairs_of_one_chromosome_are_one_part_whatever_their_table(loci, tmp_path):
    """And whether its name has `chr` or not."""
    first = read_rows(tmp_path / "a.tsv", pair_rows({"chr1": 70, "chr2": 10}))
    other = read_rows(tmp_path / "b.tsv", pair_rows({"1": 30, "2": 5}, seed=2))
    data = data_of(loci, first, other)
    assert {name: len(own) for name, own in data.pairs_of.items()} == {"pairs of chromosome 1": 100, OTHERS: 15}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"weight": 0}, "the weight is 0, expected a number above 0; correct it, or remove the row"),
        ({"weight": "-1"}, "the weight is -1, expected a number above 0"),
        ({"weight": "inf"}, "the weight is inf, expected a number above 0"),
        ({"se": 0}, "the se is 0, expected a number above 0"),
        ({"se": "-0.5"}, "the se is -0.5, expected a number above 0"),
        ({"se": "."}, "the se is '.'"),
        ({"effect": "high"}, "the effect is 'high'"),
        ({"left": "ACGX"}, "a flank holds other letters"),
        ({"alt": "A", "ref": "A"}, "the alleles are 'A' and 'A'"),
    ],
)
def test_a_bad_row_of_pairs_is_one_line(tmp_path, change, text):
    rows = pair_rows({"chr1": 5}, weight=[1])
    rows[2] |= change
    with pytest.raises(InputError, match=f"pairs.tsv:4: {re.escape(text)}") as caught:
        read_rows(tmp_path / "pairs.tsv", rows)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["effect", "se"])
def test_a_table_of_pairs_lacks_no_column(tmp_path, name):
    path = write_rows(tmp_path / "pairs.tsv", pair_rows({"chr1": 5}), without=("truth", name))
    with pytest.raises(InputError, match=rf"pairs.tsv:1: the header is .*it lacks {name}"):
        read_pairs(str(path))


def test_a_table_of_loci_needs_their_names(tmp_path):
    path = write_rows(tmp_path / "loci.tsv", loci_rows(["L1"]), without=("truth", "locus"))
    with pytest.raises(InputError, match=r"loci\.tsv: there is no column locus; add it"):
        read_activity(str(path))


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [(None, [True] * 3), (["promoter", "enhancer", "promoter"], [True, False, True]), (["enhancer"] * 3, [True] * 3)],
)
def test_promoters_calibrate_if_there_are_any(tmp_path, kinds, expected):
    rows = loci_rows(["L1", "L2", "L3"], bases=12, alts=1)
    if kinds:
        rows = [row | {"kind": kinds[int(row["locus"][1]) - 1]} for row in rows]
    table = read_rows(tmp_path / "loci.tsv", rows, read_activity)
    assert calibrating(table).tolist() == np.repeat(expected, 12).tolist()


def test_the_calibration_has_the_loci_without_the_pairs(loci, tmp_path):
    pairs = read_rows(tmp_path / "pairs.tsv", pair_rows({"chr1": 20}))
    data = data_of(loci, pairs)
    left_out, distances = np.arange(len(data.effects)) / 10, np.arange(len(loci)) - 40.0
    found = score_data(loci, data, left_out, distances)
    np.testing.assert_array_equal(found.activity, left_out[: len(loci)])
    np.testing.assert_array_equal(found.distances, distances)
    squares = [sum(float(x) ** 2 for x in row) / 3 for row in data.changes[: len(loci), 0]]
    assert found.mean_squares == pytest.approx(squares)
    alone = Outcomes.of_effects(loci.numbers["effect"], loci.numbers["se"], np.array(loci.texts["locus"]))
    np.testing.assert_array_equal(found.outcomes.loss, alone.loss)
    np.testing.assert_array_equal(found.outcomes.gain, alone.gain)


def with_facts(effect):
    """With something said of the training of its local network."""
    return replace(effect, card=replace(effect.card, heads={"local": {"teacher": "none"}}))


def same(one, other):
    return isinstance(one, LocalHead) and all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes()
        for name in ("first", "first_bias", "second", "second_bias", "third", "third_bias", "output")
    )


def test_the_local_network_is_that_of_the_bank_or_of_a_folder(tmp_path):
    own, named = with_facts(random_effect(BANK)), random_effect(BANK, seed=5, heads=("local",))
    bank = replace(BANK, effect=own)
    write_effect(tmp_path / "local", named)
    network, facts = local_network(None, bank)
    assert network is own.heads["local"]
    assert facts == {"teacher": "none"}
    network, facts = local_network(str(tmp_path / "local"), bank)
    assert same(network, named.heads["local"])
    assert not same(network, own.heads["local"])
    assert facts == {}
    assert local_network("none", bank) == (None, {})


def test_a_bank_without_a_local_network_has_none_and_says_so(caplog):
    caplog.set_level("INFO", logger="varbind")
    for effect in (None, random_effect(BANK, heads=("activity", "score"))):
        bank = replace(BANK, effect=effect)
        caplog.clear()
        assert local_network(None, bank) == (None, {})
        assert "the activity head has no local network, because the second stage of the bank has none" in caplog.text
    caplog.clear()
    assert local_network("none", bank) == (None, {})
    assert not caplog.text


def test_a_folder_without_a_local_network_is_told(tmp_path):
    write_effect(tmp_path / "effect", random_effect(BANK, heads=("activity",)))
    with pytest.raises(ResourceError, match="effect: the second stage has no local network; name another one"):
        local_network(str(tmp_path / "effect"), BANK)
    with pytest.raises(ResourceError, match="nothing: no second stage"):
        local_network(str(tmp_path / "nothing"), BANK)
