"""Metrics and their bootstrap against their definitions, written out slowly."""

import math

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st

from varbind.train import metrics
from varbind.train.metrics import Areas, Ranking, areas_of, auc, average_precision, drawn_counts, pearson, spearman

pytest.importorskip("sklearn", reason="needs the extra `train`")

# There are few different scores, so that ties are common.
SCORES = st.sampled_from([-2.0, -0.5, 0.0, 0.25, 1.0, 3.0])
LABELLED = st.lists(st.tuples(st.booleans(), SCORES), min_size=2, max_size=25).filter(
    lambda rows: len({positive for positive, _ in rows}) == 2
)
NUMBERS = st.floats(-1e3, 1e3, allow_nan=False, width=32)
MEASURED = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=25)


def slow_auc(rows):
    pairs = [(one > other) + (one == other) / 2 for first, one in rows if first for second, other in rows if not second]
    return sum(pairs) / len(pairs)


def slow_ranks(values):
    return [sum(other < one for other in values) + (1 + sum(other == one for other in values)) / 2 for one in values]


@given(LABELLED)
def test_auc_counts_pairs_and_a_tie_is_one_half(rows):
    labels, scores = (np.array(column) for column in zip(*rows, strict=True))
    expected = pytest.approx(slow_auc(rows), abs=tolerances.ORACLE)
    assert auc(labels, scores) == expected
    assert auc(labels, scores.astype(np.float32)) == expected


@pytest.mark.parametrize("label", [True, False])
def test_one_class_has_no_area(label):
    assert auc(np.array([label, label]), np.array([1.0, 2.0])) is None


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=20))
def test_spearman_is_the_correlation_of_mean_ranks(pairs):
    one, other = np.array(pairs, dtype=float).T
    ranks = np.array([slow_ranks(one), slow_ranks(other)])
    spread = ranks.std(axis=1)
    if not spread.all():
        assert spearman(one, other) is None
        return
    slow = ((ranks[0] - ranks[0].mean()) * (ranks[1] - ranks[1].mean())).mean() / spread.prod()
    assert spearman(one, other) == pytest.approx(slow, abs=tolerances.ORACLE)


def columns(rows):
    first, second = zip(*rows, strict=True)
    return np.array(first), np.array(second, dtype=np.float64)


def slow_average_precision(rows):
    """Precision at each threshold from the top, weighted by the recall that it adds."""
    total, area, before = sum(bound for bound, _ in rows), 0.0, 0.0
    for threshold in sorted({score for _, score in rows}, reverse=True):
        above = [bound for bound, score in rows if score >= threshold]
        recall = sum(above) / total
        area += (recall - before) * sum(above) / len(above)
        before = recall
    return area


def slow_pearson(one, other):
    means = [sum(values) / len(values) for values in (one, other)]
    a, b = ([value - mean for value in values] for values, mean in zip((one, other), means, strict=True))
    product = sum(x * y for x, y in zip(a, b, strict=True))
    return product / math.sqrt(sum(x * x for x in a)) / math.sqrt(sum(y * y for y in b))


@given(LABELLED)
def test_average_precision_sums_precision(rows):
    assert average_precision(*columns(rows)) == pytest.approx(slow_average_precision(rows))


@given(MEASURED)
def test_correlation_is_the_textbooks(rows):
    values, scores = columns(rows)
    found, one, other = pearson(values, scores), values.tolist(), scores.tolist()
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert found is None
    elif max(np.ptp(one), np.ptp(other)) / min(np.ptp(one), np.ptp(other)) < 1e6:
        assert found == pytest.approx(slow_pearson(one, other), abs=1e-6)


@pytest.mark.parametrize("size", [1e-300, 1e-30, 1e30, 1e300])
def test_correlation_does_not_depend_on_the_unit(size):
    values, scores = np.array([1.0, 2.0, 4.0, 3.0]), np.array([0.0, 1.0, 1.0, 2.0])
    assert pearson(values * size, scores) == pytest.approx(pearson(values, scores))


def test_nearly_constant_scores_correlate_without_a_warning():
    scores = np.float32([1, np.nextafter(np.float32(1), np.float32(2)), 1, 1]).astype(np.float64)
    assert pearson(np.array([0.0, 1.0, 0.0, 0.0]), scores) == pytest.approx(1)


@pytest.mark.parametrize("bound", [[True, True], [False, False]])
def test_one_class_has_no_average_precision(bound):
    assert average_precision(np.array(bound), np.array([1.0, 2.0])) is None


def pair_area(labels, scores, strata, counts):
    """The slow oracle: every pair of a stratum."""
    won = pairs = 0.0
    for i in np.flatnonzero(labels):
        for j in np.flatnonzero(~labels & (strata == strata[i])):
            weight = counts[i] * counts[j]
            pairs += weight
            won += weight * ((scores[i] > scores[j]) + (scores[i] == scores[j]) / 2)
    return won / pairs if pairs else np.nan


def random_scores(rows=60, seed=0):
    """Labels, scores with ties, strata, genes and folds."""
    rng = np.random.default_rng(seed)
    labels, scores = rng.random(rows) < 0.4, rng.integers(6, size=rows).astype(float)
    genes = np.array([f"g{gene}" for gene in rng.integers(9, size=rows)])
    return labels, scores, rng.integers(4, size=rows), genes, rng.integers(2, size=rows)


