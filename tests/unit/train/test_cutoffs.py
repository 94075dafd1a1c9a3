"""Cut-offs of PHRED against loops over variants, and intervals that cover what they are of."""

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st

from varbind.effect.effect_model import Cutoff
from varbind.train.cutoffs import PHREDS, suggested_cutoffs

KEYS = tuple(Cutoff.__annotations__)
PROBABILITY = st.integers(0, 100).map(lambda n: n / 100)
ROW = st.tuples(st.sampled_from([0.0, 5.0, 10.0, 12.5, 15.0, 17.0, 20.0, 31.0]), PROBABILITY, st.sampled_from("abc"))


def simulated(seed=0, loci=5, rows=300, odds=-2.5):
    """Changes whose log-odds rise with PHRED."""
    rng = np.random.default_rng(seed)
    count = loci * rows
    phreds = -10 * np.log10(rng.uniform(0, 1, count))
    changed = (rng.random(count) < 1 / (1 + np.exp(-odds - 0.12 * phreds))).astype(float)
    return phreds, changed, np.repeat([f"L{n}" for n in range(loci)], rows), np.tile(np.arange(rows), loci)


def measured(phreds, changes, loci, phred):
    """Precision, recall, and share of changes by a loop; every locus has the same weight."""
    sizes = {locus: list(loci).count(locus) for locus in loci}
    passed = changed = both = 0.0
    for value, change, locus in zip(phreds, changes, loci, strict=True):
        weight = 1 / sizes[locus] / len(sizes)
        passed += weight * (value >= phred)
        changed += weight * change
        both += weight * change * (value >= phred)
    return (both / passed if passed else None), (both / changed if changed else None), changed


@given(st.lists(ROW, min_size=1, max_size=40))
def test_numbers_are_those_of_the_loop(rows):
    phreds, changes, loci = (np.array(column) for column in zip(*rows, strict=True))
    found = {one["phred"]: one for one in suggested_cutoffs(phreds, changes, loci, np.arange(len(rows)) * 50)}
    for phred in PHREDS.values():
        precision, recall, base_rate = measured(phreds.tolist(), changes.tolist(), loci.tolist(), phred)
        if base_rate and phred in found:
            own = found[phred]
            assert tuple(own) == KEYS
            measures = [own[name] for name in ("precision", "recall", "base_rate", "background")]
            expected = [precision, recall, base_rate, 10 ** (-phred / 10)]
            assert measures == pytest.approx(expected, rel=tolerances.ORACLE, abs=tolerances.ORACLE)
            assert precision >= base_rate - tolerances.ORACLE
        else:
            assert not base_rate or precision is None or precision <= base_rate + tolerances.ORACLE


def test_background_shares_are_those_of_the_names():
    found = suggested_cutoffs(*simulated(odds=-5.0, rows=600))
    assert [one["phred"] for one in found] == [10, 15, 20]
    assert [one["background"] for one in found] == pytest.approx([0.1, 10**-1.5, 0.01])
    assert [one["name"] for one in found] == ["high recall", "recommended", "high precision"]
    precisions, recalls = ([one[name] for one in found] for name in ("precision", "recall"))
    assert precisions == sorted(precisions)
    assert recalls == sorted(recalls, reverse=True)


def test_a_cutoff_worse_than_chance_is_left_out():
    phreds, loci = np.array([0.0, 0.0, 12.0, 12.0, 25.0, 25.0]), np.array(["a"] * 6)
    positions = np.arange(6) * 50
    good = np.array([0.0, 0.0, 1.0, 0.0, 1.0, 1.0])
    assert [one["phred"] for one in suggested_cutoffs(phreds, good, loci, positions)] == [10, 15, 20]
    poor = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.0])
    assert suggested_cutoffs(phreds, poor, loci, positions) == []
    # Two of the four that pass the first cut-off changed, and none of those that pass another.
    mixed = np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    assert [one["phred"] for one in suggested_cutoffs(phreds, mixed, loci, positions)] == [10]


def test_where_nothing_changes_there_is_no_cutoff():
    assert suggested_cutoffs(np.array([5.0, 25.0]), np.zeros(2), np.array(["a", "a"]), np.array([1, 50])) == []


