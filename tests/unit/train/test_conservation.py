"""Fitting the conservation head: what was planted is found, and what is not supported is not claimed."""

import logging
import math

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from varbind.effect.background_rank import quantile_steps
from varbind.errors import InputError
from varbind.train import conservation, conservation_network
from varbind.train.conservation import fit_conservation, fold_of_groups, known_columns, share_like
from varbind.train.conservation_network import UNITS, NetworkArrays
from varbind.train.metrics import auc

TRACKS = ("one", "two", "noise")
ARRAYS = ("is_share", "levels", "value_weights", "mask_weights", "biases", "output", "slopes", "bounds", "common")


def planted(count=2_000, seed=0):
    """Independent Gaussians: two tracks shift with the class, the second by less, and the third knows nothing."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 4 == 0
    values = rng.normal(size=(count, 3))
    values[labels, :2] += [1.5, 0.8]
    return values, labels


def true_log_ratio(values, tracks=(0, 1)):
    shifts = np.array([1.5, 0.8, 0.0])
    return sum(shifts[track] * values[:, track] - shifts[track] ** 2 / 2 for track in tracks)


@pytest.fixture(scope="module")
def head():
    return fit_conservation(*planted(), TRACKS)


@pytest.mark.parametrize("tracks", [(0, 1, 2), (0,), (1,), (0, 2)])
def test_the_planted_log_ratio_is_found_for_every_subset(head, tracks):
    values, labels = planted(seed=1)
    known = known_columns(values, sum(1 << track for track in tracks))
    found, truth = head.log_odds(known), true_log_ratio(values, tracks)
    assert auc(labels, found) > auc(labels, truth) - 0.02
    inner = np.abs(truth) < 2
    assert np.polyfit(truth[inner], found[inner], 1)[0] == pytest.approx(1, abs=0.25)
    assert np.mean(found[inner] - truth[inner]) == pytest.approx(0, abs=0.25)
    assert not head.is_share.any()


def test_a_track_that_knows_nothing_says_nearly_nothing(head):
    values, _ = planted(seed=1)
    alone = head.log_odds(known_columns(values, 0b100))
    informed = head.log_odds(known_columns(values, 0b001))
    assert np.abs(alone).max() < 0.4
    assert np.abs(informed).max() > 1


def test_a_fitted_head_never_falls_where_a_track_rises(head):
    rng = np.random.default_rng(3)
    values, rises = rng.normal(size=(2, 2_000, 3))
    values[rng.random(values.shape) < 0.3] = np.nan
    before, after = head.log_odds(values), head.log_odds(values + np.abs(rises))
    known = ~np.isnan(before)
    assert (after[known] >= before[known]).all()
    assert (after[known] > before[known]).mean() > 0.5


def test_common_quantiles_are_those_of_held_out_variants(head):
    """So they are those of fresh common variants too."""
    values, labels = planted(4_000, seed=9)
    for subset in (0b001, 0b010, 0b011, 0b111):
        fresh = head.log_odds(known_columns(values[~labels], subset))
        for share in (0.25, 0.5, 0.75, 0.95):
            stored = np.interp(share, quantile_steps(len(head.common[subset]))[0], head.common[subset])
            assert stored == pytest.approx(np.quantile(fresh, share), abs=0.3)
    assert not head.common[0].any()


def test_twins_are_not_counted_twice():
    """Two copies of a track know no more than one."""
    values, labels = planted(1_000)
    twins = np.column_stack([values[:, 0], values[:, 0] + 1e-3 * values[:, 2]])
    head = fit_conservation(twins, labels, ("one", "twin"))
    one, both = head.log_odds(known_columns(twins, 0b01)), head.log_odds(twins)
    assert both.std() == pytest.approx(one.std(), rel=0.1)


def test_equal_seeds_give_equal_heads_and_others_do_not():
    values, labels = planted(400)
    first, again, other = (fit_conservation(values, labels, TRACKS, seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(getattr(again, name), getattr(first, name)) for name in ARRAYS)
    assert not np.array_equal(other.value_weights, first.value_weights)


def test_the_number_of_threads_changes_no_byte():
    values, labels = planted(4_000)
    found = []
    for threads in (1, 4):
        with threadpool_limits(limits=threads):
            found.append(conservation_network.fit_network(values, labels, rng=np.random.default_rng(1)).vector())
    assert found[0].tobytes() == found[1].tobytes()


@pytest.mark.parametrize("tracks", [1, 3])
def test_the_gradient_of_the_loss_is_that_of_finite_differences(tracks):
    rng = np.random.default_rng(tracks)
    values, labels = rng.normal(size=(30, tracks)), rng.random(30) < 0.4
    loss = conservation_network._Loss(values, labels, rng)
    point = NetworkArrays.random(tracks, rng).vector() + 0.01
    _, gradient = loss(point)
    steps = 1e-6 * np.eye(len(point))
    slow = [(loss(point + step)[0] - loss(point - step)[0]) / 2e-6 for step in steps]
    assert gradient == pytest.approx(slow, rel=1e-4, abs=1e-7)


def test_the_loss_is_that_of_a_slow_loop():
    """Equal classes, half of the weight on whole rows, and the penalty on weights alone."""
    rng = np.random.default_rng(4)
    values, labels = rng.normal(size=(12, 2)), np.arange(12) % 3 == 0
    loss = conservation_network._Loss(values, labels, rng)
    network = NetworkArrays.random(2, rng)
    total = 0.0
    copies = 1 + conservation_network.SUBSETS
    for row in range(12 * copies):
        label, whole = labels[row % 12], row < 12
        seen = loss._masks[row]
        assert seen.any()
        assert seen.all() or not whole
        inner = network.biases + (values[row % 12] * seen) @ network.value_weights + seen @ network.mask_weights
        output = np.maximum(inner, 0) @ network.output + network.constant
        weight = 0.5 / (4 if label else 8) * (0.5 if whole else 0.5 / conservation_network.SUBSETS)
        total += weight * np.logaddexp(0, -output if label else output)
    for part in (network.value_weights, network.mask_weights, network.output):
        total += conservation_network.PENALTY / 2 * (part**2).sum()
    assert loss(network.vector())[0] == pytest.approx(total, rel=tolerances.ORACLE)


def test_a_vector_holds_all_parameters():
    network = NetworkArrays.random(3, np.random.default_rng(0))
    again = NetworkArrays.of(network.vector(), 3)
    for name in ("value_weights", "mask_weights", "biases", "output", "constant"):
        assert np.array_equal(getattr(again, name), getattr(network, name)), name
    assert len(network.vector()) == 8 * UNITS + 1


def test_order_does_not_matter_where_genes_are_named():
    values, labels = planted(800)
    genes = np.array([f"gene{index // 3}" for index in range(len(labels))])
    order = np.random.default_rng(2).permutation(len(labels))
    head = fit_conservation(values, labels, TRACKS, genes=genes)
    other = fit_conservation(values[order], labels[order], TRACKS, genes=genes[order])
    for name in ARRAYS:
        assert np.array_equal(getattr(other, name), getattr(head, name)), name


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


def test_shares_are_recognised_and_tell_the_classes_apart():
    values, labels = planted(800)
    shares = 1 / (1 + np.exp(-3 * values))
    head = fit_conservation(shares, labels, TRACKS)
    assert head.is_share.all()
    assert head.levels.min() >= 0
    assert head.levels.max() <= 1
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


@pytest.mark.parametrize("scale", [0.4, 0.8, 1.5, 4.0, -1.0])
def test_the_slope_is_the_most_likely_one(scale):
    values, labels = planted()
    outputs = scale * true_log_ratio(values)
    weights = np.where(labels, 1 / labels.sum(), 1 / (~labels).sum())

    def loss(slope):
        return (weights * np.logaddexp(0, np.where(labels, -slope, slope) * outputs)).sum()

    found = conservation._slope(outputs, labels)
    grid = np.linspace(0, 2, 401)
    assert found == pytest.approx(grid[np.argmin([loss(slope) for slope in grid])], abs=0.005)
    assert found == pytest.approx(min(2, max(0, 1 / scale)), abs=0.15)


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