@pytest.mark.parametrize("seed", range(5))
def test_an_area_is_that_of_all_pairs_of_a_stratum(seed):
    labels, scores, strata, _, _ = random_scores(seed=seed)
    counts = np.random.default_rng(seed).integers(3, size=len(labels))
    for own in (strata, np.zeros_like(strata)):
        assert Ranking(labels, scores, own).area(counts) == pytest.approx(pair_area(labels, scores, own, counts))


def test_the_area_inside_strata_is_the_mean_of_their_areas_by_pairs():
    labels, scores, strata, genes, _ = random_scores(200)
    found = areas_of(labels, scores, strata, genes, folds=np.zeros_like(strata), seed=1)
    own = [(labels[strata == s], scores[strata == s]) for s in range(4)]
    pairs = [part.sum() * (~part).sum() for part, _ in own]
    areas = [pair_area(part, values, np.zeros(len(part)), np.ones(len(part))) for part, values in own]
    assert found.within == pytest.approx(np.average(areas, weights=pairs))


def test_the_bootstrap_is_that_of_repeated_variants(monkeypatch):
    monkeypatch.setattr(metrics, "DRAWS", 20)
    labels, scores, strata, genes, folds = random_scores()
    found = areas_of(labels, scores, strata, genes, folds=folds, seed=3)
    rng, names = np.random.default_rng(3), sorted(set(genes))
    for whole, within in found.drawn:
        drawn = [names[place] for place in rng.integers(len(names), size=len(names))]
        rows = np.array([row for name in drawn for row in np.flatnonzero(genes == name)])
        once = np.ones(len(rows))
        both = np.array([f"{folds[row]} {strata[row]}" for row in rows])
        assert whole == pytest.approx(pair_area(labels[rows], scores[rows], folds[rows], once))
        assert within == pytest.approx(pair_area(labels[rows], scores[rows], both, once), nan_ok=True)


def test_a_variant_without_a_score_counts_nothing_and_changes_no_draw():
    labels, scores, strata, genes, folds = random_scores()
    missing = np.arange(len(labels)) % 3 == 0
    found = areas_of(labels, np.where(missing, np.nan, scores), strata, genes, folds=folds, seed=3)
    kept, drawn = ~missing, np.random.default_rng(3).integers(9, size=9)
    counts = np.array([(drawn == int(gene[1:])).sum() for gene in genes])
    for area, weights in ((found.whole, np.ones_like(counts)), (found.drawn[0, 0], counts)):
        assert area == pytest.approx(pair_area(labels[kept], scores[kept], folds[kept], weights[kept]))


def test_intervals_hold_the_area_and_narrow_with_the_genes():
    rng = np.random.default_rng(1)
    labels, none = rng.random(600) < 0.4, np.zeros(600, dtype=int)
    # Of a gene all variants share a shift, so that few genes say little.
    widths = []
    for genes in (6, 200):
        gene = np.arange(600) % genes
        scores = labels * rng.normal(1, 1, genes)[gene] + rng.normal(size=600)
        found = areas_of(labels, scores, none, gene.astype(str), folds=none, seed=1)
        (low, high), within = found.intervals()
        assert low < found.whole < high
        assert within == (low, high)
        widths.append(high - low)
    assert widths[1] < 0.6 * widths[0]


@pytest.mark.parametrize("missing", [False, True])
def test_no_pair_is_no_area(missing):
    none = np.zeros(4, dtype=int)
    scores = np.full(4, np.nan if missing else 1.0)
    found = areas_of(none == 0, scores, none, none.astype(str), folds=none, seed=1)
    assert np.isnan([found.whole, found.within, *np.ravel(found.intervals())]).all()


def test_differences_and_means_are_draw_by_draw():
    one, other = (
        Areas(0.8, 0.7, np.array([[0.9, 0.6], [0.7, 0.8]])),
        Areas(0.6, 0.5, np.array([[0.5, 0.5], [0.6, 0.4]])),
    )
    less, mean = one.minus(other), Areas.mean_of([one, other])
    np.testing.assert_allclose(less.drawn, [[0.4, 0.1], [0.1, 0.4]])
    np.testing.assert_allclose(mean.drawn, [[0.7, 0.55], [0.65, 0.6]])
    assert (less.whole, mean.within) == pytest.approx((0.2, 0.6))


@given(
    st.lists(st.tuples(st.booleans(), st.integers(-2, 2), st.integers(0, 3)), min_size=1, max_size=30),
)
def test_weighted_areas_are_those_of_the_repeated_variants(drawn):
    labels, scores, counts = (np.array(column) for column in zip(*drawn, strict=True))
    ranking = Ranking(labels, scores.astype(np.float64))
    found = (ranking.area(counts), ranking.average_precision(counts))
    many, repeated = np.repeat(labels, counts), np.repeat(scores, counts)
    if len(set(many.tolist())) < 2:
        assert np.isnan(found).all()
    else:
        slow = (auc(many, repeated), average_precision(many, repeated))
        assert found == pytest.approx(slow, rel=tolerances.ORACLE, abs=tolerances.ORACLE)


def test_genes_are_drawn_whole():
    group = np.array([0, 0, 1, 2, 2, 2, 3])
    draws = list(drawn_counts(group, 0))
    assert len(draws) == metrics.DRAWS
    first = np.array([0, 2, 3, 6])
    assert all((counts == counts[first][group]).all() and counts[first].sum() == 4 for counts in draws)
    assert np.mean(draws, axis=0) == pytest.approx(1, abs=0.2)