def test_a_cutoff_that_no_variant_reaches_is_left_out():
    phreds, changes, loci, positions = simulated(rows=60)
    found = suggested_cutoffs(np.minimum(phreds, 14.9), changes, loci, positions)
    assert [one["phred"] for one in found] == [10]


@pytest.mark.parametrize(("odds", "name"), [(-5.0, "recommended"), (1.0, "middle")])
def test_the_middle_one_is_recommended_only_if_it_certainly_doubles_the_share(odds, name):
    middle = next(one for one in suggested_cutoffs(*simulated(odds=odds, rows=600)) if one["phred"] == 15)
    assert middle["name"] == name
    assert (middle["precision_low"] >= 2 * middle["base_rate"]) == (name == "recommended")


def test_a_few_variants_that_double_the_share_are_not_certain_enough():
    phreds, changes, loci, positions = simulated(odds=-5.0, rows=600)
    some = np.random.default_rng(1).permutation(len(phreds))[:150]
    one = next(
        one for one in suggested_cutoffs(phreds[some], changes[some], loci[some], positions[some]) if one["phred"] == 15
    )
    assert one["precision"] > 2 * one["base_rate"] > one["precision_low"]
    assert one["name"] == "middle"


def test_an_interval_holds_the_precision_and_narrows_with_more_variants():
    widths = []
    for rows in (200, 3200):
        found = suggested_cutoffs(*simulated(rows=rows))
        for one in found:
            assert 0 <= one["precision_low"] < one["precision"] < one["precision_high"] <= 1
        widths.append(found[0]["precision_high"] - found[0]["precision_low"])
    # Sixteen times as many blocks: a quarter as wide.
    assert widths[1] == pytest.approx(widths[0] / 4, rel=0.35)


def test_neighbours_are_drawn_together():
    """Every variant three times over is no more evidence, unless it is measured elsewhere."""
    phreds, changes, loci, positions = simulated(rows=300)
    once, near, far = (
        suggested_cutoffs(
            np.repeat(phreds, copies),
            np.repeat(changes, copies),
            np.repeat(loci, copies),
            np.repeat(10 * positions, copies) + np.tile(np.arange(copies) * apart, len(phreds)),
        )[1]
        for copies, apart in ((1, 0), (3, 3), (3, 100_000))
    )
    for key in KEYS[1:]:
        assert near[key] == pytest.approx(once[key])
    assert far["precision"] == pytest.approx(once["precision"])
    widths = [one["precision_high"] - one["precision_low"] for one in (once, far)]
    assert widths[1] == pytest.approx(widths[0] / 3**0.5, rel=0.15)


def test_an_interval_is_that_of_drawn_blocks():
    """Blocks of 10 bases are drawn with replacement within each locus: as many as there are."""
    phreds, changes, loci, positions = simulated(rows=250, loci=3)
    rng, precisions = np.random.default_rng(8), []
    blocks = [
        np.flatnonzero((loci == locus) & (positions // 10 == block)) for locus in np.unique(loci) for block in range(25)
    ]
    for _ in range(3000):
        rows = np.concatenate([blocks[25 * locus + n] for locus in range(3) for n in rng.integers(0, 25, 25)])
        passed = phreds[rows] >= 15
        precisions.append(changes[rows][passed].mean())
    found = suggested_cutoffs(phreds, changes, loci, positions)[1]
    low, high = np.quantile(precisions, [0.025, 0.975])
    assert [found["precision_low"], found["precision_high"]] == pytest.approx([low, high], abs=0.02)


def test_equal_seeds_draw_equal_blocks():
    data = simulated(rows=60)
    assert suggested_cutoffs(*data) == suggested_cutoffs(*data)
    one, other = suggested_cutoffs(*data, seed=2), suggested_cutoffs(*data)
    assert [cutoff["precision_low"] for cutoff in one] != [cutoff["precision_low"] for cutoff in other]
    assert [cutoff["precision"] for cutoff in one] == [cutoff["precision"] for cutoff in other]


def test_numbers_fit_a_card():
    """They are plain numbers, which JSON can hold."""
    for one in suggested_cutoffs(*simulated(rows=60)):
        assert {type(value) for value in one.values()} == {str, float}
