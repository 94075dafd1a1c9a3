"""Fitting the conservation head: what was planted is found, and what is not supported is not claimed."""

import logging
import math

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st

from varbind.effect.conservation import ARRAYS
from varbind.errors import InputError
from varbind.train import conservation
from varbind.train.conservation import fit_conservation, fold_of_groups, known_columns, share_like

TRACKS = ("one", "two", "noise")


def planted(count=4_000, seed=0):
    """Independent Gaussians: two tracks shift with the class, the second spreads wider too, the third knows nothing."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 4 == 0
    values = rng.normal(size=(count, 3))
    values[labels, 0] += 1.0
    values[labels, 1] = 0.5 + 1.5 * values[labels, 1]
    return values, labels


def true_log_ratio(values):
    first = values[:, 0] - 0.5
    own = (values[:, 1] - 0.5) / 1.5
    return first + (values[:, 1] ** 2 - own**2) / 2 - math.log(1.5)


def test_planted_gaussians_are_found():
    values, labels = planted()
    head = fit_conservation(values, labels, TRACKS)
    fresh, _ = planted(seed=1)
    inner = fresh[(np.abs(fresh) < 1.5).all(axis=1)]
    found, truth = head.log_odds(inner), true_log_ratio(inner)
    assert np.corrcoef(found, truth)[0, 1] > 0.97
    assert np.polyfit(truth, found, 1)[0] == pytest.approx(1, abs=0.2)
    assert not head.is_share.any()


def test_a_track_that_knows_nothing_says_nearly_nothing():
    values, labels = planted()
    head = fit_conservation(values, labels, TRACKS)
    alone = head.log_odds(known_columns(values, 0b100))
    informed = head.log_odds(known_columns(values, 0b001))
    assert np.abs(alone).max() < 0.25
    assert np.abs(informed).max() > 1


@pytest.mark.parametrize("value", [-4.0, -10.0, -1_000.0])
def test_fast_evolution_alone_is_never_evidence_for(value):
    """A wider pathogenic spread opens the parabola upwards: by itself it would score an extreme of either side."""
    values, labels = planted()
    head = fit_conservation(values, labels, TRACKS)
    fast = head.log_odds(np.array([[np.nan, value, np.nan]]))[0]
    assert fast <= tolerances.ORACLE
    assert head.log_odds(np.array([[np.nan, -value, np.nan]]))[0] > 0.5


def test_twins_are_not_counted_twice():
    """Two copies of a track know no more than one, and the slope of the pair says so."""
    values, labels = planted()
    twins = np.column_stack([values[:, 0], values[:, 0] + 1e-3 * values[:, 2]])
    head = fit_conservation(twins, labels, ("one", "twin"))
    one, both = head.log_odds(known_columns(twins, 0b01)), head.log_odds(twins)
    assert both.std() == pytest.approx(one.std(), rel=0.1)
    assert head.slopes[0b11] < 0.95 * head.slopes[0b01]


def test_order_does_not_matter_where_genes_are_named():
    values, labels = planted(800)
    genes = np.array([f"gene{index // 3}" for index in range(len(labels))])
    order = np.random.default_rng(2).permutation(len(labels))
    head = fit_conservation(values, labels, TRACKS, genes=genes)
    other = fit_conservation(values[order], labels[order], TRACKS, genes=genes[order])
    for name in ARRAYS:
        assert getattr(other, name) == pytest.approx(getattr(head, name), rel=1e-8), name


def test_rows_that_lack_a_value_are_left_out_and_counted(caplog):
    values, labels = planted(800)
    genes = np.array([f"gene{index}" for index in range(len(labels))])
    values[::7, 1] = np.nan
    whole = ~np.isnan(values).any(axis=1)
    with caplog.at_level(logging.INFO, logger=conservation.__name__):
        head = fit_conservation(values, labels, TRACKS, genes=genes)
    assert "115 of 800 variants lack a value" in caplog.text
    other = fit_conservation(values[whole], labels[whole], TRACKS, genes=genes[whole])
    for name in ARRAYS:
        assert np.array_equal(getattr(other, name), getattr(head, name)), name


def test_one_track_is_enough():
    values, labels = planted(800)
    head = fit_conservation(values[:, :1], labels, ["one"])
    found = head.log_odds(np.array([[-1.0], [0.5], [2.0]]))
    assert (np.diff(found) > 0).all()


def test_shares_are_told_from_other_values():
    nan = np.nan
    values = np.array([[0.0, -0.1, nan, 0.2, 1.01], [1.0, 0.5, nan, nan, 0.5]])
    assert share_like(values).tolist() == [True, False, False, True, False]


def test_a_share_gets_the_logit():
    values, labels = planted(800)
    shares = 1 / (1 + np.exp(-3 * values))
    head = fit_conservation(shares, labels, TRACKS)
    assert head.is_share.all()
    assert head.clips.min() >= math.log(0.01 / 1.01) - tolerances.ORACLE
    assert head.log_odds(shares)[labels].mean() > head.log_odds(shares)[~labels].mean() + 0.3


def slow_bound(own, other):
    """Every threshold by counting."""
    return max(
        math.log((sum(x >= t for x in own) / len(own)) / (max(10, sum(x >= t for x in other)) / len(other)))
        for t in own
    )


@given(
    st.lists(st.integers(-5, 9), min_size=20, max_size=40),
    st.lists(st.integers(-9, 5), min_size=20, max_size=60),
)
def test_bounds_are_the_largest_ratios_of_shares(pathogenic, matched):
    scores = np.array(pathogenic + matched, dtype=np.float64)
    labels = np.arange(len(scores)) < len(pathogenic)
    highest = max(0.0, slow_bound(pathogenic, matched))
    lowest = max(0.0, slow_bound([-x for x in matched], [-x for x in pathogenic]))
    assert conservation._bounds(scores, labels) == pytest.approx([-lowest, highest])


def test_ten_matched_variants_limit_what_perfect_separation_claims():
    labels = np.arange(1_100) < 100
    assert conservation._bounds(labels * 50.0, labels).tolist() == pytest.approx([-math.log(10), math.log(100)])


@pytest.mark.parametrize("scale", [0.5, 1.5, 4.0, -1.0])
def test_the_slope_is_the_most_likely_one(scale):
    values, labels = planted()
    ratios = scale * true_log_ratio(values)
    weights = np.where(labels, 1 / labels.sum(), 1 / (~labels).sum())

    def loss(slope):
        return (weights * np.logaddexp(0, np.where(labels, -slope, slope) * ratios)).sum()

    found = conservation._slope(ratios, labels)
    grid = np.linspace(0, 1, 201)
    assert found == pytest.approx(grid[np.argmin([loss(slope) for slope in grid])], abs=0.005)
    assert found == pytest.approx(min(1, max(0, 1 / scale)), abs=0.1)


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=60), st.booleans())
def test_groups_stay_whole_and_are_dealt_out(rows, shuffled):
    groups = np.array([str(group) for group, _ in rows])
    labels = np.array([label for _, label in rows])
    fold = fold_of_groups(groups, labels, folds=4, rng=np.random.default_rng(0) if shuffled else None)
    folds_of = {group: set(fold[groups == group].tolist()) for group in set(groups.tolist())}
    assert all(len(found) == 1 for found in folds_of.values())
    dealt = [min(folds_of[group]) for group in set(groups[labels].tolist())]
    counts = np.bincount(dealt, minlength=4)
    assert np.ptp(counts) <= 1


VALUES, LABELS = planted(400)
FEW = LABELS & (np.arange(400) < 60)


def with_value(column, value):
    copy = VALUES.copy()
    copy[:, column] = value
    return copy


@pytest.mark.parametrize(
    ("values", "labels", "tracks", "message"),
    [
        (VALUES, LABELS[1:], TRACKS, "do not match"),
        (VALUES, LABELS, TRACKS[1:], "do not match"),
        (VALUES[:, 0], LABELS, TRACKS, "do not match"),
        (VALUES[:, :0], LABELS, (), "0 tracks were given"),
        (VALUES, FEW, TRACKS, "15 pathogenic variants have all 3 tracks, and 20 are needed"),
        (VALUES, ~FEW, TRACKS, "15 matched variants"),
        (with_value(1, np.nan), LABELS, TRACKS, r"0 pathogenic variants .*400 variants lack a value"),
        (with_value(2, 0.5), LABELS, TRACKS, "noise hardly varies"),
        (with_value(2, np.inf), LABELS, TRACKS, "infinite"),
        (VALUES, LABELS, ("one", "one", "two"), "names a track twice"),
    ],
)
def test_bad_input_is_told(values, labels, tracks, message):
    with pytest.raises(InputError, match=message):
        fit_conservation(values, labels, tracks)


def test_a_class_in_one_gene_cannot_be_held_out():
    genes = np.where(LABELS, "same", np.arange(400).astype(str))
    with pytest.raises(InputError, match="lie in one gene"):
        fit_conservation(VALUES, LABELS, TRACKS, genes=genes)
